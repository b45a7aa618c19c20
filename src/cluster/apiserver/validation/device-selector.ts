// Selectors of devices: expressions in CEL over one device.
import type { DeviceSelector } from '#api/resource/v1';
import { BOOL, DYN, formatType, mapType, sameType, STRING, structType, type CelType } from '../../../apimachinery/cel/cel-type.ts';
import type { Environment } from '../../../apimachinery/cel/environment.ts';
import { baseEnvironment, compile } from '../../../apimachinery/cel/kubernetes.ts';
import { invalid, required, tooLong, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
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

const DEVICE = 'kubernetes.DRADevice';
const byDomain = (value: CelType): CelType => mapType(STRING, mapType(STRING, value));
const FIELDS: Readonly<Record<string, CelType>> = {
  driver: STRING,
  attributes: byDomain(DYN),
  capacity: byDomain(structType('kubernetes.Quantity')),
  allowMultipleAllocations: BOOL,
};

let environment: Environment | undefined;

/** What an expression knows: one `device`. Made when the first is read. */
const deviceEnvironment = (): Environment =>
  (environment ??= baseEnvironment.with({ device: structType(DEVICE) }, (name) =>
    name === DEVICE ? (field) => (Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined) : undefined,
  ));

/** What can be wrong with one expression. Follows k8s.io/dynamic-resource-allocation/cel; what it may cost is not estimated. */
export function checkDeviceExpression(expression: string, field: Path, errors: FieldError[]): void {
  if (byteLength(expression) > EXPRESSION_MAX_BYTES) {
    errors.push(tooLong(field, EXPRESSION_MAX_BYTES));
    return;
  }
  const compiled = compile(expression, deviceEnvironment());
  if (!compiled.ok) {
    errors.push(invalid(field, expression, `compilation failed: ${compiled.message}`));
    return;
  }
  const { type } = compiled.checked;
  if (!sameType(type, BOOL) && !sameType(type, DYN))
    errors.push(invalid(field, expression, `must evaluate to bool or the unknown type, not ${formatType(type)}`));
}
