import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import { blockingDependents, OwnerGraph } from '../../../src/cluster/controllers/garbage-collector/graph.ts';
import type { TestCluster } from '../scenario-world.ts';
import { NAMESPACE, startedCluster, stored } from './harness.ts';

interface Sketch {
  readonly name: string;
  readonly owners?: readonly string[];
  readonly blocking?: boolean;
  readonly finalizers?: readonly string[];
  readonly deleted?: boolean;
  readonly namespace?: string;
}

const object = ({
  name,
  owners = [],
  blocking = false,
  finalizers = [],
  deleted = false,
  namespace = NAMESPACE,
}: Sketch): KubernetesObject =>
  stored<KubernetesObject>({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      uid: name,
      namespace,
      ownerReferences: owners.map((owner) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: owner,
        uid: owner,
        blockOwnerDeletion: blocking,
      })),
      finalizers,
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
  });

describe('graph', () => {
  const run = (steps: readonly (Sketch | string)[]) => {
    const graph = new OwnerGraph();
    let effects = graph.forget('none');
    for (const step of steps) effects = typeof step === 'string' ? graph.forget(step) : graph.observe(object(step));
    return {
      graph,
      toDelete: effects.toDelete.map((n) => n.identity.name),
      toOrphan: effects.toOrphan.map((n) => n.identity.name),
      wrongNamespace: effects.wrongNamespace.length,
    };
  };

  test.each([
    { situation: 'an owner that was never seen must be looked up', steps: [{ name: 'child', owners: ['parent'] }], toDelete: ['parent'] },
    { situation: 'an owner that is there is no work', steps: [{ name: 'parent' }, { name: 'child', owners: ['parent'] }], toDelete: [] },
    {
      situation: 'the owner goes: its dependents are looked at',
      steps: [{ name: 'parent' }, { name: 'child', owners: ['parent'] }, 'parent'],
      toDelete: ['child'],
    },
    {
      situation: 'a dependent goes: nobody cares',
      steps: [{ name: 'parent' }, { name: 'child', owners: ['parent'] }, 'child'],
      toDelete: [],
    },
    {
      situation: 'foreground: dependents, then the owner',
      steps: [
        { name: 'parent' },
        { name: 'child', owners: ['parent'] },
        { name: 'parent', deleted: true, finalizers: ['foregroundDeletion'] },
      ],
      toDelete: ['child', 'parent'],
    },
    {
      situation: 'foreground: the last dependent goes, and the owner is looked at again',
      steps: [
        { name: 'parent', deleted: true, finalizers: ['foregroundDeletion'] },
        { name: 'child', owners: ['parent'], blocking: true },
        'child',
      ],
      toDelete: ['parent'],
    },
    {
      situation: 'a reference that no longer blocks',
      steps: [
        { name: 'parent', deleted: true, finalizers: ['foregroundDeletion'] },
        { name: 'child', owners: ['parent'], blocking: true },
        { name: 'child', owners: ['parent'], blocking: false },
      ],
      toDelete: ['parent'],
    },
    {
      situation: 'the same again is no work',
      steps: [
        { name: 'child', owners: ['parent'] },
        { name: 'child', owners: ['parent'] },
      ],
      toDelete: [],
    },
    {
      situation: 'an owner in another namespace',
      steps: [
        { name: 'parent', namespace: 'other' },
        { name: 'child', owners: ['parent'] },
      ],
      toDelete: ['child'],
    },
  ])('$situation', ({ steps, toDelete }) => {
    expect(run(steps).toDelete).toEqual(toDelete);
  });

  test('orphaning is asked for once', () => {
    const doomed = { name: 'parent', deleted: true, finalizers: ['orphan'] };
    expect(run([doomed]).toOrphan).toEqual(['parent']);
    expect(run([doomed, doomed]).toOrphan).toEqual([]);
  });

  test('nothing is left of an owner that nobody names any more', () => {
    expect(run([{ name: 'child', owners: ['parent'] }, 'child']).graph.size).toBe(0);
  });

  test('only references with blockOwnerDeletion block', () => {
    const { graph } = run([{ name: 'p' }, { name: 'a', owners: ['p'], blocking: true }, { name: 'b', owners: ['p'] }]);
    expect(blockingDependents(graph.get('p')!).map((n) => n.identity.name)).toEqual(['a']);
  });
});

describe('collector', () => {
  const names = async (cluster: TestCluster): Promise<string[]> =>
    (await cluster.client.list('v1/ConfigMap', { namespace: NAMESPACE })).items
      .map((c) => c.metadata.name)
      .filter((n) => n !== 'kube-root-ca.crt');

  async function family(cluster: TestCluster, ownerUid?: string): Promise<void> {
    const { client, clock } = cluster;
    const make = (name: string, ownerReferences: readonly object[] = []) =>
      client.create('v1/ConfigMap', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: NAMESPACE, ownerReferences: ownerReferences as never },
        data: {},
      });
    const parent = await make('parent');
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: ownerUid ?? parent.metadata.uid, blockOwnerDeletion: true };
    const child = await make('child', [ref]);
    await make('grandchild', [{ ...ref, name: 'child', uid: child.metadata.uid }]);
    await clock.advance(100);
  }

  test.each([
    { policy: 'Background', left: [] },
    { policy: 'Foreground', left: [] },
    { policy: 'Orphan', left: ['child', 'grandchild'] },
  ] as const)('propagationPolicy $policy', async ({ policy, left }) => {
    const cluster = await startedCluster(0);
    await family(cluster);
    expect(await names(cluster)).toEqual(['child', 'grandchild', 'parent']);
    await cluster.client.delete('v1/ConfigMap', 'parent', { namespace: NAMESPACE, propagationPolicy: policy });
    await cluster.clock.advance(1000);
    expect(await names(cluster)).toEqual(left);
    if (policy === 'Orphan') {
      const child = await cluster.client.get('v1/ConfigMap', 'child', { namespace: NAMESPACE });
      expect(child.metadata.ownerReferences).toBeUndefined();
    }
    await cluster.stop();
  });

  test('an owner of another uid counts as missing', async () => {
    const cluster = await startedCluster(0);
    await family(cluster, '11111111-2222-4333-8444-555555555555');
    await cluster.clock.advance(1000);
    expect(await names(cluster)).toEqual(['parent']);
    await cluster.stop();
  });

  test('an owner of an unknown kind: nothing is deleted', async () => {
    const cluster = await startedCluster(0);
    const ownerReferences = [{ apiVersion: 'example.test/v1', kind: 'Thing', name: 'x', uid: '11111111-2222-4333-8444-555555555555' }];
    const metadata = { name: 'child', namespace: NAMESPACE, ownerReferences };
    await cluster.client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} });
    await cluster.clock.advance(60_000);
    expect(await names(cluster)).toEqual(['child']);
    await cluster.stop();
  });

  test('of two owners the missing one is taken off', async () => {
    const cluster = await startedCluster(0);
    const { client } = cluster;
    const make = (name: string, ownerReferences: readonly object[] = []) =>
      client.create('v1/ConfigMap', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: NAMESPACE, ownerReferences: ownerReferences as never },
        data: {},
      });
    const parent = await make('parent');
    const there = { apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid: parent.metadata.uid };
    await make('child', [there, { ...there, name: 'nobody', uid: '11111111-2222-4333-8444-555555555555' }]);
    await cluster.clock.advance(1000);
    const child = await client.get('v1/ConfigMap', 'child', { namespace: NAMESPACE });
    expect(child.metadata.ownerReferences?.map((r) => r.name)).toEqual(['parent']);
    await cluster.stop();
  });
});
