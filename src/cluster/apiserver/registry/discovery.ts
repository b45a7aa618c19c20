// The resources of API group discovery.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function discoveryResources(): ResourceDefinition[] {
  return [define('discovery.k8s.io', 'endpointslices', { strategy: {} })];
}
