// The resources of API group resource.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function resourceResources(): ResourceDefinition[] {
  return [
    define('resource.k8s.io', 'deviceclasses', { strategy: {} }),
    define('resource.k8s.io', 'resourceclaims', { strategy: {} }),
    define('resource.k8s.io', 'resourceclaimtemplates', { strategy: {} }),
    define('resource.k8s.io', 'resourceslices', { strategy: {} }),
    define('resource.k8s.io', 'devicetaintrules', { strategy: {} }),
    define('resource.k8s.io', 'resourcepoolstatusrequests', { strategy: {} }),
  ];
}
