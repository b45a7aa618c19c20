// What is remembered of past syncs, and going back to them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listHistory, MAX_ENTRIES, objectsOf } from '../../src/reconcile/history.ts';
import { listApplySets, readApplySet, suspendApp } from '../../src/reconcile/plan/apply-set.ts';
import { prepare } from '../../src/reconcile/prepare.ts';
import { rollback, rollbackTarget } from '../../src/reconcile/rollback.ts';
import { sync, type SyncOptions } from '../../src/reconcile/sync.ts';
import type { SyncResult } from '../../src/reconcile/report/result.ts';
import { Embedded } from './embedded.ts';

let embedded: Embedded;
beforeEach(async () => {
  embedded = await Embedded.start();
});
afterEach(() => embedded.stop());

const run = async (more: Partial<SyncOptions> = {}): Promise<SyncResult> => {
  const prepared = await prepare({ location: embedded.directory }, embedded.deps);
  const options = {
    app: 'shop',
    namespace: 'default',
    prune: 'safe',
    timeoutMs: 300_000,
    record: { who: 'ada', automated: false },
  } as const;
  return embedded.cluster.run(sync(embedded.engine, prepared, { ...options, signal: new AbortController().signal, ...more }));
};
const back = async (id?: number): Promise<SyncResult> => {
  const { engine, cluster } = embedded;
  const target = await rollbackTarget(engine, 'shop', 'default', id);
  if (target.is === 'none') throw new Error(target.why);
  const options = { who: 'bob', prune: 'safe', timeoutMs: 300_000, signal: new AbortController().signal } as const;
  return cluster.run(rollback(engine, target.entry, options));
};
const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;
const value = async (name: string): Promise<string | undefined> =>
  (await embedded.engine.client.get('v1/ConfigMap', name, { namespace: 'default' })).data?.['value'];
const history = async (): Promise<string[]> =>
  (await listHistory(embedded.engine.client, 'shop')).map(
    ({ id, who, sync: state, actions }) => `${id} ${who} ${state} ${JSON.stringify(actions)}`,
  );

describe('a sync', () => {
  test('that changes something is remembered; one that does not, or a part, is not', async () => {
    embedded.write({ 'a.yaml': configMap('a', '1') });
    await run();
    await run();
    embedded.write({ 'a.yaml': configMap('a', '2'), 'b.yaml': configMap('b', '1') });
    await run();
    embedded.write({ 'a.yaml': configMap('a', '3') });
    await run({ selects: ({ id }) => id.name === 'a' });
    await run({ record: { who: 'keeper', automated: true } });
    expect(await history()).toEqual(['2 ada Synced {"configured":1,"created":1}', '1 ada Synced {"created":1}']);
    const [last] = await listHistory(embedded.engine.client, 'shop');
    expect((await objectsOf(embedded.engine.client, last!))!.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  });

  test('that was long ago is forgotten', async () => {
    for (let i = 0; i < MAX_ENTRIES + 3; i++) {
      embedded.write({ 'a.yaml': configMap('a', String(i)) });
      await run();
    }
    const entries = await listHistory(embedded.engine.client, 'shop');
    expect(entries.map(({ id }) => id)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
    expect((await listApplySets(embedded.engine.client)).map(({ app }) => app)).toEqual(['shop']);
  });
});

describe('going back', () => {
  beforeEach(async () => {
    embedded.write({ 'a.yaml': configMap('a', '1') });
    await run();
    embedded.write({ 'a.yaml': configMap('a', '2'), 'b.yaml': configMap('b', '1') });
    await run();
  });

  test('applies what was applied then, prunes what came since, is remembered and suspends the app', async () => {
    const result = await back();
    expect(result.resources.map(({ action, name }) => `${action} ${name}`)).toEqual(['configured a', 'pruned b']);
    expect(await value('a')).toBe('1');
    expect((await listHistory(embedded.engine.client, 'shop'))[0]).toMatchObject({ id: 3, who: 'bob', rolledBackTo: 1 });
    expect((await readApplySet(embedded.engine.client, 'shop', 'default')).suspended).toBe('rolled back to sync 1 by bob');
  });

  test('and forth again', async () => {
    await back(1);
    await back(2);
    expect(await value('a')).toBe('2');
    expect(await value('b')).toBe('1');
  });

  test.each([
    [9, 'sync 9 of shop is not remembered'],
    [0, 'sync 0 of shop is not remembered'],
  ])('to %i, which is not there', async (id, why) => {
    await expect(back(id)).rejects.toThrow(why);
  });

  test('of an app that nobody knows', async () => {
    expect(await rollbackTarget(embedded.engine, 'other', 'default', undefined)).toMatchObject({ is: 'none' });
  });
});

test('a suspension outlives syncs, one that is under way too', async () => {
  const { client } = embedded.engine;
  embedded.write({ 'a.yaml': configMap('a', '1') });
  await run();
  await suspendApp(client, { app: 'shop', namespace: 'default' }, 'by ada');
  embedded.write({ 'a.yaml': configMap('a', '2') });
  await run();
  expect((await readApplySet(client, 'shop', 'default')).suspended).toBe('by ada');
  await suspendApp(client, { app: 'shop', namespace: 'default' }, undefined);
  embedded.write({ 'a.yaml': configMap('a', '3') });
  // between the first write of the parent and the last
  let isDone = false;
  await run({
    onProgress: (event) => {
      if (event.type !== 'applied' || isDone) return;
      isDone = true;
      void suspendApp(client, { app: 'shop', namespace: 'default' }, 'by bob');
    },
  });
  expect((await readApplySet(client, 'shop', 'default')).suspended).toBe('by bob');
});

describe('a sync that deletes', () => {
  const many = (n: number): string => Array.from({ length: n }, (_, i) => configMap(`c${i}`, '1')).join('---\n');
  const pruned = ({ resources }: SyncResult): number => resources.filter(({ action }) => action === 'pruned').length;
  const left = ({ resources }: SyncResult): string | undefined => resources.find(({ action }) => action === 'skipped')?.message;

  test.each<readonly [string, number, number, SyncOptions['prune'], boolean | undefined, number]>([
    ['half of an app', 24, 12, 'safe', undefined, 12],
    ['more than half', 24, 11, 'safe', undefined, 0],
    ['more than half, confirmed', 24, 11, 'safe', true, 13],
    ['more than half, refused', 24, 11, 'safe', false, 0],
    ['more than half, as it was asked to', 24, 11, 'all', undefined, 13],
    ['ten', 11, 1, 'safe', undefined, 10],
    ['one, to be confirmed', 3, 2, 'confirm', true, 1],
    ['one, not confirmed', 3, 2, 'confirm', false, 0],
  ])('%s', async (_, before, after, prune, answer, gone) => {
    embedded.write({ 'a.yaml': many(before) });
    await run();
    embedded.write({ 'a.yaml': many(after) });
    const result = await run({ prune, ...(answer === undefined ? {} : { confirmPrune: async () => answer }) });
    expect(pruned(result)).toBe(gone);
    expect(result.sync).toBe(gone ? 'Synced' : 'OutOfSync');
    if (!gone)
      expect(left(result)).toMatch(/no longer in the source; (?:13 of the app's 24 objects would be deleted|it is deleted only once)/);
  });
});
