// Functions of lists: Kubernetes' own (isSorted, sum, min, max, indexOf), cel-go's lists extension in its third version, its sets, and
// what the loops over two variables need.
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { compare, equals } from '../equality.ts';
import {
  ArrayList,
  CelError,
  Duration,
  ListValue,
  type MapValue,
  noSuchOverload,
  OptionalValue,
  NONE,
  Uint,
  type Value,
  ValueMap,
} from '../values.ts';
import { intValue, uintValue } from './operators.ts';
import { durationValue } from './times.ts';

const SUMMABLE = ['int', 'uint', 'double', 'duration'];
const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

/** No list that is made from a number becomes longer. */
const MAX_RANGE = 1_000_000n;

const onList = (f: (list: ListValue, other: Value) => Value): Implementation =>
  ((list: ListValue, other: Value) => f(list, other)) as unknown as Implementation;
const onLists = (f: (a: ListValue, b: ListValue) => Value): Implementation => f as unknown as Implementation;

const isSorted = onList((list) => {
  for (let i = 1; i < list.length; i++) {
    const order = compare(list.at(i - 1), list.at(i));
    if (order instanceof CelError) return order;
    if (order > 0) return false;
  }
  return true;
});

function sum(type: string): Implementation {
  return onList((list) => {
    let [whole, real] = [0n, 0];
    for (const item of list) {
      if (typeof item === 'number') real += item;
      else if (typeof item === 'bigint') whole += item;
      else if (item instanceof Uint) whole += item.value;
      else if (item instanceof Duration) whole += item.nanos;
      else return noSuchOverload;
    }
    if (type === 'double') return real;
    return type === 'int' ? intValue(whole) : type === 'uint' ? uintValue(whole) : durationValue(whole);
  });
}

const extreme = (name: string, better: (order: number) => boolean): Implementation =>
  onList((list) => {
    if (list.length === 0) return new CelError(`${name} called on empty list`);
    let best = list.at(0);
    for (const item of list) {
      const order = compare(item, best);
      if (order instanceof CelError) return order;
      if (better(order)) best = item;
    }
    return best;
  });

function indexOf(list: ListValue, item: Value, last: boolean): bigint {
  for (let n = 0; n < list.length; n++) {
    const i = last ? list.length - 1 - n : n;
    if (equals(list.at(i), item)) return BigInt(i);
  }
  return -1n;
}

const kubernetesLists: readonly FunctionDeclaration[] = [
  declare('isSorted', Object.fromEntries(COMPARABLE.map((t) => [`list_${t}_is_sorted_bool: list(${t}).() -> bool`, isSorted]))),
  declare('sum', Object.fromEntries(SUMMABLE.map((t) => [`list_${t}_sum_${t}: list(${t}).() -> ${t}`, sum(t)]))),
  declare('max', Object.fromEntries(COMPARABLE.map((t) => [`list_${t}_max_${t}: list(${t}).() -> ${t}`, extreme('max', (o) => o > 0)]))),
  declare('min', Object.fromEntries(COMPARABLE.map((t) => [`list_${t}_min_${t}: list(${t}).() -> ${t}`, extreme('min', (o) => o < 0)]))),
  declare('indexOf', { 'list_a_index_of_int: list(A).(A) -> int': onList((list, item) => indexOf(list, item, false)) }),
  declare('lastIndexOf', { 'list_a_last_index_of_int: list(A).(A) -> int': onList((list, item) => indexOf(list, item, true)) }),
];

function slice(list: ListValue, start: bigint, end: bigint): Value {
  const length = BigInt(list.length);
  if (start < 0n || end < 0n) return new CelError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) return new CelError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (length < end) return new CelError(`cannot slice(${start}, ${end}), list is length ${length}`);
  return new ArrayList([...list].slice(Number(start), Number(end)));
}

function flatten(list: ListValue, depth: bigint): Value {
  if (depth < 0n) return new CelError('level must be non-negative');
  const out: Value[] = [];
  for (const item of list) {
    if (depth === 0n || !(item instanceof ListValue)) {
      out.push(item);
      continue;
    }
    const inner = depth === 1n ? item : (flatten(item, depth - 1n) as ListValue);
    for (const one of inner) out.push(one);
  }
  return new ArrayList(out);
}

function sortBy(list: ListValue, keys: ListValue): Value {
  if (list.length !== keys.length)
    return new CelError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.length} and ${keys.length} elements respectively`,
    );
  for (const key of keys) {
    const order = compare(keys.at(0), key);
    if (order instanceof CelError) return new CelError('list elements must have the same type');
  }
  const order = [...keys].map((key, i) => [key, i] as const).sort(([a], [b]) => compare(a, b) as number);
  return new ArrayList(order.map(([, i]) => list.at(i)));
}

function distinct(list: ListValue): Value {
  const found: Value[] = [];
  for (const item of list) if (!found.some((other) => equals(other, item))) found.push(item);
  return new ArrayList(found);
}

function range(length: bigint): Value {
  if (length > MAX_RANGE) return new CelError(`range of ${length} elements is too long`);
  return new ArrayList(Array.from({ length: Math.max(0, Number(length)) }, (_, i) => BigInt(i)));
}

/** As cel-go names types in the identifiers of overloads; its own names of time have dots. */
const idOf = (type: string): string =>
  type === 'duration' ? 'google_protobuf_Duration' : type === 'timestamp' ? 'google_protobuf_Timestamp' : type;

const extension: readonly FunctionDeclaration[] = [
  declare('slice', {
    'list_slice: list(T).(int, int) -> list(T)': ((list: ListValue, start: bigint, end: bigint) =>
      slice(list, start, end)) as unknown as Implementation,
  }),
  declare('flatten', {
    'list_flatten: list(list(T)).() -> list(T)': onList((list) => flatten(list, 1n)),
    'list_flatten_int: list(dyn).(int) -> list(dyn)': onList((list, depth) => flatten(list, depth as bigint)),
  }),
  declare(
    'sort',
    Object.fromEntries(COMPARABLE.map((t) => [`list_${idOf(t)}_sort: list(${t}).() -> list(${t})`, onList((l) => sortBy(l, l))])),
  ),
  declare(
    '@sortByAssociatedKeys',
    Object.fromEntries(COMPARABLE.map((t) => [`list_${idOf(t)}_sortByAssociatedKeys: list(T).(list(${t})) -> list(T)`, onLists(sortBy)])),
  ),
  declare('lists.range', { 'lists_range: (int) -> list(int)': (length) => range(length as bigint) }),
  declare('reverse', { 'list_reverse: list(T).() -> list(T)': onList((list) => new ArrayList([...list].reverse())) }),
  declare('distinct', { 'list_distinct: list(T).() -> list(T)': onList(distinct) }),
  declare('first', {
    'list_first: list(V).() -> optional_type(V)': onList((list) => (list.length ? new OptionalValue(list.at(0)) : NONE)),
  }),
  declare('last', {
    'list_last: list(V).() -> optional_type(V)': onList((list) => (list.length ? new OptionalValue(list.at(list.length - 1)) : NONE)),
  }),
];

const has = (list: ListValue, item: Value): boolean => indexOf(list, item, false) >= 0n;
const containsAll = (list: ListValue, part: ListValue): boolean => [...part].every((item) => has(list, item));

const sets: readonly FunctionDeclaration[] = [
  declare('sets.contains', { 'list_sets_contains_list: (list(T), list(T)) -> bool': onLists(containsAll) }),
  declare('sets.equivalent', {
    'list_sets_equivalent_list: (list(T), list(T)) -> bool': onLists((a, b) => containsAll(a, b) && containsAll(b, a)),
  }),
  declare('sets.intersects', {
    'list_sets_intersects_list: (list(T), list(T)) -> bool': onLists((a, b) => [...b].some((item) => has(a, item))),
  }),
];

function inserted(map: MapValue, entries: readonly (readonly [Value, Value])[]): Value {
  // the map that the loop gathers is nobody else's
  const target = map instanceof ValueMap ? map : ValueMap.of(map.keys().map((key) => [key, map.get(key)!] as const));
  for (const [key, value] of entries)
    if (!target.add(key, value)) return new CelError(`insert failed: key ${key as string} already exists`);
  return target;
}

const mapInsert = declare('cel.@mapInsert', {
  'cel_mapInsert_map_key_value: (map(K, V), K, V) -> map(K, V)': (map, key, value) => inserted(map as MapValue, [[key!, value!]]),
  'cel_mapInsert_map_map: (map(K, V), map(K, V)) -> map(K, V)': (map, more) =>
    inserted(
      map as MapValue,
      (more as MapValue).keys().map((key) => [key, (more as MapValue).get(key)!]),
    ),
});

export const lists: readonly FunctionDeclaration[] = [...kubernetesLists, ...extension, ...sets, mapInsert];
