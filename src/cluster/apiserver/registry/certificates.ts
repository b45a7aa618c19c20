// The resources of API group certificates.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function certificatesResources(): ResourceDefinition[] {
  return [
    define('certificates.k8s.io', 'certificatesigningrequests', { shortNames: ['csr'], strategy: {} }),
    define('certificates.k8s.io', 'clustertrustbundles', { strategy: {} }),
    define('certificates.k8s.io', 'podcertificaterequests', { strategy: {} }),
  ];
}
