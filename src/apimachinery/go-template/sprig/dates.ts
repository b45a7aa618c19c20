// sprig's functions on dates.
// DEVIATION: zones that are not told are UTC: the machine's own is nothing that a template may depend on.
import { durationText, formatTime, parseDuration, parseTime, timeFields, timeText, UTC, zoneOf, type GoTime } from '../go-time.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { int64, integerOf, typed, typeName, type GoType } from '../values.ts';
import { orElse } from './json.ts';

const SECOND = 1_000_000_000n;

/** @param nowMs milliseconds since 1970; the clock of a template stands still */
export function dateFunctions(nowMs: number): TemplateFunctions {
  const now: GoTime = { nanoseconds: BigInt(Math.round(nowMs * 1000)) * 1000n, zone: UTC };
  const read = (value: unknown): GoTime => timeOf(value) ?? now;
  const inZone = (layout: string, value: unknown, zone: string): string =>
    formatTime({ nanoseconds: read(value).nanoseconds, zone: zoneOf(zone) ?? UTC }, layout);
  const date = go('(string, any) string', (layout: string, value: unknown) => inZone(layout, value, 'Local'));
  const dateInZone = go('(string, any, string) string', inZone);
  return {
    now: go('() time.Time', () => timeObject(now)),
    date,
    dateInZone,
    date_in_zone: dateInZone,
    htmlDate: go('(any) string', (value: unknown) => inZone('2006-01-02', value, 'Local')),
    htmlDateInZone: go('(any, string) string', (value: unknown, zone: string) => inZone('2006-01-02', value, zone)),
    ago: go('(any) string', (value: unknown) => {
      const passed = now.nanoseconds - read(value).nanoseconds;
      const half = passed < 0n ? -SECOND / 2n : SECOND / 2n;
      return durationText(((passed + half) / SECOND) * SECOND);
    }),
    durationRound: go('(any) string', (value: unknown) => {
      if (typeof value === 'string') return roundedDuration(orElse(() => parseDuration(value), 0n));
      const time = typeName(value) === 'time.Time' ? timeOf(value) : undefined;
      if (time) return roundedDuration(now.nanoseconds - time.nanoseconds);
      return roundedDuration(typeName(value) === 'int64' ? integerOf(value)! : 0n);
    }),
  };
}

const modified = go('(string, time.Time) time.Time', (by: string, time: object) =>
  timeObject(
    moved(
      timeOf(time)!,
      orElse(() => parseDuration(by), 0n),
    ),
  ),
);
const mustModified = go('(string, time.Time) time.Time', (by: string, time: object) => timeObject(moved(timeOf(time)!, parseDuration(by))));

/** Those that do not ask what time it is. */
export const SPRIG_DATES: TemplateFunctions = {
  dateModify: modified,
  date_modify: modified,
  mustDateModify: mustModified,
  must_date_modify: mustModified,
  toDate: go('(string, string) time.Time', (layout: string, text: string) => timeObject(orElse(() => parseTime(layout, text), ZERO))),
  mustToDate: go('(string, string) time.Time', (layout: string, text: string) => timeObject(parseTime(layout, text))),
  unixEpoch: go('(time.Time) string', (time: object) => String(secondsOf(timeOf(time)!))),
  duration: go('(any) string', (value: unknown) => {
    const seconds = typeof value === 'string' ? value : typeName(value) === 'int64' ? String(integerOf(value)) : '0';
    return durationText(/^[+-]?\d+$/.test(seconds) ? BigInt.asIntN(64, BigInt(seconds.replace(/^\+/, '')) * SECOND) : 0n);
  }),
};

/** Go's zero time: the year 1. */
const ZERO: GoTime = { nanoseconds: -62_135_596_800n * SECOND, zone: UTC };

const times = new WeakMap<object, GoTime>();

export function timeObject(time: GoTime): object {
  const object = typed({}, TIME);
  times.set(object, time);
  return object;
}

/** A time, or seconds since 1970. */
function timeOf(value: unknown): GoTime | undefined {
  const seconds = integerOf(value);
  if (seconds !== undefined) return { nanoseconds: seconds * SECOND, zone: UTC };
  return typeof value === 'object' && value !== null ? times.get(value) : undefined;
}

const moved = ({ nanoseconds, zone }: GoTime, by: bigint): GoTime => ({ nanoseconds: nanoseconds + by, zone });

const secondsOf = ({ nanoseconds }: GoTime): bigint =>
  nanoseconds >= 0n ? nanoseconds / SECOND : -((-nanoseconds + SECOND - 1n) / SECOND);

const LARGE_UNITS = [
  ['y', 365n * 24n * 3600n],
  ['mo', 30n * 24n * 3600n],
  ['d', 24n * 3600n],
  ['h', 3600n],
  ['m', 60n],
  ['s', 1n],
] as const;

function roundedDuration(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  for (const [name, seconds] of LARGE_UNITS) if (size > seconds * SECOND) return `${size / (seconds * SECOND)}${name}`;
  return '0s';
}

const of = (self: object): GoTime => times.get(self)!;
const field = (make: (fields: ReturnType<typeof timeFields>) => number) => (self: object) => go('() int', () => make(timeFields(of(self))));
const since = (unit: bigint) => (self: object) => go('() int64', () => int64(of(self).nanoseconds / unit));
const order = (wanted: (a: bigint, b: bigint) => boolean) => (self: object) =>
  go('(time.Time) bool', (other: object) => wanted(of(self).nanoseconds, of(other).nanoseconds));

/** What has a name as text, and a number otherwise. */
const named = (layout: string) => (self: object) => go('() string', () => formatTime(of(self), layout));

const TIME: GoType = {
  name: 'time.Time',
  kind: 'struct',
  text: (self) => timeText(of(self)),
  json: (self) => formatTime(of(self), '2006-01-02T15:04:05.999999999Z07:00'),
  methods: {
    Format: (self) => go('(string) string', (layout: string) => formatTime(of(self), layout)),
    String: (self) => go('() string', () => timeText(of(self))),
    UTC: (self) => go('() time.Time', () => timeObject({ nanoseconds: of(self).nanoseconds, zone: UTC })),
    Local: (self) => go('() time.Time', () => self),
    AddDate: (self) =>
      go('(int, int, int) time.Time', (years: number, months: number, days: number) => {
        const at = timeFields(of(self));
        const date = new Date(0);
        date.setUTCFullYear(at.year + years, at.month - 1 + months, at.day + days);
        date.setUTCHours(at.hour, at.minute, at.second);
        const local = BigInt(date.getTime()) * 1_000_000n + BigInt(at.nanosecond);
        return timeObject({ nanoseconds: local - BigInt(at.offset) * SECOND, zone: of(self).zone });
      }),
    Unix: (self) => go('() int64', () => int64(secondsOf(of(self)))),
    UnixMilli: since(1_000_000n),
    UnixMicro: since(1000n),
    UnixNano: since(1n),
    Year: field(({ year }) => year),
    Month: named('January'),
    Day: field(({ day }) => day),
    Hour: field(({ hour }) => hour),
    Minute: field(({ minute }) => minute),
    Second: field(({ second }) => second),
    Nanosecond: field(({ nanosecond }) => nanosecond),
    YearDay: field(({ yearDay }) => yearDay),
    Weekday: named('Monday'),
    IsZero: (self) => go('() bool', () => of(self).nanoseconds === ZERO.nanoseconds),
    After: order((a, b) => a > b),
    Before: order((a, b) => a < b),
    Equal: order((a, b) => a === b),
  },
};
