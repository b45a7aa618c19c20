// Lists in a strategic merge patch: matching elements by merge key, deleting by directive, and the order of what comes out.
//
// Follows k8s.io/apimachinery's strategicpatch/patch.go.
import { isObject, type JsonObject } from '../object.ts';
import { printed, typeOf } from './go-print.ts';
import { badDirective, badType, noListOfLists, noMergeKey, StrategicMergeError } from './strategic-merge-error.ts';

export const DIRECTIVE = '$patch';
export const SET_ELEMENT_ORDER = '$setElementOrder';

export type List = readonly unknown[];

/** What merges an element into its counterpart. */
export type MergeElement = (original: JsonObject, patch: JsonObject) => JsonObject;

export interface MergedMaps {
  readonly list: List;
  /** The patch without directives. */
  readonly patch: List;
  /** The original list after deletions. */
  readonly before: List;
  /** The original list as Go's slices leave it in memory: shorter lists are made in place, what they leave behind still counts for order. */
  readonly order: List;
}

/** Whether the elements of all lists are maps. All must be of one type, and not lists. Throws where there are none. */
export function elementsAreMaps(...lists: readonly List[]): boolean {
  let type: string | undefined;
  for (const list of lists) {
    for (const item of list) {
      if (item === null) throw new StrategicMergeError('runtime error: invalid memory address or nil pointer dereference');
      const found = typeOf(item);
      if (type === undefined && Array.isArray(item)) throw noListOfLists();
      type ??= found;
      if (found !== type) throw new StrategicMergeError(`list element types are not identical: ${printed(lists)}`);
    }
  }
  if (type === undefined) throw new StrategicMergeError('no elements in any of the given slices');
  return type === 'map[string]interface {}';
}

/** Lists of maps with the merge strategy, without regard to order. */
export function mergeMaps(original: List, patch: List, mergeKey: string, mergeElement: MergeElement): MergedMaps {
  const special = applyDirectives(original, patch, mergeKey);
  if (special.replaced) return { list: special.plain, patch: [], before: special.plain, order: special.order };
  const list = [...special.list];
  for (const item of special.plain) {
    const value = keyOf(item as JsonObject, mergeKey);
    const at = indexByKey(list, mergeKey, value);
    if (at < 0) list.push(item);
    else list[at] = mergeElement(list[at] as JsonObject, item as JsonObject);
  }
  // Go appends in place as long as there is room: what was deleted made some
  const order = special.order.map((item, i) => (i < list.length ? list[i] : item));
  return { list, patch: special.plain, before: special.list, order };
}

interface Directed {
  readonly list: List;
  readonly order: List;
  /** The elements without a directive. */
  readonly plain: List;
  readonly replaced: boolean;
}

/** Elements with `$patch: delete` take others away; one with `$patch: replace` replaces the whole list. */
function applyDirectives(original: List, patch: List, mergeKey: string): Directed {
  const order = [...original];
  const plain: unknown[] = [];
  let length = order.length;
  let replaced = false;
  for (const item of patch as readonly JsonObject[]) {
    if (!Object.hasOwn(item, DIRECTIVE)) {
      plain.push(item);
      continue;
    }
    const directive = item[DIRECTIVE];
    if (directive === 'delete') {
      const value = keyOf(item, mergeKey);
      for (let at = 0; (at = indexByKey(order.slice(0, length), mergeKey, value)) >= 0; length--) order.copyWithin(at, at + 1, length);
    } else if (directive === 'replace') replaced = true;
    else if (directive === 'merge') throw new StrategicMergeError('merging lists cannot yet be specified in the patch');
    else throw badDirective(directive, item);
  }
  return { list: order.slice(0, length), order, plain, replaced };
}

function keyOf(item: JsonObject, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
  return item[mergeKey];
}

function indexByKey(list: List, mergeKey: string, value: unknown): number {
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (!isObject(item)) throw new StrategicMergeError(`value for key ${i} is not a map`);
    if (Object.hasOwn(item, mergeKey) && item[mergeKey] === value) return i;
  }
  return -1;
}

/** The elements that are also in `by`, and the others. */
export function partition(list: List, by: List, mergeKey: string): { readonly present: List; readonly others: List } {
  // Go keeps them in a map, which holds scalars only
  if (!mergeKey)
    for (const item of by)
      if (typeof item === 'object' && item !== null)
        throw new StrategicMergeError(`runtime error: hash of unhashable type ${typeOf(item)}`);
  const known = new Set(by);
  const isPresent = (item: unknown): boolean => {
    if (!mergeKey) return known.has(item);
    if (!isObject(item)) throw badType('map[string]interface {}', item);
    return indexByKey(by, mergeKey, keyOf(item, mergeKey)) >= 0;
  };
  const present: unknown[] = [];
  const others: unknown[] = [];
  for (const item of list) (isPresent(item) ? present : others).push(item);
  return { present, others };
}

/**
 * Sorts what the patch mentions as `patchOrder`, all else as `serverOrder`, and puts the two together: an element of the server's goes
 * before the first of the patch that follows it in `serverOrder`, else after all of them.
 */
export function ordered(patchItems: List, serverItems: List, patchOrder: List, serverOrder: List, mergeKey: string, maps: boolean): List {
  const left = sorted(serverItems, serverOrder, mergeKey, maps);
  const right = sorted(patchItems, patchOrder, mergeKey, maps);
  const place = placesIn(serverOrder, mergeKey, maps);
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const before = i < left.length && j < right.length && place(left[i]) >= 0 && place(right[j]) >= 0 && place(left[i]) < place(right[j]);
    out.push(j === right.length || before ? left[i++] : right[j++]);
  }
  return out;
}

function sorted(list: List, order: List, mergeKey: string, maps: boolean): List {
  if (maps) for (const item of [...list, ...order]) checkKey(item, mergeKey);
  const deletes = maps ? list.filter((item) => (item as JsonObject)[DIRECTIVE] === 'delete') : [];
  const items = maps ? list.filter((item) => (item as JsonObject)[DIRECTIVE] !== 'delete') : [...list];
  const place = placesIn(order, mergeKey, maps);
  // an element that is not in the order counts as less than any other, and any other as less than it.
  // DEVIATION: with such elements in lists of more than 20, Go's stable sort works on blocks and may place them elsewhere
  const less = (a: unknown, b: unknown): boolean => place(a) < 0 || place(b) < 0 || place(a) < place(b);
  for (let i = 1; i < items.length; i++) {
    for (let j = i; j > 0 && less(items[j], items[j - 1]); j--) [items[j - 1], items[j]] = [items[j], items[j - 1]];
  }
  return [...items, ...deletes];
}

function checkKey(item: unknown, mergeKey: string): void {
  if (!isObject(item)) throw badType('map[string]interface {}', item);
  keyOf(item, mergeKey);
}

/** @returns where an element stands in `order`; -1 where it does not */
function placesIn(order: List, mergeKey: string, maps: boolean): (item: unknown) => number {
  const keyed = (item: unknown): unknown => (maps ? (isObject(item) && Object.hasOwn(item, mergeKey) ? item[mergeKey] : null) : item);
  const places = new Map<unknown, number>();
  order.forEach((item, i) => {
    const key = keyed(item);
    if (!places.has(key)) places.set(key, i);
  });
  return (item) => places.get(keyed(item)) ?? -1;
}

/** Lists of scalars with the merge strategy: all of both, each once. */
export const mergeScalars = (original: List, patch: List): List => [...new Set([...original, ...patch])];

/** What is patched must stand in the order that is asked for, and in that order. Deletions do not count. */
export function checkOrder(patch: List, order: List, mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const items = mergeKey ? patch.filter((item) => !isDeletion(item)) : patch;
  let i = 0;
  let j = 0;
  while (i < items.length && j < order.length) {
    const item = items[i];
    if (isObject(item) && Object.hasOwn(item, DIRECTIVE)) i++;
    else {
      if (sameKey(item, order[j], mergeKey)) i++;
      j++;
    }
  }
  if (i < items.length && j >= order.length) {
    throw new StrategicMergeError(
      `The order in patch list:\n${printed(patch)}\n doesn't match ${SET_ELEMENT_ORDER} list:\n${printed(order)}\n`,
    );
  }
}

function isDeletion(item: unknown): boolean {
  if (!isObject(item)) throw badType('map[string]interface {}', item);
  return item[DIRECTIVE] === 'delete';
}

function sameKey(a: unknown, b: unknown, mergeKey: string): boolean {
  if (!mergeKey) return a === b;
  if (!isObject(a)) throw badType('map[string]interface {}', a);
  if (!isObject(b)) throw badType('map[string]interface {}', b);
  return keyOf(a, mergeKey) === keyOf(b, mergeKey);
}
