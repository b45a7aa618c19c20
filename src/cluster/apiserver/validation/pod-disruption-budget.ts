// PodDisruptionBudgets. Follows pkg/apis/policy/validation.
import type { PodDisruptionBudget } from '#api/policy/v1';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { checkOptionalEnum } from './checks.ts';
import { checkIntOrPercent, checkNotMoreThan100Percent } from './workloads.ts';
import { PrintedInternal } from './internal-form.ts';
import { validateLabelSelector } from './label-selector.ts';

const SPEC = Path.of('spec');
const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget, old?: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  const { minAvailable, maxUnavailable, selector } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(
      invalid(SPEC, new PrintedInternal('policy/v1.PodDisruptionBudgetSpec', spec), 'minAvailable and maxUnavailable cannot be both set'),
    );
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    checkIntOrPercent(value, SPEC.child(field), errors);
    checkNotMoreThan100Percent(value, SPEC.child(field), errors);
  }
  const allowInvalidLabelValue = old !== undefined && validateLabelSelector(old.spec?.selector, SPEC).length > 0;
  errors.push(...validateLabelSelector(selector, SPEC.child('selector'), { allowInvalidLabelValue }));
  checkOptionalEnum(spec.unhealthyPodEvictionPolicy, EVICTION_POLICIES, SPEC.child('unhealthyPodEvictionPolicy'), errors);
  return errors;
}
