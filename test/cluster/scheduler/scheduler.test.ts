import { expect, test } from 'vitest';
import { aNode, aPod, schedulingCluster } from './cluster.ts';

test('a pod is bound to the node that has room', async () => {
  const { client, settle, nodeOf, told, errors } = await schedulingCluster();
  await client.create('v1/Node', aNode('small', { cpu: '1', memory: '1Gi', pods: '10' }));
  await client.create('v1/Node', aNode('large'));
  await client.create('v1/Pod', aPod('x', { cpu: '2' }));
  await settle();
  expect(errors).toEqual([]);
  expect(await nodeOf('x')).toBe('large');
  expect(await told('x')).toEqual(['Scheduled: Successfully assigned default/x to large']);
});

test('a pod that fits nowhere says why, and is bound once it fits', async () => {
  const { client, settle, nodeOf, told } = await schedulingCluster();
  await client.create('v1/Node', aNode('a', { cpu: '1', memory: '8Gi', pods: '10' }));
  await client.create('v1/Pod', aPod('x', { cpu: '2' }));
  await settle();
  expect((await told('x'))[0]).toMatch(/^FailedScheduling: 0\/1 nodes are available: 1 Insufficient cpu\./);
  const { status } = await client.get('v1/Pod', 'x', { namespace: 'default' });
  expect(status?.conditions?.[0]).toMatchObject({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' });
  await client.create('v1/Node', aNode('b'));
  await settle();
  expect(await nodeOf('x')).toBe('b');
});

test('a thousand pods are spread over fifty nodes', async () => {
  const { client, settle, controller } = await schedulingCluster();
  for (let i = 0; i < 50; i++) await client.create('v1/Node', aNode(`node-${i}`, { cpu: '64', memory: '256Gi', pods: '110' }));
  await Promise.all(Array.from({ length: 1000 }, (_, i) => client.create('v1/Pod', aPod(`p${i}`, { cpu: '2', memory: '8Gi' }))));
  await settle();
  expect(controller.pending).toBe(0);
  const counts = new Map<string, number>();
  for (const pod of (await client.list('v1/Pod')).items) counts.set(pod.spec.nodeName!, (counts.get(pod.spec.nodeName!) ?? 0) + 1);
  expect([...counts.values()].every((n) => n === 20)).toBe(true);
});
