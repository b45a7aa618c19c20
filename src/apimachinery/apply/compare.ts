// What is different between two values of one type: added, modified and removed fields.
//
// Follows structured-merge-diff's typed.Compare. Parts that are the very same object in both are not looked at, so the cost is that of
// the change. Values must have been validated.
import { deepEqual, isObject, type JsonObject } from '../object.ts';
import { entryElement, entryType, facetsOf, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import { FieldSet, sortEntries, type Entry } from './field-set.ts';
import { knownItemElement } from './list-items.ts';
import type { PathElement } from './path-element.ts';

/** No field is in more than one of the sets. All are empty where the values are equal. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

export function compare(type: ApplyType, left: unknown, right: unknown): Comparison {
  const level = new Level();
  visit(level, type, left, right);
  return { added: level.build('added'), modified: level.build('modified'), removed: level.build('removed') };
}

type Difference = keyof Comparison;

const DIFFERENCES: readonly Difference[] = ['added', 'modified', 'removed'];

/** What was found at and below a path, as entries of the sets to be: the sets are built as the walk returns. */
class Level {
  /** The path itself. */
  own: Difference | undefined;
  added: Entry[] | undefined;
  modified: Entry[] | undefined;
  removed: Entry[] | undefined;

  build(difference: Difference): FieldSet {
    const entries = this[difference];
    return entries ? FieldSet.fromEntries(sortEntries(entries)) : FieldSet.EMPTY;
  }

  /** Takes over what was found below `element`. No element gets two entries in one set. */
  take(element: PathElement, below: Level): void {
    for (const difference of DIFFERENCES) {
      const children = below[difference];
      const member = below.own === difference;
      if (!children && !member) continue;
      this.add(difference, { element, member, children: children ? FieldSet.fromEntries(sortEntries(children)) : undefined });
    }
  }

  add(difference: Difference, entry: Entry): void {
    const entries = this[difference];
    if (entries) entries.push(entry);
    else this[difference] = [entry];
  }
}

/** Undefined is what is not there. */
function visit(level: Level, type: ApplyType, left: unknown, right: unknown): void {
  if (left === right) return;
  let leaf = false;
  for (const facet of facetsOf(type, left, right)) {
    if (facet === 'scalar') leaf = visitLeaf(level, left, right);
    else if (facet === 'list') leaf = visitList(level, type.list!, left, right);
    else leaf = visitMap(level, type.map!, left, right);
  }
  if (leaf) return;
  if (left === undefined) level.own = 'added';
  else if (right === undefined) level.own = 'removed';
}

function visitLeaf(level: Level, left: unknown, right: unknown): true {
  if (left === undefined) level.own = 'added';
  else if (right === undefined) level.own = 'removed';
  else if (!deepEqual(left, right)) level.own = 'modified';
  return true;
}

function visitEntry(level: Level, element: PathElement, type: ApplyType, left: unknown, right: unknown): void {
  if (left === right) return;
  // most fields are scalars: nothing can lie below them
  if (type.scalar && typeof left !== 'object' && typeof right !== 'object') {
    const difference = left === undefined ? 'added' : right === undefined ? 'removed' : 'modified';
    level.add(difference, { element, member: true, children: undefined });
    return;
  }
  const below = new Level();
  visit(below, type, left, right);
  level.take(element, below);
}

/** @returns whether the map counted as one value: atomic, or nothing in it on either side (which keeps null and empty apart) */
function visitMap(level: Level, map: MapType, left: unknown, right: unknown): boolean {
  const l = isObject(left) ? left : undefined;
  const r = isObject(right) ? right : undefined;
  if (map.atomic || (isEmpty(l) && isEmpty(r))) return visitLeaf(level, left, right);
  for (const key in l) {
    const before = l[key];
    const after = r && Object.hasOwn(r, key) ? r[key] : undefined;
    if (before !== after) visitEntry(level, entryElement(map, key), entryType(map, key), before, after);
  }
  for (const key in r) {
    if (!l || !Object.hasOwn(l, key)) visitEntry(level, entryElement(map, key), entryType(map, key), undefined, r[key]);
  }
  return false;
}

function isEmpty(map: JsonObject | undefined): boolean {
  for (const _ in map) return false;
  return true;
}

function visitList(level: Level, list: ListType, left: unknown, right: unknown): boolean {
  const l: readonly unknown[] = Array.isArray(left) ? left : [];
  const r: readonly unknown[] = Array.isArray(right) ? right : [];
  if (list.atomic || l.length + r.length === 0) return visitLeaf(level, left, right);
  const before = byElement(list, l);
  const after = byElement(list, r);
  for (const [text, { element, items }] of before) visitItems(level, list, element, items, after.get(text)?.items ?? []);
  for (const [text, { element, items }] of after) if (!before.has(text)) visitItems(level, list, element, [], items);
  return false;
}

interface Items {
  readonly element: PathElement;
  readonly items: unknown[];
}

function byElement(list: ListType, items: readonly unknown[]): Map<string, Items> {
  const found = new Map<string, Items>();
  for (const item of items) {
    const element = knownItemElement(list, item);
    const same = found.get(element.text);
    if (same) same.items.push(item);
    else found.set(element.text, { element, items: [item] });
  }
  return found;
}

/** Elements that are there several times are one value: nothing is known of what they hold. */
function visitItems(level: Level, list: ListType, element: PathElement, left: readonly unknown[], right: readonly unknown[]): void {
  const below = new Level();
  if (left.length < 2 && right.length < 2) visit(below, list.element, left[0], right[0]);
  else if (left.length > 1 && right.length > 1) {
    if (!deepEqual(left, right)) below.own = 'modified';
  } else if (left.length > 1) {
    if (right.length) visitEntry(level, element, list.element, undefined, right[0]);
    below.own = 'removed';
  } else {
    if (left.length) visitEntry(level, element, list.element, left[0], undefined);
    below.own = 'added';
  }
  level.take(element, below);
}
