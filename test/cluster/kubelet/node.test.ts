import { describe, expect, test } from 'vitest';
import { kubeletCluster, podOn, START } from './cluster.ts';
import { AT_ONCE } from '../../../src/cluster/kubelet/runtime/simulated/documents.ts';

describe('a node', () => {
  test('is registered with labels, and reports itself ready', async () => {
    const { client, errors } = await kubeletCluster();
    const { metadata, status } = await client.get('v1/Node', 'a');
    expect(metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'a', 'kubernetes.io/os': 'linux' });
    expect(status?.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`)).toEqual([
      'MemoryPressure=False KubeletHasSufficientMemory',
      'DiskPressure=False KubeletHasNoDiskPressure',
      'PIDPressure=False KubeletHasSufficientPID',
      'Ready=True KubeletReady',
    ]);
    expect(status?.addresses).toEqual([
      { type: 'InternalIP', address: '10.64.0.1' },
      { type: 'Hostname', address: 'a' },
    ]);
    expect(status?.allocatable).toMatchObject({ cpu: '4', pods: '110' });
    expect(status?.nodeInfo?.kubeletVersion).toBe('v1.36.3');
    expect(errors).toEqual([]);
  });

  test('renews its lease every ten seconds, and its conditions every five minutes', async () => {
    const { client, clock } = await kubeletCluster();
    const lease = () => client.get('coordination.k8s.io/v1/Lease', 'a', { namespace: 'kube-node-lease' });
    expect((await lease()).spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' });
    await clock.advance(25_000);
    expect((await lease()).spec?.renewTime).toBe('2026-01-01T00:00:21.000000Z');
    await clock.advance(290_000);
    const { status } = await client.get('v1/Node', 'a');
    const ready = status?.conditions?.find((c) => c.type === 'Ready');
    expect(ready?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
    expect(Date.parse(ready?.lastHeartbeatTime ?? '')).toBeGreaterThanOrEqual(START + 300_000);
    expect(clock.nextForeground()).toBeUndefined();
  });

  test('that is lost keeps its pods as they were said to be', async () => {
    const { client, create, watch, clock } = await kubeletCluster();
    await create(podOn('x'));
    await watch('x', 3);
    await client.patch('v1/Node', 'a', { metadata: { annotations: { lost: 'yes' } } }, { type: 'merge' });
    await clock.settle();
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 60)).toEqual(['60s Running ready=True app:running/0']);
    await client.patch('v1/Node', 'a', { metadata: { annotations: { lost: null } } }, { type: 'merge' });
    expect(await watch('x', 62)).toEqual(['62s gone']);
  });
});

describe('a kubelet that starts anew', () => {
  test.each([
    ['realistic', undefined],
    ['at once', AT_ONCE],
  ] as const)('takes up running pods where they are: %s', async (_name, document) => {
    const { create, watch, restart, get, errors } = await kubeletCluster(document);
    await create(podOn('x', { containers: [{ name: 'app', image: 'x:1', readinessProbe: { tcpSocket: { port: 80 } } }] }));
    await watch('x', 15);
    const before = await get('x');
    await restart();
    expect(await watch('x', 60)).toEqual(['60s Running ready=True app:running/0']);
    expect((await get('x')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(errors).toEqual([]);
  });

  test('ends what was to end, and leaves what had ended', async () => {
    const { create, watch, restart, client } = await kubeletCluster();
    const sleeps = (seconds: string) => ({
      containers: [{ name: 'app', image: 'x:1', command: ['sleep', seconds] }],
      restartPolicy: 'Never',
    });
    await create(podOn('short', sleeps('1')));
    await create(podOn('long', sleeps('20')));
    await watch('short', 10);
    await restart();
    expect(await watch('long', 11, 25)).toEqual(['11s Running ready=True app:running/0', '25s Succeeded ready=False app:Completed(0)/0']);
    expect(await watch('short', 26)).toEqual(['26s Succeeded ready=False app:Completed(0)/0']);
    await client.delete('v1/Pod', 'short', { namespace: 'default' });
    expect(await watch('short', 27)).toEqual(['27s gone']);
  });

  test('keeps the pauses of a container that crashes', async () => {
    const { create, watch, restart } = await kubeletCluster();
    await create(podOn('x', { containers: [{ name: 'app', image: 'x:1', command: ['false'] }] }));
    expect(await watch('x', 5)).toEqual(['5s Running ready=False app:CrashLoopBackOff/1']);
    await restart();
    expect(await watch('x', 6, 14)).toEqual([
      '6s Running ready=False app:CrashLoopBackOff/1',
      '14s Running ready=False app:CrashLoopBackOff/2',
    ]);
  });
});
