import { describe, expect, test } from 'vitest';
import type { Node } from '#api/core/v1';
import { changedConditions, healthOf, memoryShortage, rankMemoryPressure } from '../../../src/cluster/kubelet/node-health.ts';
import { KUBELET_TRAITS } from '../../../src/cluster/kubelet/traits.ts';
import { NO_FAULTS } from '../../../src/cluster/simulation/link.ts';
import { kubeletCluster, podOn } from './cluster.ts';

const node = (annotations: Readonly<Record<string, string>>): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'a', uid: 'a', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', annotations },
  spec: {},
});

const MEMORY = 'jibe.dev/node-memory-available';
const SHUTDOWN = 'jibe.dev/node-shutdown';

describe('conditions', () => {
  test.each<{ annotations: Readonly<Record<string, string>>; expected: readonly string[] }>([
    { annotations: {}, expected: ['False', 'False', 'False', 'True'] },
    { annotations: { [SHUTDOWN]: 'true' }, expected: ['False', 'False', 'False', 'False'] },
    { annotations: { [SHUTDOWN]: 'false' }, expected: ['False', 'False', 'False', 'True'] },
    { annotations: { [MEMORY]: '50Mi' }, expected: ['True', 'False', 'False', 'True'] },
    { annotations: { [MEMORY]: '100Mi' }, expected: ['False', 'False', 'False', 'True'] },
    { annotations: { [MEMORY]: 'plenty' }, expected: ['False', 'False', 'False', 'True'] },
  ])('$annotations', ({ annotations, expected }) => {
    expect(healthOf(node(annotations), KUBELET_TRAITS).map((c) => c.status)).toEqual(expected);
  });

  test('what changes is told', () => {
    const well = healthOf(node({}), KUBELET_TRAITS);
    const short = healthOf(node({ [MEMORY]: '1Mi' }), KUBELET_TRAITS);
    expect(changedConditions([], well)).toEqual(['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID', 'NodeReady']);
    expect(changedConditions(well, short)).toEqual(['NodeHasInsufficientMemory']);
    expect(changedConditions(short, short)).toEqual([]);
  });

  test('bytes that are missing', () => expect(memoryShortage(node({ [MEMORY]: '60Mi' }))).toBe(40 * 2 ** 20));
});

describe('rankMemoryPressure', () => {
  const use = (name: string, usedBytes: number, requestedBytes: number, priority = 0) => ({
    pod: { ...podOn(name, { priority }), metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' } },
    usedBytes,
    requestedBytes,
  });
  test.each([
    { situation: 'beyond its request before within it', uses: [use('in', 90, 100), use('out', 20, 10)], expected: ['out', 'in'] },
    { situation: 'less important before more', uses: [use('high', 30, 10, 5), use('low', 20, 10)], expected: ['low', 'high'] },
    { situation: 'most beyond its request', uses: [use('some', 20, 10), use('most', 30, 10)], expected: ['most', 'some'] },
    { situation: 'never what is critical', uses: [use('system', 99, 1, 2_000_000_000), use('other', 1, 1)], expected: ['other'] },
  ])('$situation', ({ uses, expected }) => expect(rankMemoryPressure(uses).map(({ pod }) => pod.metadata.name)).toEqual(expected));
});

test('a kubelet registers its node as soon as it can be written', async () => {
  const { client, clock, link, restart } = await kubeletCluster();
  const nodes = async () => (await client.list('v1/Node')).items.map(({ metadata }) => metadata.name);
  await client.delete('v1/Node', 'a');
  link.faults = { ...NO_FAULTS, failWrites: 1 };
  await restart();
  await clock.advance(60_000);
  expect(await nodes()).toEqual([]);
  link.faults = NO_FAULTS;
  await clock.advance(7_000);
  expect(await nodes()).toEqual(['a']);
});

const annotate = (client: Awaited<ReturnType<typeof kubeletCluster>>['client'], annotations: Readonly<Record<string, string | null>>) =>
  client.patch('v1/Node', 'a', { metadata: { annotations } }, { type: 'merge' });

test('a kubelet says that it begins, and what its node is like', async () => {
  const { told } = await kubeletCluster();
  expect(await told('Node')).toEqual([
    'Starting: Starting kubelet.',
    'NodeHasSufficientMemory: Node a status is now: NodeHasSufficientMemory',
    'NodeHasNoDiskPressure: Node a status is now: NodeHasNoDiskPressure',
    'NodeHasSufficientPID: Node a status is now: NodeHasSufficientPID',
    'NodeReady: Node a status is now: NodeReady',
  ]);
});

describe('graceful node shutdown', () => {
  const message = 'Pod was terminated in response to imminent node shutdown.';
  test('pods end in order, the important ones last, and none is taken', async () => {
    const { client, create, watch, get, told, errors } = await kubeletCluster();
    const stubborn = { annotations: { 'jibe.dev/behaviour-ignores-sigterm': 'true' } };
    await create(podOn('web', { terminationGracePeriodSeconds: 60 }, stubborn));
    await create(podOn('short', { terminationGracePeriodSeconds: 5 }, stubborn));
    await client.create('scheduling.k8s.io/v1/PriorityClass', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'system-cluster-critical' },
      value: 2_000_000_000,
    });
    await create(podOn('dns', { priority: 2_000_000_000, priorityClassName: 'system-cluster-critical' }, stubborn));
    await watch('web', 10);
    await annotate(client, { [SHUTDOWN]: 'true' });
    expect(await watch('short', 14, 16)).toEqual(['14s Running ready=True app:running/0', '16s Failed ready=False app:Error(137)/0']);
    expect(await watch('web', 29, 31)).toEqual(['29s Running ready=True app:running/0', '31s Failed ready=False app:Error(137)/0']);
    expect(await watch('dns', 39, 41)).toEqual(['39s Running ready=True app:running/0', '41s Failed ready=False app:Error(137)/0']);
    const { status } = await get('web');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Terminated', message });
    expect(status?.conditions?.find((c) => c.type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
    });
    const ready = (await client.get('v1/Node', 'a')).status?.conditions?.find((c) => c.type === 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' });
    await create(podOn('late'));
    expect(await watch('late', 42)).toEqual(['42s Failed ready=False app:ContainerCreating/0']);
    expect((await get('late')).status).toMatchObject({
      reason: 'NodeShutdown',
      message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
    });
    await annotate(client, { [SHUTDOWN]: null });
    await create(podOn('next'));
    expect(await watch('next', 50)).toEqual(['50s Running ready=True app:running/0']);
    const events = await told('Node');
    for (const expected of [
      'NodeShutdown: Shutdown manager detected shutdown event',
      'NodeNotReady: Node a status is now: NodeNotReady',
      'NodeShutdown: Shutdown manager detected shutdown cancellation',
    ])
      expect(events).toContain(expected);
    expect(errors).toEqual([]);
  });

  test('is told at the next heartbeat where it could not be told at once', async () => {
    const { client, clock, link } = await kubeletCluster();
    const ready = async () => (await client.get('v1/Node', 'a')).status?.conditions?.find((c) => c.type === 'Ready')?.status;
    link.faults = { ...NO_FAULTS, failWrites: 1 };
    await annotate(client, { [SHUTDOWN]: 'true' });
    await clock.advance(60_000);
    expect(await ready()).toBe('True');
    link.faults = NO_FAULTS;
    await clock.advance(10_000);
    expect(await ready()).toBe('False');
  });
});

describe('evictions', () => {
  test('one pod at a time, until enough memory was freed; what has no requests is not taken', async () => {
    const { client, create, watch, get, told } = await kubeletCluster();
    const uses = (memory: string) => ({ annotations: { 'jibe.dev/behaviour-memory': memory } });
    const containers = [{ name: 'app', image: 'example.test/app:1', resources: { requests: { memory: '64Mi' } } }];
    await create(podOn('modest', { containers }, uses('10Mi')));
    await create(podOn('greedy', { containers }, uses('90Mi')));
    await create(podOn('other', { containers }, uses('70Mi')));
    await watch('modest', 30);
    await annotate(client, { [MEMORY]: '60Mi' });
    expect(await watch('greedy', 35)).toEqual(['35s Failed ready=False app:Completed(0)/0']);
    expect(await watch('other', 120)).toEqual(['120s Running ready=True app:running/0']);
    const message =
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. Container app was using 90Mi, request is 64Mi, has larger consumption of memory. ';
    expect((await get('greedy')).status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    expect(await told()).toContain(`Evicted: ${message}`);
    await create(podOn('best-effort'));
    expect(await watch('best-effort', 125)).toEqual(['125s Failed ready=False app:ContainerCreating/0']);
    expect((await get('best-effort')).status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
    });
    await annotate(client, { [MEMORY]: null });
    await create(podOn('welcome'));
    expect(await watch('welcome', 130)).toEqual(['130s Running ready=True app:running/0']);
  });
});
