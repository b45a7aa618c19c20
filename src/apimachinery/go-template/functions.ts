// The functions that every Go template has. Of `and` and `or` execute.ts evaluates only the arguments that count.
import { goValue, plain, sprint, sprintf } from './print.ts';
import { go, wrongType, type TemplateFunctions } from './signature.ts';
import { FunctionError } from './template-error.ts';
import {
  byBytes,
  byteLength,
  bytesOf,
  byteSlice,
  elementAt,
  GoInteger,
  integerOf,
  isMap,
  isNil,
  isNilCollection,
  isSlice,
  isTrue,
  objectType,
  typed,
  typeName,
} from './values.ts';

/** Executed by execute.ts. */
const shortCircuited = go('(reflect.Value, ...reflect.Value) reflect.Value', () => undefined);

export const BUILTINS: TemplateFunctions = {
  and: shortCircuited,
  or: shortCircuited,
  not: go('(reflect.Value) bool', (value) => !isTrue(value)),
  len: go('(reflect.Value) int', length),
  index: go('(reflect.Value, ...reflect.Value) reflect.Value', index),
  slice: go('(reflect.Value, ...reflect.Value) reflect.Value', slice),
  print: go('(...any) string', (...args) => sprint(args)),
  println: go('(...any) string', (...args) => `${args.map(plain).join(' ')}\n`),
  printf: go('(string, ...any) string', (format: string, ...args) => sprintf(format, args)),
  html: go('(...any) string', (...args) => evaluated(args).replace(/[\0"'&<>]/g, (c) => HTML[c]!)),
  js: go('(...any) string', (...args) => evaluated(args).replace(/[\\'"<>&=\0-\x1f]|[^\0-\x7f]/gu, jsEscape)),
  urlquery: go('(...any) string', (...args) => queryEscape(evaluated(args))),
  eq: go('(reflect.Value, ...reflect.Value) bool', (value: unknown, ...others: readonly unknown[]) => {
    if (others.length === 0) throw new FunctionError('missing argument for comparison');
    return others.some((other) => equal(value, other));
  }),
  ne: go('(reflect.Value, reflect.Value) bool', (a, b) => !equal(a, b)),
  lt: go('(reflect.Value, reflect.Value) bool', less),
  le: go('(reflect.Value, reflect.Value) bool', (a, b) => less(a, b) || equal(a, b)),
  gt: go('(reflect.Value, reflect.Value) bool', (a, b) => !(less(a, b) || equal(a, b))),
  ge: go('(reflect.Value, reflect.Value) bool', (a, b) => !less(a, b)),
  call: go('(reflect.Value, ...reflect.Value) reflect.Value', (value: unknown) => {
    throw new FunctionError(isNil(value) ? 'call of nil' : `non-function of type ${typeName(value)}`);
  }),
};

/** The argument as the text that it must be. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw wrongType(value, 'string');
}

/** Checks how many arguments there are. */
export function counted(args: readonly unknown[], least: number, most = least): readonly unknown[] {
  if (args.length < least || args.length > most) {
    const want = least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw new FunctionError(`wrong number of arguments: want ${want} got ${args.length}`);
  }
  return args;
}

function length(value: unknown): number {
  if (typeof value === 'string') return byteLength(value);
  if (isSlice(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value === null) throw new FunctionError('len of nil pointer');
  // Go asks the zero value for its type
  if (value === undefined) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value');
  throw new FunctionError(`len of type ${typeName(value)}`);
}

function index(value: unknown, ...keys: readonly unknown[]): unknown {
  if (isNil(value)) throw new FunctionError('index of untyped nil');
  let at: unknown = value;
  for (const key of keys) at = element(at, key);
  return at;
}

function element(value: unknown, key: unknown): unknown {
  if (isNil(value)) throw new FunctionError('index of nil pointer');
  if (isSlice(value) || typeof value === 'string') {
    const items = typeof value === 'string' ? bytesOf(value) : value;
    const at = indexOf(key, items.length);
    if (at >= items.length)
      throw new FunctionError(typeof value === 'string' ? 'reflect: string index out of range' : 'reflect: slice index out of range');
    return elementAt(items, at);
  }
  if (!isMap(value)) throw new FunctionError(`can't index item of type ${typeName(value)}`);
  if (isNil(key)) throw new FunctionError('value is nil; should be of type string');
  if (typeof key !== 'string') throw new FunctionError(`value has type ${typeName(key)}; should be string`);
  return Object.hasOwn(value, key) ? value[key] : (objectType(value).zero ?? null);
}

function indexOf(key: unknown, most: number): number {
  const at = integerOf(key);
  if (isNil(key)) throw new FunctionError('cannot index slice/array with nil');
  if (at === undefined) throw new FunctionError(`cannot index slice/array with type ${typeName(key)}`);
  if (at < 0n || at > BigInt(most)) throw new FunctionError(`index out of range: ${at}`);
  return Number(at);
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  if (isNil(value)) throw new FunctionError('slice of untyped nil');
  if (bounds.length > 3) throw new FunctionError(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== 'string' && !isSlice(value)) throw new FunctionError(`can't slice item of type ${typeName(value)}`);
  if (typeof value === 'string' && bounds.length === 3) throw new FunctionError('cannot 3-index slice a string');
  const size = typeof value === 'string' ? byteLength(value) : value.length;
  const [from = 0, to = size, most = size] = bounds.map((bound) => indexOf(bound, size));
  if (from > to) throw new FunctionError(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw new FunctionError(`invalid slice index: ${to} > ${most}`);
  if (typeof value === 'string') return byteSlice(value, from, to);
  return Array.isArray(value) ? typed(value.slice(from, to), objectType(value)) : value.slice(from, to);
}

/** As templates print them. */
const evaluated = (args: readonly unknown[]): string => sprint(args.map((arg) => (isNil(arg) ? goValue(arg) : arg)));

type BasicKind = 'bool' | 'int' | 'float' | 'string' | 'other' | 'none';

function kindOf(value: unknown): BasicKind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    default:
      if (isNil(value)) return 'none';
      return value instanceof GoInteger ? 'int' : 'other';
  }
}

function equal(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'none' && right === 'none') return true;
  if (left !== right) {
    // what is nil is compared to maps and lists, and to nothing else
    if (left === 'none' || right === 'none') return left === 'other' || right === 'other' ? isNilObject(left === 'none' ? b : a) : false;
    throw new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  }
  if (left === 'int') return integerOf(a) === integerOf(b);
  if (left !== 'other') return a === b;
  if (isNilObject(a) || isNilObject(b)) return isNilObject(a) === isNilObject(b);
  throw new FunctionError(`non-comparable type ${plain(b)}: ${typeName(b)}`);
}

const isNilObject = (value: unknown): boolean => typeof value === 'object' && value !== null && isNilCollection(value);

function less(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  for (const kind of [left, right]) if (kind === 'none' || kind === 'other') throw new FunctionError('invalid type for comparison');
  if (left !== right) throw new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
  if (left === 'bool') throw new FunctionError('invalid type for comparison');
  if (left === 'int') return integerOf(a)! < integerOf(b)!;
  return left === 'float' ? (a as number) < (b as number) : byBytes(a as string, b as string) < 0;
}

/** `url.QueryEscape` */
export function queryEscape(value: string): string {
  return Array.from(bytesOf(value), (byte) => {
    const c = String.fromCharCode(byte);
    return /[\w.~-]/.test(c) && byte < 0x80 ? c : c === ' ' ? '+' : hexEscape(byte);
  }).join('');
}

const hexEscape = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

const HTML: Readonly<Record<string, string>> = { '\0': '\uFFFD', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function jsEscape(c: string): string {
  const code = c.codePointAt(0)!;
  if (c === '\\' || c === "'" || c === '"') return `\\${c}`;
  if (code > 0x7f && /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(c)) return c;
  return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
