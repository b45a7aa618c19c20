// A source and an embedded cluster, kept in agreement on its virtual clock.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { suspendApp } from '../../../src/reconcile/plan/apply-set.ts';
import { Embedded } from '../embedded.ts';
import { Keeping } from './keeping.ts';

let embedded: Embedded;
let keeping: Keeping;
beforeEach(async () => {
  embedded = await Embedded.start();
});
afterEach(async () => {
  await keeping.stop();
  await embedded.stop();
});

const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
`;
const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;
const scale = (replicas: number): Promise<unknown> =>
  embedded.engine.client.patch(
    'apps/v1/Deployment',
    'web',
    { spec: { replicas } },
    { type: 'merge', namespace: 'default', fieldManager: 'kubectl-scale' },
  );
const replicas = async (): Promise<number | undefined> =>
  (await embedded.engine.client.get('apps/v1/Deployment', 'web', { namespace: 'default' })).spec.replicas;

describe('a source', () => {
  test('that does not change is rendered once, and written once', async () => {
    embedded.write({ 'web.yaml': deployment('web') });
    keeping = new Keeping(embedded);
    expect(await keeping.pass(30_000)).toEqual(['source read: 1 app', '[shop] Synced, Healthy: 1 object changed']);
    expect(await keeping.pass(600_000)).toEqual([]);
    expect(keeping.reads).toBe(1);
  });

  test('that changes is synced within the interval; told of it, at once', async () => {
    embedded.write({ 'a.yaml': configMap('a', '1') });
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    embedded.write({ 'a.yaml': configMap('a', '22') });
    expect(await keeping.pass(29_000)).toEqual([]);
    expect(await keeping.pass(2000)).toEqual(['source read: 1 app', '[shop] Synced, Healthy: 1 object changed']);
    embedded.write({ 'a.yaml': configMap('a', '333') });
    keeping.keeper.poke();
    expect(await keeping.pass(1000)).toEqual(['source read: 1 app', '[shop] Synced, Healthy: 1 object changed']);
  });

  test('of several apps is synced where it has changed; what it defines no longer goes', async () => {
    const app = (name: string, more = ''): string => `- {name: ${name}, path: ${name}${more}}\n`;
    embedded.write({
      'jibe.yaml': `apps:\n${app('a')}${app('b', ', dependsOn: [a]')}${app('c')}`,
      'a/a.yaml': configMap('a', '1'),
      'b/b.yaml': configMap('b', '1'),
      'c/c.yaml': configMap('c', '1'),
    });
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    embedded.write({ 'b/b.yaml': configMap('b', '22') });
    expect(await keeping.pass(61_000)).toEqual(['source read: 3 apps', '[b] Synced, Healthy: 1 object changed']);
    embedded.write({ 'jibe.yaml': `apps:\n${app('a', ', policies: {prune: false}')}${app('b', ', dependsOn: [a]')}` });
    expect(await keeping.pass(61_000)).toEqual([
      'source read: 2 apps',
      '[a] Synced, Healthy: 0 objects changed',
      '[c] Synced, Healthy: 1 object changed',
      '[c] is defined no longer',
    ]);
    embedded.write({ 'jibe.yaml': 'apps:\n- {nam: a}\n' });
    expect((await keeping.pass(61_000))[0]).toMatch(/^source read: 0 apps, \d errors$/);
    await expect(embedded.engine.client.get('v1/ConfigMap', 'c', { namespace: 'default' })).rejects.toThrow('not found');
  });

  test('with a fault is told, and taken up once it is mended', async () => {
    embedded.write({ 'a.yaml': configMap('a', '1') });
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    embedded.write({ 'a.yaml': 'kind: ConfigMap\nmetadata: {name: a}\n' });
    expect((await keeping.pass(61_000)).at(-1)).toContain('[shop] OutOfSync, Unknown: 0 objects changed: ');
    embedded.write({ 'a.yaml': configMap('a', '22') });
    expect((await keeping.pass(61_000)).at(-1)).toBe('[shop] Synced, Healthy: 1 object changed');
  });

  test('that is gone is told, and what was synced stays', async () => {
    embedded.write({ 'sub/a.yaml': configMap('a', '1') });
    keeping = new Keeping(embedded, {}, { location: `${embedded.directory}/sub` });
    await keeping.pass(30_000);
    embedded.remove('sub');
    const told = await keeping.pass(61_000);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('sub');
    await embedded.engine.client.get('v1/ConfigMap', 'a', { namespace: 'default' });
  });
});

describe('a drift', () => {
  beforeEach(async () => {
    embedded.write({ 'web.yaml': deployment('web') });
  });

  test('is told within a second, with its field, both values, who and when, and is left as it is', async () => {
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    await scale(5);
    expect(await keeping.pass(1000)).toEqual([
      '[shop] drift: Deployment default/web: spec.replicas is 5, should be 2 (kubectl-scale, 2026-01-01T00:00:30Z)',
      '[shop] Progressing (was Healthy)',
    ]);
    await keeping.pass(600_000);
    expect(await replicas()).toBe(5);
    await scale(2);
    expect(await keeping.pass(1000)).toContain('[shop] Deployment default/web is as it should be');
  });

  test('is told but once', async () => {
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    await scale(5);
    await keeping.pass(30_000);
    await embedded.engine.client.patch(
      'apps/v1/Deployment',
      'web',
      { metadata: { annotations: { note: 'mine' } } },
      { type: 'merge', namespace: 'default', fieldManager: 'somebody' },
    );
    expect(await keeping.pass(30_000)).toEqual([]);
  });

  test('of an object that was deleted is told', async () => {
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    await embedded.engine.client.delete('apps/v1/Deployment', 'web', { namespace: 'default' });
    expect(await keeping.pass(1000)).toEqual(['[shop] drift: Deployment default/web: is missing', '[shop] Missing (was Healthy)']);
  });

  test('is put right where that is wished; at once, then after pauses that grow', async () => {
    keeping = new Keeping(embedded, { selfHeal: true });
    await keeping.pass(30_000);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      await scale(5);
      let seconds = 0;
      while ((await replicas()) !== 2) {
        await keeping.pass(1000);
        seconds++;
      }
      pauses.push(seconds);
    }
    expect(pauses).toEqual([1, 2, 6, 18, 54, 162, 180, 180]);
  });

  test('is put right as the app itself says', async () => {
    embedded.write({
      'jibe.yaml': 'apps:\n- {name: web, path: web, policies: {selfHeal: true}}\n- {name: left, path: left}\n',
      'web/web.yaml': deployment('web'),
      'left/a.yaml': configMap('a', '1'),
    });
    keeping = new Keeping(embedded);
    await keeping.pass(30_000);
    await scale(5);
    await embedded.engine.client.patch('v1/ConfigMap', 'a', { data: { value: '2' } }, { type: 'merge', namespace: 'default' });
    await keeping.pass(5000);
    expect(await replicas()).toBe(2);
    expect((await embedded.engine.client.get('v1/ConfigMap', 'a', { namespace: 'default' })).data).toEqual({ value: '2' });
  });
});

describe('an app that does not get ready', () => {
  const app = (name: string): string => `- {name: ${name}, path: ${name}}\n`;
  const stuck = deployment('stuck').replace('image: "nginx:1"', 'image: "nginx:1", resources: {requests: {cpu: 1k}}');

  beforeEach(async () => {
    embedded.write({ 'jibe.yaml': `apps:\n${app('stuck')}${app('calm')}`, 'stuck/a.yaml': stuck, 'calm/a.yaml': configMap('calm', '1') });
    keeping = new Keeping(embedded);
    expect(await keeping.pass(10_000)).toEqual(['source read: 2 apps', '[calm] Synced, Healthy: 1 object changed']);
  });

  test('keeps no other from being watched', async () => {
    const change = (value: string): Promise<unknown> =>
      embedded.engine.client.patch('v1/ConfigMap', 'calm', { data: { value } }, { type: 'merge', namespace: 'default' });
    await change('2');
    expect(await keeping.pass(1000)).toEqual([
      expect.stringContaining('[calm] drift: ConfigMap default/calm: data.value is "2", should be "1"'),
    ]);
    expect(await keeping.pass(300_000)).toEqual(['[stuck] Synced, Progressing: 1 object changed']);
    await change('1');
    expect(await keeping.pass(1000)).toEqual(['[calm] ConfigMap default/calm is as it should be']);
  });

  test('is waited for no longer once the source has changed', async () => {
    embedded.write({ 'calm/a.yaml': configMap('calm', '22') });
    expect(await keeping.pass(55_000)).toEqual([
      '[stuck] Synced, Progressing: 1 object changed',
      'source read: 2 apps',
      '[calm] Synced, Healthy: 1 object changed',
    ]);
    expect(await keeping.pass(600_000)).toEqual(['[stuck] Degraded (was Progressing)']);
  });

  test('is waited for as long as the source has not', async () => {
    expect(await keeping.pass(280_000)).toEqual([]);
    expect(await keeping.pass(20_000)).toEqual(['[stuck] Synced, Progressing: 1 object changed']);
  });
});

describe('an app that is held', () => {
  test('by a person is left alone until it is resumed', async () => {
    const { client } = embedded.engine;
    embedded.write({ 'a.yaml': configMap('a', '1') });
    keeping = new Keeping(embedded, { selfHeal: true });
    await keeping.pass(30_000);
    await suspendApp(client, { app: 'shop', namespace: 'default' }, 'by ada');
    embedded.write({ 'a.yaml': configMap('a', '22') });
    expect(await keeping.pass(61_000)).toEqual(['source read: 1 app', '[shop] held: it is suspended: by ada']);
    await client.patch('v1/ConfigMap', 'a', { data: { value: '3' } }, { type: 'merge', namespace: 'default' });
    expect(await keeping.pass(600_000)).toEqual([expect.stringContaining('drift: ConfigMap default/a: data.value')]);
    await suspendApp(client, { app: 'shop', namespace: 'default' }, undefined);
    expect(await keeping.pass(61_000)).toContain('[shop] Synced, Healthy: 1 object changed');
  });

  test('by a window is synced once that opens, and others meanwhile', async () => {
    embedded.write({
      'jibe.yaml': `apps:
- name: night
  path: night
  policies: {windows: [{kind: allow, schedule: "0 1 * * *", duration: 1h}]}
- {name: day, path: day}
`,
      'night/a.yaml': configMap('a', '1'),
      'day/b.yaml': configMap('b', '1'),
    });
    keeping = new Keeping(embedded);
    expect(await keeping.pass(30_000)).toEqual([
      'source read: 2 apps',
      '[night] held: outside of its sync windows: allow 0 1 * * * for 60 min (UTC)',
      '[day] Synced, Healthy: 1 object changed',
    ]);
    expect(await keeping.pass(3_500_000)).toEqual([]);
    expect(await keeping.pass(100_000)).toEqual(['[night] Synced, Healthy: 1 object changed']);
  });
});
