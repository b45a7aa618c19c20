// Timestamps and durations: bounds, texts, and what can be asked of them. Follows common/types/{timestamp,duration}.go of cel-go.
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { CelError, Duration, Timestamp, type Value } from '../values.ts';

const SECOND = 1_000_000_000n;
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;
const MAX_INT = 2n ** 63n - 1n;

export function timestampValue(nanos: bigint): Value {
  const seconds = floorDivide(nanos, SECOND);
  return seconds < MIN_SECONDS || seconds > MAX_SECONDS ? new CelError('timestamp overflow') : new Timestamp(nanos);
}

export const durationValue = (nanos: bigint): Value =>
  nanos > MAX_INT || nanos < -MAX_INT - 1n ? new CelError('duration overflow') : new Duration(nanos);

const floorDivide = (a: bigint, b: bigint): bigint => (a >= 0n ? a / b : -((-a + b - 1n) / b));

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3600n * SECOND,
};

/** Go's time.ParseDuration; undefined for what is no duration. */
export function parseDurationNanos(text: string): bigint | undefined {
  const [, sign, rest] = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = UNITS[unit]!;
    total += BigInt(whole || '0') * size;
    if (fraction) total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  if (total > MAX_INT) return undefined;
  return sign === '-' ? -total : total;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/;

/** Undefined for what is no time in the form of RFC 3339. */
export function parseTimestampNanos(text: string): bigint | undefined {
  const parts = RFC3339.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    return undefined;
  date.setUTCHours(hour, minute, second);
  const zone = parts[8]!;
  const minutes = /[Zz]/.test(zone) ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  const fraction = BigInt((parts[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return BigInt(date.getTime()) * 1_000_000n - BigInt(minutes) * 60n * SECOND + fraction;
}

export function formatTimestamp({ nanos }: Timestamp): string {
  const seconds = floorDivide(nanos, SECOND);
  const rest = nanos - seconds * SECOND;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return `${base}${fraction}Z`;
}

/** As CEL writes durations: in seconds. */
export function formatDurationSeconds({ nanos }: Duration): string {
  const magnitude = nanos < 0n ? -nanos : nanos;
  const fraction = magnitude % SECOND;
  const digits = fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`;
  return `${nanos < 0n ? '-' : ''}${magnitude / SECOND}${digits}s`;
}

// ---- what can be asked ----

type Reader = (date: Date, nanos: bigint) => number;

/** The date as its zone shows it, read as if it were UTC. */
function inZone(timestamp: Timestamp, zone: string | undefined): Date | CelError {
  const ms = Number(floorDivide(timestamp.nanos, 1_000_000n));
  if (zone === undefined || zone === 'UTC' || zone === '') return new Date(ms);
  const offset = /^([+-]?)(\d{1,2}):(\d{2})$/.exec(zone);
  if (offset) return new Date(ms + (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000);
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(ms));
    const of = (type: string): number => Number(parts.find((p) => p.type === type)?.value);
    return new Date(Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'), ((ms % 1000) + 1000) % 1000));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new CelError(`unknown time zone ${zone}`);
  }
}

const dayOfYear: Reader = (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000);

function reader(name: string, id: string, read: Reader, ofDuration?: (nanos: bigint) => bigint): FunctionDeclaration {
  const implementation: Implementation = (timestamp, zone) => {
    const date = inZone(timestamp as Timestamp, zone as string | undefined);
    return date instanceof CelError ? date : BigInt(read(date, (timestamp as Timestamp).nanos));
  };
  const suffix = id === 'seconds' ? 'tz' : 'with_tz';
  return declare(name, {
    [`timestamp_to_${id}: timestamp.() -> int`]: implementation,
    [`timestamp_to_${id}_${suffix}: timestamp.(string) -> int`]: implementation,
    ...(ofDuration ? { [`duration_to_${id}: duration.() -> int`]: ((d) => ofDuration((d as Duration).nanos)) as Implementation } : {}),
  });
}

export const times: readonly FunctionDeclaration[] = [
  reader('getFullYear', 'year', (d) => d.getUTCFullYear()),
  reader('getMonth', 'month', (d) => d.getUTCMonth()),
  reader('getDayOfYear', 'day_of_year', dayOfYear),
  reader('getDayOfMonth', 'day_of_month', (d) => d.getUTCDate() - 1),
  reader('getDate', 'day_of_month_1_based', (d) => d.getUTCDate()),
  reader('getDayOfWeek', 'day_of_week', (d) => d.getUTCDay()),
  reader(
    'getHours',
    'hours',
    (d) => d.getUTCHours(),
    (n) => n / (3600n * SECOND),
  ),
  reader(
    'getMinutes',
    'minutes',
    (d) => d.getUTCMinutes(),
    (n) => n / (60n * SECOND),
  ),
  reader(
    'getSeconds',
    'seconds',
    (d) => d.getUTCSeconds(),
    (n) => n / SECOND,
  ),
  reader(
    'getMilliseconds',
    'milliseconds',
    (d) => d.getUTCMilliseconds(),
    (n) => (n / 1_000_000n) % 1000n,
  ),
];
