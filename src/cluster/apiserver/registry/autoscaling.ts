// The resources of API group autoscaling.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function autoscalingResources(): ResourceDefinition[] {
  return [define('autoscaling', 'horizontalpodautoscalers', { shortNames: ['hpa'], categories: ['all'], strategy: {} })];
}
