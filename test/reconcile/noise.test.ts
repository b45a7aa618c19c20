// After a sync, others work on what was applied; then nothing differs, and another sync writes nothing.
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealClock } from '../../src/apimachinery/clock.ts';
import { diff } from '../../src/reconcile/difference.ts';
import { prepare, type Prepared } from '../../src/reconcile/prepare.ts';
import { status } from '../../src/reconcile/status.ts';
import { sync, type SyncOptions } from '../../src/reconcile/sync.ts';
import { noisyCluster, type NoisyCluster } from './noisy-cluster.ts';

const ROOT = path.join(import.meta.dirname, '../..');

let noisy: NoisyCluster;
beforeEach(async () => {
  noisy = await noisyCluster();
});
afterEach(() => noisy.stop());

const read = (directory: string): Promise<Prepared> =>
  prepare(
    { location: path.join(ROOT, directory) },
    { clock: new RealClock(), stdin: process.stdin, cacheDirectory: path.join(ROOT, '.cache') },
  );
const OPTIONS: SyncOptions = {
  app: 'app',
  namespace: 'default',
  prune: 'safe',
  timeoutMs: 600_000,
  signal: new AbortController().signal,
};

describe('nothing differs although others are at work', () => {
  test.each(['fixtures/online-boutique/v0.10.5'])('%s', async (directory) => {
    const prepared = await read(directory);
    const synced = await noisy.run(() => sync(noisy.engine, prepared, OPTIONS));
    expect(synced).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    await noisy.disturb(synced.resources);

    const scaled = await noisy.engine.client.list('apps/v1/Deployment', { namespace: 'default' });
    expect(scaled.items.every(({ spec }) => (spec.replicas ?? 0) >= 4)).toBe(true);
    const { differences } = await noisy.run(() => diff(noisy.engine, prepared, { app: 'app', namespace: 'default' }));
    expect(differences).toEqual([]);
    const { apps } = await noisy.run(() => status(noisy.engine));
    expect(apps[0]).toMatchObject({ sync: 'Synced', drift: [] });

    const again = await noisy.run(() => sync(noisy.engine, prepared, OPTIONS));
    expect(new Set(again.resources.map(({ action }) => action))).toEqual(new Set(['unchanged']));
  });
});
