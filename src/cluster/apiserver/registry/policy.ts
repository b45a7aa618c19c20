// The resources of API group policy.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function policyResources(): ResourceDefinition[] {
  return [define('policy', 'poddisruptionbudgets', { shortNames: ['pdb'], strategy: {} })];
}
