// The resources of API group apiregistration.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function apiregistrationResources(): ResourceDefinition[] {
  return [
    define('apiregistration.k8s.io', 'apiservices', {
      categories: ['api-extensions'],
      storagePath: 'apiregistration.k8s.io/apiservices',
      strategy: {},
    }),
  ];
}
