import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { budgetStatus, staleInMs } from '../../../src/cluster/controllers/disruption.ts';
import { at, NAMESPACE, pod, startedCluster, stored, template, told } from './harness.ts';

const NOW = at('00:10:00');

const budget = (status: object = {}): PodDisruptionBudget =>
  stored<PodDisruptionBudget>({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', generation: 1 },
    spec: {},
    status,
  });

const three = [pod({ name: 'a' }), pod({ name: 'b' }), pod({ name: 'c' })];

describe('updatePdbStatus', () => {
  test.each([
    { situation: 'one too many', pods: three, counts: { expected: 3, desired: 2 }, expected: { currentHealthy: 3, disruptionsAllowed: 1 } },
    {
      situation: 'unready pods are not healthy',
      pods: [three[0]!, pod({ name: 'b', ready: false })],
      counts: { expected: 2, desired: 2 },
      expected: { currentHealthy: 1, disruptionsAllowed: 0 },
    },
    {
      situation: 'a terminating pod is expected, not healthy',
      pods: [three[0]!, pod({ name: 'b', deleted: true })],
      counts: { expected: 2, desired: 1 },
      expected: { currentHealthy: 1, disruptionsAllowed: 0 },
    },
    {
      situation: 'nothing is expected: nothing is allowed',
      pods: three,
      counts: { expected: 0, desired: 0 },
      expected: { currentHealthy: 3, disruptionsAllowed: 0 },
    },
  ])('$situation', ({ pods, counts, expected }) => {
    expect(budgetStatus(budget(), pods, counts, NOW)).toMatchObject(expected);
  });

  test.each([
    { situation: 'an eviction under way', since: '2026-01-01T00:09:00Z', healthy: 2 },
    { situation: 'one that never happened', since: '2026-01-01T00:07:00Z', healthy: 3 },
  ])('$situation', ({ since, healthy }) => {
    const status = budgetStatus(budget({ disruptedPods: { a: since } }), three, { expected: 3, desired: 1 }, NOW);
    expect(status.currentHealthy).toBe(healthy);
    expect(Object.keys(status.disruptedPods ?? {})).toEqual(healthy === 2 ? ['a'] : []);
  });
});

describe('nonTerminatingPodHasStaleDisruptionCondition', () => {
  const marked = (more: { status?: string; reason?: string; since?: string; phase?: string; deleted?: boolean } = {}): Pod => {
    const { status = 'True', reason = 'EvictionByEvictionAPI', since = '2026-01-01T00:09:00Z', phase = 'Running', deleted = false } = more;
    const made = pod({ name: 'a', phase, deleted });
    return { ...made, status: { ...made.status, conditions: [{ type: 'DisruptionTarget', status, reason, lastTransitionTime: since }] } };
  };
  test.each([
    { situation: 'no mark', of: pod({ name: 'a' }), expected: undefined },
    { situation: 'a minute ago', of: marked(), expected: 60_000 },
    { situation: 'long ago', of: marked({ since: '2026-01-01T00:01:00Z' }), expected: 0 },
    { situation: 'taken back', of: marked({ status: 'False' }), expected: undefined },
    { situation: 'of a pod that goes', of: marked({ deleted: true }), expected: undefined },
    { situation: 'of a pod that ended', of: marked({ phase: 'Failed' }), expected: undefined },
    { situation: 'by the kubelet, which takes its time', of: marked({ reason: 'TerminationByKubelet' }), expected: undefined },
  ])('$situation', ({ of, expected }) => {
    expect(staleInMs(of, NOW)).toBe(expected);
  });
});

describe('whole runs', () => {
  const scope = { namespace: NAMESPACE };
  const metadata = { name: 'web', ...scope };
  const began = async (spec: PodDisruptionBudget['spec'], replicas: number | undefined = 4) => {
    const cluster = await startedCluster();
    const { client, clock } = cluster;
    const deployment = { replicas, selector: { matchLabels: { app: 'web' } }, template: template() };
    if (replicas > 0) await client.create('apps/v1/Deployment', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment });
    await client.create('policy/v1/PodDisruptionBudget', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: spec ?? {},
    });
    await clock.advance(2000);
    const status = async () => (await client.get('policy/v1/PodDisruptionBudget', 'web', scope)).status;
    const lone = (name: string, owner?: object) =>
      client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...scope, labels: { app: 'web' }, ...(owner ? { ownerReferences: [owner as never] } : {}) },
        spec: { containers: [{ name: 'app', image: 'i' }] },
      });
    return { ...cluster, status, lone };
  };
  const selector = { matchLabels: { app: 'web' } };

  test.each<{ situation: string; spec: NonNullable<PodDisruptionBudget['spec']>; expected: object }>([
    {
      situation: 'a share that may be missing is taken of the whole Deployment, rounded up',
      spec: { selector, maxUnavailable: '30%' },
      expected: { expectedPods: 4, desiredHealthy: 2, currentHealthy: 4, disruptionsAllowed: 2 },
    },
    {
      situation: 'a share that must be there, rounded up',
      spec: { selector, minAvailable: '30%' },
      expected: { expectedPods: 4, desiredHealthy: 2, disruptionsAllowed: 2 },
    },
    {
      situation: 'a number that may be missing',
      spec: { selector, maxUnavailable: 1 },
      expected: { desiredHealthy: 3, disruptionsAllowed: 1 },
    },
    {
      situation: 'more may be missing than there are',
      spec: { selector, maxUnavailable: 9 },
      expected: { desiredHealthy: 0, disruptionsAllowed: 4 },
    },
    {
      situation: 'a number that must be there',
      spec: { selector, minAvailable: 4 },
      expected: { desiredHealthy: 4, disruptionsAllowed: 0 },
    },
    { situation: 'more than there are', spec: { selector, minAvailable: 9 }, expected: { desiredHealthy: 9, disruptionsAllowed: 0 } },
    {
      situation: 'an empty selector covers all',
      spec: { selector: {}, minAvailable: 1 },
      expected: { expectedPods: 4, disruptionsAllowed: 3 },
    },
    { situation: 'no selector covers none', spec: { minAvailable: 1 }, expected: { expectedPods: 0, disruptionsAllowed: 0 } },
  ])('$situation', async ({ spec, expected }) => {
    const { status, stop } = await began(spec);
    expect(await status()).toMatchObject(expected);
    await stop();
  });

  test('pods of nobody are told of, and make no share', async () => {
    const cluster = await began({ selector, maxUnavailable: 1 }, 0);
    await cluster.lone('a');
    await cluster.clock.advance(2000);
    expect(await cluster.status()).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
    expect((await told(cluster, 'PodDisruptionBudget')).some((t) => t.startsWith('UnmanagedPods: Pods selected by'))).toBe(true);
    await cluster.stop();
  });

  test('pods of an owner that is gone: the budget fails safe', async () => {
    const cluster = await began({ selector, maxUnavailable: 1 }, 0);
    await cluster.lone('a', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'gone', uid: 'gone', controller: true });
    await cluster.clock.settle();
    const { disruptionsAllowed, conditions } = (await cluster.status())!;
    expect([disruptionsAllowed, conditions?.[0]?.reason, conditions?.[0]?.message]).toEqual([
      0,
      'SyncFailed',
      'found no controllers for pod "a"',
    ]);
    expect(await told(cluster, 'PodDisruptionBudget')).toContain(
      'CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: found no controllers for pod "a"',
    );
    await cluster.stop();
  });

  test('a pod that was marked and does not go is marked no more after two minutes', async () => {
    const { client, clock, lone, stop } = await began({ selector, minAvailable: 1 }, 0);
    await lone('a');
    await clock.advance(1000);
    const lastTransitionTime = new Date(clock.now()).toISOString().replace(/\.\d+/, '');
    const mark = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'x', lastTransitionTime };
    await client.patch('v1/Pod', 'a', { status: { conditions: [mark] } }, { type: 'strategic', ...scope, subresource: 'status' });
    const shown = async () => (await client.get('v1/Pod', 'a', scope)).status?.conditions?.find((c) => c.type === 'DisruptionTarget');
    await clock.advance(110_000);
    expect(await shown()).toMatchObject({ status: 'True' });
    await clock.advance(20_000);
    const { status, reason, message } = (await shown())!;
    expect([status, reason, message]).toEqual(['False', undefined, undefined]);
    await stop();
  });
});
