// Defaults of rbac.authorization.k8s.io/v1. Follows pkg/apis/rbac/v1/defaults.go.
import type { ClusterRoleBinding, RoleBinding } from '#api/rbac/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Of both kinds of binding. */
export function setBindingDefaults(binding: Mutable<RoleBinding | ClusterRoleBinding>): void {
  if (!binding.roleRef.apiGroup) binding.roleRef.apiGroup = GROUP;
  for (const subject of binding.subjects ?? [])
    if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = GROUP;
}
