// Volumes and claims stay until nothing uses them any more: finalizers that the protection controllers take away. Follows
// plugin/pkg/admission/storage/storageobjectinuseprotection.

import { isAbout, type AdmissionPlugin } from './admission.ts';

const FINALIZERS: readonly (readonly [group: string, resource: string, finalizer: string])[] = [
  ['', 'persistentvolumes', 'kubernetes.io/pv-protection'],
  ['', 'persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['storage.k8s.io', 'volumeattributesclasses', 'kubernetes.io/vac-protection'],
];

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  admit(attributes) {
    const finalizer = FINALIZERS.find(([group, resource]) => isAbout(attributes, group, resource))?.[2];
    const metadata = attributes.object?.metadata;
    if (finalizer && metadata && !metadata.finalizers?.includes(finalizer))
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};
