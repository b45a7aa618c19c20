// Strategic merge patch: a merge patch that knows the types. Lists merge by merge key where their field says so, and directives in the
// patch delete, replace, keep and order. Only for the types of the API: custom resources have no strategies.
//
// Follows k8s.io/apimachinery's strategicpatch/patch.go, as the API server calls it. Objects are immutable: the result shares all that
// the patch does not touch.
import { setKey } from '../json/parse.ts';
import { isObject, type JsonObject } from '../object.ts';
import type { GoType } from '../schema/go-type.ts';
import {
  checkOrder,
  DIRECTIVE,
  elementsAreMaps,
  mergeMaps,
  mergeScalars,
  ordered,
  partition,
  SET_ELEMENT_ORDER,
  type List,
} from './merge-lists.ts';
import { goKind, listField, structField, type PatchMeta } from './patch-meta.ts';
import {
  badDirective,
  badPrimitiveList,
  badRetainKeys,
  badSetElementOrder,
  badType,
  StrategicMergeError,
} from './strategic-merge-error.ts';

const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';

/**
 * @param type of the object @param original canonical @param patch plain JSON; null changes nothing
 * @returns the patched object, not decoded yet. Throws StrategicMergeError.
 */
export function applyStrategicMergePatch(type: GoType, original: JsonObject, patch: JsonObject | null): JsonObject {
  return patch ? mergeMap(type, original, patch) : original;
}

/** A map while it is merged: changes go to a copy that is made with the first of them. */
class Draft {
  private readonly original: JsonObject;
  private copy: JsonObject | undefined;

  constructor(original: JsonObject) {
    this.original = original;
  }

  get value(): JsonObject {
    return this.copy ?? this.original;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.value, key);
  }

  get(key: string): unknown {
    return this.has(key) ? this.value[key] : undefined;
  }

  /** @param value undefined takes the key away */
  set(key: string, value: unknown): void {
    if (value === undefined) {
      if (!this.has(key)) return;
      this.copy ??= { ...this.original };
      delete this.copy[key];
    } else if (!sameItems(this.get(key), value)) setKey((this.copy ??= { ...this.original }), key, value);
  }
}

/** The same value, or lists of the same. */
const sameItems = (a: unknown, b: unknown): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => item === b[i]));

function mergeMap(type: GoType, original: JsonObject, patch: JsonObject): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return directed(patch);
  const draft = new Draft(original);
  const rest = new Map(Object.entries(patch));
  retainKeys(draft, rest);
  mergeOrdered(type, draft, rest);
  for (const [key, value] of rest) mergeEntry(type, draft, key, value);
  return draft.value;
}

/** `$patch: replace` takes the patch as it is, `delete` leaves nothing. */
function directed(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...others } = patch;
  if (directive === 'replace') return others;
  if (directive === 'delete') return {};
  throw badDirective(directive, patch);
}

/** `$retainKeys` names all keys that remain; the patch may hold no others. */
function retainKeys(draft: Draft, rest: Map<string, unknown>): void {
  const retained = rest.get(RETAIN_KEYS);
  if (!rest.delete(RETAIN_KEYS)) return;
  if (!Array.isArray(retained)) throw badRetainKeys();
  const keys = new Set<unknown>(retained);
  for (const [key, value] of rest) {
    if (value === null || key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ELEMENT_ORDER)) continue;
    if (!keys.has(key)) throw badRetainKeys();
  }
  for (const key of Object.keys(draft.value)) if (!keys.has(key)) draft.set(key, undefined);
}

/** `$setElementOrder/list` says in which order elements stand; it is handled together with the list that it is about. */
function mergeOrdered(type: GoType, draft: Draft, rest: Map<string, unknown>): void {
  // keys are taken away on the way
  for (const [key, order] of Array.from(rest)) {
    if (!key.startsWith(SET_ELEMENT_ORDER)) continue;
    rest.delete(key);
    if (!Array.isArray(order)) throw badType('[]interface {}', order);
    const name = listName(key, SET_ELEMENT_ORDER);
    if (name === undefined) throw badSetElementOrder();
    const original = listAt(draft.has(name) ? draft.get(name) : undefined);
    const patch = listAt(rest.get(name));
    const meta = listField(type, name);
    checkOrder(patch ?? [], order, meta.mergeKey);
    if (!original && !patch) continue;
    const merged = orderedBy(meta, original, patch, order);
    draft.set(name, merged);
    rest.delete(name);
  }
}

function listAt(value: unknown): List | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw badType('[]interface {}', value);
  return value;
}

function orderedBy(meta: PatchMeta, original: List | undefined, patch: List | undefined, order: List): List {
  let merged: List;
  let serverOrder = original ?? [];
  if (!patch) merged = original!;
  else if (!original) merged = withoutDirectives(patch) as List;
  else if (meta.strategy !== 'merge') merged = patch;
  else ({ list: merged, order: serverOrder } = mergeList(meta, original, patch, false));
  const { present, others } = partition(merged, order, meta.mergeKey);
  return ordered(present, others, order, serverOrder, meta.mergeKey, elementsAreMaps(serverOrder, patch ?? []));
}

/** `$deleteFromPrimitiveList/finalizers` → `finalizers`; undefined for what is not `prefix` and a slash. */
function listName(key: string, prefix: string): string | undefined {
  return key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;
}

function mergeEntry(type: GoType, draft: Draft, key: string, value: unknown): void {
  const deletes = key.startsWith(DELETE_FROM_LIST);
  const listed = deletes ? listName(key, DELETE_FROM_LIST) : key;
  if (listed === undefined) throw badPrimitiveList();
  const name = listed || key;
  if (value === null) {
    draft.set(name, undefined);
    return;
  }
  const before = draft.get(name);
  if (before === undefined || !sameType(before, value)) {
    if (!deletes) draft.set(name, withoutDirectives(withoutNulls(value)));
  } else if (isObject(value)) {
    const meta = structField(type, name);
    draft.set(name, meta.strategy === 'replace' ? value : mergeMap(meta.type, before as JsonObject, value));
  } else if (Array.isArray(value)) {
    const meta = listField(type, name);
    draft.set(name, deletes || meta.strategy === 'merge' ? mergeList(meta, before as List, value, deletes).list : value);
  } else draft.set(name, value);
}

const sameType = (a: unknown, b: unknown): boolean => a !== null && Array.isArray(a) === Array.isArray(b) && typeof a === typeof b;

interface MergedList {
  readonly list: List;
  /** The original list as merging leaves it behind, see {@link mergeMaps}. */
  readonly order: List;
}

/** The patch's elements stand where the patch has them, the server's between them where they belong. */
function mergeList(meta: PatchMeta, original: List, patch: List, deletes: boolean): MergedList {
  if (original.length === 0 && patch.length === 0) return { list: original, order: original };
  const { mergeKey } = meta;
  if (!elementsAreMaps(original, patch)) {
    if (deletes) return { list: original.filter((item) => !patch.includes(item)), order: original };
    return { list: inPlace(mergeScalars(original, patch), patch, original, mergeKey, false), order: original };
  }
  if (!mergeKey) throw new StrategicMergeError(`cannot merge lists without merge key for ${goKind(meta.type)}`);
  const merged = mergeMaps(original, patch, mergeKey, (a, b) => mergeMap(meta.type, a, b));
  return { list: inPlace(merged.list, merged.patch, merged.before, mergeKey, true), order: merged.order };
}

function inPlace(list: List, patch: List, original: List, mergeKey: string, maps: boolean): List {
  const { present, others } = partition(list, patch, mergeKey);
  return ordered(present, others, patch, original, mergeKey, maps);
}

/** New values lose the keys that are null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setKey(out, key, withoutNulls(value[key]));
  return out;
}

/** New values with a `$patch` of their own do not count. @returns undefined for such a value */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const out: JsonObject = {};
  for (const key of Object.keys(value)) {
    const kept = withoutDirectives(value[key]);
    if (kept !== undefined) setKey(out, key, kept);
  }
  return out;
}
