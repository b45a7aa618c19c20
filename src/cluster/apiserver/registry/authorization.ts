// The resources of API group authorization.k8s.io.
import type { Access } from '../access.ts';
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function authorizationResources(_access: Access): ResourceDefinition[] {
  return [
    define('authorization.k8s.io', 'localsubjectaccessreviews', { strategy: {} }),
    define('authorization.k8s.io', 'selfsubjectaccessreviews', { strategy: {} }),
    define('authorization.k8s.io', 'selfsubjectrulesreviews', { strategy: {} }),
    define('authorization.k8s.io', 'subjectaccessreviews', { strategy: {} }),
  ];
}
