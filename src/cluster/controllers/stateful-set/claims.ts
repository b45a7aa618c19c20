// Whom the claims of a StatefulSet belong to: nobody, the set, or the pod that was scaled away, as persistentVolumeClaimRetentionPolicy
// says; the garbage collector does the rest. Pure. Follows stateful_set_utils.go of kube-controller-manager.
import type { StatefulSet } from '#api/apps/v1';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { OwnerReference } from '#api/meta/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { inRange, ordinalOf } from './pods.ts';

const policyOf = ({ spec }: StatefulSet): { readonly whenScaled: string; readonly whenDeleted: string } => {
  const { whenScaled = 'Retain', whenDeleted = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenScaled, whenDeleted };
};

/** A claim with the owners that it should have; the very same where it has them. */
export function withRetention(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { whenScaled, whenDeleted } = policyOf(set);
  const references = claim.metadata.ownerReferences ?? [];
  const ours = (ref: OwnerReference): boolean => ref.uid === set.metadata.uid || ref.uid === pod.metadata.uid;
  // somebody else manages the claim: it is left alone
  if (references.some((ref) => ref.controller && !ours(ref) && !isStale(ref, set, pod))) return claim;
  const scaledAway = whenScaled === 'Delete' && !inRange(set, ordinalOf(set, pod));
  const owner = scaledAway ? pod : whenDeleted === 'Delete' ? set : undefined;
  const kept = references.filter((ref) => !ours(ref) && !isStale(ref, set, pod));
  const wanted = owner ? [...kept, newControllerRef(owner)] : kept;
  if (deepEqual(references, wanted)) return claim;
  const { ownerReferences: _, ...metadata } = claim.metadata;
  return { ...claim, metadata: { ...metadata, ...(wanted.length > 0 ? { ownerReferences: wanted } : {}) } };
}

/** Names a former set or pod of the same name. */
function isStale(ref: OwnerReference, set: StatefulSet, pod: Pod): boolean {
  const former = (kind: string, { name, uid }: { readonly name: string; readonly uid: string }): boolean =>
    ref.kind === kind && ref.name === name && ref.uid !== uid;
  return former('StatefulSet', set.metadata) || former('Pod', pod.metadata);
}

/** Whether the claim goes with a pod that is gone already. @param pod the name of the pod that is to be made */
export function isStaleClaim(set: StatefulSet, claim: PersistentVolumeClaim, pod: string): boolean {
  if (policyOf(set).whenScaled === 'Retain') return false;
  return (claim.metadata.ownerReferences ?? []).some((ref) => ref.kind === 'Pod' && ref.name === pod);
}
