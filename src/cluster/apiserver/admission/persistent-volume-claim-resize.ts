// A claim grows only where its StorageClass says that volumes can. Follows plugin/pkg/admission/storage/persistentvolume/resize.
import type { PersistentVolumeClaim } from '#api/core/v1';
import type { StorageClass } from '#api/storage/v1';
import { requestOf, storageClassOf } from '../../../apimachinery/core/volume-matching.ts';
import { compareQuantities } from '../../../apimachinery/quantity.ts';
import type { Store } from '../../storage/store.ts';
import { isAbout, refusal, type AdmissionPlugin } from './admission.ts';

export function persistentVolumeClaimResize(store: Store): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    operations: ['UPDATE'],
    async validate(attributes) {
      if (!isAbout(attributes, '', 'persistentvolumeclaims')) return;
      const claim = attributes.object as unknown as PersistentVolumeClaim;
      const old = attributes.old as unknown as PersistentVolumeClaim;
      if (compareQuantities(requestOf(claim), requestOf(old)) <= 0) return;
      if (old.status?.phase !== 'Bound') throw refusal(attributes, 'Only bound persistent volume claims can be expanded');
      const name = storageClassOf(claim);
      const entry = name && name === storageClassOf(old) ? await store.get(`/registry/storageclasses/${name}`) : undefined;
      if ((entry?.value as unknown as StorageClass | undefined)?.allowVolumeExpansion) return;
      throw refusal(
        attributes,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    },
  };
}
