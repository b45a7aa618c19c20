// The resources of API group authentication.k8s.io.
import type { Access } from '../access.ts';
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function authenticationResources(_access: Access): ResourceDefinition[] {
  return [
    define('authentication.k8s.io', 'selfsubjectreviews', { strategy: {} }),
    define('authentication.k8s.io', 'tokenreviews', { strategy: {} }),
  ];
}
