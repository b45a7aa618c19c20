import { describe, expect, test } from 'vitest';
import { kubeletCluster, podOn } from './cluster.ts';

describe('a pod over time', () => {
  test('its image is pulled, it starts, and it is ready', async () => {
    const { create, watch, told, errors, get } = await kubeletCluster();
    await create(podOn('x'));
    expect(await watch('x', 0.1, 1.2, 2)).toEqual([
      '0.1s Pending ready=False app:ContainerCreating/0',
      '1.2s Pending ready=False app:ContainerCreating/0',
      '2s Running ready=True app:running/0',
    ]);
    expect(errors).toEqual([]);
    expect(await told()).toEqual([
      'Pulling: Pulling image "example.test/app:1"',
      'Pulled: Successfully pulled image "example.test/app:1" in 1s (1s including waiting). Image size: 50000000 bytes.',
      'Created: Container created',
      'Started: Container started',
    ]);
    const { status } = await get('x');
    expect(status?.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(status?.podIP).toBe('10.128.0.2');
  });

  test('a deleted pod is stopped, and then gone', async () => {
    const { create, watch, client, errors, told } = await kubeletCluster();
    await create(podOn('x'));
    await watch('x', 2);
    await client.delete('v1/Pod', 'x', { namespace: 'default' });
    expect(await watch('x', 2.2, 3)).toEqual(['2.2s Running ready=True app:running/0', '3s gone']);
    expect(errors).toEqual([]);
    expect((await told()).at(-1)).toBe('Killing: Stopping container app');
  });
});
