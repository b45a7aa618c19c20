// Makes and deletes volumes as an external provisioner beside a CSI driver would, without any storage behind them: a claim that asks for
// one of its provisioners gets a volume at once. Follows kubernetes-csi/external-provisioner.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import type { StorageClass } from '#api/storage/v1';
import { MIGRATED_PLUGINS } from '../../apimachinery/core/csi-volumes.ts';
import {
  annotation,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassOf,
  waitsForConsumer,
} from '../../apimachinery/core/volume-matching.ts';
import { quote } from '../../apimachinery/go-text.ts';
import type { Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const WORKERS = 5;
const CLAIM = 'claim:';
const VOLUME = 'volume:';
/** Held until the storage behind the volume is gone too. */
const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
const TOPOLOGY_KEYS = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'];

/** Names of provisioners, as classes give them; `all`: whatever a class names, but for the one that stands for none. */
export type Provisioners = readonly string[] | 'all';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** @param name of a provisioner or a driver */
export const isStoodFor = (provisioners: Provisioners, name: string): boolean =>
  provisioners === 'all' ? name !== '' && name !== NO_PROVISIONER : provisioners.includes(name);

/** @param provisioners those that it stands for */
export function simulatedProvisioner(deps: ControllerDeps, provisioners: Provisioners): Controller {
  const standsFor = (name: string): boolean => isStoodFor(provisioners, name);
  const { client, informers, events } = deps;
  const claims = informers.of('v1/PersistentVolumeClaim');
  const volumes = informers.of('v1/PersistentVolume');
  const classes = informers.of('storage.k8s.io/v1/StorageClass');
  const nodes = informers.of('v1/Node');

  return controller({
    name: 'simulated-provisioner',
    deps,
    workers: WORKERS,
    watch(queue) {
      const claimChanged = (claim: PersistentVolumeClaim): void => {
        if (isAsked(claim)) queue.add(CLAIM + objectKey(claim));
      };
      const volumeChanged = (volume: PersistentVolume): void => {
        if (isSurplus(volume)) queue.add(VOLUME + volume.metadata.name);
      };
      claims.addHandler({ added: claimChanged, updated: claimChanged });
      volumes.addHandler({ added: volumeChanged, updated: volumeChanged });
    },
    async reconcile(key) {
      if (key.startsWith(VOLUME)) {
        const volume = volumes.get('', key.slice(VOLUME.length));
        if (volume && isSurplus(volume)) await remove(volume);
        return;
      }
      const { namespace, name } = splitKey(key.slice(CLAIM.length));
      const claim = claims.get(namespace, name);
      if (claim && isAsked(claim)) await provision(claim);
    },
  });

  function isAsked(claim: PersistentVolumeClaim): boolean {
    const asked = annotation(claim, STORAGE_PROVISIONER);
    return asked !== undefined && standsFor(asked) && !claim.spec?.volumeName && !claim.metadata.deletionTimestamp;
  }

  function isSurplus(volume: PersistentVolume): boolean {
    const { status, spec, metadata } = volume;
    if (!standsFor(annotation(volume, PROVISIONED_BY) ?? '')) return false;
    if (metadata.deletionTimestamp) return status?.phase !== 'Bound' && metadata.finalizers?.includes(FINALIZER) === true;
    return status?.phase === 'Released' && spec?.persistentVolumeReclaimPolicy === 'Delete';
  }

  async function provision(claim: PersistentVolumeClaim): Promise<void> {
    const storageClass = classes.get('', storageClassOf(claim));
    if (!storageClass) return;
    const selected = annotation(claim, SELECTED_NODE);
    if (waitsForConsumer(storageClass) && selected === undefined) return;
    const node = selected === undefined ? undefined : nodes.get('', selected);
    const manifest = newVolume(claim, storageClass, node);
    const { name = '' } = manifest.metadata;
    if (volumes.get('', name)) return;
    const about = quote(objectKey(claim));
    events.event(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim ${about}`);
    try {
      await client.create('v1/PersistentVolume', manifest);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      events.event(
        claim,
        'Warning',
        'ProvisioningFailed',
        `failed to provision volume with StorageClass ${quote(storageClass.metadata.name)}: ${(error as Error).message}`,
      );
      throw error;
    }
    events.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }

  /** First the volume is marked, then what was held of it is let go. */
  async function remove(volume: PersistentVolume): Promise<void> {
    const { name, finalizers = [], uid, deletionTimestamp } = volume.metadata;
    try {
      if (!deletionTimestamp) await client.delete('v1/PersistentVolume', name, { preconditions: { uid } });
      if (finalizers.includes(FINALIZER))
        await client.patch(
          'v1/PersistentVolume',
          name,
          { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [FINALIZER] } },
          { type: 'strategic' },
        );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The volume that is made for a claim: of the size that it asks for, and where its pod is to run. */
export function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node | undefined): Manifest<PersistentVolume> {
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  const volumeName = `pvc-${uid}`;
  const { provisioner, reclaimPolicy = 'Delete', mountOptions } = storageClass;
  const storage = claim.spec?.resources?.requests?.['storage'] ?? '0';
  const key = TOPOLOGY_KEYS.find((k) => node?.metadata.labels?.[k] !== undefined);
  const value = key === undefined ? undefined : node?.metadata.labels?.[key];
  const required =
    key === undefined || value === undefined
      ? undefined
      : { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName, annotations: { [PROVISIONED_BY]: provisioner }, finalizers: [FINALIZER] },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage },
      claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion },
      ...sourceOf(provisioner, volumeName),
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
      ...(mountOptions ? { mountOptions } : {}),
      ...(required ? { nodeAffinity: { required } } : {}),
    },
  };
}

/** Provisioners that are no CSI drivers have a slash in their names; most of them (rancher.io/local-path, say) hand out directories. */
function sourceOf(provisioner: string, volumeName: string): Pick<PersistentVolume['spec'] & object, 'csi' | 'hostPath'> {
  const driver = Object.hasOwn(MIGRATED_PLUGINS, provisioner) ? MIGRATED_PLUGINS[provisioner]! : provisioner;
  if (!driver.includes('/')) return { csi: { driver, volumeHandle: volumeName } };
  return { hostPath: { path: `/var/lib/${driver}/${volumeName}`, type: 'DirectoryOrCreate' } };
}
