// Go's values as templates see them. A float64 is a number, an int a bigint; other integers are {@link GoInteger}s. Maps are plain objects,
// slices arrays; those whose Go type is another than map[string]interface {} or []interface {} are marked with it. Bytes of a string that
// are no UTF-8 stand as lone surrogates, U+DC80 to U+DCFF. Null is a nil interface, and undefined is no value at all, Go's zero
// reflect.Value.
import { setKey } from '../json/parse.ts';
import type { TemplateFunction } from './signature.ts';

/** An integer of a type other than int. */
export class GoInteger {
  readonly type: 'int64' | 'int32' | 'uint8' | 'uint32' | 'uint64';
  readonly value: bigint;

  constructor(type: GoInteger['type'], value: bigint) {
    this.type = type;
    this.value = type.startsWith('u') ? BigInt.asUintN(SIZES[type], value) : BigInt.asIntN(SIZES[type], value);
  }
}

const SIZES = { int64: 64, int32: 32, uint8: 8, uint32: 32, uint64: 64 } as const;

export const int64 = (value: bigint): GoInteger => new GoInteger('int64', value);

/** A type that is none of JSON's. */
export interface GoType {
  /** As `%T` prints it. */
  readonly name: string;
  readonly kind: 'map' | 'slice' | 'struct' | 'ptr' | 'func' | 'int64';
  /** What is read of a map where there is no such key. Null unless told otherwise. */
  readonly zero?: unknown;
  /** Values of it are accepted where its underlying type is wanted. */
  readonly underlying?: string;
  readonly methods?: Readonly<Record<string, (self: object) => TemplateFunction>>;
  /** Of a struct, in Go's order: how they are named in JSON. Without it all own properties are fields, and named alike. */
  readonly json?: (self: object) => unknown;
  /** Its String or Error method. */
  readonly text?: (self: object) => string;
}

const types = new WeakMap<object, GoType>();
const nils = new WeakSet<object>();

/** Marks an object or an array with its Go type. */
export function typed<T extends object>(value: T, type: GoType): T {
  types.set(value, type);
  return value;
}

/** A nil map or slice: empty, but null in JSON. */
export function nil<T extends object>(empty: T): T {
  nils.add(empty);
  return empty;
}

export const isNilCollection = (value: object): boolean => nils.has(value);

const ANY_MAP: GoType = { name: 'map[string]interface {}', kind: 'map' };
const ANY_SLICE: GoType = { name: '[]interface {}', kind: 'slice' };
const BYTES: GoType = { name: '[]uint8', kind: 'slice' };
export const STRING_MAP: GoType = { name: 'map[string]string', kind: 'map', zero: '' };
export const STRINGS: GoType = { name: '[]string', kind: 'slice' };
const INTS: GoType = { name: '[]int', kind: 'slice' };
const LISTS: GoType = { name: '[][]interface {}', kind: 'slice' };

/** Slice types that functions return. */
export const SLICE_TYPES: Readonly<Record<string, GoType>> = { '[]string': STRINGS, '[]int': INTS, '[][]interface {}': LISTS };

export function objectType(value: object): GoType {
  const type = types.get(value);
  if (type) return type;
  return Array.isArray(value) ? ANY_SLICE : value instanceof Uint8Array ? BYTES : ANY_MAP;
}

/** `%T` */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'object':
      if (value === null) return '<nil>';
      return value instanceof GoInteger ? value.type : objectType(value).name;
    default:
      return '<nil>';
  }
}

/** `reflect.Kind` */
export function kindName(value: unknown): string {
  if (value === undefined || value === null) return 'invalid';
  if (typeof value !== 'object' || value instanceof GoInteger) return typeName(value);
  return objectType(value).kind;
}

/** A list or bytes. */
export function isSlice(value: unknown): value is readonly unknown[] | Uint8Array {
  return Array.isArray(value) || value instanceof Uint8Array;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !isSlice(value) && !(value instanceof GoInteger) && objectType(value).kind === 'map'
  );
}

export const isNil = (value: unknown): value is null | undefined => value === undefined || value === null;

/** The integer that the value is, of whatever size. */
export function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof GoInteger ? value.value : undefined;
}

/** Element of a slice: of bytes, a uint8. */
export function elementAt(slice: readonly unknown[] | Uint8Array, at: number): unknown {
  return slice instanceof Uint8Array ? new GoInteger('uint8', BigInt(slice[at]!)) : slice[at];
}

/** The slice as a list of what any value can be. */
export function elements(slice: readonly unknown[] | Uint8Array): readonly unknown[] {
  return slice instanceof Uint8Array ? Array.from(slice, (_, at) => elementAt(slice, at)) : slice;
}

export const keysOf = (map: Readonly<Record<string, unknown>>): string[] => Object.keys(map).sort(byBytes);

/** As Go compares strings: by their bytes. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  // only beyond the surrogates does the order of UTF-16 differ
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(bytesOf(a), bytesOf(b));
}

const SURROGATE = /[\ud800-\udfff]/;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** What the string consists of. */
export function bytesOf(text: string): Buffer {
  if (!LONE.test(text)) return Buffer.from(text);
  const parts: Buffer[] = [];
  for (const c of text) {
    const code = c.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(c));
  }
  return Buffer.concat(parts);
}

/** The string of these bytes. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString();
  if (!text.includes('\ufffd') || Buffer.from(text).equals(buffer)) return text;
  let out = '';
  for (let at = 0; at < buffer.length;) {
    const size = sequenceAt(buffer, at);
    out += size > 0 ? buffer.toString('utf8', at, at + size) : String.fromCharCode(0xdc00 + buffer[at]!);
    at += Math.max(size, 1);
  }
  return out;
}

/** Length of the UTF-8 sequence there; 0 where there is none. */
function sequenceAt(buffer: Buffer, at: number): number {
  const first = buffer[at]!;
  if (first < 0x80) return 1;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + size > buffer.length) return 0;
  const decoded = buffer.toString('utf8', at, at + size);
  return [...decoded].length === 1 && decoded !== '\ufffd' ? size : Buffer.from(decoded).equals(buffer.subarray(at, at + size)) ? size : 0;
}

/** Where the string's bytes and its UTF-16 units are the same, as in nearly all. */
export const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/** `s[from:to]`, in bytes. */
export function byteSlice(text: string, from: number, to?: number): string {
  return isAscii(text) ? text.slice(from, to) : textOfBytes(bytesOf(text).subarray(from, to));
}

/** `len(s)` */
export const byteLength = (text: string): number => (isAscii(text) ? text.length : bytesOf(text).length);

/** Not empty: what `if` asks. */
export function isTrue(value: unknown): boolean {
  if (isNil(value)) return false;
  if (typeof value !== 'object') return Boolean(value);
  if (value instanceof GoInteger) return value.value !== 0n;
  if (isSlice(value)) return value.length > 0;
  const { kind } = objectType(value);
  if (kind !== 'map') return true;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}

/**
 * What JSON has, as values that templates may change.
 *
 * @param wholeAreInts numbers that are whole are ints, not floats; bigints are int64s otherwise
 * @param memo what objects have become: those that are shared stay so
 */
export function fromJsonValue(value: unknown, wholeAreInts: boolean, memo?: Map<object, unknown>): unknown {
  if (typeof value === 'number') return wholeAreInts && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'bigint') return wholeAreInts ? value : int64(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof GoInteger || value instanceof Uint8Array || types.has(value)) return value;
  const known = memo?.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list = value.map((item) => fromJsonValue(item, wholeAreInts, memo));
    memo?.set(value, list);
    return list;
  }
  const out: Record<string, unknown> = {};
  memo?.set(value, out);
  for (const key of Object.keys(value)) setKey(out, key, fromJsonValue((value as Record<string, unknown>)[key], wholeAreInts, memo));
  return out;
}
