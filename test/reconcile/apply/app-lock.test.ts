// One process at a time syncs an app; the next one comes when the first is done, or dead.
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { isForbidden } from '../../../src/apimachinery/status-error.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import { lockApp, type AppLock, type LockRequest } from '../../../src/reconcile/apply/app-lock.ts';

let clock: VirtualClock;
let cluster: Cluster;
beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), store: new MemoryStore(clock), components: [] });
});

const request = (identity: string, more: Partial<LockRequest> = {}): LockRequest => ({
  client: cluster.client(),
  clock,
  locking: { identity, random: new Random(identity.length) },
  app: 'shop',
  namespace: 'default',
  deadline: clock.now() + 60_000,
  signal: new AbortController().signal,
  ...more,
});
const lock = (identity: string, more: Partial<LockRequest> = {}): Promise<AppLock | undefined> =>
  cluster.run(lockApp(request(identity, more)));

describe('the lock of an app', () => {
  test('is had at once where nobody has it, and again after it was given back', async () => {
    const first = await lock('one');
    await cluster.run(first!.release());
    const started = clock.now();
    const second = await lock('two');
    expect(clock.now() - started).toBeLessThan(5_000);
    await cluster.run(second!.release());
  });

  test('makes others wait, and they come next', async () => {
    const first = await lock('one');
    let had = false;
    const second = lockApp(request('two')).then((given) => {
      had = true;
      return given;
    });
    await clock.advance(20_000);
    expect(had).toBe(false);
    await cluster.run(first!.release());
    expect(await cluster.run(second)).toBeDefined();
  });

  test('is not had before the deadline', async () => {
    await lock('one');
    expect(await lock('two', { deadline: clock.now() + 10_000 })).toBeUndefined();
  });

  test('of another app is another lock', async () => {
    await lock('one');
    expect(await lock('two', { app: 'other' })).toBeDefined();
  });

  test('one who may not hold it is told', async () => {
    const client = cluster.client({ username: 'nobody', groups: ['system:authenticated'] });
    await expect(cluster.run(lockApp(request('one', { client })))).rejects.toSatisfy(isForbidden);
  });

  test('whoever waits can be called off', async () => {
    await lock('one');
    const stop = new AbortController();
    const waiting = lockApp(request('two', { signal: stop.signal }));
    await clock.advance(3_000);
    stop.abort();
    expect(await cluster.run(waiting)).toBeUndefined();
  });
});
