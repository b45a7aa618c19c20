// Where a field belongs that stands in the wrong place: a wrong indentation, or a level that was forgotten.
import type { GoType, StructType } from '../../apimachinery/schema/go-type.ts';
import { structType } from '../../apimachinery/schema/schema.ts';
import { fieldPath } from '../render/manifest-error.ts';

/** Levels below the wrong place that are searched. */
const MAX_BELOW = 2;

/**
 * @param root name of the kind's Go type
 * @param at where the field stands
 */
export function placementHint(root: string, at: readonly (string | number)[], field: string): string | undefined {
  const structs = structsOn(root, at);
  const here = structs.at(-1);
  // the nearest level above that has such a field: the line is indented too far
  for (const { struct, depth } of structs.slice(0, -1).reverse()) {
    if (depth > 0 && struct.byJson.has(field)) return `it belongs in ${fieldPath(at.slice(0, depth))}: check the indentation`;
  }
  const below = here && findBelow(here.struct, field);
  return below && `it belongs in ${fieldPath([...at, ...below]).replaceAll('[*]', '[]')}`;
}

/** The structs on the way to a field, with how many parts of the path lead to each. */
function structsOn(root: string, at: readonly (string | number)[]): readonly { readonly struct: StructType; readonly depth: number }[] {
  let type: GoType = structType(root);
  const found = [{ struct: type, depth: 0 }];
  for (const [i, part] of at.entries()) {
    const next: GoType | undefined = type.is === 'struct' ? type.byJson.get(String(part))?.type : 'elem' in type ? type.elem : undefined;
    if (!next) break;
    type = next.is === 'pointer' ? next.elem : next;
    if (type.is === 'struct') found.push({ struct: type, depth: i + 1 });
  }
  return found;
}

/** The shortest way down to a field of that name; of several the one through a field that must be there. */
function findBelow(struct: StructType, field: string): readonly string[] | undefined {
  let level: readonly Below[] = [{ struct, path: [], required: true }];
  for (let depth = 0; depth < MAX_BELOW; depth++) {
    level = level.flatMap(fieldsOf);
    const found = level.filter((below) => below.struct.byJson.has(field));
    if (found.length) return (found.find(({ required }) => required) ?? found[0])?.path;
  }
  return undefined;
}

interface Below {
  readonly struct: StructType;
  readonly path: readonly string[];
  readonly required: boolean;
}

function fieldsOf({ struct, path, required }: Below): readonly Below[] {
  return [...struct.byJson].flatMap(([name, { type }]) => {
    if (name === 'status' || name === 'metadata') return [];
    const inner = innermost(type);
    return inner.struct
      ? [{ struct: inner.struct, path: [...path, name, ...inner.path], required: required && struct.required.includes(name) }]
      : [];
  });
}

function innermost(type: GoType): { readonly struct: StructType | undefined; readonly path: readonly string[] } {
  if (type.is === 'struct') return { struct: type, path: [] };
  if (type.is === 'pointer') return innermost(type.elem);
  if (type.is === 'slice') return { struct: innermost(type.elem).struct, path: ['*'] };
  return { struct: undefined, path: [] };
}
