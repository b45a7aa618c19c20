// The resources of API group internal.apiserver.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function apiserverinternalResources(): ResourceDefinition[] {
  return [define('internal.apiserver.k8s.io', 'storageversions', { strategy: {} })];
}
