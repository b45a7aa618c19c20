// The resources of API group networking.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function networkingResources(): ResourceDefinition[] {
  return [
    define('networking.k8s.io', 'ingressclasses', { strategy: {} }),
    define('networking.k8s.io', 'ingresses', { shortNames: ['ing'], storagePath: 'ingress', strategy: {} }),
    define('networking.k8s.io', 'ipaddresses', { shortNames: ['ip'], strategy: {} }),
    define('networking.k8s.io', 'networkpolicies', { shortNames: ['netpol'], strategy: {} }),
    define('networking.k8s.io', 'servicecidrs', { strategy: {} }),
  ];
}
