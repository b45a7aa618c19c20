// Binds claims to volumes and back, lets volumes go when their claim is gone, and asks provisioners for volumes that are not there.
// Follows pkg/controller/volume/persistentvolume of kube-controller-manager.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import {
  annotation,
  bestMatch,
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  defaultClass,
  hasClassSaid,
  isBoundTo,
  mismatch,
  modesMatch,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassOf,
  waitsForConsumer,
} from '../../apimachinery/core/volume-matching.ts';
import { quote } from '../../apimachinery/go-text.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { claimBoundTo, claimStatus, unboundVolume, volumeBoundTo } from './persistent-volume/binding.ts';
import { indexByClaim, podsUsing } from './shared/claims-of-pod.ts';

const CLAIM = 'claim:';
const VOLUME = 'volume:';
const RESYNC = 'resync';
/** What waits for something that tells nobody of its coming is looked at again. */
const RESYNC_MS = 15_000;
const CLAIM_KIND = 'v1/PersistentVolumeClaim';
const VOLUME_KIND = 'v1/PersistentVolume';
const BY_STATE = 'state';
const OPEN = 'open';
const FREE = 'free';

export function persistentVolumeController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const claims = informers.of(CLAIM_KIND);
  const volumes = informers.of(VOLUME_KIND);
  const classes = informers.of('storage.k8s.io/v1/StorageClass');
  const pods = informers.of('v1/Pod');
  indexByClaim(pods);
  claims.addIndex(BY_STATE, (claim) => (claim.status?.phase === 'Bound' || claim.status?.phase === 'Lost' ? [] : [OPEN]));
  // free, or reserved for one claim: only those are looked through for a match
  volumes.addIndex(BY_STATE, ({ spec, status }) => [
    ...(spec?.claimRef ? [`for/${spec.claimRef.namespace}/${spec.claimRef.name}`] : [FREE]),
    ...(status?.phase === 'Bound' || status?.phase === 'Available' ? [] : [OPEN]),
  ]);

  // one worker: two claims must not choose the same volume
  return controller({ name: 'persistentvolume-controller', deps, workers: 1, watch, reconcile });

  function watch(queue: WorkQueue): void {
    queue.addAfter(RESYNC, RESYNC_MS, { background: true });
    const claimChanged = (claim: PersistentVolumeClaim): void => queue.add(CLAIM + objectKey(claim));
    claims.addHandler({
      added: claimChanged,
      updated: claimChanged,
      deleted(claim) {
        if (claim.spec?.volumeName) queue.add(VOLUME + claim.spec.volumeName);
      },
    });
    const volumeChanged = (volume: PersistentVolume): void => queue.add(VOLUME + objectKey(volume));
    volumes.addHandler({
      added: volumeChanged,
      updated: volumeChanged,
      deleted({ spec }) {
        if (spec?.claimRef) queue.add(`${CLAIM}${spec.claimRef.namespace}/${spec.claimRef.name}`);
      },
    });
  }

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    if (key === RESYNC) {
      for (const claim of claims.byIndex(BY_STATE, OPEN)) queue.add(CLAIM + objectKey(claim));
      for (const volume of volumes.byIndex(BY_STATE, OPEN)) queue.add(VOLUME + objectKey(volume));
      queue.addAfter(RESYNC, RESYNC_MS, { background: true });
    } else if (key.startsWith(CLAIM)) {
      const { namespace, name } = splitKey(key.slice(CLAIM.length));
      const claim = claims.get(namespace, name);
      if (claim) await (annotation(claim, BIND_COMPLETED) === undefined ? syncUnbound(claim) : syncBound(claim));
    } else {
      const volume = volumes.get('', key.slice(VOLUME.length));
      if (volume) await syncVolume(volume, queue);
    }
  }

  async function syncUnbound(claim: PersistentVolumeClaim): Promise<void> {
    const wanted = claim.spec?.volumeName;
    if (wanted) {
      await syncNamed(claim, wanted);
      return;
    }
    const storageClass = classes.get('', storageClassOf(claim));
    const delayed = waitsForConsumer(storageClass);
    const candidates = [...volumes.byIndex(BY_STATE, `for/${objectKey(claim)}`), ...volumes.byIndex(BY_STATE, FREE)];
    const volume = bestMatch(claim, candidates, { delayed });
    if (volume) {
      await bind(volume, claim);
      return;
    }
    const byDefault = hasClassSaid(claim) ? undefined : defaultClass(classes.list());
    if (byDefault) {
      await client.update(CLAIM_KIND, { ...claim, spec: { ...claim.spec, storageClassName: byDefault.metadata.name } });
      return;
    }
    if (delayed && annotation(claim, SELECTED_NODE) === undefined) tellWaiting(claim);
    else if (storageClassOf(claim) !== '') {
      await provision(claim);
      return;
    } else events.event(claim, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
    await setClaimPhase(claim, 'Pending', undefined);
  }

  /** The claim asks for a certain volume. */
  async function syncNamed(claim: PersistentVolumeClaim, wanted: string): Promise<void> {
    const volume = volumes.get('', wanted);
    if (volume && !volume.spec?.claimRef) {
      const why = mismatch(claim, volume);
      if (why === undefined) {
        await bind(volume, claim);
        return;
      }
      events.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${quote(wanted)}: ${why}`);
    } else if (volume && isBoundTo(volume, claim)) {
      await bind(volume, claim);
      return;
    } else if (volume) events.event(claim, 'Warning', 'FailedBinding', `volume ${quote(wanted)} already bound to a different claim.`);
    await setClaimPhase(claim, 'Pending', undefined);
  }

  async function syncBound(claim: PersistentVolumeClaim): Promise<void> {
    const name = claim.spec?.volumeName;
    const volume = name ? volumes.get('', name) : undefined;
    if (!name) await lose(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
    else if (!volume) await lose(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    else if (!volume.spec?.claimRef || volume.spec.claimRef.uid === claim.metadata.uid) await bind(volume, claim);
    else await lose(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
  }

  async function lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<void> {
    if (claim.status?.phase === 'Lost') return;
    await setClaimPhase(claim, 'Lost', undefined);
    events.event(claim, 'Warning', reason, message);
  }

  async function syncVolume(volume: PersistentVolume, queue: WorkQueue): Promise<void> {
    const ref = volume.spec?.claimRef;
    if (!ref?.uid) {
      await setVolumePhase(volume, 'Available');
      return;
    }
    const claim = await claimOf(volume);
    if (!claim) {
      await reclaim(await release(volume));
      return;
    }
    const bound = claim.spec?.volumeName;
    if (!bound) {
      if (modesMatch(claim, volume)) queue.add(CLAIM + objectKey(claim));
      else tellModeMismatch(volume, claim);
    } else if (bound === volume.metadata.name) await setVolumePhase(volume, 'Bound');
    else if (annotation(volume, PROVISIONED_BY) !== undefined && volume.spec?.persistentVolumeReclaimPolicy === 'Delete')
      await reclaim(await release(volume));
    else await setVolumePhase(await client.update(VOLUME_KIND, unboundVolume(volume)), 'Available');
  }

  /** The claim that the volume is bound to. Before a volume is given up, the server is asked itself. */
  async function claimOf({ spec, status }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace = '', name = '', uid } = spec?.claimRef ?? {};
    let claim = claims.get(namespace, name);
    const released = status?.phase === 'Released' || status?.phase === 'Failed';
    if (claim?.metadata.uid !== uid && !released) {
      try {
        claim = await client.get(CLAIM_KIND, name, { namespace });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        claim = undefined;
      }
    }
    return claim?.metadata.uid === uid ? claim : undefined;
  }

  async function release(volume: PersistentVolume): Promise<PersistentVolume> {
    const { phase } = volume.status ?? {};
    return phase === 'Released' || phase === 'Failed' ? volume : setVolumePhase(volume, 'Released');
  }

  /** What becomes of a volume whose claim is gone. Volumes of external drivers are deleted by those. */
  async function reclaim(volume: PersistentVolume): Promise<void> {
    const { persistentVolumeReclaimPolicy: policy, csi, hostPath } = volume.spec ?? {};
    if (policy === 'Recycle') await fail(volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    if (policy !== 'Delete' || csi || annotation(volume, PROVISIONED_BY) !== undefined) return;
    const { name } = volume.metadata;
    if (!hostPath) {
      await fail(
        volume,
        'VolumeFailedDelete',
        `error getting deleter volume plugin for volume ${quote(name)}: no deletable volume plugin matched`,
      );
      return;
    }
    if (!/^\/tmp\/.+/.test(hostPath.path)) {
      await fail(volume, 'VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`);
      return;
    }
    try {
      await client.delete(VOLUME_KIND, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function fail(volume: PersistentVolume, reason: string, message: string): Promise<void> {
    if (volume.status?.phase === 'Failed') return;
    await writeVolumeStatus(volume, { ...volume.status, phase: 'Failed', message });
    events.event(volume, 'Warning', reason, message);
  }

  async function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const pointing = volumeBoundTo(volume, claim);
    const stored = pointing === volume ? volume : await client.update(VOLUME_KIND, pointing);
    await setVolumePhase(stored, 'Bound');
    const pointed = claimBoundTo(claim, stored);
    await setClaimPhase(pointed === claim ? claim : await client.update(CLAIM_KIND, pointed), 'Bound', stored);
  }

  /** Asks an external provisioner, by an annotation, to make a volume. */
  async function provision(claim: PersistentVolumeClaim): Promise<void> {
    const className = storageClassOf(claim);
    const storageClass = classes.get('', className);
    if (!storageClass) {
      events.event(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io ${quote(className)} not found`);
      return;
    }
    const { provisioner } = storageClass;
    if (provisioner.startsWith('kubernetes.io/')) {
      events.event(claim, 'Warning', 'ProvisioningFailed', 'no volume plugin matched');
      return;
    }
    let asked = claim;
    if (annotation(claim, STORAGE_PROVISIONER) !== provisioner) {
      const annotations = { ...claim.metadata.annotations, [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
      asked = await client.update(CLAIM_KIND, { ...claim, metadata: { ...claim.metadata, annotations } });
    }
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    events.event(asked, 'Normal', 'ExternalProvisioning', message);
  }

  function tellWaiting(claim: PersistentVolumeClaim): void {
    const waiting = [...podsUsing(pods, objectKey(claim))].filter((pod) => !pod.spec.nodeName).map((pod) => pod.metadata.name);
    if (waiting.length === 0)
      events.event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
    else {
      const who = `pod${waiting.length > 1 ? 's' : ''} ${waiting.join(',')}`;
      events.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${who} to be scheduled`);
    }
  }

  function tellModeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): void {
    const [volumeName, claimName] = [quote(volume.metadata.name), quote(claim.metadata.name)];
    const ofVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${claimName} due to incompatible volumeMode.`;
    events.event(volume, 'Warning', 'VolumeMismatch', ofVolume);
    const ofClaim = `Cannot bind PersistentVolume ${volumeName} to requested PersistentVolumeClaim due to incompatible volumeMode.`;
    events.event(claim, 'Warning', 'VolumeMismatch', ofClaim);
  }

  async function setClaimPhase(claim: PersistentVolumeClaim, phase: string, volume: PersistentVolume | undefined): Promise<void> {
    const wanted = canonical('core/v1.PersistentVolumeClaimStatus', claimStatus(claim.status, phase, volume));
    if (!deepEqual(claim.status ?? {}, wanted)) await client.updateStatus(CLAIM_KIND, { ...claim, status: wanted });
  }

  async function setVolumePhase(volume: PersistentVolume, phase: string): Promise<PersistentVolume> {
    if (volume.status?.phase === phase) return volume;
    const { message: _, reason: __, ...status } = volume.status ?? {};
    return writeVolumeStatus(volume, { ...status, phase });
  }

  function writeVolumeStatus(volume: PersistentVolume, status: NonNullable<PersistentVolume['status']>): Promise<PersistentVolume> {
    return client.updateStatus(VOLUME_KIND, { ...volume, status });
  }
}
