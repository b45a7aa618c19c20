// The resources of API group storage.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function storageResources(): ResourceDefinition[] {
  return [
    define('storage.k8s.io', 'csidrivers', { strategy: {} }),
    define('storage.k8s.io', 'csinodes', { strategy: {} }),
    define('storage.k8s.io', 'csistoragecapacities', { strategy: {} }),
    define('storage.k8s.io', 'storageclasses', { shortNames: ['sc'], strategy: {} }),
    define('storage.k8s.io', 'volumeattachments', { strategy: {} }),
    define('storage.k8s.io', 'volumeattributesclasses', { shortNames: ['vac'], strategy: {} }),
  ];
}
