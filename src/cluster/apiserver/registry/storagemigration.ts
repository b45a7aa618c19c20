// The resources of API group storagemigration.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function storagemigrationResources(): ResourceDefinition[] {
  return [define('storagemigration.k8s.io', 'storageversionmigrations', { strategy: {} })];
}
