// Tolerations of taints. Follows pkg/apis/core/validation.
import type { Toleration } from '#api/core/v1';
import { deepEqual } from '../../../../apimachinery/object.ts';
import { forbidden, invalid, notSupported, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { isValidLabelValue } from '../../../../apimachinery/validation/names.ts';
import { checkQualifiedName } from '../checks.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[], field: Path, errors: FieldError[]): void {
  tolerations.forEach((toleration, i) => validateToleration(toleration, field.index(i), errors));
}

function validateToleration(toleration: Toleration, field: Path, errors: FieldError[]): void {
  const { key, operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  if (key) checkQualifiedName(key, field.child('key'), errors);
  if (!key && operator !== 'Exists')
    errors.push(
      invalid(
        field.child('operator'),
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    errors.push(invalid(field.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  switch (operator) {
    case '':
    case 'Equal': {
      const wrong = isValidLabelValue(value);
      if (wrong.length) errors.push(invalid(field.child('operator'), value, wrong.join(';')));
      break;
    }
    case 'Exists':
      if (value) errors.push(invalid(field.child('operator'), value, "value must be empty when `operator` is 'Exists'"));
      break;
    default:
      errors.push(notSupported(field.child('operator'), operator, ['Equal', 'Exists']));
  }
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupported(field.child('effect'), effect, EFFECTS));
}

/** Of an update: what was tolerated still is, for as long as it may please. */
export function validateOnlyAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  field: Path,
  errors: FieldError[],
): void {
  const same = (a: Toleration, b: Toleration): boolean => {
    const { tolerationSeconds: _a, ...x } = a;
    const { tolerationSeconds: _b, ...y } = b;
    return deepEqual(x, y);
  };
  if (tolerations === old) return;
  if (old.some((before) => !tolerations.some((after) => same(before, after)))) {
    errors.push(forbidden(field, 'existing toleration can not be modified except its tolerationSeconds'));
    return;
  }
  validateTolerations(tolerations, field, errors);
}
