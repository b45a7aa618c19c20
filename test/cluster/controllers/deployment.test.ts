import { describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '#api/apps/v1';
import { withRevision } from '../../../src/cluster/controllers/deployment/annotations.ts';
import { fenceposts, rolloutOf } from '../../../src/cluster/controllers/deployment/replica-sets.ts';
import { planRolling } from '../../../src/cluster/controllers/deployment/rolling.ts';
import { isScalingEvent, planScale } from '../../../src/cluster/controllers/deployment/scaling.ts';
import { nextProgressCheck, rolloutStatus } from '../../../src/cluster/controllers/deployment/status.ts';
import { surplusHistory } from '../../../src/cluster/controllers/deployment/sync.ts';
import { at, NAMESPACE, replicaSet, startedCluster, stored, template, told } from './harness.ts';

interface Sketch {
  readonly replicas: number;
  readonly surge?: number | string;
  readonly unavailable?: number | string;
  readonly type?: string;
  readonly status?: Deployment['status'];
  readonly deadline?: number;
}

const deployment = ({ replicas, surge = '25%', unavailable = '25%', type = 'RollingUpdate', status, deadline = 600 }: Sketch): Deployment =>
  stored<Deployment>({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template('example.test/app:2'),
      progressDeadlineSeconds: deadline,
      strategy: type === 'Recreate' ? { type } : { type, rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
    },
    ...(status ? { status } : {}),
  });

const NEW = 'example.test/app:2';
const newSet = (replicas: number, available = replicas, max?: number): ReplicaSet =>
  replicaSet({ name: 'new', replicas, available, image: NEW, created: '2026-01-01T01:00:00Z', ...sizes(max) });
const oldSet = (replicas: number, available = replicas, max?: number): ReplicaSet =>
  replicaSet({ name: 'old', replicas, available, ...sizes(max) });
const sizes = (max: number | undefined) =>
  max === undefined
    ? {}
    : { annotations: { 'deployment.kubernetes.io/max-replicas': String(max), 'deployment.kubernetes.io/desired-replicas': '10' } };

describe('ResolveFenceposts', () => {
  test.each([
    { replicas: 4, surge: '25%', unavailable: '25%', expected: { surge: 1, unavailable: 1 } },
    { replicas: 3, surge: '25%', unavailable: '25%', expected: { surge: 1, unavailable: 0 } },
    { replicas: 10, surge: 0, unavailable: 0, expected: { surge: 0, unavailable: 1 } },
    { replicas: 1, surge: '0%', unavailable: '50%', expected: { surge: 0, unavailable: 1 } },
  ])('$replicas replicas, $surge and $unavailable', ({ expected, ...sketch }) => {
    expect(fenceposts(deployment(sketch))).toEqual(expected);
  });
});

describe('rolling update', () => {
  test.each([
    { situation: 'grows up to the surge', of: { replicas: 4 }, new: newSet(0), old: oldSet(4), expected: ['new 1'] },
    { situation: 'waits for the new pod', of: { replicas: 4, unavailable: 0 }, new: newSet(1, 0), old: oldSet(4), expected: [] },
    {
      situation: 'an available new pod lets an old one go',
      of: { replicas: 4, unavailable: 0 },
      new: newSet(1),
      old: oldSet(4),
      expected: ['old 3'],
    },
    {
      situation: 'without surge an old one goes first',
      of: { replicas: 4, surge: 0, unavailable: 1 },
      new: newSet(0),
      old: oldSet(4),
      expected: ['old 3'],
    },
    {
      situation: 'unhealthy old pods go first, and count',
      of: { replicas: 4, unavailable: 1 },
      new: newSet(1, 0),
      old: oldSet(4, 2),
      expected: ['old 3'],
    },
    { situation: 'too many new ones are taken back', of: { replicas: 2 }, new: newSet(5), old: oldSet(0), expected: ['new 2'] },
    { situation: 'complete', of: { replicas: 3 }, new: newSet(3), old: oldSet(0), expected: [] },
  ])('$situation', ({ of, new: newRS, old, expected }) => {
    const steps = planRolling({ deployment: deployment(of), newRS, oldRSs: [old] });
    expect(steps.map((s) => `${s.replicaSet.metadata.name} ${s.replicas}`)).toEqual(expected);
  });
});

describe('scaling', () => {
  test('a size other than the last desired one is a scaling event', () => {
    const rollout = rolloutOf(deployment({ replicas: 5 }), [newSet(3, 3, 13)]);
    expect(isScalingEvent(rollout)).toBe(true);
    expect(isScalingEvent(rolloutOf(deployment({ replicas: 10 }), [newSet(3, 3, 13)]))).toBe(false);
  });

  test.each([
    { situation: 'the only active set takes all', of: { replicas: 7 }, sets: [newSet(3), oldSet(0)], expected: ['new 7'] },
    { situation: 'saturated: the old ones go', of: { replicas: 10 }, sets: [newSet(10, 10, 13), oldSet(2)], expected: ['old 0'] },
    {
      situation: 'in proportion, what is left over to the largest',
      of: { replicas: 20, surge: 3, unavailable: 2 },
      sets: [newSet(5, 5, 13), oldSet(8, 8, 13)],
      expected: ['old 14', 'new 9'],
    },
    { situation: 'to none', of: { replicas: 0, surge: 3 }, sets: [newSet(5, 5, 13), oldSet(8, 8, 13)], expected: ['old 0', 'new 0'] },
    { situation: 'Recreate does not share', of: { replicas: 20, type: 'Recreate' }, sets: [newSet(5), oldSet(8)], expected: [] },
  ])('$situation', ({ of, sets, expected }) => {
    const steps = planScale(rolloutOf(deployment(of), sets));
    expect(steps.map((s) => `${s.replicaSet.metadata.name} ${s.replicas}`)).toEqual(expected);
  });
});

describe('conditions', () => {
  const now = at('02:00:00');
  const progressing = (reason: string, since = '2026-01-01T01:59:00Z') => [
    { type: 'Progressing', status: 'True', reason, lastUpdateTime: since, lastTransitionTime: since },
  ];
  const of = (sketch: Sketch, ...sets: ReplicaSet[]) =>
    Object.fromEntries(
      (rolloutStatus(rolloutOf(deployment(sketch), sets), now).conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]),
    );

  test.each([
    {
      situation: 'enough pods are available',
      sketch: { replicas: 4 },
      sets: [newSet(3)],
      expected: { Available: 'True MinimumReplicasAvailable' },
    },
    {
      situation: 'with 3 replicas at 25% one unready pod is too many',
      sketch: { replicas: 3 },
      sets: [newSet(3, 2)],
      expected: { Available: 'False MinimumReplicasUnavailable' },
    },
    {
      situation: 'all pods are new and available',
      sketch: { replicas: 2, status: { conditions: progressing('ReplicaSetUpdated') } },
      sets: [newSet(2)],
      expected: { Progressing: 'True NewReplicaSetAvailable' },
    },
    {
      situation: 'more pods are available than before',
      sketch: { replicas: 4, status: { replicas: 5, updatedReplicas: 1, conditions: progressing('NewReplicaSetCreated') } },
      sets: [newSet(1), oldSet(4)],
      expected: { Progressing: 'True ReplicaSetUpdated' },
    },
    {
      situation: 'nothing happened for progressDeadlineSeconds',
      sketch: { replicas: 2, deadline: 30, status: { replicas: 2, updatedReplicas: 2, conditions: progressing('ReplicaSetUpdated') } },
      sets: [newSet(2, 0)],
      expected: { Progressing: 'False ProgressDeadlineExceeded' },
    },
    {
      situation: 'a finished rollout never times out',
      sketch: { replicas: 2, deadline: 30, status: { conditions: progressing('NewReplicaSetAvailable') } },
      sets: [newSet(2, 0)],
      expected: { Progressing: 'True NewReplicaSetAvailable' },
    },
  ])('$situation', ({ sketch, sets, expected }) => {
    expect(of(sketch, ...sets)).toMatchObject(expected);
  });

  test('the deadline is looked at a second after it is due', () => {
    const waiting = deployment({ replicas: 2, deadline: 90, status: { conditions: progressing('ReplicaSetUpdated') } });
    expect(nextProgressCheck(waiting, {}, now)).toBe(31_000);
  });
});

describe('SetNewReplicaSetAnnotations', () => {
  const source = (annotations: Readonly<Record<string, string>>) => {
    const plain = deployment({ replicas: 1 });
    return { ...plain, metadata: { ...plain.metadata, annotations } };
  };
  const R = 'deployment.kubernetes.io/revision';
  interface Row {
    readonly situation: string;
    readonly before?: Readonly<Record<string, string>>;
    readonly of: Readonly<Record<string, string>>;
    readonly revision: number;
    readonly expected: Readonly<Record<string, string>>;
  }
  test.each<Row>([
    { situation: 'the first revision', of: { note: 'x' }, revision: 1, expected: { note: 'x', [R]: '1' } },
    {
      situation: 'last-applied stays behind',
      of: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      revision: 1,
      expected: { [R]: '1' },
    },
    {
      situation: 'used again: the former revision is remembered',
      before: { [R]: '1' },
      of: {},
      revision: 3,
      expected: { [R]: '3', [`${R}-history`]: '1' },
    },
    {
      situation: 'and again',
      before: { [R]: '3', [`${R}-history`]: '1' },
      of: {},
      revision: 5,
      expected: { [R]: '5', [`${R}-history`]: '1,3' },
    },
    { situation: 'nothing new', before: { [R]: '4' }, of: {}, revision: 2, expected: { [R]: '4' } },
  ])('$situation', ({ before, of, revision, expected }) => {
    expect(withRevision(before, source(of), revision)).toEqual(expected);
  });
});

test('revisionHistoryLimit spares sets that still have pods', () => {
  const limited = { ...deployment({ replicas: 1 }), spec: { ...deployment({ replicas: 1 }).spec, revisionHistoryLimit: 1 } };
  const old = (name: string, revision: string, replicas: number) =>
    replicaSet({ name, replicas, annotations: { 'deployment.kubernetes.io/revision': revision } });
  const doomed = surplusHistory(limited, [old('c', '3', 0), old('a', '1', 0), old('b', '2', 1)]);
  expect(doomed.map((rs) => rs.metadata.name)).toEqual(['a']);
});

test('an image change replaces all pods, one set for each template', async () => {
  const cluster = await startedCluster();
  const { client, clock } = cluster;
  await client.create('apps/v1/Deployment', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template() },
  });
  await clock.advance(1000);
  const patch = { spec: { template: template('example.test/app:2') } };
  await client.patch('apps/v1/Deployment', 'web', patch, { type: 'merge', namespace: NAMESPACE });
  await clock.advance(1000);
  const sets = await client.list('apps/v1/ReplicaSet');
  expect(sets.items.map((rs) => rs.spec.replicas).sort()).toEqual([0, 3]);
  const images = (await client.list('v1/Pod')).items.map((p) => p.spec.containers[0]?.image);
  expect(images).toEqual(['example.test/app:2', 'example.test/app:2', 'example.test/app:2']);
  const live = await client.get('apps/v1/Deployment', 'web', { namespace: NAMESPACE });
  expect(live.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2' });
  expect(live.status).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 });
  expect(live.status?.conditions?.map((c) => c.reason)).toEqual(['MinimumReplicasAvailable', 'NewReplicaSetAvailable']);
  expect((await told(cluster, 'Deployment')).filter((t) => t.includes('from 0 to 3'))).toHaveLength(1);
  await cluster.stop();
});
