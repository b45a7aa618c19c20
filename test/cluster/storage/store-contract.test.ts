// What every store driver promises, tried on each.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { DurableStore, openDirectory } from '../../../src/cluster/storage/durable-store.ts';
import { HISTORY_MS } from '../../../src/cluster/storage/history.ts';
import { MemoryStore } from '../../../src/cluster/storage/memory-store.ts';
import type { Store, StoreEvent } from '../../../src/cluster/storage/store.ts';

const object = (name: string, revision: number, data = ''): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, uid: name, resourceVersion: String(revision), creationTimestamp: '2026-01-01T00:00:00Z' },
  data: { value: data },
});
const make =
  (name: string, data = '') =>
  (revision: number): KubernetesObject =>
    object(name, revision, data);

const scratch: string[] = [];
afterEach(() => {
  for (const directory of scratch.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

const drivers: Readonly<Record<string, (clock: VirtualClock) => Promise<Store>>> = {
  memory: async (clock) => new MemoryStore(clock),
  durable: async (clock) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-store-'));
    scratch.push(directory);
    return new DurableStore(directory, await openDirectory(directory), clock);
  },
};

describe.each(Object.entries(drivers))('%s', (_name, open) => {
  const setUp = async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    return { clock, store: await open(clock) };
  };

  test('a new store is at revision 1, and each write takes the next', async () => {
    const { store } = await setUp();
    expect(store.revision).toBe(1);
    const a = await store.create('/r/a', make('a'));
    expect(a).toMatchObject({ ok: true, entry: { key: '/r/a', createRevision: 2, modRevision: 2 } });
    const b = await store.update('/r/a', 2, make('a', 'x'));
    expect(b).toMatchObject({ ok: true, entry: { createRevision: 2, modRevision: 3 } });
    expect(store.revision).toBe(3);
    await store.close();
  });

  test('a write that finds something else tells what is there and uses no revision', async () => {
    const { store } = await setUp();
    await store.create('/r/a', make('a'));
    expect(await store.create('/r/a', make('a'))).toMatchObject({ ok: false, current: { modRevision: 2 } });
    expect(await store.update('/r/a', 7, make('a'))).toMatchObject({ ok: false, current: { modRevision: 2 } });
    expect(await store.update('/r/b', 1, make('b'))).toEqual({ ok: false, current: undefined });
    expect(await store.delete('/r/a', 1, make('a'))).toMatchObject({ ok: false });
    expect(store.revision).toBe(2);
    await store.close();
  });

  test('of two writers at one revision one wins', async () => {
    const { store } = await setUp();
    await store.create('/r/a', make('a'));
    const results = await Promise.all([store.update('/r/a', 2, make('a', '1')), store.update('/r/a', 2, make('a', '2'))]);
    expect(results.map((r) => r.ok)).toEqual([true, false]);
    expect(results[1]).toMatchObject({ current: { modRevision: 3 } });
    await store.close();
  });

  test('a deleted key can be made anew, and is another one', async () => {
    const { store } = await setUp();
    await store.create('/r/a', make('a'));
    await store.delete('/r/a', 2, make('a'));
    expect(await store.get('/r/a')).toBeUndefined();
    expect(await store.create('/r/a', make('a'))).toMatchObject({ ok: true, entry: { createRevision: 4 } });
    await store.close();
  });

  test('lists are in order of keys, in pages, as they were at a revision', async () => {
    const { store } = await setUp();
    await Promise.all(['c', 'a', 'b'].map((name) => store.create(`/r/${name}`, make(name))));
    await store.create('/s/x', make('x'));
    const first = await store.list('/r/', { limit: 2 });
    expect(first).toMatchObject({ ok: true, revision: 5, more: true, remaining: 1 });
    if (!first.ok) throw new Error('no list');
    expect(first.entries.map((e) => e.key)).toEqual(['/r/a', '/r/b']);
    await store.create('/r/d', make('d'));
    const rest = await store.list('/r/', { after: '/r/b', revision: first.revision });
    expect(rest.ok && rest.entries.map((e) => e.key)).toEqual(['/r/c']);
    expect(await store.list('/r/', { revision: 99 })).toEqual({ ok: false, reason: 'future' });
    await store.close();
  });

  test('a watch replays what happened since, then follows; each event once and in order', async () => {
    const { store } = await setUp();
    await store.create('/r/a', make('a'));
    await store.create('/r/b', make('b'));
    const seen: StoreEvent[] = [];
    const watch = store.watch('/r/', 2, (event) => seen.push(event))!;
    expect(seen.map((e) => [e.type, e.key, e.revision])).toEqual([['create', '/r/b', 3]]);
    await store.update('/r/a', 2, make('a', 'x'));
    await store.create('/other/a', make('a'));
    await store.delete('/r/b', 3, make('b'));
    expect(seen.slice(1).map((e) => [e.type, e.key, e.revision])).toEqual([
      ['update', '/r/a', 4],
      ['delete', '/r/b', 6],
    ]);
    expect(seen[1]!.previous?.metadata.resourceVersion).toBe('2');
    watch.cancel();
    await store.create('/r/c', make('c'));
    expect(seen.length).toBe(3);
    await store.close();
  });

  test('the window: what is compacted, or old, cannot be read or watched from', async () => {
    const { store, clock } = await setUp();
    await store.create('/r/a', make('a'));
    await store.create('/r/b', make('b'));
    store.compact(3);
    expect(await store.list('/r/', { revision: 2 })).toEqual({ ok: false, reason: 'compacted' });
    expect(store.watch('/r/', 2, () => {})).toBeUndefined();
    await clock.advance(HISTORY_MS + 1);
    await store.create('/r/c', make('c'));
    await clock.advance(HISTORY_MS + 1);
    expect(store.compactedRevision).toBe(4);
    await store.close();
  });

  test('a fork starts from the latest state and goes its own way', async () => {
    const { store } = await setUp();
    await store.create('/r/a', make('a'));
    const fork = store.fork();
    await fork.update('/r/a', 2, make('a', 'fork'));
    await store.create('/r/b', make('b'));
    expect((await store.get('/r/a'))?.modRevision).toBe(2);
    expect(await fork.get('/r/b')).toBeUndefined();
    await store.close();
  });

  test('what make throws rejects the write and changes nothing', async () => {
    const { store } = await setUp();
    await expect(
      store.create('/r/a', () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(store.revision).toBe(1);
    expect(await store.create('/r/a', make('a'))).toMatchObject({ ok: true });
    await store.close();
  });

  test('a closed store takes no writes', async () => {
    const { store } = await setUp();
    await store.close();
    await expect(store.create('/r/a', make('a'))).rejects.toMatchObject({ reason: 'closed' });
  });
});
