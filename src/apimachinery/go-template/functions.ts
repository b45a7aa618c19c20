// The functions that every Go template has, and how functions judge what they are given. `and` and `or` are execute.ts's: they do not
// evaluate all of their arguments.
import { FunctionError } from './template-error.ts';
import { goValue, sprintf, typeName } from './print.ts';

/** Given its arguments in order, the one of the pipe last. Throws a FunctionError where they are not what it wants. */
export type TemplateFunction = (...args: readonly unknown[]) => unknown;
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

export const BUILTINS: TemplateFunctions = {
  not: (...args) => !isTrue(only(args)),
  len: (...args) => length(only(args)),
  index: (value, ...keys) => keys.reduce((at, key) => element(at, key), value),
  slice,
  print: (...args) => print(args),
  println: (...args) => `${args.map(goPrinted).join(' ')}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (...args) => escaped(print(args), HTML),
  js: (...args) => escaped(print(args), JS),
  urlquery: (...args) =>
    encodeURIComponent(print(args))
      .replaceAll('%20', '+')
      .replace(/[!'()*]/g, hexEscape),
  eq: (value, ...others) => {
    if (others.length === 0) throw new FunctionError('missing argument for comparison');
    return others.some((other) => equal(value, other));
  },
  ne: (...args) => !equal(...pair(args)),
  lt: (...args) => less(...pair(args)),
  le: (...args) => less(...pair(args)) || equal(...pair(args)),
  gt: (...args) => less(...swapped(pair(args))),
  ge: (...args) => less(...swapped(pair(args))) || equal(...pair(args)),
  call: () => {
    throw new FunctionError('data holds no functions');
  },
};

/** Not empty: what `if` asks. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value !== 'object') return Boolean(value);
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/** The argument as the text that it must be. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw wrongType(value, 'string');
}

/** The argument as the integer that it must be. */
export function integer(value: unknown): number {
  if (typeof value === 'bigint' || Number.isInteger(value)) return Number(value);
  throw wrongType(value, 'int');
}

export function wrongType(value: unknown, expected: string): FunctionError {
  if (value === undefined || value === null) return new FunctionError(`invalid value; expected ${expected}`);
  return new FunctionError(`wrong type for value; expected ${expected}; got ${typeName(value)}`);
}

/** Checks how many arguments there are. */
export function counted(args: readonly unknown[], least: number, most = least): readonly unknown[] {
  if (args.length < least || args.length > most) {
    const want = least === most ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw new FunctionError(`wrong number of arguments: want ${want} got ${args.length}`);
  }
  return args;
}

const only = (args: readonly unknown[]): unknown => counted(args, 1)[0];
const pair = (args: readonly unknown[]): [unknown, unknown] => counted(args, 2) as [unknown, unknown];
const swapped = ([a, b]: [unknown, unknown]): [unknown, unknown] => [b, a];

export function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new FunctionError(value === undefined || value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`);
}

function element(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) throw new FunctionError('index of untyped nil');
  if (Array.isArray(value) || typeof value === 'string') {
    if (key === undefined || key === null) throw new FunctionError('cannot index slice/array with nil');
    if (typeof key !== 'number' && typeof key !== 'bigint') throw new FunctionError(`cannot index slice/array with type ${typeName(key)}`);
    const at = Number(key);
    const items: ArrayLike<unknown> = typeof value === 'string' ? Buffer.from(value) : value;
    if (!Number.isInteger(at) || at < 0 || at >= items.length) throw new FunctionError(`index out of range: ${String(key)}`);
    return items[at];
  }
  if (typeof value !== 'object') throw new FunctionError(`can't index item of type ${typeName(value)}`);
  const name = text(key);
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  if (bounds.length > 3) throw new FunctionError(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== 'string' && !Array.isArray(value)) throw new FunctionError(`can't slice item of type ${typeName(value)}`);
  const size = length(value);
  const [from = 0, to = size] = bounds.map(integer);
  if (from < 0 || to > size || from > to) throw new FunctionError(`index out of range: ${from > to ? from : to}`);
  return typeof value === 'string' ? Buffer.from(value).subarray(from, to).toString() : value.slice(from, to);
}

const goPrinted = (value: unknown): string => (value === undefined || value === null ? '<nil>' : goValue(value));

/** `fmt.Sprint`: a space between two that are no texts. */
function print(args: readonly unknown[]): string {
  let out = '';
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += goPrinted(arg);
  }
  return out;
}

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
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      return value === undefined || value === null ? 'none' : 'other';
  }
}

/** Whole numbers and others compare too: which of a JSON value's numbers are floats is not to be seen. */
const isNumeric = (kind: BasicKind): boolean => kind === 'int' || kind === 'float';

function equal(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'none' || right === 'none') return left === right;
  if (isNumeric(left) && isNumeric(right)) return Number(a) === Number(b);
  if (left !== right) throw new FunctionError('incompatible types for comparison');
  if (left === 'other') throw new FunctionError(`non-comparable type ${goValue(a)}: ${typeName(a)}`);
  return a === b;
}

function less(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  for (const kind of [left, right])
    if (kind === 'none' || kind === 'other' || kind === 'bool') throw new FunctionError('invalid type for comparison');
  if (isNumeric(left) && isNumeric(right)) return Number(a) < Number(b);
  if (left !== right) throw new FunctionError('incompatible types for comparison');
  return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) < 0;
}

const hexEscape = (c: string): string => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;

const HTML: Readonly<Record<string, string>> = { '\0': '\uFFFD', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

const escaped = (value: string, table: Readonly<Record<string, string>>): string => value.replace(/[\0"'&<>\\=]/g, (c) => table[c] ?? c);
