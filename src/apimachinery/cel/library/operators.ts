// The operators of CEL and its functions of sizes. Follows common/stdlib of cel-go. Logic, conditions and indexing are the evaluator's
// own; here are their signatures.
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { compare, equals } from '../equality.ts';
import { contains } from '../access.ts';
import {
  ArrayList,
  CelError,
  codePoints,
  ConcatList,
  type Duration,
  GrowingList,
  ListValue,
  type MapValue,
  noSuchOverload,
  type Timestamp,
  Uint,
  type Value,
} from '../values.ts';
import { durationValue, timestampValue } from './times.ts';

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

export const intValue = (value: bigint): Value => (value > MAX_INT || value < MIN_INT ? new CelError('integer overflow') : value);
export const uintValue = (value: bigint): Value =>
  value > MAX_UINT || value < 0n ? new CelError('unsigned integer overflow') : new Uint(value);

type Ints = (a: bigint, b: bigint) => Value;
const ints = (f: Ints): Implementation => ((a: bigint, b: bigint) => f(a, b)) as Implementation;
const uints = (f: Ints): Implementation => ((a: Uint, b: Uint) => f(a.value, b.value)) as Implementation;
const doubles = (f: (a: number, b: number) => number): Implementation => ((a: number, b: number) => f(a, b)) as Implementation;

function addLists(a: Value, b: Value): Value {
  const [left, right] = [a as ListValue, b as ListValue];
  if (left instanceof GrowingList) {
    for (const item of right) left.items.push(item);
    return left;
  }
  return left.plus ? left.plus(right) : new ConcatList(left, right);
}

const nanos = (value: Value): bigint => (value as Duration | Timestamp).nanos;

const arithmetic: readonly FunctionDeclaration[] = [
  declare('_+_', {
    'add_bytes: (bytes, bytes) -> bytes': (a, b) => Buffer.concat([a as Uint8Array, b as Uint8Array]),
    'add_double: (double, double) -> double': doubles((a, b) => a + b),
    'add_duration_duration: (duration, duration) -> duration': (a, b) => durationValue(nanos(a!) + nanos(b!)),
    'add_duration_timestamp: (duration, timestamp) -> timestamp': (a, b) => timestampValue(nanos(a!) + nanos(b!)),
    'add_timestamp_duration: (timestamp, duration) -> timestamp': (a, b) => timestampValue(nanos(a!) + nanos(b!)),
    'add_int64: (int, int) -> int': ints((a, b) => intValue(a + b)),
    'add_list: (list(A), list(A)) -> list(A)': (a, b) => addLists(a!, b!),
    'add_string: (string, string) -> string': (a, b) => (a as string) + (b as string),
    'add_uint64: (uint, uint) -> uint': uints((a, b) => uintValue(a + b)),
  }),
  declare('_-_', {
    'subtract_double: (double, double) -> double': doubles((a, b) => a - b),
    'subtract_duration_duration: (duration, duration) -> duration': (a, b) => durationValue(nanos(a!) - nanos(b!)),
    'subtract_int64: (int, int) -> int': ints((a, b) => intValue(a - b)),
    'subtract_timestamp_duration: (timestamp, duration) -> timestamp': (a, b) => timestampValue(nanos(a!) - nanos(b!)),
    'subtract_timestamp_timestamp: (timestamp, timestamp) -> duration': (a, b) => durationValue(nanos(a!) - nanos(b!)),
    'subtract_uint64: (uint, uint) -> uint': uints((a, b) => uintValue(a - b)),
  }),
  declare('_*_', {
    'multiply_double: (double, double) -> double': doubles((a, b) => a * b),
    'multiply_int64: (int, int) -> int': ints((a, b) => intValue(a * b)),
    'multiply_uint64: (uint, uint) -> uint': uints((a, b) => uintValue(a * b)),
  }),
  declare('_/_', {
    'divide_double: (double, double) -> double': doubles((a, b) => a / b),
    'divide_int64: (int, int) -> int': ints((a, b) => (b === 0n ? new CelError('division by zero') : intValue(a / b))),
    'divide_uint64: (uint, uint) -> uint': uints((a, b) => (b === 0n ? new CelError('division by zero') : uintValue(a / b))),
  }),
  declare('_%_', {
    'modulo_int64: (int, int) -> int': ints((a, b) => (b === 0n ? new CelError('modulus by zero') : intValue(a % b))),
    'modulo_uint64: (uint, uint) -> uint': uints((a, b) => (b === 0n ? new CelError('modulus by zero') : uintValue(a % b))),
  }),
  declare('-_', {
    'negate_double: (double) -> double': (a) => -(a as number),
    'negate_int64: (int) -> int': (a) => intValue(-(a as bigint)),
  }),
];

const ORDERED = [
  ['bool', 'bool', 'bool'],
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
] as const;

function relation(name: string, id: string, holds: (order: number) => boolean): FunctionDeclaration {
  const implementation: Implementation = (a, b) => {
    const order = compare(a!, b!);
    if (order instanceof CelError) return order;
    return Number.isNaN(order) ? new CelError('NaN values cannot be ordered') : holds(order);
  };
  return declare(name, Object.fromEntries(ORDERED.map(([suffix, a, b]) => [`${id}_${suffix}: (${a}, ${b}) -> bool`, implementation])));
}

/** Done by the evaluator itself. */
const elsewhere: Implementation = () => noSuchOverload;

const size: Implementation = (value) => {
  if (typeof value === 'string') return BigInt(codePoints(value));
  if (value instanceof ListValue || value instanceof Uint8Array) return BigInt(value.length);
  return BigInt((value as MapValue).size);
};

export const operators: readonly FunctionDeclaration[] = [
  ...arithmetic,
  relation('_<_', 'less', (order) => order < 0),
  relation('_<=_', 'less_equals', (order) => order <= 0),
  relation('_>_', 'greater', (order) => order > 0),
  relation('_>=_', 'greater_equals', (order) => order >= 0),
  declare('_==_', { 'equals: (A, A) -> bool': (a, b) => equals(a!, b!) }),
  declare('_!=_', { 'not_equals: (A, A) -> bool': (a, b) => !equals(a!, b!) }),
  declare('!_', { 'logical_not: (bool) -> bool': (a) => a === false }),
  declare('_&&_', { 'logical_and: (bool, bool) -> bool': elsewhere }),
  declare('_||_', { 'logical_or: (bool, bool) -> bool': elsewhere }),
  declare('_?_:_', { 'conditional: (bool, A, A) -> A': elsewhere }),
  declare('@not_strictly_false', { 'not_strictly_false: (bool) -> bool': elsewhere }),
  declare('_[_]', { 'index_list: (list(A), int) -> A': elsewhere, 'index_map: (map(A, B), A) -> B': elsewhere }),
  declare('@in', {
    'in_list: (A, list(A)) -> bool': (value, list) => contains(list!, value!),
    'in_map: (A, map(A, B)) -> bool': (key, map) => contains(map!, key!),
  }),
  declare('size', {
    'size_bytes: (bytes) -> int': size,
    'bytes_size: bytes.() -> int': size,
    'size_list: (list(A)) -> int': size,
    'list_size: list(A).() -> int': size,
    'size_map: (map(A, B)) -> int': size,
    'map_size: map(A, B).() -> int': size,
    'size_string: (string) -> int': size,
    'string_size: string.() -> int': size,
  }),
];

export const listOf = (items: Value[]): ListValue => new ArrayList(items);
