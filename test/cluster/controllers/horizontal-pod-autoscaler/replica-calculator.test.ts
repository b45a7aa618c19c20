import { describe, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import type { PodMetric } from '../../../../src/cluster/controllers/horizontal-pod-autoscaler/metrics-client.ts';
import {
  averageValueReplicas,
  groupPods,
  perPodReplicas,
  utilizationReplicas,
  valueReplicas,
  type Situation,
} from '../../../../src/cluster/controllers/horizontal-pod-autoscaler/replica-calculator.ts';
import { at, stored } from '../harness.ts';

const NOW = at('12:00:00');

interface Sketch {
  /** Millicores that are used; absent: nobody knows. */
  readonly used?: number;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly deleted?: boolean;
  readonly started?: string;
  readonly readySince?: string;
  readonly request?: string | undefined;
}

const TEN_OF = (used: number, count: number): Sketch[] => Array.from({ length: count }, () => ({ used }));

function pods(sketches: readonly Sketch[]): Pod[] {
  return sketches.map(({ phase = 'Running', ready = true, deleted, started = '10:00:00', readySince = '10:00:10', ...rest }, i) => {
    const request = 'request' in rest ? rest.request : '1';
    const requests = request === undefined ? {} : { requests: { cpu: request } };
    return stored<Pod>({
      metadata: { name: `p${i}`, ...(deleted ? { deletionTimestamp: '2026-01-01T11:00:00Z' } : {}) },
      spec: { containers: [{ name: 'app', resources: requests }] },
      status: {
        phase,
        startTime: `2026-01-01T${started}Z`,
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: `2026-01-01T${readySince}Z` }],
      },
    });
  });
}

const metrics = (sketches: readonly Sketch[]): Map<string, PodMetric> =>
  new Map(
    sketches.flatMap(({ used }, i) =>
      used === undefined ? [] : [[`p${i}`, { atMs: NOW - 5000, windowMs: 15_000, value: used }] as const],
    ),
  );

const situation = (sketches: readonly Sketch[], currentReplicas = sketches.length): Situation => ({
  pods: pods(sketches),
  currentReplicas,
  tolerances: { scaleUp: 0.1, scaleDown: 0.1 },
  now: NOW,
});

const unready: Sketch = { used: 1000, ready: false, started: '11:59:00', readySince: '11:59:00' };
const pending: Sketch = { phase: 'Pending' };

describe('replicas for a target of 50% of requests', () => {
  test.each<{ readonly rule: string; readonly sketches: readonly Sketch[]; readonly replicas: number; readonly utilization: number }>([
    { rule: 'twice the target: twice as many', sketches: TEN_OF(1000, 3), replicas: 6, utilization: 100 },
    { rule: 'half the target: half as many, rounded up', sketches: TEN_OF(250, 3), replicas: 2, utilization: 25 },
    { rule: 'within the tolerance nothing changes', sketches: TEN_OF(545, 3), replicas: 3, utilization: 54 },
    { rule: 'just outside of it', sketches: TEN_OF(560, 3), replicas: 4, utilization: 56 },
    {
      rule: 'on a scale up pods that are not ready count as using nothing',
      sketches: [...TEN_OF(1000, 3), unready],
      replicas: 6,
      utilization: 100,
    },
    { rule: 'pending pods too', sketches: [...TEN_OF(1000, 3), pending, pending], replicas: 6, utilization: 100 },
    {
      rule: 'so many that are not ready that it would go down: unchanged',
      sketches: [...TEN_OF(700, 1), pending, pending],
      replicas: 3,
      utilization: 70,
    },
    { rule: 'on a scale down pods that are not ready do not count', sketches: [...TEN_OF(250, 4), pending], replicas: 2, utilization: 25 },
    {
      rule: 'on a scale down missing pods count as using all that they request',
      sketches: [...TEN_OF(100, 4), {}],
      replicas: 3,
      utilization: 10,
    },
    { rule: 'where that turns the direction: unchanged', sketches: [...TEN_OF(400, 2), {}], replicas: 3, utilization: 40 },
    { rule: 'on a scale up missing pods count as using nothing', sketches: [...TEN_OF(1000, 3), {}], replicas: 6, utilization: 100 },
    {
      rule: 'deleted and failed pods do not count',
      sketches: [...TEN_OF(1000, 2), { used: 9, deleted: true }, { used: 9, phase: 'Failed' }],
      replicas: 4,
      utilization: 100,
    },
  ])('$rule', ({ sketches, replicas, utilization }) => {
    const told = utilizationReplicas(situation(sketches), metrics(sketches), { resource: 'cpu', container: '', target: 50 });
    expect(told).toMatchObject({ replicas, utilization });
  });

  test.each<{ readonly rule: string; readonly sketches: readonly Sketch[]; readonly error: string }>([
    { rule: 'no pods', sketches: [], error: 'no pods returned by selector while calculating replica count' },
    { rule: 'no request', sketches: [{ used: 5, request: undefined }], error: 'missing request for cpu in container app of Pod p0' },
    { rule: 'none that is ready', sketches: [unready], error: 'did not receive metrics for any ready pods' },
  ])('$rule: an error', ({ sketches, error }) => {
    expect(() => utilizationReplicas(situation(sketches), metrics(sketches), { resource: 'cpu', container: '', target: 50 })).toThrow(
      error,
    );
  });
});

describe('groupPods', () => {
  const of = (sketch: Sketch, resource = 'cpu'): string => {
    const groups = groupPods(pods([sketch]), metrics([sketch]), resource, NOW);
    return groups.unready.size ? 'unready' : groups.missing.size ? 'missing' : groups.ignored.size ? 'ignored' : 'ready';
  };

  test.each<{ readonly rule: string; readonly sketch: Sketch; readonly resource?: string; readonly group: string }>([
    {
      rule: 'a pod that just started and became ready less than a window before the metric',
      sketch: { used: 1, started: '11:59:00', readySince: '11:59:50' },
      group: 'unready',
    },
    {
      rule: 'a pod that just started and is ready for longer',
      sketch: { used: 1, started: '11:59:00', readySince: '11:59:30' },
      group: 'ready',
    },
    {
      rule: 'a pod that is past its start and was never ready',
      sketch: { used: 1, ready: false, started: '10:00:00', readySince: '10:00:00' },
      group: 'unready',
    },
    {
      rule: 'a pod that is past its start and became unready later',
      sketch: { used: 1, ready: false, started: '10:00:00', readySince: '11:00:00' },
      group: 'ready',
    },
    {
      rule: 'readiness does not matter for memory',
      sketch: { used: 1, ready: false, started: '11:59:00' },
      resource: 'memory',
      group: 'ready',
    },
    { rule: 'no metric', sketch: {}, group: 'missing' },
    { rule: 'on its way out', sketch: { used: 1, deleted: true }, group: 'ignored' },
  ])('$rule: $group', ({ sketch, resource, group }) => {
    expect(of(sketch, resource)).toBe(group);
  });
});

describe('other targets', () => {
  test.each([
    { rule: 'an average value that is twice the target', used: 200, target: 100, replicas: 6 },
    { rule: 'an average value at the target', used: 105, target: 100, replicas: 3 },
    { rule: 'an average value far below', used: 10, target: 100, replicas: 1 },
  ])('$rule', ({ used, target, replicas }) => {
    const sketches = TEN_OF(used, 3);
    expect(averageValueReplicas(situation(sketches), metrics(sketches), target, 'cpu').replicas).toBe(replicas);
  });

  test('a value for the whole is divided among the pods that are ready', () => {
    expect(valueReplicas(situation([{}, {}, { ready: false }]), 3000, 1000).replicas).toBe(6);
    expect(valueReplicas(situation([{}, {}]), 1050, 1000).replicas).toBe(2);
    expect(valueReplicas({ ...situation([]), currentReplicas: 0 }, 2500, 1000).replicas).toBe(3);
  });

  test('a value a pod does not ask which are ready', () => {
    const tolerances = { scaleUp: 0.1, scaleDown: 0.1 };
    expect(perPodReplicas(3, tolerances, 1200, 100)).toEqual({ replicas: 12, value: 400 });
    expect(perPodReplicas(3, tolerances, 310, 100)).toEqual({ replicas: 3, value: 104 });
  });
});
