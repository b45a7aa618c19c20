import { describe, expect, test } from 'vitest';
import { MINUTE, plain, scenario, SECOND, template, type World } from './world.ts';

const CLAIM = 'v1/PersistentVolumeClaim';
const ATTACHMENT = 'storage.k8s.io/v1/VolumeAttachment';

const storage = (size: string) => ({ resources: { requests: { storage: size } } });
const claimOf = (rest: object = {}) => ({ spec: { accessModes: ['ReadWriteOnce'], ...storage('1Gi'), ...rest } });
const using = (claim = 'data') => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }] });

async function podWithClaim(world: World): Promise<void> {
  await world.make(CLAIM, 'data', claimOf());
  await world.make('v1/Pod', 'web', { spec: { ...template().spec, ...using() } });
  await world.advance(10 * SECOND);
}

describe('dynamic provisioning', () => {
  test('a volume is made for the first consumer, attached to its node, and mounted', () =>
    scenario(async (world) => {
      await podWithClaim(world);
      const pod = await world.get('v1/Pod', 'web');
      expect(pod.status?.phase).toBe('Running');
      const [attachment] = await world.list(ATTACHMENT);
      expect(attachment).toMatchObject({
        spec: { attacher: 'simulated.jibe.dev', nodeName: pod.spec.nodeName },
        status: { attached: true },
      });
      expect(attachment?.metadata.name).toMatch(/^csi-[0-9a-f]{64}$/);
      const node = await world.get('v1/Node', pod.spec.nodeName!);
      const unique = `kubernetes.io/csi/simulated.jibe.dev^${attachment?.spec.source.persistentVolumeName}`;
      expect(node.status).toMatchObject({ volumesInUse: [unique], volumesAttached: [{ name: unique, devicePath: '' }] });
      expect(plain(await world.told('Pod'))).toContain('SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pvc-<uid>" ');
      expect(world.errors).toEqual([]);
    }));

  test('Delete: the volume goes with its claim, once it is detached', () =>
    scenario(async (world) => {
      await podWithClaim(world);
      await world.remove(CLAIM, 'data');
      await world.advance(10 * SECOND);
      // in use: protected
      expect((await world.get(CLAIM, 'data')).metadata.deletionTimestamp).toBeDefined();
      await world.remove('v1/Pod', 'web');
      await world.advance(40 * SECOND);
      for (const kind of [CLAIM, 'v1/PersistentVolume', ATTACHMENT]) expect(await world.list(kind)).toEqual([]);
      for (const node of await world.list('v1/Node')) {
        expect(node.status?.volumesInUse).toBeUndefined();
        expect(node.status?.volumesAttached).toBeUndefined();
      }
    }));

  test('Retain: the volume stays, Released', () =>
    scenario(async (world) => {
      await world.make('storage.k8s.io/v1/StorageClass', 'kept', { provisioner: 'simulated.jibe.dev', reclaimPolicy: 'Retain' });
      await world.make(CLAIM, 'data', claimOf({ storageClassName: 'kept' }));
      await world.advance(5 * SECOND);
      expect((await world.get(CLAIM, 'data')).status?.phase).toBe('Bound');
      await world.remove(CLAIM, 'data');
      await world.advance(5 * SECOND);
      expect((await world.list('v1/PersistentVolume')).map((v) => v.status?.phase)).toEqual(['Released']);
    }));
});

describe('expansion', () => {
  test('the volume grows at once, the file system on the node, and the status tells of both', () =>
    scenario(async (world) => {
      await podWithClaim(world);
      await world.patch(CLAIM, 'data', { spec: storage('3Gi') });
      await world.advance(5 * SECOND);
      const claim = await world.get(CLAIM, 'data');
      expect(claim.status).toEqual({
        phase: 'Bound',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '3Gi' },
        allocatedResources: { storage: '3Gi' },
      });
      const [volume] = await world.list('v1/PersistentVolume');
      expect(volume?.spec?.capacity).toEqual({ storage: '3Gi' });
      expect(volume?.metadata.annotations).not.toHaveProperty(['volume.alpha.kubernetes.io/pre-resize-capacity']);
      const { nodeName } = (await world.get('v1/Pod', 'web')).spec;
      const grown = `FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "pvc-<uid>" ${nodeName}`;
      expect(plain(await world.told('PersistentVolumeClaim')).slice(-4)).toEqual([
        'ExternalExpanding: waiting for an external controller to expand this PVC',
        'Resizing: External resizer is resizing volume pvc-<uid>',
        'FileSystemResizeRequired: Require file system resize of volume on node',
        grown,
      ]);
      expect(plain(await world.told('Pod')).at(-1)).toBe(grown);
      expect(world.errors).toEqual([]);
    }));

  test('without a pod the file system waits, and grows before the next one starts', () =>
    scenario(async (world) => {
      await podWithClaim(world);
      await world.remove('v1/Pod', 'web');
      await world.advance(40 * SECOND);
      await world.patch(CLAIM, 'data', { spec: storage('2Gi') });
      await world.advance(5 * SECOND);
      expect((await world.get(CLAIM, 'data')).status).toMatchObject({
        capacity: { storage: '1Gi' },
        allocatedResources: { storage: '2Gi' },
        allocatedResourceStatuses: { storage: 'NodeResizePending' },
        conditions: [
          {
            type: 'FileSystemResizePending',
            status: 'True',
            message: 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
          },
        ],
      });
      expect((await world.list('v1/PersistentVolume'))[0]?.metadata.annotations).toHaveProperty(
        ['volume.alpha.kubernetes.io/pre-resize-capacity'],
        '1Gi',
      );
      await world.make('v1/Pod', 'next', { spec: { ...template().spec, ...using() } });
      await world.advance(10 * SECOND);
      const { status } = await world.get(CLAIM, 'data');
      expect(status?.capacity).toEqual({ storage: '2Gi' });
      expect(status?.conditions).toBeUndefined();
      expect(status?.allocatedResourceStatuses).toBeUndefined();
    }));

  test('a block volume needs no file system', () =>
    scenario(async (world) => {
      await world.make('storage.k8s.io/v1/StorageClass', 'raw', { provisioner: 'simulated.jibe.dev', allowVolumeExpansion: true });
      await world.make(CLAIM, 'data', claimOf({ volumeMode: 'Block', storageClassName: 'raw' }));
      await world.advance(5 * SECOND);
      await world.patch(CLAIM, 'data', { spec: storage('2Gi') });
      await world.advance(5 * SECOND);
      expect((await world.get(CLAIM, 'data')).status?.capacity).toEqual({ storage: '2Gi' });
      expect(await world.told('PersistentVolumeClaim')).toContain('VolumeResizeSuccessful: Resize volume succeeded');
    }));
});

describe('attach and detach', () => {
  test('what one node has no other gets: a Multi-Attach error, until the first pod is gone', () =>
    scenario(async (world) => {
      await world.make('storage.k8s.io/v1/StorageClass', 'now', { provisioner: 'simulated.jibe.dev' });
      await world.make(CLAIM, 'data', claimOf({ storageClassName: 'now' }));
      await world.make('v1/Pod', 'web', { spec: { ...template().spec, ...using(), nodeName: 'node-1' } });
      await world.advance(10 * SECOND);
      await world.make('v1/Pod', 'other', { spec: { ...template().spec, ...using(), nodeName: 'node-2' } });
      await world.advance(3 * MINUTE);
      expect((await world.get('v1/Pod', 'other')).status?.phase).toBe('Pending');
      const told = plain(await world.told('Pod', 'other'));
      expect(told).toContain('FailedAttachVolume: Multi-Attach error for volume "pvc-<uid>" Volume is already used by pod(s) web');
      expect(told.at(-1)).toMatch(/^FailedMount: Unable to attach or mount volumes: unmounted volumes=\[v\]/);
      await world.remove('v1/Pod', 'web');
      await world.advance(MINUTE);
      expect((await world.get('v1/Pod', 'other')).status?.phase).toBe('Running');
      expect((await world.list(ATTACHMENT)).map((a) => a.spec.nodeName)).toEqual(['node-2']);
    }));

  test('a driver that asks for none has no attachments', () =>
    scenario(async (world) => {
      await world.make('storage.k8s.io/v1/CSIDriver', 'simulated.jibe.dev', { spec: { attachRequired: false } });
      await podWithClaim(world);
      expect((await world.get('v1/Pod', 'web')).status?.phase).toBe('Running');
      expect(await world.list(ATTACHMENT)).toEqual([]);
    }));

  test('each node has a CSINode, and it goes with the node', () =>
    scenario(async (world) => {
      const names = async () => (await world.list('storage.k8s.io/v1/CSINode')).map((n) => n.metadata.name).sort();
      expect(await names()).toEqual(['node-1', 'node-2', 'node-3']);
      await world.remove('v1/Node', 'node-3');
      await world.advance(30 * SECOND);
      expect(await names()).toEqual(['node-1', 'node-2']);
    }));
});
