import { describe, expect, test } from 'vitest';
import type { StatefulSet } from '#api/apps/v1';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1';
import { templatePatch, revisionHash } from '../../../src/cluster/controllers/shared/revisions.ts';
import { isStaleClaim, withRetention } from '../../../src/cluster/controllers/stateful-set/claims.ts';
import { planSteps, setStatus, type Observed } from '../../../src/cluster/controllers/stateful-set/plan.ts';
import { newPod } from '../../../src/cluster/controllers/stateful-set/pods.ts';
import { at, NAMESPACE, pod, startedCluster, stored, template, told, type PodSketch } from './harness.ts';

const NOW = at('01:00:00');

const set = (spec: Partial<StatefulSet['spec']> = {}, metadata: object = {}): StatefulSet =>
  stored<StatefulSet>({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', ...metadata },
    spec: { replicas: 3, serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template(), ...spec },
  });

/** A pod of the set, of revision `a` unless told otherwise. */
const member = (ordinal: number, sketch: Partial<PodSketch> = {}, revision = 'a'): Pod =>
  pod({
    name: `web-${ordinal}`,
    ...sketch,
    labels: {
      app: 'web',
      'statefulset.kubernetes.io/pod-name': `web-${ordinal}`,
      'apps.kubernetes.io/pod-index': String(ordinal),
      'controller-revision-hash': revision,
    },
  });

const observed = (of: StatefulSet, pods: readonly Pod[], revisions = { current: 'a', update: 'a' }): Observed => ({
  set: of,
  pods,
  revisions,
  hasStaleClaim: () => false,
  claimsInOrder: () => true,
});

const steps = (...args: Parameters<typeof observed>) =>
  planSteps(observed(...args), NOW).map((step) =>
    step.do === 'create' ? `create ${step.ordinal} ${step.revision}` : `${step.do} ${step.pod.metadata.name}`,
  );

const PARALLEL = { podManagementPolicy: 'Parallel' };
const UPDATE = { current: 'a', update: 'b' };
const rolling = (partition: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } });

describe('updateStatefulSet', () => {
  test.each([
    { situation: 'OrderedReady: the first pod alone', of: {}, pods: [], expected: ['create 0 a'] },
    { situation: 'OrderedReady: waits for the one before', of: {}, pods: [member(0, { ready: false })], expected: [] },
    { situation: 'OrderedReady: then the next', of: {}, pods: [member(0)], expected: ['create 1 a'] },
    { situation: 'Parallel: all at once', of: PARALLEL, pods: [], expected: ['create 0 a', 'create 1 a', 'create 2 a'] },
    { situation: 'a failed pod is deleted first', of: {}, pods: [member(0, { phase: 'Failed' })], expected: ['delete web-0'] },
    { situation: 'a deleted pod is waited for', of: {}, pods: [member(0, { deleted: true }), member(1), member(2)], expected: [] },
    { situation: 'ordinals.start', of: { replicas: 2, ordinals: { start: 5 } }, pods: [member(5)], expected: ['create 6 a'] },
    { situation: 'minReadySeconds', of: { minReadySeconds: 7200 }, pods: [member(0)], expected: [] },
  ])('$situation', ({ of, pods, expected }) => {
    expect(steps(set(of), pods)).toEqual(expected);
  });

  test.each([
    {
      situation: 'scaling down from the top, one by one',
      of: { replicas: 1 },
      pods: [member(0), member(1), member(2)],
      expected: ['delete web-2'],
    },
    {
      situation: 'waits for a lower pod that is not ready',
      of: { replicas: 1 },
      pods: [member(0, { ready: false }), member(1), member(2)],
      expected: [],
    },
    { situation: 'waits for termination', of: { replicas: 1 }, pods: [member(0), member(1), member(2, { deleted: true })], expected: [] },
    {
      situation: 'Parallel: at once',
      of: { replicas: 1, ...PARALLEL },
      pods: [member(0), member(1), member(2)],
      expected: ['delete web-2', 'delete web-1'],
    },
    {
      situation: 'an unready condemned pod that is the first unhealthy one may go',
      of: { replicas: 1 },
      pods: [member(0), member(1), member(2, { ready: false })],
      expected: ['delete web-2'],
    },
  ])('$situation', ({ of, pods, expected }) => {
    expect(steps(set(of), pods)).toEqual(expected);
  });

  test.each([
    {
      situation: 'an update takes the highest ordinal first',
      of: rolling(0),
      pods: [member(0), member(1), member(2)],
      expected: ['delete web-2'],
    },
    {
      situation: 'and waits until it is well',
      of: rolling(0),
      pods: [member(0), member(1), member(2, { ready: false }, 'b')],
      expected: [],
    },
    { situation: 'then the next', of: rolling(0), pods: [member(0), member(1), member(2, {}, 'b')], expected: ['delete web-1'] },
    { situation: 'not below the partition', of: rolling(2), pods: [member(0), member(1), member(2, {}, 'b')], expected: [] },
    {
      situation: 'a missing pod below the partition comes back old',
      of: rolling(2),
      pods: [member(0), member(2, {}, 'b')],
      expected: ['create 1 a'],
    },
    { situation: 'and above it new', of: rolling(2), pods: [member(0), member(1)], expected: ['create 2 b'] },
    { situation: 'OnDelete', of: { updateStrategy: { type: 'OnDelete' } }, pods: [member(0), member(1), member(2)], expected: [] },
    {
      situation: 'a stuck update stays stuck: the broken pod is not replaced',
      of: rolling(0),
      pods: [member(0), member(1, { ready: false }, 'c'), member(2, {}, 'b')],
      expected: [],
    },
  ])('$situation', ({ of, pods, expected }) => {
    expect(steps(set(of), pods, UPDATE)).toEqual(expected);
  });

  test('nothing is done for a set that is being deleted', () => {
    expect(steps(set({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), [])).toEqual([]);
  });
});

describe('status', () => {
  test('the update is complete: the current revision follows', () => {
    const pods = [member(0, {}, 'b'), member(1, {}, 'b'), member(2, {}, 'b')];
    expect(setStatus(set(), pods, UPDATE, 0, NOW)).toMatchObject({ currentRevision: 'b', currentReplicas: 3, updatedReplicas: 3 });
  });
  test('terminating pods count as neither current nor updated', () => {
    const pods = [member(0), member(1, { deleted: true })];
    expect(setStatus(set(), pods, UPDATE, 0, NOW)).toMatchObject({ replicas: 2, readyReplicas: 2, currentReplicas: 1, updatedReplicas: 0 });
  });
});

describe('persistentVolumeClaimRetentionPolicy', () => {
  const claim = (ownerReferences: readonly object[] = []): PersistentVolumeClaim =>
    stored<PersistentVolumeClaim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data-web-0', ownerReferences } });
  const policy = (whenScaled: string, whenDeleted: string) => ({ persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } });
  test.each([
    { of: policy('Retain', 'Retain'), ordinal: 0, expected: [] },
    { of: policy('Retain', 'Delete'), ordinal: 0, expected: ['StatefulSet'] },
    { of: policy('Retain', 'Delete'), ordinal: 7, expected: ['StatefulSet'] },
    { of: policy('Delete', 'Retain'), ordinal: 0, expected: [] },
    { of: policy('Delete', 'Retain'), ordinal: 7, expected: ['Pod'] },
    { of: policy('Delete', 'Delete'), ordinal: 0, expected: ['StatefulSet'] },
    { of: policy('Delete', 'Delete'), ordinal: 7, expected: ['Pod'] },
  ])('%j', ({ of, ordinal, expected }) => {
    const owners = withRetention(set(of), member(ordinal), claim()).metadata.ownerReferences ?? [];
    expect(owners.map((ref) => ref.kind)).toEqual(expected);
  });

  test('a claim of a pod that is gone must go before a new one is made', () => {
    const held = claim([{ apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'former' }]);
    expect(isStaleClaim(set(policy('Delete', 'Retain')), held, 'web-0')).toBe(true);
    expect(isStaleClaim(set(policy('Retain', 'Retain')), held, 'web-0')).toBe(false);
  });
});

test('names of revisions are those that Kubernetes gives', () => {
  const container = {
    image: 'example.test/app:1',
    imagePullPolicy: 'IfNotPresent',
    name: 'app',
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  };
  const spec = {
    containers: [container],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  };
  expect(revisionHash(templatePatch({ metadata: { labels: { app: 'web' } }, spec }), 0)).toBe('bdb88649f');
});

test('a pod has its claims as volumes, and a name in DNS', () => {
  const volumeClaimTemplates = [
    stored<PersistentVolumeClaim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: {} }),
  ];
  const made = newPod(set({ volumeClaimTemplates }), template(), 'web-x', 1);
  expect(made.spec).toMatchObject({
    hostname: 'web-1',
    subdomain: 'web',
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }],
  });
});

test('pods are made in order, updated in the reverse order', async () => {
  const cluster = await startedCluster();
  const { client, clock } = cluster;
  const metadata = { name: 'web', namespace: NAMESPACE };
  const spec = { replicas: 2, serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template() };
  await client.create('apps/v1/StatefulSet', { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec });
  await clock.advance(1000);
  await client.patch(
    'apps/v1/StatefulSet',
    'web',
    { spec: { template: template('example.test/app:2') } },
    { type: 'merge', namespace: NAMESPACE },
  );
  await clock.advance(1000);
  const images = (await client.list('v1/Pod')).items.map((p) => `${p.metadata.name} ${p.spec.containers[0]?.image}`);
  expect(images.sort()).toEqual(['web-0 example.test/app:2', 'web-1 example.test/app:2']);
  expect((await client.list('apps/v1/ControllerRevision')).items.map((r) => r.revision).sort()).toEqual([1, 2]);
  const live = await client.get('apps/v1/StatefulSet', 'web', { namespace: NAMESPACE });
  expect(live.status?.currentRevision).toBe(live.status?.updateRevision);
  expect(new Set(await told(cluster, 'StatefulSet'))).toContain('SuccessfulDelete: Delete Pod web-1 in StatefulSet web successful');
  await cluster.stop();
});
