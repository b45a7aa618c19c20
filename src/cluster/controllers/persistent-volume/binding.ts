// The two halves of a binding as they are written: the volume points at the claim, then the claim at the volume. Pure.
// Follows pv_controller.go of kube-controller-manager.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus } from '#api/core/v1';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, isBoundTo } from '../../../apimachinery/core/volume-matching.ts';
import { deepEqual } from '../../../apimachinery/object.ts';

/** The very same where it points there already. */
export function volumeBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace = '', uid, resourceVersion } = claim.metadata;
  if (isBoundTo(volume, claim) && volume.spec?.claimRef?.uid === uid) return volume;
  const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion };
  // one that was reserved by hand stays reserved when the claim goes
  const metadata = volume.spec?.claimRef ? volume.metadata : annotated(volume.metadata, { [BOUND_BY_CONTROLLER]: 'yes' });
  return { ...volume, metadata, spec: { ...volume.spec, claimRef } };
}

export function claimBoundTo(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const { annotations = {} } = claim.metadata;
  const named = claim.spec?.volumeName === volume.metadata.name;
  if (named && annotations[BIND_COMPLETED] !== undefined) return claim;
  const added = { ...(named ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }), [BIND_COMPLETED]: 'yes' };
  return { ...claim, metadata: annotated(claim.metadata, added), spec: { ...claim.spec, volumeName: volume.metadata.name } };
}

/** Free again; what was reserved by hand keeps waiting for a claim of that name. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec ?? {};
  if (byController === undefined) {
    const { uid: _uid, resourceVersion: _version, ...reserved } = claimRef ?? {};
    return { ...volume, spec: { ...spec, claimRef: reserved } };
  }
  const { annotations: _, ...metadata } = volume.metadata;
  return { ...volume, metadata: { ...metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }, spec };
}

/** @param volume that the claim is bound to */
export function claimStatus(
  status: PersistentVolumeClaimStatus | undefined,
  phase: string,
  volume: PersistentVolume | undefined,
): PersistentVolumeClaimStatus {
  const { accessModes: oldModes, capacity: oldCapacity, ...rest } = status ?? {};
  if (!volume) return { ...rest, phase };
  const storage = volume.spec?.capacity?.['storage'];
  const bound = status?.phase === 'Bound' && oldCapacity !== undefined;
  const modes = volume.spec?.accessModes ?? [];
  return {
    ...rest,
    phase,
    accessModes: deepEqual(oldModes, modes) ? oldModes! : modes,
    // once bound, expansion tells of the size
    ...(bound ? { capacity: oldCapacity } : storage === undefined ? {} : { capacity: { storage } }),
  };
}

function annotated<M extends { readonly annotations?: Readonly<Record<string, string>> }>(
  metadata: M,
  added: Readonly<Record<string, string>>,
): M {
  return { ...metadata, annotations: { ...metadata.annotations, ...added } };
}
