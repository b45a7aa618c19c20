// Selectors of devices: expressions in CEL over one device.
import type { DeviceSelector } from '#api/resource/v1';
import { required, tooLong, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { byteLength } from '../../../apimachinery/validation/names.ts';
import { checkList } from './device-fields.ts';

const SELECTORS_MAX = 32;
const EXPRESSION_MAX_BYTES = 10 * 1024;

/** @param stored expressions that were accepted before are not read again */
export function checkDeviceSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  stored: boolean,
  field: Path,
  errors: FieldError[],
): void {
  checkList(selectors, SELECTORS_MAX, field, errors, ({ cel }, at) => {
    if (!cel) errors.push(required(at.child('cel')));
    else if (!stored) checkDeviceExpression(cel.expression, at.child('cel', 'expression'), errors);
  });
}

/**
 * What can be wrong with one expression.
 *
 * DEVIATION: its length only; it is not compiled, so one that is no CEL or gives no bool is accepted.
 */
export function checkDeviceExpression(expression: string, field: Path, errors: FieldError[]): void {
  if (byteLength(expression) > EXPRESSION_MAX_BYTES) errors.push(tooLong(field, EXPRESSION_MAX_BYTES));
}
