// Which requests policies and webhooks are about: rules, selectors and match conditions. Follows validateRuleWithOperations,
// validateMatchResources and validateMatchConditions of pkg/apis/admissionregistration/validation.
import type { MatchCondition, MatchResources, NamedRuleWithOperations, RuleWithOperations } from '#api/admissionregistration/v1';
import {
  duplicate,
  invalid,
  notSupported,
  required,
  tooMany,
  type FieldError,
  type Path,
} from '../../../apimachinery/validation/field-error.ts';
import { isValidPathSegmentName } from '../../../apimachinery/validation/names.ts';
import { check, checkOptionalEnum, checkQualifiedName } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';

export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
export const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const MAX_MATCH_CONDITIONS = 64;

export function validateMatchResources(match: MatchResources, field: Path, errors: FieldError[]): void {
  if (match.matchPolicy === undefined) errors.push(required(field.child('matchPolicy')));
  checkOptionalEnum(match.matchPolicy, MATCH_POLICIES, field.child('matchPolicy'), errors);
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    if (!match[name]) errors.push(required(field.child(name)));
    else errors.push(...validateLabelSelector(match[name], field.child(name)));
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const)
    (match[name] ?? []).forEach((rule, i) => validateNamedRule(rule, field.child(name).index(i), errors));
}

function validateNamedRule(rule: NamedRuleWithOperations, field: Path, errors: FieldError[]): void {
  const names = rule.resourceNames ?? [];
  names.forEach((name, i) => {
    const at = field.child('resourceNames').index(i);
    check(isValidPathSegmentName, name, at, errors);
    if (names.indexOf(name) < i) errors.push(duplicate(at, name));
  });
  validateRuleWithOperations(rule, field, errors);
}

export function validateRuleWithOperations(rule: RuleWithOperations, field: Path, errors: FieldError[]): void {
  const { operations, apiGroups, apiVersions, scope } = rule;
  checkListWithWildcard(operations, 'operations', field.child('operations'), errors);
  (operations ?? []).forEach((operation, i) => {
    if (!OPERATIONS.includes(operation)) errors.push(notSupported(field.child('operations').index(i), operation, OPERATIONS));
  });
  checkListWithWildcard(apiGroups, 'API groups', field.child('apiGroups'), errors);
  checkListWithWildcard(apiVersions, 'API versions', field.child('apiVersions'), errors);
  (apiVersions ?? []).forEach((version, i) => {
    if (version === '') errors.push(required(field.child('apiVersions').index(i)));
  });
  validateResources(rule.resources ?? [], field.child('resources'), errors);
  if (scope !== undefined && !SCOPES.includes(scope)) errors.push(notSupported(field.child('scope'), scope, SCOPES));
}

function checkListWithWildcard(list: readonly string[] | undefined, what: string, field: Path, errors: FieldError[]): void {
  if (!list?.length) errors.push(required(field));
  else if (list.length > 1 && list.includes('*')) errors.push(invalid(field, list, `if '*' is present, must not specify other ${what}`));
}

/** `pods`, `pods/status`, and wildcards on either side of the slash: none of them twice in other words. */
function validateResources(resources: readonly string[], field: Path, errors: FieldError[]): void {
  if (resources.length === 0) errors.push(required(field));
  const withAllSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  // the real server remembers only the last one
  let hasResourceWithoutSubresource = false;
  resources.forEach((name, i) => {
    const at = field.index(i);
    if (name === '') {
      errors.push(required(at));
      return;
    }
    const slash = name.indexOf('/');
    if (slash < 0) {
      hasResourceWithoutSubresource = name !== '*';
      return;
    }
    const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)];
    const said = (by: string): void => void errors.push(invalid(at, name, `if '${by}' is present, must not specify ${name}`));
    if (withAllSubresources.has(resource)) said(`${resource}/*`);
    if (ofAllResources.has(subresource)) said(`*/${subresource}`);
    if (subresource === '*') withAllSubresources.add(resource);
    if (resource === '*') ofAllResources.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(field, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && hasResourceWithoutSubresource)
    errors.push(invalid(field, resources, "if '*' is present, must not specify other resources without subresources"));
}

/** @param compile tells what is wrong with an expression */
export function validateMatchConditions(
  conditions: readonly MatchCondition[],
  field: Path,
  errors: FieldError[],
  compile: (expression: string, field: Path) => FieldError[],
): void {
  if (conditions.length > MAX_MATCH_CONDITIONS) errors.push(tooMany(field, conditions.length, MAX_MATCH_CONDITIONS));
  conditions.forEach(({ name, expression }, i) => {
    const at = field.index(i);
    const trimmed = expression?.trim() ?? '';
    if (trimmed === '') errors.push(required(at.child('expression')));
    else errors.push(...compile(trimmed, at.child('expression')));
    if (!name) errors.push(required(at.child('name')));
    else checkQualifiedName(name, at.child('name'), errors);
    if (name && conditions.findIndex((c) => c.name === name) < i) errors.push(duplicate(at.child('name'), name));
  });
}
