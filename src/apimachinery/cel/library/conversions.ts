// From one type to another: int('1'), string(1.5), timestamp('...'), type(x), dyn(x). Follows common/stdlib and common/types of cel-go.
import { goFloat } from '../../go-text.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { CelError, type Duration, type Timestamp, typeOfValue, TypeValue, Uint, type Value } from '../values.ts';
import { intValue, uintValue } from './operators.ts';
import { formatDurationSeconds, formatTimestamp, parseDurationNanos, parseTimestampNanos, durationValue, timestampValue } from './times.ts';

const itself: Implementation = (value) => value!;
const SECOND = 1_000_000_000n;

const syntaxError = (fn: string, text: string): CelError => new CelError(`strconv.${fn}: parsing ${JSON.stringify(text)}: invalid syntax`);

function stringToInt(text: string): Value {
  if (!/^[+-]?\d+$/.test(text)) return syntaxError('ParseInt', text);
  const value = intValue(BigInt(text.replace(/^\+/, '')));
  return value instanceof CelError ? new CelError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`) : value;
}

function stringToUint(text: string): Value {
  return /^\d+$/.test(text) ? uintValue(BigInt(text)) : syntaxError('ParseUint', text);
}

function stringToDouble(text: string): Value {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^nan$/i.test(text) ? Number.NaN : syntaxError('ParseFloat', text);
}

function doubleToInt(value: number): Value {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) return new CelError('integer overflow');
  return BigInt(Math.trunc(value));
}

function doubleToUint(value: number): Value {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) return new CelError('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function bytesToString(bytes: Uint8Array): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function stringToTimestamp(text: string): Value {
  const nanos = parseTimestampNanos(text);
  return nanos === undefined
    ? new CelError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`)
    : timestampValue(nanos);
}

function stringToDuration(text: string): Value {
  const nanos = parseDurationNanos(text);
  return nanos === undefined ? new CelError(`time: invalid duration ${JSON.stringify(text)}`) : durationValue(nanos);
}

const floorSeconds = (nanos: bigint): bigint => (nanos >= 0n ? nanos / SECOND : -((-nanos + SECOND - 1n) / SECOND));

export const conversions: readonly FunctionDeclaration[] = [
  declare('type', { 'type: (A) -> type(A)': (value) => new TypeValue(typeOfValue(value!)) }),
  declare('dyn', { 'to_dyn: (A) -> dyn': itself }),
  declare('bool', {
    'bool_to_bool: (bool) -> bool': itself,
    'string_to_bool: (string) -> bool': (text) =>
      TRUE.has(text as string) || (!FALSE.has(text as string) ? syntaxError('ParseBool', text as string) : false),
  }),
  declare('bytes', {
    'bytes_to_bytes: (bytes) -> bytes': itself,
    'string_to_bytes: (string) -> bytes': (text) => Buffer.from(text as string),
  }),
  declare('double', {
    'double_to_double: (double) -> double': itself,
    'int64_to_double: (int) -> double': (value) => Number(value),
    'string_to_double: (string) -> double': (text) => stringToDouble(text as string),
    'uint64_to_double: (uint) -> double': (value) => Number((value as Uint).value),
  }),
  declare('duration', {
    'duration_to_duration: (duration) -> duration': itself,
    'string_to_duration: (string) -> duration': (text) => stringToDuration(text as string),
  }),
  declare('int', {
    'int64_to_int64: (int) -> int': itself,
    'double_to_int64: (double) -> int': (value) => doubleToInt(value as number),
    'duration_to_int64: (duration) -> int': (value) => (value as Duration).nanos,
    'string_to_int64: (string) -> int': (text) => stringToInt(text as string),
    'timestamp_to_int64: (timestamp) -> int': (value) => floorSeconds((value as Timestamp).nanos),
    'uint64_to_int64: (uint) -> int': (value) => intValue((value as Uint).value),
  }),
  declare('string', {
    'string_to_string: (string) -> string': itself,
    'bool_to_string: (bool) -> string': (value) => String(value as boolean),
    'bytes_to_string: (bytes) -> string': (value) => bytesToString(value as Uint8Array),
    'double_to_string: (double) -> string': (value) => goFloat(value as number),
    'duration_to_string: (duration) -> string': (value) => formatDurationSeconds(value as Duration),
    'int64_to_string: (int) -> string': (value) => String(value as bigint),
    'timestamp_to_string: (timestamp) -> string': (value) => formatTimestamp(value as Timestamp),
    'uint64_to_string: (uint) -> string': (value) => String((value as Uint).value),
  }),
  declare('timestamp', {
    'timestamp_to_timestamp: (timestamp) -> timestamp': itself,
    'int64_to_timestamp: (int) -> timestamp': (value) => timestampValue((value as bigint) * SECOND),
    'string_to_timestamp: (string) -> timestamp': (text) => stringToTimestamp(text as string),
  }),
  declare('uint', {
    'uint64_to_uint64: (uint) -> uint': itself,
    'double_to_uint64: (double) -> uint': (value) => doubleToUint(value as number),
    'int64_to_uint64: (int) -> uint': (value) => uintValue(value as bigint),
    'string_to_uint64: (string) -> uint': (text) => stringToUint(text as string),
  }),
];
