// The resources of API group node.k8s.io.
import type { RuntimeClass } from '#api/node/v1';
import { define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { runtimeClassColumns } from '../tables/other-groups.ts';
import { validateRuntimeClass, validateRuntimeClassUpdate } from '../validation/runtime-class.ts';

export function nodeResources(): ResourceDefinition[] {
  return [
    define('node.k8s.io', 'runtimeclasses', {
      strategy: typed<RuntimeClass>({ validate: validateRuntimeClass, validateUpdate: validateRuntimeClassUpdate }),
      columns: runtimeClassColumns,
    }),
  ];
}
