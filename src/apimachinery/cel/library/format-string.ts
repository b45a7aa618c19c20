// `'%s has %d'.format([name, 2])`. Follows ext/formatting.go of cel-go.
import { goFloat } from '../../go-text.ts';
import { formatType } from '../cel-type.ts';
import { CelError, Duration, ListValue, MapValue, numberOf, Timestamp, typeNameOf, TypeValue, Uint, type Value } from '../values.ts';
import { formatDurationSeconds, formatTimestamp } from './times.ts';

const MAX_PRECISION = 1000;

export function formatString(text: string, args: ListValue): Value {
  let out = '';
  let place = 0;
  let next = 0;
  for (const { 0: clause, 1: precision, 2: verb, index } of text.matchAll(/%(?:\.(\d+))?([%a-zA-Z]?)/g)) {
    out += text.slice(place, index);
    place = index + clause.length;
    if (verb === '%') {
      out += '%';
      continue;
    }
    if (next >= args.length) return new CelError(`index ${next} out of range`);
    const formatted = formatClause(verb ?? '', precision === undefined ? undefined : Number(precision), args.at(next++));
    if (formatted instanceof CelError) return formatted;
    out += formatted;
  }
  return out + text.slice(place);
}

function formatClause(verb: string, precision: number | undefined, value: Value): string | CelError {
  if ((precision ?? 0) > MAX_PRECISION) return new CelError(`precision ${precision} exceeds the maximum of ${MAX_PRECISION}`);
  const number = numberOf(value);
  switch (verb) {
    case 's':
      return textOf(value);
    case 'd':
      if (typeof number === 'bigint') return String(number);
      return typeof number === 'number' && !Number.isFinite(number)
        ? goFloat(number)
        : wrong('decimal clause can only be used on integers', value);
    case 'f':
      return number === undefined ? wrong('fixed-point clause can only be used on doubles', value) : fixed(Number(number), precision ?? 6);
    case 'e':
      return number === undefined
        ? wrong('scientific clause can only be used on doubles', value)
        : exponential(Number(number), precision ?? 6);
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return typeof number === 'bigint' ? number.toString(2) : wrong('only integers and bools can be formatted as binary', value);
    case 'x':
    case 'X':
      return hex(value, verb);
    case 'o':
      return typeof number === 'bigint' ? number.toString(8) : wrong('octal clause can only be used on integers', value);
    default:
      return new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

const wrong = (what: string, value: Value): CelError => new CelError(`error during formatting: ${what}, was given ${typeNameOf(value)}`);

const fixed = (value: number, precision: number): string =>
  Number.isFinite(value) ? value.toFixed(Math.min(precision, 100)) : goFloat(value);

function exponential(value: number, precision: number): string {
  if (!Number.isFinite(value)) return goFloat(value);
  const [mantissa, exponent = ''] = value.toExponential(Math.min(precision, 100)).split('e');
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

function hex(value: Value, verb: string): string | CelError {
  const number = numberOf(value);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? Buffer.from(value) : undefined;
  if (bytes === undefined && typeof number !== 'bigint')
    return wrong('only integers, byte buffers, and strings can be formatted as hex', value);
  const text = bytes ? bytes.toString('hex') : (number as bigint).toString(16);
  return verb === 'X' ? text.toUpperCase() : text;
}

function textOf(value: Value): string | CelError {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return goFloat(value);
  }
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDurationSeconds(value);
  if (value instanceof TypeValue) return formatType(value.type);
  if (value instanceof ListValue) return collected([...value].map(textOf), (parts) => `[${parts.join(', ')}]`);
  if (value instanceof MapValue) return mapText(value);
  return wrong(
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    value,
  );
}

function mapText(map: MapValue): string | CelError {
  const entries = map.keys().map((key) => collected([textOf(key), textOf(map.get(key)!)], ([k, v]) => `${k}: ${v}`));
  return collected(entries, (parts) => `{${parts.sort().join(', ')}}`);
}

function collected(parts: readonly (string | CelError)[], join: (parts: string[]) => string): string | CelError {
  return parts.find((part) => part instanceof CelError) ?? join(parts as string[]);
}
