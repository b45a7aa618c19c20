import { describe, expect, test } from 'vitest';
import { terminationSeconds } from '../../../src/cluster/controllers/namespace.ts';
import { contentConditions, updatedConditions } from '../../../src/cluster/controllers/namespace/conditions.ts';
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

test('every namespace has its ServiceAccount and the CA; both come back', async () => {
  const cluster = await startedCluster(0);
  const { client, clock } = cluster;
  await client.delete('v1/ServiceAccount', 'default', { namespace: NAMESPACE });
  await client.patch('v1/ConfigMap', 'kube-root-ca.crt', { data: { 'ca.crt': 'edited' } }, { type: 'merge', namespace: NAMESPACE });
  await clock.settle();
  expect((await client.list('v1/ServiceAccount', { namespace: NAMESPACE })).items.map((a) => a.metadata.name)).toEqual(['default']);
  expect((await client.get('v1/ConfigMap', 'kube-root-ca.crt', { namespace: NAMESPACE })).data).toEqual({ 'ca.crt': 'ca' });
  await cluster.stop();
});
