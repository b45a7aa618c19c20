// How much a device has, and in which portions it may be asked for. Follows the request policies of pkg/apis/resource/validation.
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from '#api/resource/v1';
import { addQuantities, compareQuantities, parseQuantity, quantityValue, type Quantity } from '../../../apimachinery/quantity.ts';
import { forbidden, invalid, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { checkSet } from './device-fields.ts';

const OPTIONS_MAX = 10;

/** @param shared whether several claims may have parts of the device */
export function checkDeviceCapacity({ value, requestPolicy }: DeviceCapacity, shared: boolean, field: Path, errors: FieldError[]): void {
  if (!requestPolicy) return;
  const at = field.child('requestPolicy');
  if (!shared) errors.push(forbidden(at, 'allowMultipleAllocations must be true'));
  else checkRequestPolicy(requestPolicy, parseQuantity(value ?? '0'), at, errors);
}

function checkRequestPolicy(policy: CapacityRequestPolicy, capacity: Quantity, field: Path, errors: FieldError[]): void {
  const { default: standard, validValues, validRange } = policy;
  const kind = validValues?.length ? 'validValues' : 'validRange';
  if (validValues?.length && validRange)
    errors.push(forbidden(field, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'));
  else if (!validValues?.length && !validRange) return;
  else if (!standard) errors.push(required(field.child('default'), `required when ${kind} is defined`));
  else if (validValues?.length) checkValues(validValues, parseQuantity(standard), capacity, field.child(kind), errors);
  else if (validRange) checkRange(validRange, parseQuantity(standard), capacity, field.child(kind), errors);
}

function checkValues(values: readonly string[], standard: Quantity, capacity: Quantity, field: Path, errors: FieldError[]): void {
  const options = values.map(parseQuantity);
  options.forEach((option, i) => {
    const before = options[i - 1];
    if (before && compareQuantities(before, option) > 0)
      errors.push(invalid(field.index(i), option.text, 'values must be sorted in ascending order'));
  });
  // portions count as whole numbers: those that round to the same one are the same
  const wholeNumber = (option: Quantity): string => String(quantityValue(option));
  checkSet(options, OPTIONS_MAX, field, errors, wholeNumber, (option, at) => {
    if (compareQuantities(option, capacity) > 0)
      errors.push(invalid(at, option.text, `option is larger than capacity value: ${capacity.text}`));
  });
  if (!options.some((option) => compareQuantities(option, standard) === 0))
    errors.push(invalid(field, standard.text, 'default value is not valid according to the requestPolicy'));
}

function checkRange(range: CapacityRequestPolicyRange, standard: Quantity, capacity: Quantity, field: Path, errors: FieldError[]): void {
  if (range.min === undefined) {
    errors.push(required(field.child('min'), 'required when validRange is defined'));
    return;
  }
  const min = parseQuantity(range.min);
  const max = range.max === undefined ? undefined : parseQuantity(range.max);
  const larger = (name: string, a: Quantity, b: Quantity, message: string): void => {
    if (compareQuantities(a, b) > 0) errors.push(invalid(field.child(name), a.text, `${message}: ${b.text}`));
  };
  larger('min', min, capacity, 'min is larger than capacity value');
  if (compareQuantities(standard, min) < 0)
    errors.push(invalid(field.child('min'), standard.text, `default is less than min: ${min.text}`));
  if (max) {
    larger('max', min, max, 'min is larger than max');
    larger('max', max, capacity, 'max is larger than capacity value');
    larger('max', standard, max, 'default is more than max');
  }
  if (range.step !== undefined) checkStep(parseQuantity(range.step), min, max, standard, capacity, field.child('step'), errors);
}

function checkStep(
  step: Quantity,
  min: Quantity,
  max: Quantity | undefined,
  standard: Quantity,
  capacity: Quantity,
  field: Path,
  errors: FieldError[],
): void {
  // DEVIATION: Kubernetes panics as it divides by it. A negative step is accepted there, and here.
  if (step.unscaled === 0n) {
    errors.push(invalid(field, step.text, 'must be greater than zero'));
    return;
  }
  const first = addQuantities(min, step);
  if (compareQuantities(first, capacity) > 0)
    errors.push(invalid(field, step.text, `one step ${first.text} is larger than capacity value: ${capacity.text}`));
  for (const value of max ? [standard, max] : [standard])
    if ((quantityValue(value) - quantityValue(min)) % quantityValue(step) !== 0n)
      errors.push(invalid(field, value.text, `value is not a multiple of a given step (${step.text}) from (${min.text})`));
}
