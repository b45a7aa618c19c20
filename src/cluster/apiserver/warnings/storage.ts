// What clients are told about volumes, claims and storage classes that are accepted, but of a kind that is on its way out. Follows
// pkg/api/persistentvolume, pkg/api/persistentvolumeclaim and pkg/api/storage.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { Path } from '../../../apimachinery/validation/field-error.ts';
import { claimWarnings, nodeSelectorWarnings } from './pod.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const MOUNT_OPTIONS_ANNOTATION = 'volume.beta.kubernetes.io/mount-options';

type Annotations = Readonly<Record<string, string>> | undefined;

function annotationWarnings(annotations: Annotations, withMountOptions: boolean): string[] {
  const warnings: string[] = [];
  if (annotations?.[CLASS_ANNOTATION] !== undefined)
    warnings.push(`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`);
  if (withMountOptions && annotations?.[MOUNT_OPTIONS_ANNOTATION] !== undefined)
    warnings.push(`metadata.annotations[${MOUNT_OPTIONS_ANNOTATION}]: deprecated since v1.31; use "mountOptions" attribute instead`);
  return warnings;
}

const OBSOLETE_SOURCES = [
  ['cephfs', 'spec.cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'spec.scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'spec.storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'spec.glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'spec.rbd: deprecated in v1.28, non-functional in v1.31+'],
] as const;

export function persistentVolumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  const warnings = annotationWarnings(metadata.annotations, true);
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  terms.forEach((term, i) => {
    warnings.push(...nodeSelectorWarnings(term, Path.of('spec', 'nodeAffinity', 'required', 'nodeSelectorTerms').index(i)));
  });
  for (const [source, warning] of OBSOLETE_SOURCES) if (spec[source]) warnings.push(warning);
  return warnings;
}

export function persistentVolumeClaimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const warnings = annotationWarnings(metadata.annotations, false);
  claimWarnings(spec.resources ?? {}, Path.of('spec'), warnings);
  return warnings;
}
