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

test('many pods are spread evenly', async () => {
  const { client, settle, controller } = await schedulingCluster();
  for (let i = 0; i < 15; i++) await client.create('v1/Node', aNode(`node-${i}`, { cpu: '64', memory: '256Gi', pods: '110' }));
  await Promise.all(Array.from({ length: 300 }, (_, i) => client.create('v1/Pod', aPod(`p${i}`, { cpu: '2', memory: '8Gi' }))));
  await settle();
  expect(controller.pending).toBe(0);
  const counts = new Map<string, number>();
  for (const pod of (await client.list('v1/Pod')).items) counts.set(pod.spec.nodeName!, (counts.get(pod.spec.nodeName!) ?? 0) + 1);
  expect([...counts.values()].every((n) => n === 20)).toBe(true);
});

test('a pod of higher priority takes the place of a lower one, and is bound once that is gone', async () => {
  const { client, settle, nodeOf, told, errors, get } = await schedulingCluster();
  await client.create('v1/Node', aNode('a', { cpu: '2', memory: '8Gi', pods: '10' }));
  for (const [name, value] of Object.entries({ high: 100, middle: 50 }))
    await client.create('scheduling.k8s.io/v1/PriorityClass', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
    });
  await client.create('v1/Pod', aPod('low', { cpu: '2' }, { nodeName: 'a' }));
  await settle();
  await client.create('v1/Pod', aPod('big', { cpu: '2' }, { priorityClassName: 'high' }));
  await settle();
  expect(errors).toEqual([]);
  expect(await told('big')).toEqual(['FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.']);
  const big = await get('big');
  expect(big.status?.nominatedNodeName).toBe('a');
  expect(await told('low')).toEqual([`Preempted: Preempted by pod ${big.metadata.uid} on node a`]);
  const low = await get('low');
  expect(low.metadata.deletionTimestamp).toBeDefined();
  expect(low.status?.conditions?.[0]).toMatchObject({
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
  });
  // a third does not get between them
  await client.create('v1/Pod', aPod('between', { cpu: '2' }, { priorityClassName: 'middle' }));
  await settle();
  await client.delete('v1/Pod', 'low', { namespace: 'default', gracePeriodSeconds: 0 });
  await settle();
  expect(await nodeOf('big')).toBe('a');
  expect(await nodeOf('between')).toBeUndefined();
});

test('a pod that makes room for itself is not tried again before the last of the others is asked to leave', async () => {
  const { client, settle, nodeOf, errors } = await schedulingCluster();
  await client.create('v1/Node', aNode('a', { cpu: '3', memory: '8Gi', pods: '10' }));
  await client.create('scheduling.k8s.io/v1/PriorityClass', {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'high' },
    value: 100,
  });
  // two go at once, one takes its time
  for (const [name, terminationGracePeriodSeconds] of [
    ['x', 0],
    ['y', 0],
    ['z', 30],
  ] as const)
    await client.create('v1/Pod', aPod(name, { cpu: '1' }, { nodeName: 'a', terminationGracePeriodSeconds }));
  await settle();
  await client.create('v1/Pod', aPod('big', { cpu: '3' }, { priorityClassName: 'high' }));
  await settle();
  const told = async (): Promise<readonly (readonly [string, number])[]> =>
    (await client.list('v1/Event')).items
      .filter((e) => e.involvedObject.name === 'big')
      .map((e) => [e.message ?? '', e.series?.count ?? 1] as const);
  expect(await told()).toEqual([['0/1 nodes are available: 1 Insufficient cpu.', 1]]);
  expect((await client.list('v1/Pod')).items.map((p) => p.metadata.name).sort()).toEqual(['big', 'z']);
  await client.delete('v1/Pod', 'z', { namespace: 'default', gracePeriodSeconds: 0 });
  await settle();
  expect(errors).toEqual([]);
  expect(await nodeOf('big')).toBe('a');
  expect(await told()).toHaveLength(2);
});

test('a claim that waits for its consumer is given a volume, and the pod is bound when the claim is', async () => {
  const { client, settle, nodeOf, errors, controller, get } = await schedulingCluster();
  await client.create('v1/Node', aNode('a'));
  await client.create('v1/Node', aNode('b'));
  const metadata = { name: 'late' };
  await client.create('storage.k8s.io/v1/StorageClass', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata,
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }];
  const created = await client.create('v1/PersistentVolume', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'disk' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      local: { path: '/disk' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  });
  await client.updateStatus('v1/PersistentVolume', { ...created, status: { phase: 'Available' } });
  const claim = await client.create('v1/PersistentVolumeClaim', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default' },
    spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
  await client.create('v1/Pod', aPod('x', {}, { volumes }));
  await settle();
  expect(errors).toEqual([]);
  const disk = await client.get('v1/PersistentVolume', 'disk');
  expect(disk.spec.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: claim.metadata.uid });
  expect(disk.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
  const waiting = await get('x');
  expect(waiting.spec.nodeName).toBeUndefined();
  expect(waiting.status?.nominatedNodeName).toBe('b');
  // it waits for another, which keeps nobody busy
  expect(controller.pending).toBe(0);
  const bound = await client.update('v1/PersistentVolumeClaim', {
    ...claim,
    metadata: { ...claim.metadata, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { ...claim.spec, volumeName: 'disk' },
  });
  await client.updateStatus('v1/PersistentVolumeClaim', { ...bound, status: { phase: 'Bound' } });
  await settle();
  expect(await nodeOf('x')).toBe('b');
});

test('a claim whose class has a provisioner asks for a volume on the chosen node', async () => {
  const { client, settle, errors, controller } = await schedulingCluster();
  await client.create('v1/Node', aNode('a'));
  await client.create('storage.k8s.io/v1/StorageClass', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'made' },
    provisioner: 'disk.test',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await client.create('v1/PersistentVolumeClaim', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default' },
    spec: { storageClassName: 'made', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await client.create('v1/Pod', aPod('x', {}, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }));
  await settle();
  expect(errors).toEqual([]);
  const { metadata } = await client.get('v1/PersistentVolumeClaim', 'data', { namespace: 'default' });
  expect(metadata.annotations).toEqual({ 'volume.kubernetes.io/selected-node': 'a' });
  // whoever stops it need not wait for the volume
  await controller.stop();
});

test('without nodes pods wait, without keeping the world busy', async () => {
  const { client, clock, settle, nodeOf, told, get, controller } = await schedulingCluster();
  await client.create('v1/Pod', aPod('x'));
  await settle();
  expect(await told('x')).toEqual(['FailedScheduling: no nodes available to schedule pods']);
  expect((await get('x')).status?.conditions?.[0]).toMatchObject({
    reason: 'Unschedulable',
    message: 'no nodes available to schedule pods',
  });
  expect(clock.nextForeground()).toBeUndefined();
  expect(controller.pending).toBe(0);
  // it is an error, not a want: a node does not cut its pause short, but from now on somebody waits for its end
  await client.create('v1/Node', aNode('a'));
  await settle();
  expect(await nodeOf('x')).toBeUndefined();
  expect(clock.nextForeground()).toBe(clock.now() + 1000);
  await clock.advance(1000);
  await settle();
  expect(await nodeOf('x')).toBe('a');
});

test('a pod makes room once: when it ends, not again when it is deleted', async () => {
  const { client, settle, told } = await schedulingCluster();
  await client.create('v1/Node', aNode('a', { cpu: '2', memory: '8Gi', pods: '10' }));
  for (const name of ['ends', 'stays']) await client.create('v1/Pod', aPod(name, { cpu: '1' }));
  await settle();
  await client.create('v1/Pod', aPod('large', { cpu: '2' }));
  await settle();
  const timesTold = async (): Promise<number> => {
    const { items } = await client.list('v1/Event');
    return items.filter((e) => e.involvedObject.name === 'large').reduce((sum, e) => sum + (e.series?.count ?? e.count ?? 1), 0);
  };
  expect(await timesTold()).toBe(1);
  const status = { status: { phase: 'Succeeded' } };
  await client.patch('v1/Pod', 'ends', status, { type: 'merge', namespace: 'default', subresource: 'status' });
  await settle();
  expect(await timesTold()).toBe(2);
  await client.delete('v1/Pod', 'ends', { namespace: 'default' });
  await settle();
  expect(await timesTold()).toBe(2);
  expect(await told('large')).toHaveLength(1);
});

test('pods of other schedulers are left alone', async () => {
  const { client, settle, nodeOf, told } = await schedulingCluster();
  await client.create('v1/Node', aNode('a'));
  await client.create('v1/Pod', aPod('x', {}, { schedulerName: 'other' }));
  await settle();
  expect(await nodeOf('x')).toBeUndefined();
  expect(await told('x')).toEqual([]);
});

test('the same seed gives the same places', async () => {
  const places = async (): Promise<(string | undefined)[]> => {
    const { client, settle, nodeOf } = await schedulingCluster();
    for (const name of ['a', 'b', 'c', 'd']) await client.create('v1/Node', aNode(name));
    for (let i = 0; i < 8; i++) await client.create('v1/Pod', aPod(`p${i}`));
    await settle();
    return Promise.all(Array.from({ length: 8 }, (_, i) => nodeOf(`p${i}`)));
  };
  expect(await places()).toEqual(await places());
});
