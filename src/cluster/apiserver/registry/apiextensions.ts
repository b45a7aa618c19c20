// The resources of API group apiextensions.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function apiextensionsResources(): ResourceDefinition[] {
  return [
    define('apiextensions.k8s.io', 'customresourcedefinitions', {
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
      strategy: {},
    }),
  ];
}
