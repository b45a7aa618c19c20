// metav1.LabelSelector as a field of an object. Follows apis/meta/v1/validation of k8s.io/apimachinery.
import type { LabelSelector, LabelSelectorRequirement } from '#api/meta/v1';
import { forbidden, invalid, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isValidLabelValue } from '../../../apimachinery/validation/names.ts';
import { check, checkQualifiedName } from './checks.ts';
import { validateLabels } from './object-meta.ts';

export interface LabelSelectorOptions {
  /** An object that has always had one may keep it. */
  readonly allowInvalidLabelValue?: boolean;
  /** Operators of newer servers are let through. */
  readonly allowUnknownOperator?: boolean;
}

export function validateLabelSelector(
  selector: LabelSelector | undefined | null,
  field: Path,
  options: LabelSelectorOptions = {},
): FieldError[] {
  const errors: FieldError[] = [];
  if (!selector) return errors;
  validateLabels(selector.matchLabels, field.child('matchLabels'), errors);
  (selector.matchExpressions ?? []).forEach((r, i) =>
    errors.push(...validateRequirement(r, field.child('matchExpressions').index(i), options)),
  );
  return errors;
}

function validateRequirement(
  { key, operator, values = [] }: LabelSelectorRequirement,
  field: Path,
  options: LabelSelectorOptions,
): FieldError[] {
  const errors: FieldError[] = [];
  switch (operator) {
    case 'In':
    case 'NotIn':
    case 'Exists':
    case 'DoesNotExist':
      checkValuesGiven(operator, values, field, errors);
      break;
    default:
      if (!options.allowUnknownOperator) errors.push(invalid(field.child('operator'), operator, 'not a valid selector operator'));
  }
  checkQualifiedName(key, field.child('key'), errors);
  if (!options.allowInvalidLabelValue) checkLabelValues(values, field, errors);
  return errors;
}

/** Sets have members, and what only exists or not has none. */
export function checkValuesGiven(
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  values: readonly string[],
  field: Path,
  errors: FieldError[],
): void {
  const ofSet = operator === 'In' || operator === 'NotIn';
  if (ofSet && values.length === 0) errors.push(required(field.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  if (!ofSet && values.length > 0)
    errors.push(forbidden(field.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
}

/** @param field the requirement that has the values */
export function checkLabelValues(values: readonly string[], field: Path, errors: FieldError[]): void {
  values.forEach((value, i) => check(isValidLabelValue, value, field.child('values').index(i), errors));
}
