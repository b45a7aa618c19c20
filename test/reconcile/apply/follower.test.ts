// Following live objects while a sync waits: how often it is asked, and which pods are looked at.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { Cluster } from '../../../src/cluster/cluster.ts';
import { Follower } from '../../../src/reconcile/apply/follower.ts';

let clock: VirtualClock;
let cluster: Cluster;
let follower: Follower;
beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), nodes: 1 });
  follower = new Follower({ client: cluster.client(), clock }, new Set(['default']));
});
afterEach(async () => {
  await follower.stop();
  await cluster.stop();
});

test('many changes of one moment are one question', async () => {
  const client = cluster.client();
  await follower.follow('v1/ConfigMap');
  let asked = 0;
  const seen = (i: number): boolean =>
    follower.get({ group: '', version: 'v1', kind: 'ConfigMap', namespace: 'default', name: `c-${i}` }) !== undefined;
  const waiting = follower.waitUntil(
    () => {
      asked++;
      return seen(49);
    },
    Infinity,
    new AbortController().signal,
  );
  for (let i = 0; i < 50; i++)
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c-${i}`, namespace: 'default' } });
  await clock.advance(1);
  expect(await waiting).toBe('done');
  expect(asked).toBeLessThanOrEqual(3);
});

test.each<readonly [situation: string, labels: Record<string, string> | undefined, pods: string[]]>([
  ['no labels', undefined, ['api', 'web-1', 'web-2']],
  ['one label', { app: 'web' }, ['web-1', 'web-2']],
  ['the first of several labels decides', { app: 'web', tier: 'front' }, ['web-1', 'web-2']],
  ['a label that no pod has', { app: 'other' }, []],
])('pods by labels: %s', async (_, labels, expected) => {
  const client = cluster.client();
  await clock.advance(1_000);
  for (const [name, app] of [
    ['api', 'api'],
    ['web-1', 'web'],
    ['web-2', 'web'],
  ] as const)
    await client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app } },
      spec: { containers: [{ name: 'web', image: 'web:1' }] },
    });
  await follower.follow('v1/Pod');
  expect(Array.from(follower.podsOf('default', labels), ({ metadata }) => metadata.name).sort()).toEqual(expected);
});
