// The resources of API group events.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function eventsResources(): ResourceDefinition[] {
  return [define('events.k8s.io', 'events', { shortNames: ['ev'], strategy: {} })];
}
