// The resources of API group apps.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function appsResources(): ResourceDefinition[] {
  return [
    define('apps', 'controllerrevisions', { strategy: {} }),
    define('apps', 'daemonsets', { shortNames: ['ds'], categories: ['all'], strategy: {} }),
    define('apps', 'deployments', { shortNames: ['deploy'], categories: ['all'], strategy: {} }),
    define('apps', 'replicasets', { shortNames: ['rs'], categories: ['all'], strategy: {} }),
    define('apps', 'statefulsets', { shortNames: ['sts'], categories: ['all'], strategy: {} }),
  ];
}
