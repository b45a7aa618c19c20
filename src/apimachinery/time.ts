// Times and durations in Kubernetes' forms: RFC 3339 in UTC to the second (metav1.Time) or microsecond (MicroTime), and Go's
// durations (`1m30s`).

/** The second that was written last, and its text: many things happen within one. */
let lastSecond = NaN;
let lastText = '';

/** `2026-01-02T03:04:05Z`, as metav1.Time is written. @param ms since 1970 */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** `2026-01-02T03:04:05.000000Z`, as metav1.MicroTime is written. @param ms since 1970, fractions are microseconds */
export function formatMicroTime(ms: number): string {
  // a fraction of a double is not exact
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros - whole * 1000).padStart(3, '0')}Z`;
}

/** Milliseconds since 1970 of a time that the API server has stored; NaN for what is not a time. */
export function timeMs(text: string): number {
  return Date.parse(text);
}

/** Thrown by {@link parseTime}; the message is that of Go's time.Parse. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
}

export const RFC3339 = '2006-01-02T15:04:05Z07:00';
export const RFC3339_MICRO = '2006-01-02T15:04:05.000000Z07:00';

/**
 * Parses as Go's `time.Parse(layout, text)` does.
 * @returns milliseconds since 1970, with microseconds as the fraction
 */
export function parseTime(text: string, layout: typeof RFC3339 | typeof RFC3339_MICRO = RFC3339): number {
  const wrong = (rest: string, element: string, extra = ''): TimeError =>
    new TimeError(
      extra ? `parsing time ${q(text)}: ${extra}` : `parsing time ${q(text)} as ${q(layout)}: cannot parse ${q(rest)} as ${q(element)}`,
    );
  let rest = text;
  const digits = (count: number, element: string): number => {
    const found = rest.slice(0, count);
    if (found.length < count || !/^\d+$/.test(found)) throw wrong(rest, element);
    rest = rest.slice(count);
    return Number(found);
  };
  const literal = (c: string): void => {
    if (!rest.startsWith(c)) throw wrong(rest, c);
    rest = rest.slice(c.length);
  };
  const within = (value: number, low: number, high: number, what: string): number => {
    if (value < low || value > high) throw wrong('', '', `${what} out of range`);
    return value;
  };
  const year = digits(4, '2006');
  literal('-');
  const month = within(digits(2, '01'), 1, 12, 'month');
  literal('-');
  const day = digits(2, '02');
  literal('T');
  const hour = within(digits(2, '15'), 0, 23, 'hour');
  literal(':');
  const minute = within(digits(2, '04'), 0, 59, 'minute');
  literal(':');
  const second = within(digits(2, '05'), 0, 59, 'second');
  let micros = 0;
  if (layout === RFC3339_MICRO) {
    if (!/^\.\d{6}/.test(rest)) throw wrong(rest, '.000000');
    micros = Number(rest.slice(1, 7));
    rest = rest.slice(7);
  }
  // a fraction of a second is taken even where the layout has none
  const fraction = layout === RFC3339 ? /^[.,](\d+)/.exec(rest) : null;
  if (fraction) {
    micros = Math.floor(Number(`0.${fraction[1]}`) * 1e6);
    rest = rest.slice(fraction[0].length);
  }
  let offsetMinutes = 0;
  if (rest.startsWith('Z')) rest = rest.slice(1);
  else {
    const zone = /^([+-])(\d{2}):(\d{2})/.exec(rest);
    if (!zone) throw wrong(rest, 'Z07:00');
    within(Number(zone[2]), 0, 24, 'time zone offset hour');
    within(Number(zone[3]), 0, 60, 'time zone offset minute');
    offsetMinutes = (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3]));
    rest = rest.slice(6);
  }
  if (rest) throw wrong('', '', `extra text: ${q(rest)}`);
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  within(day, 1, days, 'day');
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime() - offsetMinutes * 60_000 + micros / 1000;
}

const q = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const UNITS_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's time.ParseDuration. @returns nanoseconds; undefined for what is no duration */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (!match) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of match[2]!.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * UNITS_NS[unit]!;
  return match[1] === '-' ? -total : total;
}

/** Go's Duration.String(): `1h2m3.5s`, `100ms`, `0s`. @param ns nanoseconds */
export function formatDuration(ns: number): string {
  if (ns === 0) return '0s';
  const sign = ns < 0 ? '-' : '';
  const abs = Math.abs(ns);
  if (abs < 1e9) {
    const [unit, size] = abs < 1e3 ? ['ns', 1] : abs < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
    return `${sign}${trim(abs / (size as number))}${unit}`;
  }
  const hours = Math.floor(abs / 3600e9);
  const minutes = Math.floor((abs % 3600e9) / 60e9);
  const seconds = (abs % 60e9) / 1e9;
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${trim(seconds)}s`;
}

const trim = (n: number): string => String(Number(n.toFixed(9)));
