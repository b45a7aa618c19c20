// Each invariant of a world at rest, against a small world that is right and others that are not.
import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '#api/core/v1';
import { autoscalersSettle } from '../../../src/cluster/simulation/invariants/autoscalers-settle.ts';
import { claimsAreBound } from '../../../src/cluster/simulation/invariants/claims-are-bound.ts';
import { desiredEqualsLive } from '../../../src/cluster/simulation/invariants/desired-equals-live.ts';
import { endpointsAreReady } from '../../../src/cluster/simulation/invariants/endpoints-are-ready.ts';
import { evictionsWithinBudgets } from '../../../src/cluster/simulation/invariants/evictions-within-budgets.ts';
import { addressesDiffer, noOrphans } from '../../../src/cluster/simulation/invariants/no-orphans.ts';
import { nodesHold } from '../../../src/cluster/simulation/invariants/nodes-hold.ts';
import { schedulesAreKept } from '../../../src/cluster/simulation/invariants/schedules-are-kept.ts';
import type { StoreEvent } from '../../../src/cluster/storage/store.ts';
import type { World } from '../../../src/cluster/simulation/world.ts';

type Loose = Record<string, unknown>;

const NOTHING: World = {
  nodes: [],
  pods: [],
  deployments: [],
  replicaSets: [],
  statefulSets: [],
  daemonSets: [],
  jobs: [],
  cronJobs: [],
  autoscalers: [],
  services: [],
  claims: [],
  volumes: [],
  endpointSlices: [],
  running: [],
};
const world = (parts: Readonly<Record<keyof World, unknown>> | Loose): World => ({ ...NOTHING, ...parts }) as World;

const meta = (name: string, more: Loose = {}): Loose => ({ name, namespace: 'shop', uid: `uid-${name}`, generation: 1, ...more });
const ownedBy = (kind: string, name: string): Loose => ({
  ownerReferences: [{ kind, name, uid: `uid-${name}`, controller: true, apiVersion: 'apps/v1' }],
});
const pod = (name: string, more: Loose = {}, { ip = '10.0.0.1', node = 'n', ready = 'True', cpu = '1' } = {}): Pod =>
  ({
    metadata: meta(name, { labels: { app: 'web' }, ...more }),
    spec: { nodeName: node, containers: [{ name: 'c', image: 'x', resources: { requests: { cpu } } }] },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: ready }],
      containerStatuses: [{ state: { running: {} } }],
    },
  }) as unknown as Pod;
const node = { metadata: { name: 'n' }, status: { allocatable: { cpu: '2', memory: '1Gi', pods: '2' } } } as unknown as Node;

describe('endpoints are the ready pods', () => {
  const service = { metadata: meta('web'), spec: { selector: { app: 'web' } } };
  const slice = (...endpoints: Loose[]): Loose => ({
    metadata: meta('web-1', { labels: { 'kubernetes.io/service-name': 'web' } }),
    endpoints,
  });
  const endpoint = (name: string, address = '10.0.0.1', ready = true): Loose => ({
    addresses: [address],
    conditions: { ready },
    targetRef: { uid: `uid-${name}`, name },
  });

  it.each<[string, readonly Pod[], Loose, readonly RegExp[]]>([
    ['all of them', [pod('a')], slice(endpoint('a')), []],
    ['one is missing', [pod('a')], slice(), [/ready pod shop\/a is no endpoint/]],
    ['one is not ready', [pod('a', {}, { ready: 'False' })], slice(endpoint('a')), [/\(a\) is no ready pod/]],
    ['one is not ready, and is told so', [pod('a', {}, { ready: 'False' })], slice(endpoint('a', '10.0.0.1', false)), []],
    ['one is gone', [], slice(endpoint('a')), [/\(a\) is no ready pod/]],
    ['an address is that of before', [pod('a')], slice(endpoint('a', '10.0.0.9')), [/10\.0\.0\.9 is not where pod shop\/a is/]],
  ])('%s', (_, pods, one, expected) => {
    const found = endpointsAreReady.check(world({ services: [service], endpointSlices: [one], pods }));
    expect(found).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('no orphans', () => {
  const set = { metadata: meta('set') };
  const runs = pod('a', ownedBy('ReplicaSet', 'set'));

  it.each<[string, Loose, readonly RegExp[]]>([
    ['none', { pods: [runs], running: [runs], replicaSets: [set], nodes: [node] }, []],
    ['an owner is gone', { pods: [runs], running: [runs], nodes: [node] }, [/Pod shop\/a belongs to ReplicaSet set, which is no more/]],
    ['a node is gone', { pods: [runs], running: [runs], replicaSets: [set] }, [/is bound to node n, which is no more/]],
    ['containers of a pod that is gone', { running: [runs] }, [/containers of Pod shop\/a run on n/]],
    [
      'a pod says it runs, and does not',
      { pods: [runs], replicaSets: [set], nodes: [node] },
      [/says that it runs, and nothing of it runs/],
    ],
  ])('%s', (_, parts, expected) => {
    expect(noOrphans.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('claims are bound', () => {
  const claim = (name: string, volumeName: string, phase = 'Bound'): Loose => ({
    metadata: meta(name),
    spec: { volumeName },
    status: { phase },
  });
  const volume = (name: string, of: string): Loose => ({
    metadata: { name },
    spec: { claimRef: { namespace: 'shop', name: of, uid: `uid-${of}` } },
    status: { phase: 'Bound' },
  });
  const user = { ...pod('a'), spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }], containers: [] } };

  it.each<[string, Loose, readonly RegExp[]]>([
    ['each to its own', { claims: [claim('c', 'v')], volumes: [volume('v', 'c')] }, []],
    ['one waits, and nobody uses it', { claims: [claim('c', '', 'Pending')] }, []],
    [
      'one waits, and a pod uses it',
      { claims: [claim('c', '', 'Pending')], pods: [user] },
      [/claim shop\/c is Pending, and a pod uses it/],
    ],
    ['a volume is gone', { claims: [claim('c', 'v')] }, [/bound to volume v, which is no more/]],
    [
      "a volume is another one's",
      { claims: [claim('c', 'v'), claim('d', 'w')], volumes: [volume('v', 'd'), volume('w', 'd')] },
      [/is bound to volume v, which is another one's/],
    ],
    ['a claim is gone', { volumes: [volume('v', 'c')] }, [/volume v is bound to claim shop\/c, which is no more/]],
  ])('%s', (_, parts, expected) => {
    expect(claimsAreBound.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('claims of a StatefulSet', () => {
  const set = (replicas: number, whenScaled = 'Retain'): Loose => ({
    metadata: meta('db'),
    spec: { replicas, volumeClaimTemplates: [{ metadata: { name: 'data' } }], persistentVolumeClaimRetentionPolicy: { whenScaled } },
  });
  const claim = (ordinal: number): Loose => ({ metadata: meta(`data-db-${ordinal}`) });

  it.each<[string, Loose, readonly RegExp[]]>([
    ['one for each replica', { statefulSets: [set(2)], claims: [claim(0), claim(1)] }, []],
    ['one is missing', { statefulSets: [set(2)], claims: [claim(0)] }, [/claim shop\/data-db-1 is missing/]],
    ['more are kept, as it is wanted', { statefulSets: [set(1)], claims: [claim(0), claim(1)] }, []],
    [
      'more are kept, and are not to be',
      { statefulSets: [set(1, 'Delete')], claims: [claim(0), claim(1)] },
      [/data-db-1 is kept, and there are 1 replicas/],
    ],
  ])('%s', (_, parts, expected) => {
    expect(claimsAreBound.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('CronJobs know their Jobs', () => {
  const cronJob = (active: readonly string[] = []): Loose => ({
    metadata: meta('tick'),
    spec: { successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 },
    status: { active: active.map((name) => ({ name })) },
  });
  const job = (name: string, type?: string, minute = name): Loose => ({
    metadata: meta(name, {
      ...ownedBy('CronJob', 'tick'),
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': minute },
    }),
    status: type ? { conditions: [{ type, status: 'True' }] } : {},
  });

  it.each<[string, Loose, readonly RegExp[]]>([
    ['as it should be', { cronJobs: [cronJob(['b'])], jobs: [job('a', 'Complete'), job('b')] }, []],
    ['one that runs is not listed', { cronJobs: [cronJob()], jobs: [job('a')] }, [/lists none as active, and a are/]],
    ['one that ended is listed', { cronJobs: [cronJob(['a'])], jobs: [job('a', 'Complete')] }, [/lists a as active, and none are/]],
    [
      'too many that are complete',
      { cronJobs: [cronJob()], jobs: [job('a', 'Complete'), job('b', 'Complete')] },
      [/keeps 2 Jobs that are complete/],
    ],
    ['too many that failed', { cronJobs: [cronJob()], jobs: [job('a', 'Failed')] }, [/keeps 1 Jobs that failed/]],
    [
      'two for one time',
      { cronJobs: [cronJob(['b'])], jobs: [job('a', 'Complete', '1'), job('b', undefined, '1')] },
      [/has two Jobs for one time/],
    ],
  ])('%s', (_, parts, expected) => {
    expect(schedulesAreKept.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('autoscalers settle', () => {
  const deployments = (replicas: number): readonly Loose[] => [{ metadata: meta('web'), spec: { replicas } }];
  const autoscaler = (used: number | undefined, desiredReplicas: number): Loose => ({
    metadata: meta('web'),
    spec: {
      minReplicas: 1,
      maxReplicas: 4,
      scaleTargetRef: { name: 'web' },
      metrics: [{ resource: { target: { averageUtilization: 50 } } }],
    },
    status: {
      desiredReplicas,
      ...(used === undefined ? {} : { currentMetrics: [{ resource: { current: { averageUtilization: used } } }] }),
    },
  });

  it.each<[string, Loose, readonly RegExp[]]>([
    ['as many as it wants', { autoscalers: [autoscaler(50, 2)], deployments: deployments(2) }, []],
    ['a little more is tolerated', { autoscalers: [autoscaler(54, 2)], deployments: deployments(2) }, []],
    [
      'too much, and more are to be had',
      { autoscalers: [autoscaler(90, 2)], deployments: deployments(2) },
      [/90% are used of 50%, and 2 replicas are left so/],
    ],
    ['too much, and it has all it may', { autoscalers: [autoscaler(90, 4)], deployments: deployments(4) }, []],
    [
      'too little, and fewer would do',
      { autoscalers: [autoscaler(10, 3)], deployments: deployments(3) },
      [/10% are used of 50%, and 3 replicas stay/],
    ],
    ['too little, and it has the fewest', { autoscalers: [autoscaler(10, 1)], deployments: deployments(1) }, []],
    ['it wants another number', { autoscalers: [autoscaler(50, 3)], deployments: deployments(2) }, [/wants 3 replicas, and there are 2/]],
    ['beyond its bounds', { autoscalers: [autoscaler(50, 7)], deployments: deployments(7) }, [/7 replicas, and its bounds are 1 and 4/]],
    ['nothing is known', { autoscalers: [autoscaler(undefined, 2)], deployments: deployments(2) }, [/knows of no usage/]],
    ['it is off', { autoscalers: [autoscaler(undefined, 0)], deployments: deployments(0) }, []],
  ])('%s', (_, parts, expected) => {
    expect(autoscalersSettle.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('no eviction goes beyond a budget', () => {
  const event = (key: string, value: Loose, previous?: Loose): StoreEvent =>
    ({ type: previous ? 'update' : 'create', key, revision: 1, value, previous }) as unknown as StoreEvent;
  const budget = (disruptionsAllowed: number, ...disrupted: readonly string[]): Loose => ({
    metadata: meta('web'),
    spec: { selector: { matchLabels: { app: 'web' } } },
    status: { disruptionsAllowed, disruptedPods: Object.fromEntries(disrupted.map((name) => [name, '2026-01-01T00:00:00Z'])) },
  });
  const evicted = (one: Pod, reason = 'EvictionByEvictionAPI'): Loose => {
    const mark = { type: 'DisruptionTarget', status: 'True', reason };
    return { ...one, status: { ...one.status, conditions: [...(one.status?.conditions ?? []), mark] } };
  };
  const BUDGET = '/registry/poddisruptionbudgets/shop/web';
  const POD = '/registry/pods/shop/a';
  const a = pod('a');
  const loose = (one: Pod): Loose => one as unknown as Loose;

  it.each<[string, readonly StoreEvent[], readonly RegExp[]]>([
    [
      'one is taken, and its pod goes',
      [event(BUDGET, budget(1)), event(BUDGET, budget(0, 'a'), budget(1)), event(POD, evicted(a), loose(a))],
      [],
    ],
    [
      'a pod goes that is not counted',
      [event(BUDGET, budget(1)), event(POD, evicted(a), loose(a))],
      [/is evicted, and budget web does not count it/],
    ],
    [
      'one is taken where none is left',
      [event(BUDGET, budget(0)), event(BUDGET, budget(-1, 'a'), budget(0))],
      [/-1 disruptions are allowed/],
    ],
    [
      'two are taken for one',
      [event(BUDGET, budget(2)), event(BUDGET, budget(1, 'a', 'b'), budget(2))],
      [/a, b is taken of 2 disruptions, and 1 are left/],
    ],
    [
      'one is taken for nothing',
      [event(BUDGET, budget(1)), event(BUDGET, budget(1, 'a'), budget(1))],
      [/a is taken of 1 disruptions, and 1 are left/],
    ],
    ['the controller counts anew', [event(BUDGET, budget(0, 'a')), event(BUDGET, budget(2), budget(0, 'a'))], []],
    ['a pod of no budget', [event(POD, evicted(a), loose(a))], []],
    [
      'a pod that was not ready',
      [event(BUDGET, budget(0)), event(POD, evicted(pod('a', {}, { ready: 'False' })), loose(pod('a', {}, { ready: 'False' })))],
      [],
    ],
    ['a pod that a taint evicts', [event(BUDGET, budget(0)), event(POD, evicted(a, 'DeletionByTaintManager'), loose(a))], []],
    [
      'a budget that is gone',
      [event(BUDGET, budget(0)), { ...event(BUDGET, budget(0), budget(0)), type: 'delete' }, event(POD, evicted(a), loose(a))],
      [],
    ],
  ])('%s', (_, events, expected) => {
    const { check } = evictionsWithinBudgets();
    const problems = events.map(check).filter((problem) => problem !== undefined);
    expect(problems).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});

describe('addresses and nodes', () => {
  it('no two pods have one address', () => {
    expect(addressesDiffer.check(world({ pods: [pod('a'), pod('b', {}, { ip: '10.0.0.2' })] }))).toEqual([]);
    expect(addressesDiffer.check(world({ pods: [pod('a'), pod('b')] }))).toEqual(['pods shop/a and shop/b both have 10.0.0.1']);
  });

  it('a node holds what is bound to it', () => {
    expect(nodesHold.check(world({ nodes: [node], pods: [pod('a'), pod('b')] }))).toEqual([]);
    expect(nodesHold.check(world({ nodes: [node], pods: [pod('a'), pod('b', {}, { cpu: '1500m' })] }))).toEqual([
      'node n: 2500m CPU are requested of 2000m',
    ]);
    expect(nodesHold.check(world({ nodes: [node], pods: ['a', 'b', 'c'].map((name) => pod(name, {}, { cpu: '100m' })) }))).toEqual([
      'node n: 3 pods are bound, and it takes 2',
    ]);
  });
});

describe('desired equals live', () => {
  const deployment = (status: Loose, replicas = 1): Loose => ({
    metadata: meta('web'),
    spec: { replicas },
    status: { observedGeneration: 1, ...status },
  });
  const set = { metadata: meta('web-1', ownedBy('Deployment', 'web')), spec: { replicas: 1 } };
  const one = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const owned = pod('a', ownedBy('ReplicaSet', 'web-1'));

  it.each<[string, Loose, readonly RegExp[]]>([
    ['as it should be', { deployments: [deployment(one)], replicaSets: [set], pods: [owned] }, []],
    ['a pod is missing', { deployments: [deployment(one)], replicaSets: [set] }, [/ready pods 0 instead of 1/]],
    [
      'the status is that of before',
      { deployments: [deployment({ ...one, observedGeneration: 0 })], replicaSets: [set], pods: [owned] },
      [/observedGeneration 0 instead of 1/],
    ],
    [
      'an old ReplicaSet still has replicas',
      {
        deployments: [deployment(one)],
        replicaSets: [set, { metadata: meta('web-0', ownedBy('Deployment', 'web')), spec: { replicas: 1 } }],
        pods: [owned],
      },
      [/ReplicaSets with replicas 2 instead of 1/],
    ],
    [
      'a Job has not ended',
      { jobs: [{ metadata: meta('j'), spec: { completions: 2 }, status: { succeeded: 1, active: 1 } }] },
      [/status.succeeded 1 instead of 2/, /status.active 1 instead of 0/],
    ],
    [
      'a Job that failed has a pod that goes on',
      {
        jobs: [{ metadata: meta('j'), spec: {}, status: { conditions: [{ type: 'Failed', status: 'True' }] } }],
        pods: [pod('j-1', ownedBy('Job', 'j'))],
      },
      [/pods that go on 1 instead of 0/],
    ],
    [
      'a Job has ended, and holds a pod',
      {
        jobs: [
          { metadata: meta('j'), spec: { completions: 1 }, status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] } },
        ],
        pods: [pod('j-1', { ...ownedBy('Job', 'j'), finalizers: ['batch.kubernetes.io/job-tracking'] })],
      },
      [/pods not let go 1 instead of 0/],
    ],
    [
      'a daemon is missing',
      {
        nodes: [node],
        daemonSets: [
          {
            metadata: meta('d'),
            spec: { template: { spec: { containers: [] } } },
            status: { desiredNumberScheduled: 1, numberReady: 1, updatedNumberScheduled: 1 },
          },
        ],
      },
      [/ready pods 0 instead of 1/, /nodes with a ready pod 0 instead of 1/],
    ],
    [
      'a StatefulSet has another pod than it should',
      {
        statefulSets: [
          { metadata: meta('db'), spec: { replicas: 1 }, status: { observedGeneration: 1, readyReplicas: 1, updatedReplicas: 1 } },
        ],
        pods: [pod('db-1', ownedBy('StatefulSet', 'db'))],
      },
      [/ready pods db-1 instead of db-0/],
    ],
  ])('%s', (_, parts, expected) => {
    expect(desiredEqualsLive.check(world(parts))).toEqual(expected.map((text) => expect.stringMatching(text) as string));
  });
});
