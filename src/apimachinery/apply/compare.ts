// What is different between two values of one type: added, modified and removed fields.
//
// Follows structured-merge-diff's typed.Compare. Parts that are the very same object in both are not looked at, so the cost is that of
// the change. Values must have been validated.
import { deepEqual, isObject } from '../object.ts';
import { entryElement, entryType, facetsOf, type ApplyType, type ListType, type MapType } from './apply-schema.ts';
import { FieldSetBuilder, type FieldSet } from './field-set.ts';
import { knownItemElement } from './list-items.ts';
import type { PathElement } from './path-element.ts';

/** No field is in more than one of the sets. All are empty where the values are equal. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

export function compare(type: ApplyType, left: unknown, right: unknown): Comparison {
  const walk: Walk = { path: [], added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder() };
  visit(walk, type, left, right);
  return { added: walk.added.build(), modified: walk.modified.build(), removed: walk.removed.build() };
}

interface Walk {
  readonly path: PathElement[];
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

/** Undefined is what is not there. */
function visit(walk: Walk, type: ApplyType, left: unknown, right: unknown): void {
  if (left === right) return;
  let leaf = false;
  for (const facet of facetsOf(type, left, right)) {
    if (facet === 'scalar') leaf = visitLeaf(walk, left, right);
    else if (facet === 'list') leaf = visitList(walk, type.list!, left, right);
    else leaf = visitMap(walk, type.map!, left, right);
  }
  if (leaf) return;
  if (left === undefined) walk.added.add(walk.path);
  else if (right === undefined) walk.removed.add(walk.path);
}

function visitLeaf(walk: Walk, left: unknown, right: unknown): true {
  if (left === undefined) walk.added.add(walk.path);
  else if (right === undefined) walk.removed.add(walk.path);
  else if (!deepEqual(left, right)) walk.modified.add(walk.path);
  return true;
}

function visitEntry(walk: Walk, element: PathElement, type: ApplyType, left: unknown, right: unknown): void {
  walk.path.push(element);
  visit(walk, type, left, right);
  walk.path.pop();
}

/** @returns whether the map counted as one value: atomic, or nothing in it on either side (which keeps null and empty apart) */
function visitMap(walk: Walk, map: MapType, left: unknown, right: unknown): boolean {
  const l = isObject(left) ? left : undefined;
  const r = isObject(right) ? right : undefined;
  const lKeys = l ? Object.keys(l) : [];
  const rKeys = r ? Object.keys(r) : [];
  if (map.atomic || lKeys.length + rKeys.length === 0) return visitLeaf(walk, left, right);
  for (const key of lKeys) {
    const before = l![key];
    const after = r && Object.hasOwn(r, key) ? r[key] : undefined;
    if (before !== after) visitEntry(walk, entryElement(map, key), entryType(map, key), before, after);
  }
  for (const key of rKeys) {
    if (!l || !Object.hasOwn(l, key)) visitEntry(walk, entryElement(map, key), entryType(map, key), undefined, r![key]);
  }
  return false;
}

function visitList(walk: Walk, list: ListType, left: unknown, right: unknown): boolean {
  const l: readonly unknown[] = Array.isArray(left) ? left : [];
  const r: readonly unknown[] = Array.isArray(right) ? right : [];
  if (list.atomic || l.length + r.length === 0) return visitLeaf(walk, left, right);
  const before = byElement(list, l);
  const after = byElement(list, r);
  for (const [text, { element, items }] of before) visitItems(walk, list, element, items, after.get(text)?.items ?? []);
  for (const [text, { element, items }] of after) if (!before.has(text)) visitItems(walk, list, element, [], items);
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
function visitItems(walk: Walk, list: ListType, element: PathElement, left: readonly unknown[], right: readonly unknown[]): void {
  if (left.length < 2 && right.length < 2) return visitEntry(walk, element, list.element, left[0], right[0]);
  const path = [...walk.path, element];
  if (left.length > 1 && right.length > 1) {
    if (!deepEqual(left, right)) walk.modified.add(path);
  } else if (left.length > 1) {
    if (right.length) visitEntry(walk, element, list.element, undefined, right[0]);
    walk.removed.add(path);
  } else {
    if (left.length) visitEntry(walk, element, list.element, left[0], undefined);
    walk.added.add(path);
  }
}
