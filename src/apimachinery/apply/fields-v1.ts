// Field sets in the form in which objects carry them, FieldsV1: nested objects whose keys are the texts of path elements, `.` for
// the path itself. Forms are remembered with the immutable objects that they were made of, so each is made once.
import type { FieldsV1 } from '#api/meta/v1';
import { isObject, type JsonObject } from '../object.ts';
import { FieldSet, sortEntries, type Entry } from './field-set.ts';
import { compareElements, parsePathElement } from './path-element.ts';

/** Thrown for what is no FieldsV1. */
export class FieldsV1Error extends Error {
  override readonly name = 'FieldsV1Error';
}

const sets = new WeakMap<object, FieldSet>();

/** @param fields undefined is the empty set. Throws {@link FieldsV1Error}. */
export function decodeFieldsV1(fields: unknown): FieldSet {
  if (fields === undefined || fields === null) return FieldSet.EMPTY;
  if (!isObject(fields)) throw new FieldsV1Error(`ReadMapCB: expect { or n, but found ${JSON.stringify(fields)}`);
  let set = sets.get(fields);
  if (!set) {
    set = decodeLevel(fields).children ?? FieldSet.EMPTY;
    sets.set(fields, set);
    // what is in canonical form already need not be made again; clients may send other forms
    if (sameForm(fields, encodeLevel(set, false))) set.form = fields;
  }
  return set;
}

/** The result is shared: it must not be changed. */
export function encodeFieldsV1(set: FieldSet): FieldsV1 {
  return encodeLevel(set, false);
}

const LEAF: JsonObject = Object.freeze({});

/** Most of a set is shared with the one before it, and so are the forms. */
function encodeLevel(set: FieldSet, member: boolean): JsonObject {
  const known = member ? set.formOfMember : set.form;
  if (known) return known;
  const out: JsonObject = member ? { '.': LEAF } : {};
  for (const { element, member: own, children } of set.entries) out[element.text] = children ? encodeLevel(children, own) : LEAF;
  if (member) set.formOfMember = out;
  else set.form = out;
  return out;
}

/** Whether both are written alike, keys in the same order. */
function sameForm(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  const others = Object.keys(b);
  return (
    keys.length === others.length && keys.every((key, i) => key === others[i] && isObject(a[key]) && sameForm(a[key], b[key] as JsonObject))
  );
}

/** A path with nothing below it is a member, whether or not it says so. */
function decodeLevel(fields: JsonObject): Pick<Entry, 'member' | 'children'> {
  let member = false;
  const entries: Entry[] = [];
  for (const key of Object.keys(fields)) {
    if (key === '.') {
      member = true;
      continue;
    }
    const element = parse(key);
    if (!element) continue;
    const below = fields[key];
    if (below !== null && !isObject(below)) throw new FieldsV1Error(`ReadMapCB: expect { or n, but found ${JSON.stringify(below)}`);
    entries.push({ element, ...(below === null ? { member: true, children: undefined } : decodeLevel(below)) });
  }
  if (entries.length === 0) return { member: true, children: undefined };
  return { member, children: FieldSet.fromEntries(withoutRepeats(sortEntries(entries))) };
}

function parse(key: string): Entry['element'] | undefined {
  try {
    return parsePathElement(key);
  } catch (error) {
    throw new FieldsV1Error(`parsing key as path element: ${(error as Error).message}`, { cause: error });
  }
}

/** One element may be written in several ways: `k:{"a":1}`, `k:{"a": 1}`. */
function withoutRepeats(entries: Entry[]): Entry[] {
  const out: Entry[] = [];
  for (const entry of entries) {
    const last = out.at(-1);
    if (last && compareElements(last.element, entry.element) === 0) {
      out[out.length - 1] = { element: last.element, member: last.member || entry.member, children: entry.children ?? last.children };
    } else out.push(entry);
  }
  return out;
}
