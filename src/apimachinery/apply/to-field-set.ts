// The set of all fields that a value mentions: what its author owns by applying it.
//
// Follows structured-merge-diff's typed.ToFieldSet. Values must have been validated.
import { isObject } from '../object.ts';
import { entryElement, entryType, facetOf, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import { FieldSet, sortEntries, type Entry } from './field-set.ts';
import { knownItemElement } from './list-items.ts';

export function toFieldSet(type: ApplyType, value: unknown): FieldSet {
  return visit(type, value).children ?? FieldSet.EMPTY;
}

type Node = Pick<Entry, 'member' | 'children'>;
const MEMBER: Node = { member: true, children: undefined };
const NOTHING: Node = { member: false, children: undefined };

function visit(type: ApplyType, value: unknown): Node {
  switch (facetOf(type, value)) {
    case 'scalar':
      return MEMBER;
    case 'list':
      return type.list!.atomic ? MEMBER : Array.isArray(value) ? below(listEntries(type.list!, value)) : NOTHING;
    case 'map':
      return type.map!.atomic ? MEMBER : isObject(value) ? below(mapEntries(type.map!, value)) : NOTHING;
  }
}

const below = (entries: Entry[]): Node =>
  entries.length ? { member: false, children: FieldSet.fromEntries(sortEntries(entries)) } : NOTHING;

/** Each element is a member, with what it holds. Of elements that are there several times nothing more is known. */
function listEntries(list: ListType, items: readonly unknown[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const item of items) {
    const element = knownItemElement(list, item);
    const twice = entries.has(element.text);
    entries.set(element.text, { element, member: true, children: twice ? undefined : visit(list.element, item).children });
  }
  return [...entries.values()];
}

/** Empty values are leaves; so is, besides what it holds, every entry that is no declared field. */
function mapEntries(map: MapType, value: Readonly<Record<string, unknown>>): Entry[] {
  const entries: Entry[] = [];
  for (const key of Object.keys(value)) {
    const inner = value[key];
    const { member, children } = visit(entryType(map, key), inner);
    const owned = member || inner === null || (isObject(inner) && Object.keys(inner).length === 0) || !map.fields.has(key);
    if (owned || children) entries.push({ element: entryElement(map, key), member: owned, children });
  }
  return entries;
}
