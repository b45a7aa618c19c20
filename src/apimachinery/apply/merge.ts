// Merging what is applied into what is stored: fields that are applied win, nothing is removed, elements of lists are matched by
// their keys. The result shares all that it does not change, and is the stored object itself where nothing changes.
//
// Follows structured-merge-diff's typed.Merge. Both values must have been validated, the applied one without duplicates.
import { deepEqual, isObject, type JsonObject } from '../object.ts';
import { setKey } from '../json/parse.ts';
import { entryType, facetOf, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import { knownItemElement } from './list-items.ts';

export function merge(type: ApplyType, stored: unknown, applied: unknown): unknown {
  if (applied === undefined || stored === applied) return stored;
  if (stored === undefined) return applied;
  switch (facetOf(type, applied)) {
    case 'scalar':
      return replaced(stored, applied);
    case 'list':
      return mergeLists(type.list!, stored, applied);
    case 'map':
      return mergeMaps(type.map!, stored, applied);
  }
}

const replaced = (stored: unknown, applied: unknown): unknown => (deepEqual(stored, applied) ? stored : applied);

function mergeMaps(map: MapType, stored: unknown, applied: unknown): unknown {
  const l = isObject(stored) ? stored : {};
  const r = isObject(applied) ? applied : {};
  const added = Object.keys(r);
  if (map.atomic || Object.keys(l).length + added.length === 0) return replaced(stored, applied);
  let out: JsonObject | undefined;
  for (const key of added) {
    const before = Object.hasOwn(l, key) ? l[key] : undefined;
    const after = merge(entryType(map, key), before, r[key]);
    if (after !== before) setKey((out ??= { ...l }), key, after);
  }
  return out ?? l;
}

function mergeLists(list: ListType, stored: unknown, applied: unknown): unknown {
  const l: readonly unknown[] = Array.isArray(stored) ? stored : [];
  const r: readonly unknown[] = Array.isArray(applied) ? applied : [];
  if (list.atomic || l.length + r.length === 0) return replaced(stored, applied);
  if (r.length === 0) return l;
  const out = mergeItems(list, indexed(list, l), indexed(list, r));
  return out.length === l.length && out.every((item, i) => item === l[i]) ? l : out;
}

interface Indexed {
  readonly items: readonly unknown[];
  /** The elements' path elements, as texts. */
  readonly keys: readonly string[];
  /** By key; null where there are several: these are not merged with what is applied. */
  readonly byKey: ReadonlyMap<string, unknown>;
}

function indexed(list: ListType, items: readonly unknown[]): Indexed {
  const keys = items.map((item) => knownItemElement(list, item).text);
  const byKey = new Map<string, unknown>();
  keys.forEach((key, i) => byKey.set(key, byKey.has(key) ? null : items[i]));
  return { items, keys, byKey };
}

/**
 * Elements that both lists have stand in the order in which they are applied. Elements that only the stored list has keep their place
 * after the shared element that they followed; new ones come where they are applied.
 */
function mergeItems(list: ListType, stored: Indexed, applied: Indexed): unknown[] {
  const out: unknown[] = [];
  const shared = applied.keys.filter((key) => stored.byKey.has(key));
  const merged = new Set<string>();
  let nextShared = 0;
  let l = 0;
  let r = 0;
  const take = (key: string): void => {
    merged.add(key);
    out.push(merge(list.element, stored.byKey.get(key), applied.byKey.get(key)));
    r++;
  };
  while (l < stored.keys.length || r < applied.keys.length) {
    const left = stored.keys[l];
    const right = applied.keys[r];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        take(right);
        l++;
        nextShared++;
        continue;
      }
      if (applied.byKey.has(left) && nextShared < shared.length && shared[nextShared] !== left) {
        // shared, but its turn has not come
        l++;
        continue;
      }
    }
    if (left !== undefined) {
      if (!applied.byKey.has(left)) {
        out.push(stored.items[l++]);
        continue;
      }
      // merged before: it must not come twice
      if (merged.has(left)) l++;
    }
    if (right !== undefined) {
      take(right);
      if (shared[nextShared] === right) nextShared++;
    }
  }
  return out;
}
