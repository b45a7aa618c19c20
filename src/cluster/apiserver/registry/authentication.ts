// The resources of API group authentication.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function authenticationResources(): ResourceDefinition[] {
  return [
    define('authentication.k8s.io', 'selfsubjectreviews', { strategy: {} }),
    define('authentication.k8s.io', 'tokenreviews', { strategy: {} }),
  ];
}
