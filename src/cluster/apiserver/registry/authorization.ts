// The resources of API group authorization.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function authorizationResources(): ResourceDefinition[] {
  return [
    define('authorization.k8s.io', 'localsubjectaccessreviews', { strategy: {} }),
    define('authorization.k8s.io', 'selfsubjectaccessreviews', { strategy: {} }),
    define('authorization.k8s.io', 'selfsubjectrulesreviews', { strategy: {} }),
    define('authorization.k8s.io', 'subjectaccessreviews', { strategy: {} }),
  ];
}
