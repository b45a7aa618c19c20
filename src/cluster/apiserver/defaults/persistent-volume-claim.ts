// Defaults of PersistentVolumeClaims, and of the claims that templates hold. Follows pkg/apis/core/v1/defaults.go.
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { roundResources } from './resource-list.ts';

export function setPersistentVolumeClaimDefaults(claim: Mutable<PersistentVolumeClaim>): void {
  claim.spec ??= {};
  setPersistentVolumeClaimSpecDefaults(claim.spec);
  claim.status ??= {};
  claim.status.phase ??= 'Pending';
}

export function setPersistentVolumeClaimSpecDefaults(spec: Mutable<PersistentVolumeClaimSpec>): void {
  spec.volumeMode ??= 'Filesystem';
  roundResources(spec.resources);
}
