// The resources of API group rbac.authorization.k8s.io.
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#api/rbac/v1';
import { setBindingDefaults } from '../defaults/rbac.ts';
import { bindingColumns } from '../tables/rbac.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import {
  validateClusterRole,
  validateClusterRoleBinding,
  validateClusterRoleBindingUpdate,
  validateClusterRoleUpdate,
  validateRole,
  validateRoleBinding,
  validateRoleBindingUpdate,
  validateRoleUpdate,
} from '../validation/rbac.ts';

const GROUP = 'rbac.authorization.k8s.io';

export function rbacResources(): ResourceDefinition[] {
  const onUpdate = { allowCreateOnUpdate: true, allowUnconditionalUpdate: true };
  return [
    define(GROUP, 'clusterrolebindings', {
      versions: { v1: defaulting<ClusterRoleBinding>(setBindingDefaults) },
      strategy: typed<ClusterRoleBinding>({
        ...onUpdate,
        validate: validateClusterRoleBinding,
        validateUpdate: validateClusterRoleBindingUpdate,
      }),
      columns: bindingColumns,
    }),
    define(GROUP, 'clusterroles', {
      strategy: typed<ClusterRole>({
        ...onUpdate,
        validate: (role) => validateClusterRole(role),
        validateUpdate: validateClusterRoleUpdate,
      }),
    }),
    define(GROUP, 'rolebindings', {
      versions: { v1: defaulting<RoleBinding>(setBindingDefaults) },
      strategy: typed<RoleBinding>({ ...onUpdate, validate: validateRoleBinding, validateUpdate: validateRoleBindingUpdate }),
      columns: bindingColumns,
    }),
    define(GROUP, 'roles', { strategy: typed<Role>({ ...onUpdate, validate: validateRole, validateUpdate: validateRoleUpdate }) }),
  ];
}
