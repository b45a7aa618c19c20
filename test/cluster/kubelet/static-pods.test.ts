import { expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import type { Manifest } from '../../../src/apimachinery/object.ts';
import { REALISTIC } from '../../../src/cluster/kubelet/runtime/simulated/documents.ts';
import { kubeletCluster } from './cluster.ts';

const manifest: Manifest<Pod> = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'app', image: 'example.test/app:1' }] },
};

test('a static pod runs, and a mirror shows it', async () => {
  const { client, get, watch, errors } = await kubeletCluster(REALISTIC, [manifest]);
  expect(await watch('web-a', 10)).toEqual(['10s Running ready=True app:running/0']);
  const { metadata, spec } = await get('web-a');
  const hash = metadata.annotations?.['kubernetes.io/config.hash'];
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(metadata.annotations).toMatchObject({ 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.source': 'file' });
  expect(metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Node', name: 'a', uid: (await client.get('v1/Node', 'a')).metadata.uid, controller: true },
  ]);
  expect(spec.nodeName).toBe('a');
  expect(spec.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoExecute' });
  expect(errors).toEqual([]);
});

test('a mirror that is deleted comes back, and the pod does not notice', async () => {
  const { client, get, watch, clock, told } = await kubeletCluster(REALISTIC, [manifest]);
  await watch('web-a', 10);
  const before = await get('web-a');
  await client.delete('v1/Pod', 'web-a', { namespace: 'default' });
  await clock.settle();
  const after = await get('web-a');
  expect(after.metadata.uid).not.toBe(before.metadata.uid);
  expect(await watch('web-a', 20)).toEqual(['20s Running ready=True app:running/0']);
  expect((await get('web-a')).status?.containerStatuses).toEqual(before.status?.containerStatuses);
  expect((await told()).filter((t) => t.startsWith('Killing'))).toEqual([]);
});

test('it is another pod when its manifest is another, and gone without one', async () => {
  const { get, watch, restart } = await kubeletCluster(REALISTIC, [manifest]);
  await watch('web-a', 10);
  const first = (await get('web-a')).metadata.annotations?.['kubernetes.io/config.hash'];
  await restart([{ ...manifest, spec: { containers: [{ name: 'app', image: 'example.test/app:2' }] } }]);
  expect(await watch('web-a', 30)).toEqual(['30s Running ready=True app:running/0']);
  const second = await get('web-a');
  expect(second.metadata.annotations?.['kubernetes.io/config.hash']).not.toBe(first);
  expect(second.spec.containers[0]?.image).toBe('example.test/app:2');
  await restart([]);
  expect(await watch('web-a', 60)).toEqual(['60s gone']);
});
