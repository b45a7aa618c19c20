// The resources of API group scheduling.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function schedulingResources(): ResourceDefinition[] {
  return [
    define('scheduling.k8s.io', 'priorityclasses', { shortNames: ['pc'], strategy: {} }),
    define('scheduling.k8s.io', 'podgroups', { strategy: {} }),
    define('scheduling.k8s.io', 'workloads', { strategy: {} }),
  ];
}
