// How the fields of a Go type merge in a strategic merge patch: strategies, merge keys, and the errors of looking them up.
//
// Follows k8s.io/apimachinery's strategicpatch/meta.go and its fork of encoding/json.
import { quote } from '../go-text.ts';
import type { GoType } from '../schema/go-type.ts';
import { StrategicMergeError } from './strategic-merge-error.ts';

export interface PatchMeta {
  /** Of the field; of a list, of its elements. */
  readonly type: GoType;
  /** `merge`, `replace`, or empty; retainKeys counts only when patches are made. */
  readonly strategy: string;
  readonly mergeKey: string;
}

/** The field `key` of a struct, or what a pointer to one points to. Throws {@link StrategicMergeError}. */
export function structField(type: GoType, key: string): PatchMeta {
  const struct = type.is === 'pointer' ? type.elem : type;
  if (struct.is !== 'struct' && struct.is !== 'opaque') {
    throw new StrategicMergeError(`merging an object in json but data type is not struct, instead is: ${goKind(struct)}`);
  }
  const field =
    struct.is === 'struct'
      ? (struct.byJson.get(key) ?? struct.fields.find((f) => f.json !== '-' && f.json.toLowerCase() === key.toLowerCase()))
      : undefined;
  if (!field)
    throw new StrategicMergeError(
      `unable to find api field in struct ${struct.goName.slice(struct.goName.lastIndexOf('.') + 1)} for the json field ${quote(key)}`,
    );
  return { type: field.type, strategy: strategyOf(field.list.patchStrategy ?? ''), mergeKey: field.list.patchMergeKey ?? '' };
}

/** The elements of the list `key`. Throws {@link StrategicMergeError}. */
export function listField(type: GoType, key: string): PatchMeta {
  const meta = structField(type, key);
  const list = meta.type;
  if (isSlice(list)) {
    const elem = elemOf(list);
    if (isSlice(elem)) throw new StrategicMergeError('unexpected slice of slice');
    return { ...meta, type: elem };
  }
  if (list.is === 'pointer') return { ...meta, type: isSlice(list.elem) ? elemOf(list.elem) : list.elem };
  throw new StrategicMergeError(`expected slice or array type, but got: ${goKind(type)}`);
}

const BYTE: GoType = { is: 'scalar', goName: 'uint8', base: 'uint8' };

const isSlice = (type: GoType): boolean => type.is === 'slice' || (type.is === 'scalar' && type.base === 'bytes');
const elemOf = (type: GoType): GoType => (type.is === 'slice' ? type.elem : BYTE);

function strategyOf(strategies: string): string {
  const all = strategies.split(',');
  const others = all.filter((strategy) => strategy !== 'retainKeys');
  if (all.length > 2 || others.length > 1) throw new StrategicMergeError(`unexpected patch strategy: [${all.join(' ')}]`);
  return others[0] ?? '';
}

/** `reflect.Kind.String()` */
export function goKind(type: GoType): string {
  switch (type.is) {
    case 'pointer':
      return 'ptr';
    case 'opaque':
      return 'struct';
    case 'scalar':
      return type.base === 'bytes' ? 'slice' : type.base;
    default:
      return type.is;
  }
}
