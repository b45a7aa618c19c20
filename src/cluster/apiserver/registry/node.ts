// The resources of API group node.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function nodeResources(): ResourceDefinition[] {
  return [define('node.k8s.io', 'runtimeclasses', { strategy: {} })];
}
