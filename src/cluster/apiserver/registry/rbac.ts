// The resources of API group rbac.authorization.k8s.io.
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function rbacResources(): ResourceDefinition[] {
  return [
    define('rbac.authorization.k8s.io', 'clusterrolebindings', { strategy: {} }),
    define('rbac.authorization.k8s.io', 'clusterroles', { strategy: {} }),
    define('rbac.authorization.k8s.io', 'rolebindings', { strategy: {} }),
    define('rbac.authorization.k8s.io', 'roles', { strategy: {} }),
  ];
}
