// What kind of volume the simulated provisioner hands out, by the provisioner that a class names.
import { expect, it } from 'vitest';
import type { PersistentVolumeClaim } from '#api/core/v1';
import type { StorageClass } from '#api/storage/v1';
import { newVolume } from '../../../src/cluster/controllers/simulated-provisioner.ts';

const claim = { metadata: { name: 'data', namespace: 'shop', uid: 'u1' }, spec: {} } as unknown as PersistentVolumeClaim;

it.each([
  ['ebs.csi.aws.com', { csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'pvc-u1' } }],
  // migrated: the in-tree plugin is that driver
  ['kubernetes.io/gce-pd', { csi: { driver: 'pd.csi.storage.gke.io', volumeHandle: 'pvc-u1' } }],
  // no CSI driver has a slash in its name
  ['rancher.io/local-path', { hostPath: { path: '/var/lib/rancher.io/local-path/pvc-u1', type: 'DirectoryOrCreate' } }],
])('%s', (provisioner, source) => {
  const storageClass = { metadata: { name: 'disk' }, provisioner } as unknown as StorageClass;
  expect(newVolume(claim, storageClass, undefined)).toMatchObject({ metadata: { name: 'pvc-u1' }, spec: source });
});
