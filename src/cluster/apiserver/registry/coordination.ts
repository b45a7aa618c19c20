// The resources of API group coordination.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function coordinationResources(): ResourceDefinition[] {
  return [define('coordination.k8s.io', 'leases', { strategy: {} }), define('coordination.k8s.io', 'leasecandidates', { strategy: {} })];
}
