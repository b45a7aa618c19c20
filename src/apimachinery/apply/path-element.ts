// One step of a path into an object, as field ownership knows it: a field by name, an element of a list by its keys, its value or
// its index. Elements are immutable; their text is their form in FieldsV1 (`f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:0`) and their identity.
//
// Follows structured-merge-diff's fieldpath package: order, texts in messages, escaping.
import { goFloat, quote } from '../go-text.ts';
import { encodeJson } from '../json/encode.ts';
import { parseJson, plainValue } from '../json/parse.ts';

export interface PathElement {
  /** Elements sort by this first: fields, keys, values, indices. */
  readonly rank: 0 | 1 | 2 | 3;
  readonly text: string;
  /** Of a field; else empty. */
  readonly name: string;
  /** Of a key: its fields, sorted by name; else empty. */
  readonly key: readonly KeyField[];
  /** Of a value: itself; of an index: the number. */
  readonly value: unknown;
}

export interface KeyField {
  readonly name: string;
  readonly value: unknown;
}

export type FieldPath = readonly PathElement[];

const NO_KEY: readonly KeyField[] = [];

/** Names recur endlessly, and one object per name makes comparing quick. Bounded: labels of the whole world pass by here. */
const MAX_CACHED_NAMES = 8192;
const fields = new Map<string, PathElement>();

export function fieldElement(name: string): PathElement {
  let element = fields.get(name);
  if (!element) {
    if (fields.size >= MAX_CACHED_NAMES) fields.clear();
    element = { rank: 0, text: `f:${name}`, name, key: NO_KEY, value: undefined };
    fields.set(name, element);
  }
  return element;
}

/** @param key in any order */
export function keyElement(key: readonly KeyField[]): PathElement {
  const sorted = key.length > 1 ? [...key].sort((a, b) => compareText(a.name, b.name)) : key;
  let text = '';
  for (const { name, value } of sorted) text += `${text ? ',' : ''}${encodeText(name)}:${encodeValue(value)}`;
  return { rank: 1, text: `k:{${text}}`, name: '', key: sorted, value: undefined };
}

/** An element of a set. @param value a scalar */
export function valueElement(value: unknown): PathElement {
  return { rank: 2, text: `v:${encodeValue(value)}`, name: '', key: NO_KEY, value };
}

export function indexElement(index: number): PathElement {
  return { rank: 3, text: `i:${index}`, name: '', key: NO_KEY, value: index };
}

/** A path of fields: `fieldPath('spec', 'replicas')`. */
export const fieldPath = (...names: readonly string[]): FieldPath => names.map(fieldElement);

/** Thrown for a text that is no path element. */
export class PathElementError extends Error {
  override readonly name = 'PathElementError';
}

/**
 * Reads an element's text. Returns undefined for a kind of element that is not known: a later version may know it.
 * Throws {@link PathElementError}.
 */
export function parsePathElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new PathElementError('key must be 2 characters long:');
  if (text[1] !== ':') throw new PathElementError(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text[0]) {
    case 'f':
      return fieldElement(rest);
    case 'k': {
      const key = json(rest);
      if (typeof key !== 'object' || key === null || Array.isArray(key)) throw new PathElementError(`expect { or n: ${rest}`);
      return keyElement(Object.entries(key).map(([name, value]) => ({ name, value })));
    }
    case 'v':
      return valueElement(json(rest));
    case 'i':
      if (!/^[+-]?\d+$/.test(rest)) throw new PathElementError(`strconv.Atoi: parsing ${quote(rest)}: invalid syntax`);
      return indexElement(Number(rest));
    default:
      return undefined;
  }
}

function json(text: string): unknown {
  try {
    return plainValue(parseJson(text).value);
  } catch (error) {
    throw new PathElementError((error as Error).message, { cause: error });
  }
}

/** As messages show an element: `.spec`, `[name="web"]`, `[="x"]`, `[0]`. */
export function elementText(element: PathElement): string {
  switch (element.rank) {
    case 0:
      return `.${element.name}`;
    case 1:
      return `[${element.key.map(({ name, value }) => `${name}=${valueText(value)}`).join(',')}]`;
    case 2:
      return `[=${valueText(element.value)}]`;
    case 3:
      return `[${String(element.value)}]`;
  }
}

export const pathText = (path: FieldPath): string => path.map(elementText).join('');

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return goFloat(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([k, v]) => `${k}=${valueText(v)}`)
      .join('');
  }
  return String(value as boolean | bigint);
}

/** 0 means that both are the same element. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  if (a.rank !== b.rank) return a.rank - b.rank;
  switch (a.rank) {
    case 0:
      return compareText(a.name, b.name);
    case 1:
      return compareKeys(a.key, b.key);
    case 2:
      return compareValues(a.value, b.value);
    case 3:
      return (a.value as number) - (b.value as number);
  }
}

function compareKeys(a: readonly KeyField[], b: readonly KeyField[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareText(a[i]!.name, b[i]!.name) || compareValues(a[i]!.value, b[i]!.value);
    if (order) return order;
  }
  return a.length - b.length;
}

/** The order of values of different types: numbers, strings, booleans, lists, maps, null. */
function typeRank(value: unknown): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 0;
    case 'string':
      return 1;
    case 'boolean':
      return 2;
    default:
      return Array.isArray(value) ? 3 : value ? 4 : 5;
  }
}

/** A total order of JSON values. */
export function compareValues(a: unknown, b: unknown): number {
  const rank = typeRank(a);
  const difference = rank - typeRank(b);
  if (difference) return difference;
  switch (rank) {
    case 1:
      return compareText(a as string, b as string);
    case 3:
      return compareLists(a as readonly unknown[], b as readonly unknown[]);
    case 4:
      return compareMaps(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>);
    case 5:
      return 0;
    default:
      return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
  }
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareValues(a[i], b[i]);
    if (order) return order;
  }
  return a.length - b.length;
}

/** By the first key, in order, that one lacks or that differs; the map that has used up its keys is the lesser. */
function compareMaps(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const sizeA = Object.keys(a).length;
  const sizeB = Object.keys(b).length;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compareText);
  for (let i = 0; i < keys.length; i++) {
    if (i === sizeA) return -1;
    if (i === sizeB) return 1;
    const key = keys[i]!;
    if (!Object.hasOwn(a, key)) return 1;
    if (!Object.hasOwn(b, key)) return -1;
    const order = compareValues(a[key], b[key]);
    if (order) return order;
  }
  return 0;
}

/** Go's order of strings: that of their UTF-8 bytes, so of code points. UTF-16 has surrogates before U+E000..U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? aboveBmp(x) - aboveBmp(y) : x - y;
  }
  return a.length - b.length;
}

const aboveBmp = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

const encodeValue = (value: unknown): string => (typeof value === 'string' ? encodeText(value) : encodeJson(value));

/** json-iterator's form of a string within a key: as Go's with HTML escaped, but without \b and \f. */
function encodeText(text: string): string {
  if (/^[\w ./:*-]*$/.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(/\\.|[<>&\u2028\u2029]/g, (c) => {
    if (c === '\\b') return '\\u0008';
    if (c === '\\f') return '\\u000c';
    return c.length > 1 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
