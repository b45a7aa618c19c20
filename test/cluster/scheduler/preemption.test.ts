import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { asking, node, pod, preemption, type World } from './snapshot.ts';

const running = (nodeName: string, name: string, priority: number, cpu: string, started = 0, labels: Record<string, string> = {}): Pod =>
  pod(name, { nodeName, priority, ...asking({ cpu }) }, labels, {
    startTime: new Date(Date.UTC(2026, 0, 1) + started * 1000).toISOString(),
  });

const big = (cpu: string, more: Partial<Pod['spec']> = {}): Pod => pod('big', { priority: 100, ...asking({ cpu }), ...more });

const budget = (disruptionsAllowed: number): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: pod('pdb').metadata,
  spec: { selector: { matchLabels: { app: 'kept' } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});

/** It waits for room on a node already. */
const waitingFor = (nominatedNodeName: string): Pod => ({ ...big('4'), status: { nominatedNodeName } });

const going = (name: string, reason: string): Pod => {
  const { metadata, ...rest } = running('a', name, 0, '2');
  return {
    ...rest,
    metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:01:00Z' },
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: '2026-01-01T00:01:00Z' }] },
  };
};

const ab = [node('a'), node('b')];

const cases: readonly (readonly [string, Pod, World, string])[] = [
  ['the lower priority goes', big('4'), { nodes: ab, pods: [running('a', 'low', 0, '3'), running('b', 'higher', 50, '3')] }, 'a: low'],
  [
    'only as many as needed, the least important of them',
    big('2'),
    { nodes: [node('a')], pods: [running('a', 'p1', 10, '2'), running('a', 'p2', 0, '2')] },
    'a: p2',
  ],
  [
    'the smallest sum of priorities, of equally high ones',
    big('4'),
    { nodes: ab, pods: [running('a', 'p1', 10, '2'), running('a', 'p2', 10, '2'), running('b', 'p3', 10, '4')] },
    'b: p3',
  ],
  [
    'the one that has run for the shortest time',
    big('4'),
    { nodes: ab, pods: [running('a', 'old', 10, '4', 0), running('b', 'young', 10, '4', 60)] },
    'b: young',
  ],
  [
    'a budget is kept where others can go',
    big('4'),
    { nodes: ab, pods: [running('a', 'kept', 0, '4', 0, { app: 'kept' }), running('b', 'free', 10, '4')], budgets: [budget(0)] },
    'b: free',
  ],
  [
    'and broken where none can',
    big('4'),
    { nodes: [node('a')], pods: [running('a', 'kept', 0, '4', 0, { app: 'kept' })], budgets: [budget(0)] },
    'a: kept (1 budget)',
  ],
  [
    'preemptionPolicy Never',
    big('4', { preemptionPolicy: 'Never' }),
    { nodes: [node('a')], pods: [running('a', 'low', 0, '4')] },
    'not eligible due to preemptionPolicy=Never.',
  ],
  [
    'those that were asked to leave for it are still there',
    waitingFor('a'),
    { nodes: ab, pods: [going('asked', 'PreemptionByScheduler'), running('b', 'low', 0, '4')] },
    'not eligible due to a terminating pod on the nominated node.',
  ],
  [
    'a pod that goes for another reason was not asked to leave for it',
    waitingFor('a'),
    { nodes: [node('a')], pods: [going('drained', 'EvictionByEvictionAPI'), running('a', 'low', 0, '2')] },
    'a: drained low',
  ],
  [
    'the node where it waits for room will never do',
    waitingFor('b'),
    { nodes: [node('a'), node('b', {}, { unschedulable: true })], pods: [running('a', 'low', 0, '4')] },
    'a: low',
  ],
  [
    'nobody is lower',
    big('4'),
    { nodes: [node('a'), node('b', {}, { allocatable: { cpu: '1' } })], pods: [running('a', 'equal', 100, '4')] },
    '0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
  ],
  [
    'those who are lower do not take enough',
    big('4'),
    { nodes: [node('a')], pods: [running('a', 'low', 0, '1'), running('a', 'equal', 100, '3')] },
    '0/1 nodes are available: 1 Insufficient cpu.',
  ],
];

describe('preemption', () => {
  test.each(cases)('%s', (_situation, incoming, world, expected) => {
    const outcome = preemption(incoming, world);
    if (outcome.is === 'no') {
      expect(outcome.message).toBe(expected);
      return;
    }
    const { node: chosen, victims, budgetsViolated } = outcome.candidate;
    const broken = budgetsViolated ? ` (${budgetsViolated} budget)` : '';
    expect(`${chosen.name}: ${victims.map((v) => v.pod.metadata.name).join(' ')}${broken}`).toBe(expected);
  });
});
