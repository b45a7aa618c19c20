// Pods that nobody else removes. Rows are named after the rules of pkg/controller/podgc.
import type { Pod } from '#api/core/v1';
import { describe, expect, test } from 'vitest';
import { surplusPods } from '../../../src/cluster/controllers/pod-garbage-collector.ts';
import { NAMESPACE, pod, startedCluster } from './harness.ts';

describe('byEvictionAndCreationTimestamp', () => {
  const ended = (name: string, created: string, reason?: string): Pod => {
    const made = pod({ name, phase: 'Failed', created: `2026-01-01T${created}Z` });
    return { ...made, status: { ...made.status, ...(reason ? { reason } : {}) } };
  };
  const old = ended('old', '00:00:00');
  const young = ended('young', '02:00:00');
  const evicted = ended('evicted', '03:00:00', 'Evicted');
  test.each([
    { situation: 'no more than may stay', of: [old, young], most: 2, expected: [] },
    { situation: 'the oldest go', of: [young, old], most: 1, expected: ['old'] },
    { situation: 'evicted ones go before', of: [old, young, evicted], most: 2, expected: ['evicted'] },
    { situation: 'evicted ones, then the oldest', of: [young, evicted, old], most: 1, expected: ['evicted', 'old'] },
    { situation: 'as old as another: by name', of: [ended('b', '00:00:00'), ended('a', '00:00:00')], most: 1, expected: ['a'] },
  ])('$situation', ({ of, most, expected }) => {
    expect(surplusPods(of, most).map(({ metadata }) => metadata.name)).toEqual(expected);
  });
});

describe('whole runs', () => {
  const began = async () => {
    const cluster = await startedCluster(1);
    const { client } = cluster;
    const scope = { namespace: NAMESPACE };
    const create = (name: string, nodeName?: string, more: object = {}, metadata: object = {}) =>
      client.create('v1/Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...scope, ...metadata },
        spec: { ...(nodeName ? { nodeName } : {}), containers: [{ name: 'app', image: 'i' }], ...more },
      });
    const shown = async (): Promise<string[]> =>
      (await client.list('v1/Pod')).items.map(({ metadata, status }) => {
        const mark = status?.conditions?.find((c) => c.type === 'DisruptionTarget');
        return [metadata.name, status?.phase, ...(mark ? [mark.reason, mark.message] : [])].join(' ');
      });
    return { ...cluster, scope, create, shown };
  };
  const held = { finalizers: ['example.com/held'] };

  test('pods of a node that is gone: Failed, marked and deleted, after the quarantine', async () => {
    const { client, clock, create, shown, stop } = await began();
    await create('x', 'node-1', {}, held);
    await clock.advance(1000);
    await client.delete('v1/Node', 'node-1');
    await clock.advance(39_000);
    expect(await shown()).toEqual(['x Running']);
    await clock.advance(45_000);
    expect(await shown()).toEqual(['x Failed DeletionByPodGC PodGC: node no longer exists']);
    await stop();
  });

  test('a node that comes back in time keeps its pods', async () => {
    const { client, clock, create, shown, stop } = await began();
    await create('x', 'node-1');
    await clock.advance(1000);
    const { metadata, spec } = await client.get('v1/Node', 'node-1');
    await client.delete('v1/Node', 'node-1');
    await clock.advance(25_000);
    const { name, annotations = {} } = metadata;
    await client.create('v1/Node', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations },
      spec: { podCIDR: spec?.podCIDR ?? '' },
    });
    await clock.advance(120_000);
    expect(await shown()).toEqual(['x Running']);
    await stop();
  });

  test('a pod that is to go and is on no node: Failed, without a mark', async () => {
    const { client, clock, create, shown, scope, stop } = await began();
    await create('x', undefined, { schedulingGates: [{ name: 'example.com/wait' }] }, held);
    await clock.advance(1000);
    await client.delete('v1/Pod', 'x', scope);
    await clock.advance(30_000);
    expect(await shown()).toEqual(['x Failed']);
    await stop();
  });

  test('a node out of service: its pods that are to go are gone', async () => {
    const { client, clock, create, shown, scope, stop } = await began();
    await create('x', 'node-1', {}, { annotations: { 'sim/linger': '' } });
    await create('stays', 'node-1', { tolerations: [{ operator: 'Exists' }] });
    await clock.advance(1000);
    await client.patch('v1/Node', 'node-1', { metadata: { annotations: { 'kwok.x-k8s.io/node': null } } }, { type: 'merge' });
    await client.delete('v1/Pod', 'x', scope);
    const notReady = [{ type: 'Ready', status: 'False' }];
    await client.patch('v1/Node', 'node-1', { status: { conditions: notReady } }, { type: 'strategic', subresource: 'status' });
    await clock.advance(25_000);
    expect(await shown()).toHaveLength(2);
    const taint = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
    await client.patch('v1/Node', 'node-1', { spec: { taints: [taint] } }, { type: 'strategic' });
    await clock.advance(25_000);
    expect(await shown()).toEqual(['stays Running']);
    await stop();
  });
});
