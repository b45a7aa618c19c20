// The resources of API group apiextensions.k8s.io.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import {
  customResourceDefinitionStatusStrategy,
  customResourceDefinitionStrategy,
  setCustomResourceDefinitionDefaults,
} from '../custom/crd-strategy.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export const CRD_STORAGE_PATH = '/registry/apiextensions.k8s.io/customresourcedefinitions';

export function apiextensionsResources(): ResourceDefinition[] {
  return [
    define('apiextensions.k8s.io', 'customresourcedefinitions', {
      storedAs: 'v1beta1',
      shortNames: ['crd', 'crds'],
      categories: ['api-extensions'],
      storagePath: CRD_STORAGE_PATH.slice('/registry/'.length),
      versions: { v1: defaulting<CustomResourceDefinition>(setCustomResourceDefinitionDefaults) },
      strategy: typed<CustomResourceDefinition>(customResourceDefinitionStrategy),
      subresources: { status: { strategy: typed<CustomResourceDefinition>(customResourceDefinitionStatusStrategy) } },
      returnsDeletedObject: true,
      storedAsJson: true,
    }),
  ];
}
