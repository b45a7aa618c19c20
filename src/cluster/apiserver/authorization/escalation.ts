// Nobody grants what they do not have: whoever writes a role must have all that it allows (or the verb `escalate` on it), whoever binds
// somebody to one must have what it allows (or the verb `bind`). Follows pkg/registry/rbac's policy-based storages; it comes after the
// mutating admission plugins, as theirs does.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding } from '#api/rbac/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { goList, quote } from '../../../apimachinery/go-text.ts';
import { forbiddenError, notFoundError } from '../../../apimachinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts';
import type { Authorizer } from './authorizer.ts';
import { ruleText, uncovered } from './policy-rules.ts';
import { isPrivileged } from './rbac-authorizer.ts';
import type { RbacIndex } from './rbac-index.ts';

const GROUP = 'rbac.authorization.k8s.io';

const FULL_AUTHORITY: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

export function rbacEscalation(index: RbacIndex, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    operations: ['CREATE', 'UPDATE'],
    admit(attributes) {
      const { resource, subresource, user } = attributes;
      if (resource.group !== GROUP || subresource || isPrivileged(user.groups)) return;
      if (resource.resource.endsWith('bindings')) return checkBinding(attributes, index, authorizer);
      return checkRole(attributes, index, authorizer);
    },
  };
}

async function checkRole(attributes: AdmissionAttributes, index: RbacIndex, authorizer: Authorizer): Promise<void> {
  const role = attributes.object as unknown as ClusterRole;
  const old = attributes.old as unknown as ClusterRole | undefined;
  if (old && onlyReferencesChanged(role, old)) return;
  const { resource, namespace, name, user } = attributes;
  const asked = { user, group: GROUP, version: resource.version, resource: resource.resource, subresource: '', fieldSelector: [] };
  if ((await authorizer.authorize({ ...asked, verb: 'escalate', namespace, name })).allowed) return;
  await confirmNoEscalation(attributes, role.rules ?? [], index);
  if (!role.aggregationRule && !old?.aggregationRule) return;
  const why = await missingRights(attributes, FULL_AUTHORITY, index);
  if (why) throw forbiddenError(resource, role.metadata.name ?? '', 'must have cluster-admin privileges to use the aggregationRule');
}

async function checkBinding(attributes: AdmissionAttributes, index: RbacIndex, authorizer: Authorizer): Promise<void> {
  const binding = attributes.object as unknown as RoleBinding | ClusterRoleBinding;
  const old = attributes.old as unknown as RoleBinding | undefined;
  if (old && onlyReferencesChanged(binding, old)) return;
  const { resource, namespace, user } = attributes;
  const { kind, name } = binding.roleRef;
  // what is no reference to a role is refused by validation
  if (kind !== 'Role' && kind !== 'ClusterRole') return;
  const asked = { user, group: GROUP, version: resource.version, subresource: '', fieldSelector: [] };
  const role = { resource: kind === 'Role' ? 'roles' : 'clusterroles', namespace, name };
  if ((await authorizer.authorize({ ...asked, ...role, verb: 'bind' })).allowed) return;
  await index.ready();
  const rules = index.rulesOf(binding.roleRef, namespace);
  if (!rules) throw notFoundError(resource, name);
  await confirmNoEscalation(attributes, rules, index);
}

async function confirmNoEscalation(attributes: AdmissionAttributes, rules: readonly PolicyRule[], index: RbacIndex): Promise<void> {
  const why = await missingRights(attributes, rules, index);
  if (why) throw forbiddenError(attributes.resource, attributes.object?.metadata.name ?? '', why);
}

/** In words what of the rules the user does not have; undefined where that is nothing. */
async function missingRights(
  { user, namespace }: AdmissionAttributes,
  rules: readonly PolicyRule[],
  index: RbacIndex,
): Promise<string | undefined> {
  await index.ready();
  const { grants, errors } = index.grantsOf(user, namespace);
  const missing = uncovered(
    grants.map(({ rule }) => rule),
    rules,
  );
  if (missing.length === 0) return undefined;
  const texts = [...new Set(missing.map(ruleText))].sort();
  const groups = goList(user.groups.map(quote));
  const why = `user ${quote(user.username)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}`;
  return errors.length ? `${why}; resolution errors: ${goList(errors)}` : why;
}

/** The garbage collector may let go of what it owns. */
function onlyReferencesChanged(object: object, old: object): boolean {
  const without = (o: object): object => {
    const { metadata, ...rest } = o as KubernetesObject;
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, resourceVersion: _r, ...kept } = metadata;
    return { ...rest, metadata: kept };
  };
  return deepEqual(without(object), without(old));
}
