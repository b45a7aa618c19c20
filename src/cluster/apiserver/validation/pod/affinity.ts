// Affinity to nodes and to other pods. Follows pkg/apis/core/validation.
import type { Affinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinity, PodAffinityTerm } from '#api/core/v1';
import type { LabelSelector } from '#api/meta/v1';
import { forbidden, invalid, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { nameIsDNSLabel, nameIsDNSSubdomain } from '../../../../apimachinery/validation/names.ts';
import { checkQualifiedName } from '../checks.ts';
import { checkLabelValues, checkValuesGiven, validateLabelSelector } from '../label-selector.ts';
import type { PodValidationOptions } from './options.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function validateAffinity(affinity: Affinity, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity) {
    const at = field.child('nodeAffinity');
    const selector = nodeAffinity[REQUIRED];
    if (selector) validateNodeSelector(selector, at.child(REQUIRED), errors, options.allowInvalidLabelValueInRequiredNodeAffinity);
    nodeAffinity[PREFERRED]?.forEach(({ weight, preference }, i) => {
      const term = at.child(PREFERRED).index(i);
      checkWeight(weight, term, errors);
      // with one node any preference will do: wrong values have always been let through
      validateNodeSelectorTerm(preference, true, term.child('preference'), errors);
    });
  }
  if (podAffinity) validatePodAffinity(podAffinity, field.child('podAffinity'), errors, options);
  if (podAntiAffinity) validatePodAffinity(podAntiAffinity, field.child('podAntiAffinity'), errors, options);
}

export function validateNodeSelector(
  { nodeSelectorTerms }: NodeSelector,
  field: Path,
  errors: FieldError[],
  allowInvalidLabelValue = false,
): void {
  const at = field.child('nodeSelectorTerms');
  if (!nodeSelectorTerms?.length) errors.push(required(at, 'must have at least one node selector term'));
  nodeSelectorTerms?.forEach((term, i) => validateNodeSelectorTerm(term, allowInvalidLabelValue, at.index(i), errors));
}

export function validateNodeSelectorTerm(term: NodeSelectorTerm, allowInvalidLabelValue: boolean, field: Path, errors: FieldError[]): void {
  term.matchExpressions?.forEach((r, i) => validateExpression(r, allowInvalidLabelValue, field.child('matchExpressions').index(i), errors));
  term.matchFields?.forEach((r, i) => validateFieldRequirement(r, field.child('matchFields').index(i), errors));
}

function validateExpression(
  { key, operator, values = [] }: NodeSelectorRequirement,
  allowInvalidLabelValue: boolean,
  field: Path,
  errors: FieldError[],
): void {
  switch (operator) {
    case 'In':
    case 'NotIn':
    case 'Exists':
    case 'DoesNotExist':
      checkValuesGiven(operator, values, field, errors);
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        errors.push(required(field.child('values'), "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'));
  }
  checkQualifiedName(key, field.child('key'), errors);
  if (!allowInvalidLabelValue) checkLabelValues(values, field, errors);
}

/** The only field of a node by which it can be selected is its name. */
function validateFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, field: Path, errors: FieldError[]): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1)
      errors.push(required(field.child('values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
  } else errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'));
  if (key !== 'metadata.name') {
    errors.push(invalid(field.child('key'), key, 'not a valid field selector key'));
    return;
  }
  values.forEach((value, i) => {
    for (const wrong of nameIsDNSSubdomain(value, false)) errors.push(invalid(field.child('values').index(i), value, wrong));
  });
}

function checkWeight(weight: number, field: Path, errors: FieldError[]): void {
  if (weight <= 0 || weight > 100) errors.push(invalid(field.child('weight'), weight, 'must be in the range 1-100'));
}

function validatePodAffinity(affinity: PodAffinity, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  affinity[REQUIRED]?.forEach((term, i) => validatePodAffinityTerm(term, field.child(REQUIRED).index(i), errors, options));
  affinity[PREFERRED]?.forEach(({ weight, podAffinityTerm }, i) => {
    const at = field.child(PREFERRED).index(i);
    checkWeight(weight, at, errors);
    validatePodAffinityTerm(podAffinityTerm, at.child('podAffinityTerm'), errors, options);
  });
}

function validatePodAffinityTerm(term: PodAffinityTerm, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  const { labelSelector, namespaceSelector, namespaces, matchLabelKeys, mismatchLabelKeys, topologyKey } = term;
  const lenient = { allowInvalidLabelValue: options.allowInvalidLabelValueInSelector === true };
  errors.push(
    ...validateLabelSelector(labelSelector, field.child('labelSelector'), lenient),
    ...validateLabelSelector(namespaceSelector, field.child('namespaceSelector'), lenient),
  );
  for (const name of namespaces ?? [])
    for (const wrong of nameIsDNSLabel(name, false)) errors.push(invalid(field.child('namespace'), name, wrong));
  validateLabelKeys('matchLabelKeys', matchLabelKeys, labelSelector, field, errors);
  validateLabelKeys('mismatchLabelKeys', mismatchLabelKeys, labelSelector, field, errors);
  mismatchLabelKeys?.forEach((key, i) => {
    if (matchLabelKeys?.includes(key))
      errors.push(invalid(field.child('mismatchLabelKeys').index(i), key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
  if (!topologyKey) errors.push(required(field.child('topologyKey'), 'can not be empty'));
  checkQualifiedName(topologyKey, field.child('topologyKey'), errors);
}

/**
 * Keys whose values are those of the pod itself. When a pod is made they have already become part of the selector: a key is named
 * twice if it is there twice.
 */
export function validateLabelKeys(
  child: 'matchLabelKeys' | 'mismatchLabelKeys',
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  field: Path,
  errors: FieldError[],
): void {
  if (!keys?.length) return;
  const at = field.child(child);
  if (!selector) {
    errors.push(forbidden(at, 'must not be specified when labelSelector is not set'));
    return;
  }
  const positions = new Map<string, number>();
  keys.forEach((key, i) => {
    checkQualifiedName(key, at.index(i), errors);
    positions.set(key, i);
  });
  const selected = new Set(Object.keys(selector.matchLabels ?? {}));
  for (const { key } of selector.matchExpressions ?? []) {
    const position = positions.get(key);
    if (position !== undefined && selected.has(key))
      errors.push(invalid(field.index(position), key, `exists in both ${child} and labelSelector`));
    selected.add(key);
  }
}
