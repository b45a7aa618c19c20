// Roles, ClusterRoles and their bindings. Follows pkg/apis/rbac/validation.
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '#api/rbac/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isValidPathSegmentName, nameIsDNSSubdomain, type NameRule } from '../../../apimachinery/validation/names.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';

const METADATA = Path.of('metadata');
const GROUP = 'rbac.authorization.k8s.io';

/** Anything that can stand in a URL: `system:controller:x` is a name like others. */
const rbacName: NameRule = (name) => isValidPathSegmentName(name);

export function validateRole(role: Role): FieldError[] {
  return [...validateCoreObjectMeta(role.metadata, true, rbacName, METADATA), ...validateRules(role.rules, true)];
}

export function validateRoleUpdate(role: Role, old: Role): FieldError[] {
  return [...validateRole(role), ...validateCoreObjectMetaUpdate(role.metadata, old.metadata, METADATA)];
}

export function validateClusterRole(role: ClusterRole, allowInvalidLabelValue = false): FieldError[] {
  const errors = [...validateCoreObjectMeta(role.metadata, false, rbacName, METADATA), ...validateRules(role.rules, false)];
  if (!role.aggregationRule) return errors;
  const at = Path.of('aggregationRule', 'clusterRoleSelectors');
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) errors.push(required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  selectors.forEach((selector, i) => {
    const wrong = validateLabelSelector(selector, at.index(i), { allowInvalidLabelValue });
    errors.push(...wrong);
    if (wrong.length) errors.push(invalid(at.index(i), null, 'invalid label selector.'));
  });
  return errors;
}

export function validateClusterRoleUpdate(role: ClusterRole, old: ClusterRole): FieldError[] {
  const wasInvalid = (old.aggregationRule?.clusterRoleSelectors ?? []).some((s) => validateLabelSelector(s, METADATA).length > 0);
  return [...validateClusterRole(role, wasInvalid), ...validateCoreObjectMetaUpdate(role.metadata, old.metadata, METADATA)];
}

function validateRules(rules: readonly PolicyRule[] | null | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => validateRule(rule, namespaced, Path.of('rules').index(i)));
}

function validateRule(rule: PolicyRule, namespaced: boolean, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  if (!verbs?.length) errors.push(required(field.child('verbs'), 'verbs must contain at least one value'));
  if (nonResourceURLs.length) {
    const at = field.child('nonResourceURLs');
    if (namespaced) errors.push(invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length || resources.length || resourceNames.length)
      errors.push(invalid(at, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    return errors;
  }
  if (apiGroups.length === 0) errors.push(required(field.child('apiGroups'), 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(field.child('resources'), 'resource rules must supply at least one resource'));
  return errors;
}

export function validateRoleBinding(binding: RoleBinding): FieldError[] {
  return validateBinding(binding, true, ['Role', 'ClusterRole']);
}

export function validateClusterRoleBinding(binding: ClusterRoleBinding): FieldError[] {
  return validateBinding(binding, false, ['ClusterRole']);
}

export function validateRoleBindingUpdate(binding: RoleBinding, old: RoleBinding): FieldError[] {
  return [...validateRoleBinding(binding), ...validateBindingUpdate(binding, old)];
}

export function validateClusterRoleBindingUpdate(binding: ClusterRoleBinding, old: ClusterRoleBinding): FieldError[] {
  return [...validateClusterRoleBinding(binding), ...validateBindingUpdate(binding, old)];
}

function validateBinding(binding: RoleBinding | ClusterRoleBinding, namespaced: boolean, kinds: readonly string[]): FieldError[] {
  const errors = validateCoreObjectMeta(binding.metadata, namespaced, rbacName, METADATA);
  const { roleRef } = binding;
  const at = Path.of('roleRef');
  if (roleRef.apiGroup !== GROUP) errors.push(notSupported(at.child('apiGroup'), roleRef.apiGroup ?? '', [GROUP]));
  if (!kinds.includes(roleRef.kind)) errors.push(notSupported(at.child('kind'), roleRef.kind, kinds));
  if (!roleRef.name) errors.push(required(at.child('name')));
  else for (const wrong of isValidPathSegmentName(roleRef.name)) errors.push(invalid(at.child('name'), roleRef.name, wrong));
  (binding.subjects ?? []).forEach((subject, i) => errors.push(...validateSubject(subject, namespaced, Path.of('subjects').index(i))));
  return errors;
}

function validateBindingUpdate(binding: RoleBinding | ClusterRoleBinding, old: RoleBinding | ClusterRoleBinding): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(binding.metadata, old.metadata, METADATA);
  // what a binding grants never changes under its name: it is made anew
  if (!deepEqual(binding.roleRef, old.roleRef))
    errors.push(invalid(Path.of('roleRef'), goRoleRef(binding.roleRef), 'cannot change roleRef'));
  return errors;
}

/** The internal type has no JSON names of its own. */
const goRoleRef = ({ apiGroup, kind, name }: RoleBinding['roleRef']): object => ({ APIGroup: apiGroup, Kind: kind, Name: name });

function validateSubject(subject: Subject, namespaced: boolean, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { kind, name, apiGroup = '', namespace } = subject;
  if (!name) errors.push(required(field.child('name')));
  switch (kind) {
    case 'ServiceAccount':
      if (name) for (const wrong of nameIsDNSSubdomain(name, false)) errors.push(invalid(field.child('name'), name, wrong));
      if (apiGroup) errors.push(notSupported(field.child('apiGroup'), apiGroup, ['']));
      if (!namespaced && !namespace) errors.push(required(field.child('namespace')));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.push(notSupported(field.child('apiGroup'), apiGroup, [GROUP]));
      break;
    default:
      errors.push(notSupported(field.child('kind'), kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}
