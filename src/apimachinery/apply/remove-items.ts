// Taking fields and elements of lists out of a value, or only them. Both share what they do not change.
//
// Follows structured-merge-diff's typed.RemoveItems and ExtractItems.
import { isObject, type JsonObject } from '../object.ts';
import { setKey } from '../json/parse.ts';
import { entryElement, entryType, facetOf, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import type { FieldSet } from './field-set.ts';
import { knownItemElement } from './list-items.ts';

/** The value without the members of `set`; null where nothing is left. Atomic values with something of the set in them go as a whole. */
export function removeItems(type: ApplyType, value: unknown, set: FieldSet): unknown {
  if (set.isEmpty) return value;
  switch (facetOf(type, value)) {
    case 'scalar':
      return value;
    case 'list':
      return removeFromList(type.list!, value, set);
    case 'map':
      return removeFromMap(type.map!, value, set);
  }
}

/** The inside of what is left of a value: it becomes empty rather than null, since it itself is not removed. */
function inside(type: ApplyType, value: unknown, set: FieldSet): unknown {
  const left = removeItems(type, value, set);
  if (left !== null) return left;
  return isObject(value) ? {} : Array.isArray(value) ? [] : left;
}

function removeFromList(list: ListType, value: unknown, set: FieldSet): unknown {
  if (!Array.isArray(value) || value.length === 0 || list.atomic) return null;
  const out: unknown[] = [];
  let matched = false;
  let same = true;
  for (const item of value as readonly unknown[]) {
    const entry = set.entry(knownItemElement(list, item));
    if (entry?.member) {
      same = false;
      continue;
    }
    matched ||= entry?.children !== undefined;
    const left = entry?.children ? inside(list.element, item, entry.children) : item;
    same &&= left === item;
    out.push(left);
  }
  if (same) return value;
  return out.length || matched ? out : null;
}

function removeFromMap(map: MapType, value: unknown, set: FieldSet): unknown {
  if (!isObject(value) || map.atomic) return null;
  const keys = Object.keys(value);
  if (keys.length === 0) return null;
  const out: JsonObject = {};
  let matched = false;
  let same = true;
  for (const key of keys) {
    const inner = value[key];
    const entry = set.entry(entryElement(map, key));
    if (entry?.member) {
      same = false;
      continue;
    }
    matched ||= entry?.children !== undefined;
    const left = entry?.children ? inside(entryType(map, key), inner, entry.children) : inner;
    same &&= left === inner;
    setKey(out, key, left);
  }
  if (same) return value;
  return matched || Object.keys(out).length ? out : null;
}

/** Only the members of `set` and what they hold; undefined where there is nothing of it. Atomic values come as a whole. */
export function extractItems(type: ApplyType, value: unknown, set: FieldSet): unknown {
  switch (facetOf(type, value)) {
    case 'scalar':
      return value;
    case 'list':
      return extractFromList(type.list!, value, set);
    case 'map':
      return extractFromMap(type.map!, value, set);
  }
}

function extractFromList(list: ListType, value: unknown, set: FieldSet): unknown {
  if (!Array.isArray(value)) return null;
  if (value.length === 0 || list.atomic) return value;
  const out: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    const entry = set.entry(knownItemElement(list, item));
    if (entry?.children) out.push(extractItems(list.element, item, entry.children));
    else if (entry) out.push(item);
  }
  return out.length ? out : null;
}

function extractFromMap(map: MapType, value: unknown, set: FieldSet): unknown {
  if (!isObject(value)) return null;
  if (map.atomic || Object.keys(value).length === 0) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value)) {
    const entry = set.entry(entryElement(map, key));
    // of a member upstream goes on with the set of the level above, in which its fields are not found: of maps and merged lists nothing is left
    if (entry) setKey(out, key, extractItems(entryType(map, key), value[key], entry.member ? set : entry.children!));
  }
  return Object.keys(out).length ? out : null;
}
