// Whether sync windows let an app be synced.
import { expect, test } from 'vitest';
import type { SyncWindow } from '../../../src/reconcile/apps/app.ts';
import { heldByWindows } from '../../../src/reconcile/keep/sync-window.ts';

const HOUR = 3_600_000;
const window = (kind: 'allow' | 'deny', schedule: string, hours: number, timeZone = 'UTC'): SyncWindow => ({
  kind,
  schedule,
  durationMs: hours * HOUR,
  timeZone,
});
const nightly = window('allow', '0 22 * * *', 8);
const weekend = window('deny', '0 0 * * 6', 48);

test.each<readonly [string, readonly SyncWindow[], string, boolean]>([
  ['without windows', [], '2026-01-05T12:00:00Z', true],
  ['before a window that allows', [nightly], '2026-01-05T21:59:59Z', false],
  ['as it opens', [nightly], '2026-01-05T22:00:00Z', true],
  ['in it, after midnight', [nightly], '2026-01-06T05:59:59Z', true],
  ['as it closes', [nightly], '2026-01-06T06:00:00Z', false],
  ['outside of one that denies', [weekend], '2026-01-05T12:00:00Z', true],
  ['in one that denies', [weekend], '2026-01-10T12:00:00Z', false],
  ['in one that denies and one that allows', [nightly, weekend], '2026-01-10T23:00:00Z', false],
  ['in another time zone', [window('allow', '0 22 * * *', 1, 'America/New_York')], '2026-01-06T03:30:00Z', true],
  ['where it cannot be read', [window('allow', 'now and then', 1)], '2026-01-05T12:00:00Z', false],
])('%s', (_, windows, at, may) => {
  expect(heldByWindows(windows, Date.parse(at)) === undefined).toBe(may);
});
