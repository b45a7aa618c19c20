// Strategic merge patches as kustomize applies them, which is not as an API server does: new elements of lists that merge go to the
// front, together with those that the patch names; nulls take fields away; `$patch` says delete, replace or merge. Both sides are the
// caller's own and are changed. Follows kyaml's merge2 and its walker, peculiarities included.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { resolvePlainV3 } from '../../../apimachinery/yaml/scalar.ts';
import { nodeKind, wrongKind } from './field-spec.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { FieldOrigins, FieldSource } from '../field-origins.ts';
import type { MergeField, MergeSchema, MergeSchemas } from './merge-keys.ts';
import { text } from './resource.ts';

/** @returns the merged object; undefined where the patch takes it away */
export function strategicMerge(object: JsonObject, patch: JsonObject, merging: Merging): JsonObject | undefined {
  const merged = merge(object, patch, UNKNOWN, merging);
  if (!isObject(merged)) return undefined;
  if (merged !== object) merging.origins.set({}, '', merged, merging.source);
  return merged;
}

/** What a merge needs besides the two. */
export interface Merging {
  readonly schemas: MergeSchemas;
  /** Takes notes of what the patch sets. */
  readonly origins: FieldOrigins;
  readonly source: FieldSource;
}

const isNothing = (value: unknown): boolean => value === undefined || value === null;

/** Undefined: the field goes. */
function merge(dest: unknown, patch: unknown, field: MergeField, merging: Merging): unknown {
  const first = isNothing(dest) ? patch : dest;
  if (isNothing(first)) return dest === null && patch === undefined ? null : undefined;
  for (const side of [dest, patch]) if (!isNothing(side) && nodeKind(side) !== nodeKind(first)) throw wrongKind(nodeKind(first), side);
  if (Array.isArray(first)) {
    return field.keys
      ? mergeList(dest as unknown[] | null | undefined, patch as unknown[] | null | undefined, field.schema, field.keys, merging)
      : patch === undefined
        ? dest
        : (patch ?? undefined);
  }
  if (isObject(first))
    return mergeMap(dest as JsonObject | null | undefined, patch as JsonObject | null | undefined, field.schema, merging);
  return patch === undefined ? dest : (patch ?? undefined);
}

function mergeMap(
  dest: JsonObject | null | undefined,
  patch: JsonObject | null | undefined,
  known: MergeSchema | undefined,
  merging: Merging,
): unknown {
  const schema = known ?? schemaOf(dest, merging.schemas) ?? schemaOf(patch, merging.schemas);
  if (dest && patch === null) return undefined;
  const directive = patch ? directiveOfMap(patch) : 'merge';
  if (directive === 'delete') return undefined;
  const target = dest && directive !== 'replace' ? dest : patch!;
  const names = new Set([...Object.keys(target), ...(patch ? Object.keys(patch) : [])]);
  for (const name of names) {
    const [before, given] = [own(target, name), patch ? own(patch, name) : undefined];
    const field = schema?.fields.get(name) ?? UNKNOWN;
    const value = merge(before, given, field, merging);
    if (value === undefined) delete target[name];
    else target[name] = value;
    const isMergedList = field.keys && Array.isArray(before) && Array.isArray(value);
    if (target !== patch && given !== undefined && !isMergedList) noteField(target, name, before, value, merging);
  }
  return target;
}

/** Fields by which a patch names what it is for. */
const IDENTIFYING: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'name', 'namespace']);

/** What merged has its notes within; lists note themselves. */
function noteField(target: JsonObject, name: string, before: unknown, value: unknown, { origins, source }: Merging): void {
  if (value !== before || (typeof value !== 'object' && value !== undefined && !IDENTIFYING.has(name)))
    origins.set(target, name, value, source);
}

const UNKNOWN: MergeField = { schema: undefined, keys: undefined };

const own = (map: JsonObject, name: string): unknown => (Object.hasOwn(map, name) ? map[name] : undefined);

const schemaOf = (value: JsonObject | null | undefined, schemas: MergeSchemas): MergeSchema | undefined =>
  value ? schemas(value.apiVersion, value.kind) : undefined;

type Directive = 'delete' | 'replace' | 'merge';

/** Takes the directive out of the patch. */
function directiveOfMap(patch: JsonObject): Directive {
  if (isNothing(own(patch, '$patch'))) return 'merge';
  const directive = checkedDirective(patch.$patch);
  delete patch.$patch;
  return directive;
}

/** As an element of its own: `- $patch: replace`. */
function directiveOfList(patch: unknown[]): Directive {
  const at = patch.findIndex((item) => isObject(item) && !isNothing(own(item, '$patch')));
  if (at < 0 || Object.keys(patch[at] as JsonObject).length > 1) return 'merge';
  const directive = checkedDirective((patch[at] as JsonObject).$patch);
  const rest = patch.filter((item) => !(isObject(item) && item.$patch === directive));
  patch.splice(0, patch.length, ...rest);
  return directive;
}

function checkedDirective(value: unknown): Directive {
  if (value === 'delete' || value === 'replace' || value === 'merge') return value;
  throw new KustomizeError(`unknown patch strategy '${text(value)}'`, { hint: '$patch is delete, replace or merge' });
}

function mergeList(
  dest: unknown[] | null | undefined,
  patch: unknown[] | null | undefined,
  schema: MergeSchema | undefined,
  keys: readonly string[],
  merging: Merging,
): unknown {
  if (dest && patch === null) return undefined;
  let target = dest;
  if (!target) target = patch!;
  else if (patch) {
    const directive = directiveOfList(patch);
    if (directive === 'delete') return undefined;
    if (directive === 'replace') target = patch;
  }
  const merged = keys.length ? mergeElements(target, patch ?? undefined, schema, keys, merging) : mergeValues(target, patch ?? undefined);
  // where there was no list, whoever holds it notes it
  if (target === dest) merging.origins.carry(dest, merged);
  else if (dest) merging.origins.set(dest, '', merged, merging.source);
  return merged;
}

/** Lists of scalars: those of the patch first, none twice. */
function mergeValues(target: unknown[], patch: unknown[] | undefined): unknown[] {
  const out = new Map<string, unknown>();
  for (const item of [...(patch ?? []), ...target]) out.set(text(item), item);
  return [...out.values()];
}

function mergeElements(
  target: unknown[],
  patch: unknown[] | undefined,
  schema: MergeSchema | undefined,
  keys: readonly string[],
  merging: Merging,
): unknown[] {
  let tuples = distinct([...(patch ?? []), ...target].map((item) => keys.map((key) => keyText(item, key))));
  if (keys.length > 1) tuples = completed(tuples);
  const used = keys.filter((_, i) => tuples.some((tuple) => tuple[i] !== ''));
  const valid = used.length ? used : keys;
  const added: unknown[] = [];
  for (const tuple of tuples) {
    const values = used.length ? keys.flatMap((key, i) => (used.includes(key) || tuple[i] !== '' ? [tuple[i]!] : [])) : tuple;
    const [before, given] = [find(target, valid, values), patch && find(patch, valid, values)];
    const value = merge(before, given, { schema, keys: undefined }, merging);
    if (given !== undefined && target !== patch && value !== before && isObject(value))
      merging.origins.set(added, '', value, merging.source);
    if (isNothing(value) || (isObject(value) && Object.keys(value).length === 0)) {
      setElement(target, undefined, valid, values);
      continue;
    }
    if (isObject(value))
      for (const [i, key] of valid.entries()) if (!Object.hasOwn(value, key) && values[i]) value[key] = resolvePlainV3(values[i]);
    setElement(added, value, valid, values);
  }
  if (tuples.length) appendElements(added, target, valid);
  return tuples.length ? added : target;
}

const keyText = (item: unknown, key: string): string => (isObject(item) ? text(own(item, key)) : '');

function distinct(tuples: readonly (readonly string[])[]): (readonly string[])[] {
  const seen = new Map(tuples.map((tuple) => [tuple.join('\0'), tuple]));
  return [...seen.values()];
}

/** Tuples that differ only in what one of them leaves out are the same: `8080` and `8080/TCP`. */
function completed(tuples: (readonly string[])[]): (readonly string[])[] {
  const out = [...tuples];
  for (let i = 0; i < out.length; i++) {
    for (let j = 0; j < out.length; j++) {
      const both = matching(out[i]!, out[j]!);
      if (both) out[i] = out[j] = both;
    }
  }
  return out;
}

function matching(a: readonly string[], b: readonly string[]): readonly string[] | undefined {
  if (a.some((value, i) => value !== b[i] && value !== '' && b[i] !== '')) return undefined;
  return a.some((value, i) => value === b[i]) ? a.map((value, i) => value || b[i]!) : undefined;
}

/** The first element that has these values; an empty value fits any, but the field must be there. */
function find(list: readonly unknown[], keys: readonly string[], values: readonly string[]): unknown {
  const given = keys.flatMap((key, i) => (values[i] ? [[key, values[i]] as const] : []));
  const wanted = given.length ? given : keys.map((key) => [key, ''] as const);
  return list.find(
    (item) => isObject(item) && wanted.every(([key, value]) => Object.hasOwn(item, key) && (value === '' || text(item[key]) === value)),
  );
}

/**
 * Replaces the elements that have these values, or adds one; without an element takes them away. Empty elements go. There may be fewer
 * values than keys: the last keys then fit anything.
 */
function setElement(list: unknown[], value: unknown, keys: readonly string[], values: readonly string[]): void {
  let found = false;
  const kept: unknown[] = [];
  for (const item of list) {
    if (isNothing(item) || (isObject(item) && Object.keys(item).length === 0)) continue;
    if (!isObject(item) && values[0]) {
      kept.push(item);
      continue;
    }
    const matches =
      isObject(item) &&
      values.length > 0 &&
      values.every((wanted, i) => Object.hasOwn(item, keys[i]!) && (wanted === '' || text(item[keys[i]!]) === wanted));
    if (matches) {
      found = true;
      if (value !== undefined) kept.push(value);
    } else if (values.length > 0) kept.push(item);
  }
  list.splice(0, list.length, ...kept);
  if (value !== undefined && !found) list.push(value);
}

/** Elements of the old list follow, those that are there already keep their place. One that lacks a key moves to the end. */
function appendElements(added: unknown[], old: readonly unknown[], keys: readonly string[]): void {
  for (const item of old) {
    if (!isObject(item)) continue;
    const values = keys.flatMap((key) => {
      if (Object.hasOwn(item, key)) return [text(item[key])];
      added.push(item);
      return [];
    });
    if (keys.length > 1) setElement(added, undefined, keys, values);
    setElement(added, item, keys, values);
  }
}
