import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../src/apimachinery/cron.ts';

const next = (schedule: string, after: string, timeZone?: string): string => {
  const at = parseSchedule(schedule, timeZone).next(Date.parse(after));
  return at === undefined ? 'never' : new Date(at).toISOString().replace('.000', '');
};

describe('next', () => {
  test.each([
    { schedule: '* * * * *', after: '2026-01-01T00:00:00Z', expected: '2026-01-01T00:01:00Z' },
    { schedule: '* * * * *', after: '2026-01-01T00:00:59.9Z', expected: '2026-01-01T00:01:00Z' },
    { schedule: '*/15 * * * *', after: '2026-01-01T00:16:00Z', expected: '2026-01-01T00:30:00Z' },
    { schedule: '5/20 * * * *', after: '2026-01-01T00:26:00Z', expected: '2026-01-01T00:45:00Z' },
    { schedule: '0 0 31 * *', after: '2026-02-01T00:00:00Z', expected: '2026-03-31T00:00:00Z' },
    { schedule: '0 0 29 feb *', after: '2026-01-01T00:00:00Z', expected: '2028-02-29T00:00:00Z' },
    { schedule: '0 0 31 2 *', after: '2026-01-01T00:00:00Z', expected: 'never' },
    // either day will do where both are given
    { schedule: '0 0 13 * FRI', after: '2026-01-03T00:00:00Z', expected: '2026-01-09T00:00:00Z' },
    { schedule: '0 0 */2 * MON', after: '2026-01-03T00:00:00Z', expected: '2026-01-05T00:00:00Z' },
    { schedule: '0 0 * * MON', after: '2026-01-03T00:00:00Z', expected: '2026-01-05T00:00:00Z' },
    { schedule: '@hourly', after: '2026-01-01T00:30:00Z', expected: '2026-01-01T01:00:00Z' },
    { schedule: '@weekly', after: '2026-01-01T00:30:00Z', expected: '2026-01-04T00:00:00Z' },
    { schedule: '@every 90s', after: '2026-01-01T00:00:10Z', expected: '2026-01-01T00:01:40Z' },
    { schedule: '59 23 31 DEC ?', after: '2026-12-31T23:59:00Z', expected: '2027-12-31T23:59:00Z' },
  ])('$schedule after $after', ({ schedule, after, expected }) => {
    expect(next(schedule, after)).toBe(expected);
  });
});

describe('time zones', () => {
  test.each([
    { situation: 'winter', zone: 'Europe/Vienna', schedule: '0 8 * * *', after: '2026-01-01T00:00:00Z', expected: '2026-01-01T07:00:00Z' },
    { situation: 'summer', zone: 'Europe/Vienna', schedule: '0 8 * * *', after: '2026-07-01T00:00:00Z', expected: '2026-07-01T06:00:00Z' },
    {
      situation: 'an hour that the clock leaves out is left out',
      zone: 'America/New_York',
      schedule: '30 2 * * *',
      after: '2026-03-08T05:00:00Z',
      expected: '2026-03-09T06:30:00Z',
    },
    {
      situation: 'an hour that comes twice: first',
      zone: 'America/New_York',
      schedule: '30 1 * * *',
      after: '2026-11-01T04:00:00Z',
      expected: '2026-11-01T05:30:00Z',
    },
    {
      situation: 'and again',
      zone: 'America/New_York',
      schedule: '30 1 * * *',
      after: '2026-11-01T05:30:00Z',
      expected: '2026-11-01T06:30:00Z',
    },
    {
      situation: 'a zone of half an hour',
      zone: 'Asia/Kolkata',
      schedule: '0 0 * * *',
      after: '2026-01-01T00:00:00Z',
      expected: '2026-01-01T18:30:00Z',
    },
  ])('$situation', ({ zone, schedule, after, expected }) => {
    expect(next(schedule, after, zone)).toBe(expected);
    expect(next(`CRON_TZ=${zone} ${schedule}`, after)).toBe(expected);
  });
});

describe('errors', () => {
  test.each([
    { schedule: '', error: 'empty spec string' },
    { schedule: '* * * *', error: 'expected exactly 5 fields, found 4: [* * * *]' },
    { schedule: '60 * * * *', error: 'end of range (60) above maximum (59): 60' },
    { schedule: '* * 0 * *', error: 'beginning of range (0) below minimum (1): 0' },
    { schedule: '* * * * 7', error: 'end of range (7) above maximum (6): 7' },
    { schedule: '9-3 * * * *', error: 'beginning of range (9) beyond end of range (3): 9-3' },
    { schedule: '1-2-3 * * * *', error: 'too many hyphens: 1-2-3' },
    { schedule: '*/2/3 * * * *', error: 'too many slashes: */2/3' },
    { schedule: '*/0 * * * *', error: 'step of range should be a positive number: */0' },
    { schedule: 'x * * * *', error: 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax' },
    { schedule: '@never', error: 'unrecognized descriptor: @never' },
    { schedule: 'TZ=Mars/Base * * * * *', error: 'provided bad location Mars/Base: unknown time zone Mars/Base' },
  ])('$schedule', ({ schedule, error }) => {
    expect(() => parseSchedule(schedule)).toThrow(error);
  });
});
