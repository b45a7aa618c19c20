import { describe, expect, test } from 'vitest';
import { terminationSeconds } from '../../../src/cluster/controllers/namespace.ts';
import { contentConditions, updatedConditions } from '../../../src/cluster/controllers/namespace/conditions.ts';
import type { TestCluster } from '../scenario-world.ts';
import { at, NAMESPACE, pod, startedCluster } from './harness.ts';

const messages = (...args: Parameters<typeof contentConditions>) =>
  Object.fromEntries(contentConditions(...args).map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]));

describe('conditions', () => {
  test('what is left, and what holds it', () => {
    const left = [
      { resource: 'pods', group: '', count: 2, finalizers: [] },
      { resource: 'configmaps', group: '', count: 1, finalizers: ['example.test/keep'] },
    ];
    expect(messages(left, [])).toMatchObject({
      NamespaceContentRemaining:
        'True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances, pods. has 2 resource instances',
      NamespaceFinalizersRemaining:
        'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.test/keep in 1 resource instances',
      NamespaceDeletionContentFailure: 'False ContentDeleted: All content successfully deleted, may be waiting on finalization',
    });
  });

  test('failures are told', () => {
    expect(messages([], ['no'])).toMatchObject({
      NamespaceDeletionContentFailure: 'True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: no',
    });
  });

  test('nothing new is no write, and times stay while the status does', () => {
    const told = updatedConditions([], contentConditions([], []), '2026-01-01T00:00:00Z');
    expect(updatedConditions(told, contentConditions([], []), '2026-01-01T00:01:00Z')).toBe(told);
    const later = updatedConditions(told, contentConditions([], ['no']), '2026-01-01T00:01:00Z');
    expect(later.map((c) => c.lastTransitionTime?.slice(14, 16))).toEqual(['00', '00', '01', '00', '00']);
  });
});

test.each([
  { situation: 'the longest grace period', pods: [pod({ name: 'a' })], now: '00:00:10', expected: 20 },
  { situation: 'it is over', pods: [pod({ name: 'a' })], now: '00:01:00', expected: 0 },
  { situation: 'ended pods need none', pods: [pod({ name: 'a', phase: 'Succeeded' })], now: '00:00:10', expected: 0 },
])('estimateGracefulTermination: $situation', ({ pods, now, expected }) => {
  expect(terminationSeconds(pods as never, at('00:00:00'), at(now))).toBe(expected);
});

describe('every namespace has its ServiceAccount and the CA; both come back', () => {
  const scope = { namespace: NAMESPACE };
  const DESCRIPTION = 'kubernetes.io/description';
  const began = async () => {
    const cluster = await startedCluster(0);
    const { client, clock } = cluster;
    const account = async (namespace = NAMESPACE): Promise<string[]> =>
      (await client.list('v1/ServiceAccount', { namespace })).items.map(({ metadata }) => metadata.name);
    const authority = () => client.get('v1/ConfigMap', 'kube-root-ca.crt', scope);
    const edit = async (change: object) => {
      await client.patch('v1/ConfigMap', 'kube-root-ca.crt', change, { type: 'merge', ...scope });
      await clock.settle();
      return authority();
    };
    return { ...cluster, account, authority, edit };
  };

  test('an account that is deleted comes back; another does not', async () => {
    const { client, clock, account, stop } = await began();
    await client.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', ...scope } });
    for (const name of ['default', 'robot']) await client.delete('v1/ServiceAccount', name, scope);
    await clock.settle();
    expect(await account()).toEqual(['default']);
    await stop();
  });

  test('a new namespace gets both', async () => {
    const { client, clock, account, stop } = await began();
    await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } });
    await clock.settle();
    expect(await account('new')).toEqual(['default']);
    expect((await client.get('v1/ConfigMap', 'kube-root-ca.crt', { namespace: 'new' })).data).toEqual({ 'ca.crt': 'ca' });
    await stop();
  });

  test('a namespace that goes gets neither again', async () => {
    const { client, clock, account, stop } = await began();
    await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } });
    const held = { name: 'held', namespace: 'new', finalizers: ['example.com/held'] };
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: held });
    await clock.settle();
    await client.delete('v1/Namespace', 'new');
    await clock.advance(60_000);
    expect(await account('new')).toEqual([]);
    expect((await client.list('v1/ConfigMap', { namespace: 'new' })).items.map(({ metadata }) => metadata.name)).toEqual(['held']);
    await stop();
  });

  test('certificates that were edited, or deleted, are put right', async () => {
    const { client, clock, authority, edit, stop } = await began();
    expect((await edit({ data: { 'ca.crt': 'edited' } })).data).toEqual({ 'ca.crt': 'ca' });
    expect((await edit({ data: { more: 'x' } })).data).toEqual({ 'ca.crt': 'ca' });
    await client.delete('v1/ConfigMap', 'kube-root-ca.crt', scope);
    await clock.settle();
    expect((await authority()).data).toEqual({ 'ca.crt': 'ca' });
    await stop();
  });

  test('the description is put back where it is missing; other words, labels and binary data are left', async () => {
    const { edit, stop } = await began();
    expect((await edit({ metadata: { annotations: { [DESCRIPTION]: 'mine' } } })).metadata.annotations?.[DESCRIPTION]).toBe('mine');
    expect((await edit({ metadata: { annotations: { [DESCRIPTION]: null } } })).metadata.annotations?.[DESCRIPTION]).toMatch(
      /^Contains a CA/,
    );
    const labelled = await edit({ metadata: { labels: { a: 'b' } }, binaryData: { x: 'eA==' }, data: { 'ca.crt': 'edited' } });
    expect([labelled.metadata.labels, labelled.binaryData, labelled.data]).toEqual([{ a: 'b' }, { x: 'eA==' }, { 'ca.crt': 'ca' }]);
    await stop();
  });
});

describe('a namespace that goes', () => {
  const held = { finalizers: ['example.com/held'] };
  const shown = async (namespace: string, cluster: TestCluster): Promise<Record<string, string>> => {
    const { status } = await cluster.client.get('v1/Namespace', namespace);
    return Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, message }) => [type, `${is} ${message}`]));
  };
  const began = async () => {
    const cluster = await startedCluster(1);
    await cluster.client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } });
    await cluster.clock.settle();
    return cluster;
  };

  test('takes all that it holds with it', async () => {
    const cluster = await began();
    const { client, clock } = cluster;
    await client.create('v1/Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'new' } });
    await client.delete('v1/Namespace', 'new');
    await clock.advance(10_000);
    expect((await client.list('v1/Namespace')).items.map(({ metadata }) => metadata.name)).not.toContain('new');
    expect((await client.list('v1/Secret', { namespace: 'new' })).items).toEqual([]);
    await cluster.stop();
  });

  test('says what holds it, and goes once that is let go', async () => {
    const cluster = await began();
    const { client, clock } = cluster;
    await client.create('v1/Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'new', ...held } });
    await client.delete('v1/Namespace', 'new');
    await clock.advance(10_000);
    expect(await shown('new', cluster)).toMatchObject({
      NamespaceContentRemaining: 'True Some resources are remaining: secrets. has 1 resource instances',
      NamespaceFinalizersRemaining: 'True Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances',
    });
    await client.patch('v1/Secret', 's', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'new' });
    await clock.advance(60_000);
    expect((await client.list('v1/Namespace')).items.map(({ metadata }) => metadata.name)).not.toContain('new');
    await cluster.stop();
  });

  test('takes pods before what they use', async () => {
    const cluster = await began();
    const { client, clock } = cluster;
    await client.create('v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'new' } });
    await client.create('v1/Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'new', ...held },
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
    await clock.settle();
    await client.delete('v1/Namespace', 'new');
    await clock.advance(5000);
    expect((await client.get('v1/ConfigMap', 'c', { namespace: 'new' })).metadata.deletionTimestamp).toBeUndefined();
    await client.patch('v1/Pod', 'p', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'new' });
    await clock.advance(60_000);
    expect((await client.list('v1/Namespace')).items.map(({ metadata }) => metadata.name)).not.toContain('new');
    await cluster.stop();
  });

  test('with a finalizer of its own stays until that is taken away', async () => {
    const cluster = await startedCluster(0);
    const { client, clock } = cluster;
    await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new', ...held } });
    await clock.settle();
    await client.delete('v1/Namespace', 'new');
    await clock.advance(10_000);
    expect((await client.get('v1/Namespace', 'new')).status?.phase).toBe('Terminating');
    await client.patch('v1/Namespace', 'new', { metadata: { finalizers: null } }, { type: 'merge' });
    await clock.advance(10_000);
    expect((await client.list('v1/Namespace')).items.map(({ metadata }) => metadata.name)).not.toContain('new');
    await cluster.stop();
  });
});
