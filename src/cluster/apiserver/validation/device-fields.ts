// Parts that the kinds of resource.k8s.io have in common: names of pools and attributes, taints and tolerations, opaque parameters,
// conditions for binding, and the bounds of lists. Follows pkg/apis/resource/validation.
import type { DeviceConfiguration, DeviceTaint, DeviceToleration } from '#api/resource/v1';
import { isObject } from '../../../apimachinery/object.ts';
import {
  duplicate,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  type FieldError,
  type Path,
} from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isCIdentifier, isValidLabelValue } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain, checkEnum, checkQualifiedName } from './checks.ts';
import { validateCSIDriverName } from './pod/volume-sources.ts';

const POOL_NAME_MAX = 253;
const ID_MAX = 32;
const OPAQUE_MAX_BYTES = 10 * 1024;
const BINDING_CONDITIONS_MAX = 4;
const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

export type Check<T> = (item: T, field: Path) => void;

/** Of a list that is too long, nothing else is told. */
export function checkList<T>(items: readonly T[] | undefined, max: number, field: Path, errors: FieldError[], one: Check<T>): void {
  if (items && items.length > max) errors.push(tooMany(field, items.length, max));
  else items?.forEach((item, i) => one(item, field.index(i)));
}

/** The same, and no two items with one key. */
export function checkSet<T>(
  items: readonly T[] | undefined,
  max: number,
  field: Path,
  errors: FieldError[],
  key: (item: T) => unknown,
  one: Check<T>,
): void {
  checkList(items, max, field, errors, one);
  if (!items || items.length > max) return;
  const seen = new Set<unknown>();
  items.forEach((item, i) => {
    const itsKey = key(item);
    if (seen.has(itsKey)) errors.push(duplicate(field.index(i), itsKey));
    seen.add(itsKey);
  });
}

export function checkPoolName(name: string, field: Path, errors: FieldError[]): void {
  if (!name) {
    errors.push(required(field));
    return;
  }
  if (byteLength(name) > POOL_NAME_MAX) errors.push(tooLong(field, POOL_NAME_MAX));
  for (const part of name.split('/')) checkDNS1123Subdomain(part, field, errors);
}

/** `model`, or `example.com/model`. */
export function checkDeviceQualifiedName(name: string, field: Path, errors: FieldError[]): void {
  const parts = name.split('/');
  const [first = '', second = ''] = parts;
  if (parts.length === 1) checkIdentifier(first, field, errors);
  if (parts.length !== 2) return;
  if (!first) errors.push(invalid(field, '', 'the domain must not be empty'));
  else validateCSIDriverName(first, field, errors);
  if (!second) errors.push(invalid(field, '', 'the name must not be empty'));
  else checkIdentifier(second, field, errors);
}

export function checkFullyQualifiedName(name: string, field: Path, errors: FieldError[]): void {
  checkDeviceQualifiedName(name, field, errors);
  if (!name.includes('/')) errors.push(invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash'));
}

function checkIdentifier(id: string, field: Path, errors: FieldError[]): void {
  if (byteLength(id) > ID_MAX) errors.push(tooLong(field, ID_MAX));
  check(isCIdentifier, id, field, errors);
}

/** @param stored what was accepted before may be as long as it is */
export function checkConfiguration({ opaque }: DeviceConfiguration, stored: boolean, field: Path, errors: FieldError[]): void {
  const at = field.child('opaque');
  if (!opaque) {
    errors.push(required(at));
    return;
  }
  validateCSIDriverName(opaque.driver, at.child('driver'), errors);
  checkRawObject(opaque.parameters, stored, at.child('parameters'), errors);
}

export function checkRawObject(value: unknown, stored: boolean, field: Path, errors: FieldError[]): void {
  if (value === undefined || value === null) errors.push(required(field));
  else if (!stored && byteLength(JSON.stringify(value)) > OPAQUE_MAX_BYTES) errors.push(tooLong(field, OPAQUE_MAX_BYTES));
  else if (!isObject(value)) errors.push(invalid(field, '<value omitted>', 'must be a valid JSON object'));
}

export function checkDeviceToleration(toleration: DeviceToleration, field: Path, errors: FieldError[]): void {
  const { key, operator, value = '', effect } = toleration;
  if (key) checkQualifiedName(key, field.child('key'), errors);
  if (operator === 'Exists') {
    if (value) errors.push(invalid(field.child('value'), value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') check(isValidLabelValue, value, field.child('value'), errors);
  else checkEnum(operator, ['Equal', 'Exists'], field.child('operator'), errors);
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupported(field.child('effect'), effect, EFFECTS));
}

export function checkDeviceTaint({ key, value, effect }: DeviceTaint, field: Path, errors: FieldError[]): void {
  checkQualifiedName(key, field.child('key'), errors);
  if (value) check(isValidLabelValue, value, field.child('value'), errors);
  checkEnum(effect, EFFECTS, field.child('effect'), errors);
}

/** Conditions that must be true, and those that must not, before a pod is bound. One kind asks for the other. */
export function checkBindingConditions(
  device: { readonly bindingConditions?: readonly string[]; readonly bindingFailureConditions?: readonly string[] },
  field: Path,
  errors: FieldError[],
): void {
  const { bindingConditions: conditions = [], bindingFailureConditions: failures = [] } = device;
  const at = field.child('bindingConditions');
  const failuresAt = field.child('bindingFailureConditions');
  const name: Check<string> = (condition, itsField) => checkQualifiedName(condition, itsField, errors);
  checkSet(conditions, BINDING_CONDITIONS_MAX, at, errors, String, name);
  checkSet(failures, BINDING_CONDITIONS_MAX, failuresAt, errors, String, name);
  failures.forEach((condition, i) => {
    if (conditions.includes(condition))
      errors.push(invalid(failuresAt.index(i), condition, 'bindingFailureConditions must not overlap with bindingConditions'));
  });
  if (!conditions.length && failures.length)
    errors.push(invalid(at, device.bindingConditions ?? null, 'bindingConditions are required to use bindingFailureConditions'));
  if (!failures.length && conditions.length)
    errors.push(
      invalid(failuresAt, device.bindingFailureConditions ?? null, 'bindingFailureConditions are required to use bindingConditions'),
    );
}
