// Cron schedules in the dialect of CronJobs: five fields, descriptors, `@every`, and time zones. Follows github.com/robfig/cron v3,
// errors included.
import { quote } from './go-text.ts';
import { parseDuration } from './time.ts';

/** Thrown for a schedule that cannot be read. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

export interface Schedule {
  /** The first time after this one, in milliseconds since 1970; undefined where there is none within five years. */
  next(afterMs: number): number | undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: Readonly<Record<string, number>>;
}

const named = (first: number, ...names: string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, i) => [name, first + i]));

const MINUTES: Bounds = { min: 0, max: 59 };
const HOURS: Bounds = { min: 0, max: 23 };
const DAYS: Bounds = { min: 1, max: 31 };
const MONTHS: Bounds = {
  min: 1,
  max: 12,
  names: named(1, 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'),
};
const WEEKDAYS: Bounds = { min: 0, max: 6, names: named(0, 'sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat') };

/** Values that match, and whether the field was left open (`*`). */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly open: boolean;
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** `cron.ParseStandard`. @param timeZone an IANA name; UTC where it is not said. Throws {@link CronError}. */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  if (text === '') throw new CronError('empty spec string');
  const zone = /^(?:CRON_)?TZ=(\S*)\s*/.exec(text);
  if (zone) return parseIn(text.slice(zone[0].length), zone[1]!);
  return parseIn(text, timeZone);
}

function parseIn(text: string, timeZone: string): Schedule {
  const local = localTime(timeZone);
  if (text.startsWith('@every ')) return every(text);
  if (text.startsWith('@') && !DESCRIPTORS[text]) throw new CronError(`unrecognized descriptor: ${text}`);
  const fields = (DESCRIPTORS[text] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) throw new CronError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  return new FieldSchedule(
    parseField(minute, MINUTES),
    parseField(hour, HOURS),
    parseField(day, DAYS),
    parseField(month, MONTHS),
    parseField(weekday, WEEKDAYS),
    local,
  );
}

function every(text: string): Schedule {
  const ns = parseDuration(text.slice('@every '.length));
  if (ns === undefined)
    throw new CronError(`failed to parse duration ${text}: time: invalid duration ${quote(text.slice('@every '.length))}`);
  const delayMs = Math.max(1000, Math.floor(ns / 1e9) * 1000);
  return { next: (after) => Math.floor(after / 1000) * 1000 + delayMs };
}

function parseField(text: string, bounds: Bounds): Field {
  const values = new Set<number>();
  let open = false;
  for (const part of text.split(',').filter((p) => p !== '')) {
    const range = parseRange(part, bounds);
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
    open ||= range.open;
  }
  return { values, open };
}

function parseRange(text: string, bounds: Bounds): { from: number; to: number; step: number; open: boolean } {
  const [range = '', stepText, ...more] = text.split('/');
  const [low = '', high, ...others] = range.split('-');
  const star = low === '*' || low === '?';
  if (!star && others.length > 0) throw new CronError(`too many hyphens: ${text}`);
  if (more.length > 0) throw new CronError(`too many slashes: ${text}`);
  const from = star ? bounds.min : numberOrName(low, bounds);
  let to = star ? bounds.max : high === undefined ? from : numberOrName(high, bounds);
  const step = stepText === undefined ? 1 : wholeNumber(stepText);
  // "N/step" means from N on
  if (stepText !== undefined && !star && high === undefined) to = bounds.max;
  if (from < bounds.min) throw new CronError(`beginning of range (${from}) below minimum (${bounds.min}): ${text}`);
  if (to > bounds.max) throw new CronError(`end of range (${to}) above maximum (${bounds.max}): ${text}`);
  if (from > to) throw new CronError(`beginning of range (${from}) beyond end of range (${to}): ${text}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${text}`);
  return { from, to, step, open: star && step <= 1 };
}

const numberOrName = (text: string, { names }: Bounds): number => names?.[text.toLowerCase()] ?? wholeNumber(text);

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  if (Number(text) < 0) throw new CronError(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}

interface Wall {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Wall-clock time of a zone, both ways. */
interface LocalTime {
  wall(ms: number): Wall;
  /** Midnight, or the hour that stands for it where the clock is put forward. */
  midnight(year: number, month: number, day: number): number;
}

function localTime(timeZone: string): LocalTime {
  const offset = offsetOf(timeZone);
  const wall = (ms: number): Wall => {
    const date = new Date(ms + offset(ms));
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  };
  return {
    wall,
    midnight(year, month, day) {
      const utc = Date.UTC(year, month - 1, day);
      const guess = utc - offset(utc);
      const second = utc - offset(guess);
      return wall(second).hour === 0 || wall(guess).hour !== 0 ? second : guess;
    },
  };
}

/** Milliseconds that a zone is ahead of UTC at an instant. Throws {@link CronError} for an unknown zone. */
function offsetOf(timeZone: string): (ms: number) => number {
  if (timeZone === 'UTC' || timeZone === '') return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  } catch (error) {
    throw new CronError(`provided bad location ${timeZone}: unknown time zone ${timeZone}`, { cause: error });
  }
  return (ms) => {
    const name = format.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
    const match = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name);
    if (!match) return 0;
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return (match[1] === '-' ? -seconds : seconds) * 1000;
  };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SEARCHED_YEARS = 5;

class FieldSchedule implements Schedule {
  private readonly minute: Field;
  private readonly hour: Field;
  private readonly day: Field;
  private readonly month: Field;
  private readonly weekday: Field;
  private readonly local: LocalTime;

  constructor(minute: Field, hour: Field, day: Field, month: Field, weekday: Field, local: LocalTime) {
    this.minute = minute;
    this.hour = hour;
    this.day = day;
    this.month = month;
    this.weekday = weekday;
    this.local = local;
  }

  next(afterMs: number): number | undefined {
    // the next full minute: seconds are never asked for
    let t = Math.floor(afterMs / MINUTE) * MINUTE + MINUTE;
    const lastYear = this.local.wall(t).year + SEARCHED_YEARS;
    for (;;) {
      const wall = this.local.wall(t);
      if (wall.year > lastYear) return undefined;
      if (!this.month.values.has(wall.month)) t = this.local.midnight(wall.year, wall.month + 1, 1);
      else if (!this.dayMatches(wall)) t = this.local.midnight(wall.year, wall.month, wall.day + 1);
      // by the hour, so that one that the clock leaves out does not match, and one that it repeats matches twice
      else if (!this.hour.values.has(wall.hour)) t += HOUR - wall.minute * MINUTE;
      else if (!this.minute.values.has(wall.minute)) t += MINUTE;
      else return t;
    }
  }

  /** Where both are given, either day will do. */
  private dayMatches({ year, month, day }: Wall): boolean {
    const inMonth = this.day.values.has(day);
    const inWeek = this.weekday.values.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
    return this.day.open || this.weekday.open ? inMonth && inWeek : inMonth || inWeek;
  }
}
