// Points of time as Go's package time formats and reads them.
import { FunctionError } from './template-error.ts';

/** Nanoseconds since 1970, and the zone in which it is shown. */
export interface GoTime {
  readonly nanoseconds: bigint;
  readonly zone: Zone;
}

export interface Zone {
  /** As `time.LoadLocation` takes it; empty where only the offset is known. */
  readonly name: string;
  readonly offsetSeconds: (nanoseconds: bigint) => number;
  readonly abbreviation: (nanoseconds: bigint) => string;
}

const SECOND = 1_000_000_000n;

export const UTC: Zone = { name: 'UTC', offsetSeconds: () => 0, abbreviation: () => 'UTC' };

export const fixedZone = (abbreviation: string, seconds: number): Zone => ({
  name: '',
  offsetSeconds: () => seconds,
  abbreviation: () => abbreviation,
});

/** `time.LoadLocation`; undefined where there is no such zone. */
export function zoneOf(name: string): Zone | undefined {
  if (name === '' || name === 'UTC' || name === 'Local') return UTC;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const shorts = LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: 'short' }));
  const part = (of: Intl.DateTimeFormat, nanoseconds: bigint): string =>
    of.formatToParts(Number(nanoseconds / 1_000_000n)).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const offsetSeconds = (nanoseconds: bigint): number => {
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d+):?(\d+)?:?(\d+)?/.exec(part(format, nanoseconds)) ?? [];
    const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    return sign === '-' ? -size : size;
  };
  return {
    name,
    offsetSeconds,
    abbreviation: (nanoseconds) => {
      const text = shorts.map((short) => part(short, nanoseconds)).find((name) => /^[A-Z]{2,5}$/.test(name));
      if (text !== undefined) return text;
      // zones without a name of their own
      const offset = offsetSeconds(nanoseconds);
      const size = Math.abs(offset);
      const [hours, minutes] = [Math.floor(size / 3600), Math.floor(size / 60) % 60].map(two);
      return `${offset < 0 ? '-' : '+'}${hours}${minutes === '00' ? '' : minutes}`;
    },
  };
}

/** Where people know zones by name. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA', 'en-NZ', 'ja-JP'];

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const two = (n: number): string => String(n).padStart(2, '0');

/** What the elements of layouts stand for. */
export interface TimeFields {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly yearDay: number;
  readonly offset: number;
}

export function timeFields({ nanoseconds, zone }: GoTime): TimeFields {
  const offset = zone.offsetSeconds(nanoseconds);
  const local = nanoseconds + BigInt(offset) * SECOND;
  const nanosecond = Number(((local % SECOND) + SECOND) % SECOND);
  const date = new Date(Number((local - BigInt(nanosecond)) / 1_000_000n));
  const year = date.getUTCFullYear();
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond,
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1,
    offset,
  };
}

/** The elements of layouts, longer ones first. */
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002|01|02|03|04|05|06|15|PM|pm|-07:00:00|-07:00|-070000|-0700|-07|Z07:00:00|Z07:00|Z070000|Z0700|Z07|[.,](?:0+|9+)(?!\d)|[1-5]/g;

export function formatTime(time: GoTime, layout: string): string {
  const at = timeFields(time);
  return layout.replace(ELEMENT, (element) => formatElement(element, at, time));
}

function formatElement(element: string, at: TimeFields, { nanoseconds, zone }: GoTime): string {
  const hour12 = at.hour % 12 || 12;
  switch (element) {
    case '2006':
      return String(at.year).padStart(4, '0');
    case '06':
      return two(at.year % 100);
    case 'January':
      return MONTHS[at.month - 1]!;
    case 'Jan':
      return MONTHS[at.month - 1]!.slice(0, 3);
    case '01':
      return two(at.month);
    case '1':
      return String(at.month);
    case 'Monday':
      return DAYS[at.weekday]!;
    case 'Mon':
      return DAYS[at.weekday]!.slice(0, 3);
    case '02':
      return two(at.day);
    case '_2':
      return String(at.day).padStart(2);
    case '2':
      return String(at.day);
    case '002':
      return String(at.yearDay).padStart(3, '0');
    case '__2':
      return String(at.yearDay).padStart(3);
    case '15':
      return two(at.hour);
    case '03':
      return two(hour12);
    case '3':
      return String(hour12);
    case '04':
      return two(at.minute);
    case '4':
      return String(at.minute);
    case '05':
      return two(at.second);
    case '5':
      return String(at.second);
    case 'PM':
      return at.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return at.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return zone.abbreviation(nanoseconds);
    default:
      return /^[.,]/.test(element) ? fraction(element, at.nanosecond) : offsetText(element, at.offset);
  }
}

function fraction(element: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, element.length - 1);
  if (element[1] === '0') return element[0]! + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : element[0]! + short;
}

function offsetText(element: string, offset: number): string {
  if (element.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60].map(two);
  const count = Math.floor(element.replace(/\D/g, '').length / 2);
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(element.includes(':') ? ':' : '');
}

/** `time.Time.String` */
export const timeText = (time: GoTime): string => formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST');

/** `time.ParseInLocation`, the location being UTC. Throws a FunctionError. */
export function parseTime(layout: string, text: string): GoTime {
  const found = new Map<string, string>();
  const elements: string[] = [];
  const pattern = layout
    .split(new RegExp(`(${ELEMENT.source})`))
    .map((part, i) => {
      if (i % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      elements.push(part);
      // seconds may have a fraction that the layout does not name
      return `(${patternOf(part)})`;
    })
    .join('');
  const match = new RegExp(`^${pattern}$`, 'i').exec(text);
  const wrong = (): FunctionError =>
    new FunctionError(
      `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)} as ${JSON.stringify(elements[0] ?? '')}`,
    );
  if (!match) throw wrong();
  for (const [i, element] of elements.entries()) found.set(element, match[i + 1]!);
  return assembled(found, wrong);
}

function patternOf(element: string): string {
  switch (element) {
    case '2006':
      return '\\d{4}';
    case 'January':
      return MONTHS.join('|');
    case 'Jan':
      return MONTHS.map((month) => month.slice(0, 3)).join('|');
    case 'Monday':
      return DAYS.join('|');
    case 'Mon':
      return DAYS.map((day) => day.slice(0, 3)).join('|');
    case '05':
      return '\\d{2}(?:[.,]\\d+)?';
    case '5':
      return '\\d{1,2}(?:[.,]\\d+)?';
    case '002':
      return '\\d{3}';
    case 'PM':
    case 'pm':
      return 'AM|PM';
    case 'MST':
      return '[A-Z]{3,5}|[+-]\\d{2,4}';
    case '_2':
    case '__2':
      return ' ?\\d{1,3}';
    default:
      if (/^[.,]/.test(element)) return element[1] === '0' ? `[.,]\\d{${element.length - 1}}` : '(?:[.,]\\d+)?';
      if (/^[-Z]/.test(element)) {
        const digits = element.slice(1).replace(/\d\d/g, '\\d\\d');
        return `${element.startsWith('Z') ? 'Z|' : ''}[+-]${digits}`;
      }
      return element.length === 1 ? '\\d{1,2}' : '\\d{2}';
  }
}

function assembled(found: ReadonlyMap<string, string>, wrong: () => FunctionError): GoTime {
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => found.get(name)).find((value) => value !== undefined);
  const number = (byDefault: number, ...names: readonly string[]): number => Number.parseFloat(first(...names) ?? String(byDefault));
  const short = found.get('06');
  const year = short === undefined ? number(0, '2006') : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const named = first('January', 'Jan')?.slice(0, 3).toLowerCase();
  const month = named === undefined ? number(1, '01', '1') : MONTHS.findIndex((name) => name.toLowerCase().startsWith(named)) + 1;
  const day = number(1, '02', '_2', '2');
  let hour = number(0, '15', '03', '3');
  const half = first('PM', 'pm')?.toUpperCase();
  if (half === 'PM' && hour < 12) hour += 12;
  if (half === 'AM' && hour === 12) hour = 0;
  const [minute, seconds] = [number(0, '04', '4'), (first('05', '5') ?? '0').replace(',', '.')];
  const [second = '0', fraction = ''] = seconds.split('.');
  const behind = [...found].find(([element]) => /^[.,]/.test(element))?.[1].slice(1) ?? fraction;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, Number(second));
  if (month < 1 || month > 12 || date.getUTCMonth() !== month - 1 || hour > 23 || minute > 59 || Number(second) > 59) throw wrong();
  const local = BigInt(date.getTime()) * 1_000_000n + BigInt(behind.padEnd(9, '0').slice(0, 9));
  const offset = [...found].find(([element]) => /^[-Z]0/.test(element))?.[1];
  if (offset === undefined || offset === 'Z') {
    const name = found.get('MST');
    return { nanoseconds: local, zone: name === undefined || name === 'UTC' ? UTC : fixedZone(name, 0) };
  }
  const [hours = 0, minutes = 0] = (offset.slice(1).match(/\d\d/g) ?? []).map(Number);
  const size = (hours * 60 + minutes) * (offset.startsWith('-') ? -60 : 60);
  return { nanoseconds: local - BigInt(size) * SECOND, zone: size === 0 ? UTC : fixedZone(found.get('MST') ?? '', size) };
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `time.ParseDuration`, in nanoseconds. Throws a FunctionError. */
export function parseDuration(text: string): bigint {
  const wrong = new FunctionError(`time: invalid duration ${JSON.stringify(text)}`);
  const [, sign, rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) throw wrong;
  let sum = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = BigInt(UNITS[unit]!);
    sum += BigInt(whole || '0') * size + (fraction === '' ? 0n : (BigInt(fraction) * size) / 10n ** BigInt(fraction.length));
  }
  if (sum >= 2n ** 63n) throw wrong;
  return sign === '-' ? -sum : sum;
}

/** `time.Duration.String` */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const sign = nanoseconds < 0n ? '-' : '';
  const decimal = (unit: bigint): string => {
    const fraction = (size % unit)
      .toString()
      .padStart(String(unit).length - 1, '0')
      .replace(/0+$/, '');
    return fraction === '' ? '' : `.${fraction}`;
  };
  if (size < SECOND) {
    const [name, unit] =
      size < 1000n ? (['ns', 1n] as const) : size < 1_000_000n ? (['µs', 1000n] as const) : (['ms', 1_000_000n] as const);
    return `${sign}${size / unit}${unit === 1n ? '' : decimal(unit)}${name}`;
  }
  const total = size / SECOND;
  const [hours, minutes, seconds] = [total / 3600n, (total / 60n) % 60n, total % 60n];
  const lead = hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : '';
  return `${sign}${lead}${seconds}${decimal(SECOND)}s`;
}
