import { describe, expect, test } from 'vitest';
import type { DaemonSet } from '#api/apps/v1';
import type { PodSpec, Taint } from '#api/core/v1';
import { newDaemonPod, placementOn } from '../../../src/cluster/controllers/daemon-set/placement.ts';
import { daemonStatus, groupByNode, planDaemons, planRollingUpdate } from '../../../src/cluster/controllers/daemon-set/plan.ts';
import { at, NAMESPACE, node, pod, startedCluster, stored, template, type PodSketch } from './harness.ts';

const NOW = at('01:00:00');

const daemons = (podSpec: Partial<PodSpec> = {}, rollingUpdate: object = { maxUnavailable: 1, maxSurge: 0 }): DaemonSet =>
  stored<DaemonSet>({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { ...template(), spec: { ...template().spec, ...podSpec } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    },
  });

const taint = (key: string, effect: string): Taint => ({ key, effect });

describe('NodeShouldRunDaemonPod', () => {
  test.each([
    { situation: 'a plain node', of: {}, taints: [], expected: { shouldRun: true, mayStay: true } },
    {
      situation: 'NoSchedule: none is made, one that is there stays',
      of: {},
      taints: [taint('own', 'NoSchedule')],
      expected: { shouldRun: false, mayStay: true },
    },
    { situation: 'NoExecute: it goes', of: {}, taints: [taint('own', 'NoExecute')], expected: { shouldRun: false, mayStay: false } },
    {
      situation: 'PreferNoSchedule does not matter',
      of: {},
      taints: [taint('own', 'PreferNoSchedule')],
      expected: { shouldRun: true, mayStay: true },
    },
    {
      situation: 'tolerated',
      of: { tolerations: [{ operator: 'Exists' }] },
      taints: [taint('own', 'NoExecute')],
      expected: { shouldRun: true, mayStay: true },
    },
    {
      situation: 'cordoned and not ready nodes are used',
      of: {},
      taints: [taint('node.kubernetes.io/unschedulable', 'NoSchedule'), taint('node.kubernetes.io/not-ready', 'NoExecute')],
      expected: { shouldRun: true, mayStay: true },
    },
    {
      situation: 'without network only on the host network',
      of: {},
      taints: [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')],
      expected: { shouldRun: false, mayStay: true },
    },
    {
      situation: 'on the host network',
      of: { hostNetwork: true },
      taints: [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')],
      expected: { shouldRun: true, mayStay: true },
    },
    { situation: 'another nodeName', of: { nodeName: 'other' }, taints: [], expected: { shouldRun: false, mayStay: false } },
    { situation: 'nodeSelector', of: { nodeSelector: { disk: 'ssd' } }, taints: [], expected: { shouldRun: false, mayStay: false } },
  ])('$situation', ({ of, taints, expected }) => {
    expect(placementOn(node('n', { taints }), daemons(of))).toEqual(expected);
  });
});

const NEW = { 'controller-revision-hash': 'new' };
const on = (name: string, sketch: Partial<PodSketch> = {}) => pod({ name, node: name.slice(0, 1), ...sketch });
const world = (ds: DaemonSet, pods: ReturnType<typeof on>[], names = ['a', 'b', 'c']) => ({
  ds,
  nodes: names.map((n) => node(n)),
  podsOn: groupByNode(pods),
  hash: 'new',
});

describe('podsShouldBeOnNode', () => {
  const plan = (pods: ReturnType<typeof on>[], backoff = 0, ds = daemons()) => {
    const { create, delete: doomed, ended, againMs } = planDaemons(world(ds, pods), () => backoff, NOW);
    return { create, delete: doomed.map((p) => p.metadata.name), ended: ended.length, againMs };
  };
  test.each([
    { situation: 'one for every node', pods: [on('b1')], expected: { create: ['a', 'c'], delete: [] } },
    {
      situation: 'a daemon of a node that is gone and was never bound',
      pods: [on('a1'), on('b1'), on('c1'), pod({ name: 'x1', node: '' })],
      expected: { create: [], delete: [] },
    },
    {
      situation: 'of two the younger goes',
      pods: [on('a1'), on('a2', { created: '2026-01-01T00:30:00Z' }), on('b1'), on('c1')],
      expected: { create: [], delete: ['a2'] },
    },
    {
      situation: 'a failed one is deleted, its successor made later',
      pods: [on('a1', { phase: 'Failed' }), on('b1'), on('c1')],
      expected: { create: [], delete: ['a1'], ended: 1 },
    },
    {
      situation: 'not during its back-off',
      backoff: 500,
      pods: [on('a1', { phase: 'Failed' }), on('b1'), on('c1')],
      expected: { create: [], delete: [], againMs: 500 },
    },
    {
      situation: 'one that is being deleted is waited for',
      pods: [on('a1', { deleted: true }), on('b1'), on('c1')],
      expected: { create: [], delete: [] },
    },
  ])('$situation', ({ pods, backoff, expected }) => {
    expect(plan(pods, backoff)).toMatchObject(expected);
  });
});

describe('rollingUpdate', () => {
  const plan = (rollingUpdate: object, pods: ReturnType<typeof on>[]) => {
    const { create, delete: doomed } = planRollingUpdate(world(daemons({}, rollingUpdate), pods), NOW);
    return { create, delete: doomed.map((p) => p.metadata.name) };
  };
  test.each([
    {
      situation: 'one at a time',
      of: { maxUnavailable: 1 },
      pods: [on('a1'), on('b1'), on('c1')],
      expected: { create: [], delete: ['a1'] },
    },
    {
      situation: 'a share is rounded up',
      of: { maxUnavailable: '50%' },
      pods: [on('a1'), on('b1'), on('c1')],
      expected: { create: [], delete: ['a1', 'b1'] },
    },
    {
      situation: 'a new one that is not ready counts',
      of: { maxUnavailable: 1 },
      pods: [on('a1', { labels: NEW, ready: false }), on('b1'), on('c1')],
      expected: { create: [], delete: [] },
    },
    {
      situation: 'old ones that are down anyway go beyond the bound',
      of: { maxUnavailable: 1 },
      pods: [on('a1', { ready: false }), on('b1'), on('c1')],
      expected: { create: [], delete: ['a1', 'b1'] },
    },
    {
      situation: 'a node without a daemon counts',
      of: { maxUnavailable: 1 },
      pods: [on('b1'), on('c1')],
      expected: { create: [], delete: [] },
    },
    {
      situation: 'surge: a new one beside the old one',
      of: { maxSurge: 1, maxUnavailable: 0 },
      pods: [on('a1'), on('b1'), on('c1')],
      expected: { create: ['a'], delete: [] },
    },
    {
      situation: 'surge: once it is available the old one goes',
      of: { maxSurge: 1, maxUnavailable: 0 },
      pods: [on('a1'), on('a2', { labels: NEW }), on('b1'), on('c1')],
      expected: { create: ['b'], delete: ['a1'] },
    },
    {
      situation: 'surge: waits until it is',
      of: { maxSurge: 1, maxUnavailable: 0 },
      pods: [on('a1'), on('a2', { labels: NEW, ready: false }), on('b1'), on('c1')],
      expected: { create: [], delete: [] },
    },
  ])('$situation', ({ of, pods, expected }) => {
    expect(plan(of, pods)).toEqual(expected);
  });
});

test('the status counts nodes, not pods', () => {
  const ds = daemons({ nodeSelector: { disk: 'ssd' } });
  const nodes = [node('a', {}, { disk: 'ssd' }), node('b', {}, { disk: 'ssd' }), node('c')];
  const status = daemonStatus({ ds, nodes, podsOn: groupByNode([on('a1', { labels: NEW }), on('a2'), on('c1')]), hash: 'new' }, NOW);
  expect(status).toMatchObject({
    desiredNumberScheduled: 2,
    currentNumberScheduled: 1,
    numberMisscheduled: 1,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberUnavailable: 1,
  });
});

test('a daemon is bound to its node by an affinity, whatever else its template asks of nodes', () => {
  const ds = daemons({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }],
        },
      },
    },
  });
  const required = newDaemonPod(ds, 'a', 'new').spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  expect(required).toEqual({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }] });
});

test('a node that joins gets its daemon', async () => {
  const cluster = await startedCluster(2);
  const { client, clock } = cluster;
  const spec = { selector: { matchLabels: { app: 'web' } }, template: template() };
  await client.create('apps/v1/DaemonSet', {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: NAMESPACE },
    spec,
  });
  await clock.advance(1000);
  await client.create('v1/Node', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'late', annotations: { 'kwok.x-k8s.io/node': 'fake' } },
  });
  await clock.advance(1000);
  expect((await client.list('v1/Pod')).items.map((p) => p.spec.nodeName).sort()).toEqual(['late', 'node-1', 'node-2']);
  const live = await client.get('apps/v1/DaemonSet', 'agent', { namespace: NAMESPACE });
  expect(live.status).toMatchObject({ desiredNumberScheduled: 3, numberAvailable: 3, updatedNumberScheduled: 3 });
  await cluster.stop();
});
