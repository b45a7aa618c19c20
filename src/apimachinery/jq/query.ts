// What the parts of a jq query do: each takes a value, with its place in the object, and yields values with theirs.
import { deepEqual } from '../object.ts';
import { compileRegexp, RegexpError } from '../regexp.ts';

/** Thrown by a query where a value is not what it asks for: `.a` of a list. */
export class JqError extends Error {
  override readonly name = 'JqError';
}

/** A value, and the way to it; undefined for one that is made up, such as the result of a comparison. */
export interface Located {
  readonly value: unknown;
  readonly path: readonly (string | number)[] | undefined;
}

export type Query = (at: Located) => readonly Located[];

/** How many values a query may yield at any step. */
const MAX_VALUES = 100_000;

export const plain = (value: unknown): Located => ({ value, path: undefined });
export const identity: Query = (at) => [at];

export const constant =
  (value: unknown): Query =>
  () => [plain(value)];

export function piped(first: Query, second: Query): Query {
  return (at) => {
    const out: Located[] = [];
    for (const inner of first(at)) {
      out.push(...second(inner));
      if (out.length > MAX_VALUES) throw new JqError(`more than ${MAX_VALUES} values`);
    }
    return out;
  };
}

export function logical(left: Query, right: Query, ends: boolean): Query {
  return (at) => left(at).flatMap((a) => (isTrue(a.value) === ends ? [plain(ends)] : right(at).map(({ value }) => plain(isTrue(value)))));
}

export function quietly(query: Query, at: Located): readonly Located[] {
  try {
    return query(at);
  } catch (error) {
    if (error instanceof JqError) return [];
    throw error;
  }
}

export const isTrue = (value: unknown): boolean => value !== false && value !== null && value !== undefined;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const child = ({ path }: Located, part: string | number, value: unknown): Located => ({ value, path: path && [...path, part] });

export const key =
  (name: string): Query =>
  (at) => {
    const { value } = at;
    if (value === null || value === undefined) return [child(at, name, null)];
    if (!isMap(value)) throw new JqError(`expected an object but got: ${typeOf(value)}`);
    return [child(at, name, Object.hasOwn(value, name) ? value[name] : null)];
  };

export const item =
  (index: number): Query =>
  (at) => {
    const { value } = at;
    if (value === null || value === undefined) return [child(at, index, null)];
    if (!Array.isArray(value)) throw new JqError(`expected an array but got: ${typeOf(value)}`);
    const whole = Math.trunc(index);
    const place = whole < 0 ? value.length + whole : whole;
    return [child(at, place, (value as readonly unknown[])[place] ?? null)];
  };

export const elements: Query = (at) => {
  const { value } = at;
  if (Array.isArray(value)) return value.map((element, i) => child(at, i, element));
  if (isMap(value)) return sortedKeys(value).map((name) => child(at, name, value[name]));
  throw new JqError(`cannot iterate over: ${typeOf(value)}`);
};

/** The value and all that it holds, at any depth. */
export const recursively: Query = (at) => {
  const out: Located[] = [at];
  for (let i = 0; i < out.length; i++) {
    const { value } = out[i]!;
    if (Array.isArray(value) || isMap(value)) out.push(...elements(out[i]!));
    if (out.length > MAX_VALUES) throw new JqError(`more than ${MAX_VALUES} values`);
  }
  return out;
};

const sortedKeys = (value: Readonly<Record<string, unknown>>): readonly string[] => Object.keys(value).sort();

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const ORDER: readonly string[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

function compared(a: unknown, b: unknown): number {
  const [left, right] = [typeOf(a), typeOf(b)];
  if (left !== right) return ORDER.indexOf(left) - ORDER.indexOf(right);
  if (left === 'boolean' || left === 'number') return Number(a) - Number(b);
  const [x, y] = left === 'string' ? [a as string, b as string] : [JSON.stringify(a), JSON.stringify(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

export const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => deepEqual(a ?? null, b ?? null),
  '!=': (a, b) => !deepEqual(a ?? null, b ?? null),
  '<': (a, b) => compared(a, b) < 0,
  '<=': (a, b) => compared(a, b) <= 0,
  '>': (a, b) => compared(a, b) > 0,
  '>=': (a, b) => compared(a, b) >= 0,
};

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new JqError(`expected a string but got: ${typeOf(value)}`);
}

const made =
  (make: (value: unknown) => unknown): Query =>
  ({ value }) => [plain(make(value))];

export const FUNCTIONS: Readonly<Record<string, Query>> = {
  first: item(0),
  last: item(-1),
  not: made((value) => !isTrue(value)),
  length: made((value) => {
    if (typeof value === 'boolean') throw new JqError('boolean has no length');
    if (typeof value === 'number') return Math.abs(value);
    if (typeof value === 'string') return [...value].length;
    return value === null || value === undefined ? 0 : Object.keys(value).length;
  }),
  keys: made((value) => {
    if (Array.isArray(value)) return [...value.keys()];
    if (isMap(value)) return sortedKeys(value);
    throw new JqError(`${typeOf(value)} has no keys`);
  }),
  any: made((value) => elements(plain(value)).some((element) => isTrue(element.value))),
  all: made((value) => elements(plain(value)).every((element) => isTrue(element.value))),
  type: made(typeOf),
  tostring: made((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? null))),
  tonumber: made((value) => {
    const number = typeof value === 'number' ? value : Number(asText(value).trim() || 'NaN');
    if (Number.isNaN(number)) throw new JqError('cannot be read as a number');
    return number;
  }),
  ascii_downcase: made((value) => asText(value).toLowerCase()),
};

/** A function of the value and of what the argument yields for it. */
const ofTwo =
  (make: (value: unknown, arg: unknown) => unknown) =>
  (arg: Query): Query =>
  (at) =>
    arg(at).map(({ value }) => plain(make(at.value, value)));

const each = (arg: Query, at: Located): readonly unknown[] => elements(at).flatMap((element) => arg(element).map(({ value }) => value));

export const FUNCTIONS_OF_ONE: Readonly<Record<string, (arg: Query) => Query>> = {
  select: (arg) => (at) => arg(at).flatMap(({ value }) => (isTrue(value) ? [at] : [])),
  map: (arg) => (at) => [plain(each(arg, at))],
  any: (arg) => (at) => [plain(each(arg, at).some(isTrue))],
  all: (arg) => (at) => [plain(each(arg, at).every(isTrue))],
  has: ofTwo((value, name) => {
    if (isMap(value)) return Object.hasOwn(value, asText(name));
    if (Array.isArray(value)) return Number(name) >= 0 && Number(name) < value.length;
    throw new JqError(`cannot check whether ${typeOf(value)} has a key`);
  }),
  startswith: ofTwo((value, start) => asText(value).startsWith(asText(start))),
  endswith: ofTwo((value, end) => asText(value).endsWith(asText(end))),
  contains: ofTwo(contains),
  test: ofTwo((value, pattern) => matches(asText(value), asText(pattern))),
};

function contains(value: unknown, part: unknown): boolean {
  if (typeof value === 'string' && typeof part === 'string') return value.includes(part);
  if (Array.isArray(value) && Array.isArray(part)) return part.every((one) => value.some((other) => contains(other, one)));
  if (isMap(value) && isMap(part))
    return Object.keys(part).every((name) => Object.hasOwn(value, name) && contains(value[name], part[name]));
  if (typeOf(value) !== typeOf(part)) throw new JqError(`${typeOf(value)} and ${typeOf(part)} cannot be compared by contains`);
  return deepEqual(value ?? null, part ?? null);
}

function matches(text: string, pattern: string): boolean {
  try {
    return compileRegexp(pattern).test(text);
  } catch (error) {
    if (error instanceof RegexpError) throw new JqError(error.message, { cause: error });
    throw error;
  }
}
