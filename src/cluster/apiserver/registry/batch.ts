// The resources of API group batch.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function batchResources(): ResourceDefinition[] {
  return [
    define('batch', 'cronjobs', { shortNames: ['cj'], categories: ['all'], strategy: {} }),
    define('batch', 'jobs', { categories: ['all'], strategy: {} }),
  ];
}
