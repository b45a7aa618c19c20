// What Prometheus reads of what a keeper has told.
import { expect, test } from 'vitest';
import type { KeepEvent } from '../../../src/reconcile/keep/keep-event.ts';
import { KeepMetrics } from '../../../src/reconcile/keep/metrics.ts';

const id = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const synced = (app: string, more: Partial<KeepEvent> = {}): KeepEvent =>
  ({
    type: 'synced',
    app,
    why: 'source',
    sync: 'Synced',
    health: 'Healthy',
    revision: null,
    changed: 1,
    message: '',
    durationMs: 700,
    ...more,
  }) as KeepEvent;

const after = (...events: readonly KeepEvent[]): string[] => {
  const metrics = new KeepMetrics();
  for (const event of events) metrics.observe(event);
  return metrics
    .text()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
};

test('syncs are counted by how they ended, their times in buckets', () => {
  const lines = after(synced('web'), synced('web', { sync: 'OutOfSync', durationMs: 20_000 }));
  expect(lines).toEqual(
    expect.arrayContaining([
      'jibe_syncs_total{app="web",result="Synced"} 1',
      'jibe_syncs_total{app="web",result="OutOfSync"} 1',
      'jibe_sync_duration_seconds_bucket{app="web",le="0.5"} 0',
      'jibe_sync_duration_seconds_bucket{app="web",le="1"} 1',
      'jibe_sync_duration_seconds_bucket{app="web",le="+Inf"} 2',
      'jibe_sync_duration_seconds_sum{app="web"} 20.7',
      'jibe_app_info{app="web",sync="OutOfSync",health="Healthy"} 1',
    ]),
  );
});

test('drift is counted as long as it lasts', () => {
  const drift: KeepEvent = { type: 'drift', app: 'web', drift: { ...id, type: 'missing', fields: [] }, heals: true };
  expect(after(synced('web'), drift, drift)).toContain('jibe_drifted_objects{app="web"} 1');
  expect(after(synced('web'), drift, { type: 'agreed', app: 'web', id })).toContain('jibe_drifted_objects{app="web"} 0');
});

test('an app that is defined no longer has no metrics', () => {
  expect(after(synced('web'), synced('db'), { type: 'gone', app: 'web' }).filter((line) => line.includes('web'))).toEqual([]);
});

test('labels are escaped', () => {
  expect(after(synced('a"\\\n'))).toContain('jibe_self_heals_total{app="a\\"\\\\\\n"} 0');
});
