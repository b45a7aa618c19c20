// ReplicaSets and ReplicationControllers. Rows are named after the rules of pkg/controller/replicaset and controller_utils.go.
import type { ReplicaSetStatus } from '#api/apps/v1';
import type { Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import { LabelSelector } from '../../../src/apimachinery/label-selector.ts';
import { nextAvailability, planReplicas, replicaStatus } from '../../../src/cluster/controllers/replica-set.ts';
import { podsToDelete } from '../../../src/cluster/controllers/shared/pod-ranking.ts';
import type { TestCluster } from '../scenario-world.ts';
import { at, NAMESPACE, pod, replicaSet, startedCluster, template, told, type PodSketch } from './harness.ts';

const NOW = at('01:00:00');
const pods = (count: number): Pod[] => Array.from({ length: count }, (_, i) => pod({ name: `p${i}` }));

describe('manageReplicas', () => {
  test.each([
    { situation: 'as many as wanted', wanted: 2, there: 2, create: 0, gone: 0 },
    { situation: 'too few', wanted: 5, there: 2, create: 3, gone: 0 },
    { situation: 'too many', wanted: 1, there: 3, create: 0, gone: 2 },
    { situation: 'none wanted', wanted: 0, there: 3, create: 0, gone: 3 },
    { situation: 'at most a burst is made', wanted: 900, there: 0, create: 500, gone: 0 },
    { situation: 'at most a burst is deleted', wanted: 0, there: 900, create: 0, gone: 500 },
  ])('$situation', ({ wanted, there, create, gone }) => {
    const active = pods(there);
    const plan = planReplicas(wanted, active, active, NOW);
    expect([plan.create, plan.delete.length]).toEqual([create, gone]);
  });
});

describe('ActivePodsWithRanks: who goes first', () => {
  const sketch = (name: string, more: Partial<PodSketch> & { restarts?: number; cost?: string; readySince?: string } = {}): Pod => {
    const { restarts = 0, cost, readySince, ...rest } = more;
    const made = pod({
      name,
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
      ...rest,
    });
    const conditions = made.status!.conditions!.map((c) => ({ ...c, lastTransitionTime: readySince ?? c.lastTransitionTime! }));
    const containerStatuses = [{ name: 'app', image: 'i', imageID: '', ready: true, restartCount: restarts }];
    return { ...made, status: { ...made.status, conditions, containerStatuses } };
  };
  test.each<{ situation: string; of: readonly Pod[]; related?: readonly Pod[]; first: string }>([
    { situation: 'not assigned before assigned', of: [sketch('a'), sketch('b', { node: '', phase: 'Pending' })], first: 'b' },
    { situation: 'pending before running', of: [sketch('a'), sketch('b', { phase: 'Pending' })], first: 'b' },
    { situation: 'unknown before running', of: [sketch('a', { ready: false }), sketch('b', { phase: 'Unknown' })], first: 'b' },
    { situation: 'not ready before ready', of: [sketch('a'), sketch('b', { ready: false })], first: 'b' },
    { situation: 'cheaper before dearer', of: [sketch('a', { cost: '5' }), sketch('b', { cost: '-5' })], first: 'b' },
    { situation: 'a cost that is no number is 0', of: [sketch('a', { cost: '1' }), sketch('b', { cost: 'x' })], first: 'b' },
    { situation: 'readiness goes over cost', of: [sketch('a', { cost: '-9' }), sketch('b', { ready: false, cost: '9' })], first: 'b' },
    {
      situation: 'on a crowded node before alone',
      of: [sketch('a', { node: 'n1' }), sketch('b', { node: 'n2' }), sketch('c', { node: 'n2' })],
      related: [sketch('a', { node: 'n1' }), sketch('b', { node: 'n2' }), sketch('c', { node: 'n2' })],
      first: 'b',
    },
    {
      situation: 'ready for a short time before a long one',
      of: [sketch('a', { readySince: '2026-01-01T00:00:00Z' }), sketch('b', { readySince: '2026-01-01T00:59:59Z' })],
      first: 'b',
    },
    { situation: 'more restarts before fewer', of: [sketch('a', { restarts: 1 }), sketch('b', { restarts: 3 })], first: 'b' },
    {
      situation: 'younger before older',
      of: [sketch('a', { created: '2026-01-01T00:00:00Z' }), sketch('b', { created: '2026-01-01T00:59:00Z' })],
      first: 'b',
    },
    {
      situation: 'nearly as old: the uid decides',
      of: [sketch('b', { created: '2026-01-01T00:00:00Z' }), sketch('a', { created: '2026-01-01T00:00:01Z' })],
      first: 'a',
    },
  ])('$situation', ({ of, related = [], first }) => {
    expect(podsToDelete(of, related, 1, NOW).map((p) => p.metadata.name)).toEqual([first]);
  });
});

describe('calculateStatus', () => {
  const observed = (
    active: readonly Pod[],
    more: { failure?: string; status?: ReplicaSetStatus; replicas?: number; minReadySeconds?: number; terminating?: readonly Pod[] } = {},
  ) => {
    const { failure, status = { replicas: 0 }, replicas = 2, minReadySeconds = 0, terminating } = more;
    const object = replicaSet({ name: 'web', replicas });
    const owner = { object, replicas, selector: LabelSelector.fromSet({ app: 'web' }), template: template(), minReadySeconds, status };
    return replicaStatus({ owner, active, terminating, failure }, NOW);
  };
  const failed = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'no',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const labels = { app: 'web' };
  const late = (name: string): Pod => {
    const made = pod({ name, labels });
    return {
      ...made,
      status: { ...made.status, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:59:55Z' }] },
    };
  };

  test.each([
    { situation: 'no pods', of: observed([]), expected: { replicas: 0, readyReplicas: 0, availableReplicas: 0, fullyLabeledReplicas: 0 } },
    {
      situation: 'ready and not',
      of: observed([pod({ name: 'a', labels }), pod({ name: 'b', ready: false, labels })]),
      expected: { replicas: 2, readyReplicas: 1, availableReplicas: 1, fullyLabeledReplicas: 2 },
    },
    {
      situation: 'not all labels of the template',
      of: observed([pod({ name: 'a', labels }), pod({ name: 'b', labels: { app: 'other' } })]),
      expected: { fullyLabeledReplicas: 1 },
    },
    {
      situation: 'ready, and not for long enough',
      of: observed([late('a'), pod({ name: 'b', labels })], { minReadySeconds: 30 }),
      expected: { readyReplicas: 2, availableReplicas: 1 },
    },
    {
      situation: 'terminating pods are told where they are counted',
      of: observed([], { terminating: pods(2) }),
      expected: { terminatingReplicas: 2 },
    },
    {
      situation: 'a failure to create',
      of: observed([], { failure: 'no' }),
      expected: { conditions: [{ ...failed, lastTransitionTime: '2026-01-01T01:00:00Z' }] },
    },
    {
      situation: 'a failure to delete',
      of: observed(pods(3), { failure: 'no' }),
      expected: { conditions: [{ ...failed, reason: 'FailedDelete', lastTransitionTime: '2026-01-01T01:00:00Z' }] },
    },
    {
      situation: 'a failure that is told stays as it was told',
      of: observed([], { failure: 'another', status: { replicas: 0, conditions: [failed] } }),
      expected: { conditions: [failed] },
    },
  ])('$situation', ({ of, expected }) => {
    expect(of).toMatchObject(expected);
  });

  test('a failure that is over is told no more', () => {
    expect(observed(pods(2), { status: { replicas: 2, conditions: [failed] } }).conditions).toBeUndefined();
  });

  test.each([
    { situation: 'no minReadySeconds', of: [late('a')], seconds: 0, expected: undefined },
    { situation: 'none is ready', of: [pod({ name: 'a', ready: false })], seconds: 30, expected: undefined },
    { situation: 'all are available', of: [pod({ name: 'a' })], seconds: 30, expected: undefined },
    { situation: 'the next one', of: [pod({ name: 'a' }), late('b')], seconds: 30, expected: 25_000 },
  ])('looked at again: $situation', ({ of, seconds, expected }) => {
    expect(nextAvailability(of, seconds, NOW)).toBe(expected);
  });
});

describe('whole runs', () => {
  const set = (replicas: number, image?: string) => ({
    apiVersion: 'apps/v1' as const,
    kind: 'ReplicaSet' as const,
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image) },
  });
  const bare = (name: string, labels: Readonly<Record<string, string>>, uid?: string) => ({
    apiVersion: 'v1' as const,
    kind: 'Pod' as const,
    metadata: {
      name,
      namespace: NAMESPACE,
      labels,
      ...(uid ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other', uid, controller: true }] } : {}),
    },
    spec: { containers: [{ name: 'app', image: 'example.test/app:1' }] },
  });
  const names = async ({ client }: TestCluster): Promise<string[]> =>
    (await client.list('v1/Pod')).items.map(({ metadata }) => metadata.name.replace(/^web-.*/, 'web-*')).sort();
  const owner = async ({ client }: TestCluster, name: string): Promise<string | undefined> =>
    (await client.get('v1/Pod', name, { namespace: NAMESPACE })).metadata.ownerReferences?.[0]?.name;

  test('as many pods as are asked for, fewer when fewer are, and their status', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('apps/v1/ReplicaSet', set(3));
    await clock.settle();
    expect(await names(cluster)).toEqual(['web-*', 'web-*', 'web-*']);
    await clock.advance(1000);
    await client.patch('apps/v1/ReplicaSet', 'web', { spec: { replicas: 1 } }, { type: 'merge', namespace: NAMESPACE });
    await clock.advance(1000);
    expect(await names(cluster)).toEqual(['web-*']);
    const { status } = await client.get('apps/v1/ReplicaSet', 'web', { namespace: NAMESPACE });
    expect(status).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1, observedGeneration: 2 });
    await cluster.stop();
  });

  test('orphans that match are adopted, and count; those of others, and those that do not match, do not', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('v1/Pod', bare('mine', { app: 'web' }));
    await client.create('v1/Pod', bare('another', { app: 'db' }));
    await client.create('apps/v1/ReplicaSet', set(2));
    await clock.settle();
    expect([await owner(cluster, 'mine'), await owner(cluster, 'another')]).toEqual(['web', undefined]);
    expect(await names(cluster)).toEqual(['another', 'mine', 'web-*']);
    await cluster.stop();
  });

  test('a pod that no longer matches is let go and replaced; one that matches again is adopted', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('v1/Pod', bare('mine', { app: 'web' }));
    await client.create('apps/v1/ReplicaSet', set(1));
    await clock.settle();
    const label = (app: string) =>
      client.patch('v1/Pod', 'mine', { metadata: { labels: { app } } }, { type: 'merge', namespace: NAMESPACE });
    await label('aside');
    await clock.settle();
    expect(await owner(cluster, 'mine')).toBeUndefined();
    expect(await names(cluster)).toEqual(['mine', 'web-*']);
    await label('web');
    await clock.advance(1000);
    expect(await names(cluster)).toHaveLength(1);
    await cluster.stop();
  });

  test('a pod that is deleted, or ends, is replaced', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('apps/v1/ReplicaSet', set(2));
    await clock.settle();
    const [first, second] = (await client.list('v1/Pod')).items;
    await client.delete('v1/Pod', first!.metadata.name, { namespace: NAMESPACE });
    await client.patch(
      'v1/Pod',
      second!.metadata.name,
      { status: { phase: 'Failed' } },
      { type: 'merge', namespace: NAMESPACE, subresource: 'status' },
    );
    await clock.advance(1000);
    const left = (await client.list('v1/Pod')).items;
    expect(left.map(({ status }) => status?.phase).sort()).toEqual(['Failed', 'Running', 'Running']);
    await cluster.stop();
  });

  test('pods that are refused: a condition, an event, and another try', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    const quota = { apiVersion: 'v1' as const, kind: 'ResourceQuota' as const, metadata: { name: 'few', namespace: NAMESPACE } };
    await client.create('v1/ResourceQuota', { ...quota, spec: { hard: { pods: '1' } } });
    await clock.settle();
    await client.create('apps/v1/ReplicaSet', set(3));
    await clock.settle();
    const failing = await client.get('apps/v1/ReplicaSet', 'web', { namespace: NAMESPACE });
    expect(failing.status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: expect.stringMatching(/exceeded quota: few/) },
    ]);
    expect((await told(cluster, 'ReplicaSet')).some((t) => t.startsWith('FailedCreate: Error creating: pods "web-'))).toBe(true);
    await client.delete('v1/ResourceQuota', 'few', { namespace: NAMESPACE });
    await clock.advance(60_000);
    const mended = await client.get('apps/v1/ReplicaSet', 'web', { namespace: NAMESPACE });
    expect([mended.status?.readyReplicas, mended.status?.conditions]).toEqual([3, undefined]);
    await cluster.stop();
  });

  test('a set that is being deleted makes and adopts nothing', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('apps/v1/ReplicaSet', { ...set(1), metadata: { ...set(1).metadata, finalizers: ['example.com/held'] } });
    await clock.settle();
    await client.delete('apps/v1/ReplicaSet', 'web', { namespace: NAMESPACE, propagationPolicy: 'Orphan' });
    await clock.settle();
    await client.deleteCollection('v1/Pod', { namespace: NAMESPACE });
    await client.create('v1/Pod', bare('mine', { app: 'web' }));
    await clock.advance(5000);
    expect(await names(cluster)).toEqual(['mine']);
    expect(await owner(cluster, 'mine')).toBeUndefined();
    await cluster.stop();
  });

  test('a ReplicationController does the same by its plain selector, and says how many are ready', async () => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    await client.create('v1/ReplicationController', {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'web', namespace: NAMESPACE },
      spec: { replicas: 2, selector: { app: 'web' }, template: template() },
    });
    await client.create('v1/Pod', bare('mine', { app: 'web' }));
    await clock.advance(1000);
    expect(await names(cluster)).toHaveLength(2);
    const { status } = await client.get('v1/ReplicationController', 'web', { namespace: NAMESPACE });
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 2, fullyLabeledReplicas: 2 });
    expect(status).not.toHaveProperty('terminatingReplicas');
    await client.patch('v1/ReplicationController', 'web', { spec: { replicas: 0 } }, { type: 'merge', namespace: NAMESPACE });
    await clock.advance(1000);
    expect(await names(cluster)).toEqual([]);
    await cluster.stop();
  });
});
