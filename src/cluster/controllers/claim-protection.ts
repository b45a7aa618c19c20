// Keeps claims that pods use, and volumes that are bound, from going while they are in use: a finalizer holds them until they are not.
// Follows pkg/controller/volume/pvcprotection and pvprotection of kube-controller-manager.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import { isControlledBy } from '../../apimachinery/owner-reference.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { claimNames, indexByClaim, podsUsing } from './shared/claims-of-pod.ts';

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';
const VOLUME_FINALIZER = 'kubernetes.io/pv-protection';

/** Anything that a finalizer holds. */
type Protected = Pick<PersistentVolume, 'metadata'>;

/** What is to be done about the finalizer. */
export function planProtection({ metadata }: Protected, finalizer: string, inUse: () => boolean): 'add' | 'remove' | undefined {
  const held = metadata.finalizers?.includes(finalizer) ?? false;
  if (!metadata.deletionTimestamp) return held ? undefined : 'add';
  return held && !inUse() ? 'remove' : undefined;
}

export const withFinalizer = <T extends Protected>(object: T, finalizer: string, action: 'add' | 'remove'): T => {
  const { finalizers = [], ...metadata } = object.metadata;
  const next = action === 'add' ? [...finalizers, finalizer] : finalizers.filter((f) => f !== finalizer);
  return { ...object, metadata: { ...metadata, ...(next.length > 0 ? { finalizers: next } : {}) } };
};

/** Gone meanwhile: nothing is left to protect. */
export async function unlessGone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * Whether the claim must stay for the pod: not for one that is on no node, nor for its own ephemeral volume once the kubelet is done with it.
 */
export function usesClaim(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== metadata.namespace) return false;
  const isDone = pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
  return (pod.spec.volumes ?? []).some(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return persistentVolumeClaim.claimName === metadata.name;
    return ephemeral !== undefined && !isDone && `${pod.metadata.name}-${name}` === metadata.name && isControlledBy({ metadata }, pod);
  });
}

export function claimProtectionController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const claims = informers.of('v1/PersistentVolumeClaim');
  const pods = informers.of('v1/Pod');
  indexByClaim(pods);

  return controller({
    name: 'persistentvolumeclaim-protection-controller',
    deps,
    workers: 1,
    watch(queue) {
      const changed = (claim: PersistentVolumeClaim): void => {
        if (planProtection(claim, CLAIM_FINALIZER, () => false)) queue.add(objectKey(claim));
      };
      const released = (pod: Pod): void => {
        for (const name of claimNames(pod)) queue.add(`${pod.metadata.namespace}/${name}`);
      };
      claims.addHandler({ added: changed, updated: changed });
      const changes = (pod: Pod): void => {
        if (isPodTerminal(pod) || !pod.spec.nodeName) released(pod);
      };
      pods.addHandler({ added: changes, updated: changes, deleted: released });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      if (!claim) return;
      const known = [...podsUsing(pods, key)].some((pod) => usesClaim(pod, claim));
      const action = planProtection(claim, CLAIM_FINALIZER, () => known);
      // a pod that came a moment ago need not be known here yet
      if (action === 'remove' && (await client.list('v1/Pod', { namespace })).items.some((pod) => usesClaim(pod, claim))) return;
      if (action) await unlessGone(() => client.update('v1/PersistentVolumeClaim', withFinalizer(claim, CLAIM_FINALIZER, action)));
    },
  });
}

export function volumeProtectionController(deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const volumes = informers.of('v1/PersistentVolume');

  return controller({
    name: 'persistentvolume-protection-controller',
    deps,
    workers: 1,
    watch(queue) {
      const changed = (volume: PersistentVolume): void => {
        if (planProtection(volume, VOLUME_FINALIZER, () => false)) queue.add(volume.metadata.name);
      };
      volumes.addHandler({ added: changed, updated: changed });
    },
    async reconcile(name) {
      const volume = volumes.get('', name);
      const action = volume && planProtection(volume, VOLUME_FINALIZER, () => volume.status?.phase === 'Bound');
      if (volume && action) await unlessGone(() => client.update('v1/PersistentVolume', withFinalizer(volume, VOLUME_FINALIZER, action)));
    },
  });
}
