// Conditions in the form that kinds share (metav1.Condition). Follows apis/meta/v1/validation of k8s.io/apimachinery.
import type { Condition } from '#api/meta/v1';
import {
  duplicate,
  invalid,
  notSupported,
  required,
  tooLong,
  type FieldError,
  type Path,
} from '../../../apimachinery/validation/field-error.ts';
import { byteLength, regexError } from '../../../apimachinery/validation/names.ts';
import { checkQualifiedName } from './checks.ts';

const STATUSES = ['False', 'True', 'Unknown'];
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_TEST = new RegExp(`^${REASON}$`);
const REASON_MAX_BYTES = 1024;
const MESSAGE_MAX_BYTES = 32 * 1024;

export function validateConditions(conditions: readonly Condition[], field: Path, errors: FieldError[]): void {
  const seen = new Set<string>();
  conditions.forEach((condition, i) => {
    const at = field.index(i);
    if (seen.has(condition.type)) errors.push(duplicate(at.child('type'), condition.type));
    seen.add(condition.type);
    validateCondition(condition, at, errors);
  });
}

function validateCondition(condition: Condition, field: Path, errors: FieldError[]): void {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition;
  checkQualifiedName(type, field.child('type'), errors);
  if (!STATUSES.includes(status)) errors.push(notSupported(field.child('status'), status, STATUSES));
  if (observedGeneration < 0)
    errors.push(invalid(field.child('observedGeneration'), observedGeneration, 'must be greater than or equal to zero'));
  if (!lastTransitionTime) errors.push(required(field.child('lastTransitionTime'), 'must be set'));
  if (!reason) errors.push(required(field.child('reason'), 'must be set'));
  else {
    if (!REASON_TEST.test(reason))
      errors.push(
        invalid(
          field.child('reason'),
          reason,
          regexError(
            "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
            REASON,
            'my_name',
            'MY_NAME',
            'MyName',
            'ReasonA,ReasonB',
            'ReasonA:ReasonB',
          ),
        ),
      );
    if (byteLength(reason) > REASON_MAX_BYTES) errors.push(tooLong(field.child('reason'), REASON_MAX_BYTES));
  }
  if (byteLength(message) > MESSAGE_MAX_BYTES) errors.push(tooLong(field.child('message'), MESSAGE_MAX_BYTES));
}
