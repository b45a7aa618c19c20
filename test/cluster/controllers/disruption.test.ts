import { describe, expect, test } from 'vitest';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { budgetStatus } from '../../../src/cluster/controllers/disruption.ts';
import { at, NAMESPACE, pod, startedCluster, stored, template } from './harness.ts';

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

test('a share is taken of the size of the whole Deployment, rounded up', async () => {
  const cluster = await startedCluster();
  const { client, clock } = cluster;
  const metadata = { name: 'web', namespace: NAMESPACE };
  const spec = { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template() };
  await client.create('apps/v1/Deployment', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
  await client.create('policy/v1/PodDisruptionBudget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { selector: { matchLabels: { app: 'web' } }, maxUnavailable: '30%' },
  });
  await clock.advance(2000);
  const live = await client.get('policy/v1/PodDisruptionBudget', 'web', { namespace: NAMESPACE });
  expect(live.status).toMatchObject({ expectedPods: 4, desiredHealthy: 2, currentHealthy: 4, disruptionsAllowed: 2 });
  await cluster.stop();
});
