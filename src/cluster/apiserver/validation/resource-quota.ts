// ResourceQuotas. Follows ValidateResourceQuota of pkg/apis/core/validation.
import type { ResourceList, ResourceQuota, ResourceQuotaSpec } from '#api/core/v1';
import { compareQuantities, parseQuantity } from '../../../apimachinery/quantity.ts';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { PrintedInternal } from './internal-form.ts';
import { FIELD_IMMUTABLE, validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { checkQuantityValue, checkQuotaResourceName, isStandardQuotaResource } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const CONFLICTING = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const EXISTS_ONLY = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const SCOPES = [...EXISTS_ONLY, 'PriorityClass', 'VolumeAttributesClass'];
const COMPUTE = new Set(
  ['', 'requests.', 'limits.'].flatMap((prefix) => ['cpu', 'memory', 'ephemeral-storage'].map((name) => prefix + name)),
);

export function validateResourceQuota({ metadata, spec }: ResourceQuota): FieldError[] {
  return [...validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA), ...validateSpec(spec ?? {})];
}

export function validateResourceQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors = [...validateCoreObjectMetaUpdate(quota.metadata, old.metadata, METADATA), ...validateSpec(quota.spec ?? {})];
  const scopes = new Set(quota.spec?.scopes ?? []);
  const before = new Set(old.spec?.scopes ?? []);
  if (scopes.size !== before.size || [...scopes].some((s) => !before.has(s)))
    errors.push(invalid(SPEC.child('scopes'), quota.spec?.scopes ?? null, FIELD_IMMUTABLE));
  return errors;
}

export function validateResourceQuotaStatusUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(quota.metadata, old.metadata, METADATA);
  for (const list of ['hard', 'used'] as const) checkAmounts(quota.status?.[list], Path.of('status', list), errors);
  return errors;
}

function checkAmounts(list: ResourceList | undefined, field: Path, errors: FieldError[]): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    checkQuotaResourceName(name, field.key(name), errors);
    checkQuantityValue(name, amount, field.key(name), errors);
  }
}

/** Who may request more than is allowed in all will not get it. */
export function resourceQuotaWarnings({ spec: { hard = {} } }: ResourceQuota): string[] {
  const warnings: string[] = [];
  for (const name of ['cpu', 'memory', 'storage', 'ephemeral-storage']) {
    const isBare = hard[`requests.${name}`] === undefined && (name === 'cpu' || name === 'memory');
    const [requests, limits] = [isBare ? name : `requests.${name}`, `limits.${name}`];
    const [request, limit] = [hard[requests], hard[limits]].map((text) => (text === undefined ? undefined : parseQuantity(text)));
    if (request && limit && compareQuantities(request, limit) > 0)
      warnings.push(`ResourceQuota ${requests} (${request.text}) should be less than ${limits} (${limit.text})`);
  }
  return warnings;
}

function validateSpec(spec: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = [];
  checkAmounts(spec.hard, SPEC.child('hard'), errors);
  checkScopes(spec, errors);
  checkScopeSelector(spec, errors);
  return errors;
}

/** Whether the scope can tell objects of the resource apart. */
function fits(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
  return !SCOPES.includes(scope) || resource === 'pods' || COMPUTE.has(resource);
}

const misfits = (scope: string, hard: ResourceList | undefined): string[] =>
  Object.keys(hard ?? {}).filter((name) => isStandardQuotaResource(name) && !fits(scope, name));

function checkScopes({ scopes = [], hard }: ResourceQuotaSpec, errors: FieldError[]): void {
  const at = SPEC.child('scopes');
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(at, scopes, 'unsupported scope'));
    for (const _ of misfits(scope, hard)) errors.push(invalid(at, scopes, 'unsupported scope applied to resource'));
  }
  checkConflicts(new Set(scopes), scopes, at, errors);
}

function checkConflicts(found: ReadonlySet<string>, scopes: readonly string[], at: Path, errors: FieldError[]): void {
  for (const [a, b] of CONFLICTING) if (found.has(a) && found.has(b)) errors.push(invalid(at, scopes, 'conflicting scopes'));
}

function checkScopeSelector({ scopeSelector, hard, scopes = [] }: ResourceQuotaSpec, errors: FieldError[]): void {
  const at = SPEC.child('scopeSelector', 'matchExpressions');
  const requirements = scopeSelector?.matchExpressions ?? [];
  for (const { scopeName, operator, values = [] } of requirements) {
    if (!SCOPES.includes(scopeName)) errors.push(invalid(at.child('scopeName'), scopeName, 'unsupported scope'));
    for (const _ of misfits(scopeName, hard))
      errors.push(invalid(at, new PrintedInternal('core/v1.ScopeSelector', scopeSelector), 'unsupported scope applied to resource'));
    if (EXISTS_ONLY.includes(scopeName) && operator !== 'Exists')
      errors.push(
        invalid(
          at.child('operator'),
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(at.child('values'), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length)
        errors.push(
          invalid(at.child('values'), values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
        );
    } else errors.push(invalid(at.child('operator'), operator, 'not a valid selector operator'));
  }
  checkConflicts(new Set(requirements.map((r) => r.scopeName)), scopes, at, errors);
}
