// When values are equal, and which comes first. Numbers compare by their value whatever their type; values of other types that differ are
// unequal. Follows types.Equal and the Comparer of cel-go.
import {
  Duration,
  ListValue,
  MapValue,
  noSuchOverload,
  numberOf,
  OpaqueValue,
  OptionalValue,
  Timestamp,
  TypeValue,
  type CelError,
  type Value,
} from './values.ts';

export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const [x, y] = [numberOf(a), numberOf(b)];
  // eslint-disable-next-line eqeqeq -- a bigint and a number of the same value
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && x == y;
  if (a instanceof ListValue) return b instanceof ListValue && equalLists(a, b);
  if (a instanceof MapValue) return b instanceof MapValue && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.type.name === b.type.name;
  if (a instanceof OptionalValue) return b instanceof OptionalValue && equalOptionals(a, b);
  if (a instanceof OpaqueValue) return b instanceof OpaqueValue && a.type.name === b.type.name && a.equals(b);
  return false;
}

function equalOptionals(a: OptionalValue, b: OptionalValue): boolean {
  return a.value === undefined || b.value === undefined ? a.value === b.value : equals(a.value, b.value);
}

function equalLists(a: ListValue, b: ListValue): boolean {
  if (a.equalTo) return a.equalTo(b);
  if (b.equalTo) return b.equalTo(a);
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equals(a.at(i), b.at(i))) return false;
  return true;
}

function equalMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    const other = b.get(key);
    return other !== undefined && equals(a.get(key)!, other);
  });
}

/** Negative, zero or positive; an error where the two cannot be compared. */
export function compare(a: Value, b: Value): number | CelError {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) {
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration))
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
  return noSuchOverload;
}
