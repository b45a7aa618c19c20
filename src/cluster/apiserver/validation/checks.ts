// Small checks that many kinds share, each as one line at the place of use: they add what is wrong to a list. Follows the unexported
// and exported one-liners of pkg/apis/core/validation.
import { invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName } from '../../../apimachinery/validation/names.ts';
import { isValidIP } from '../../../apimachinery/validation/ip.ts';

/** Adds an error for each thing that `rule` finds wrong with the value. */
export function check(rule: (value: string) => string[], value: string, field: Path, errors: FieldError[]): void {
  for (const wrong of rule(value)) errors.push(invalid(field, value, wrong));
}

export const checkDNS1123Label = (value: string, field: Path, errors: FieldError[]): void => check(isDNS1123Label, value, field, errors);
export const checkDNS1123Subdomain = (value: string, field: Path, errors: FieldError[]): void =>
  check(isDNS1123Subdomain, value, field, errors);
export const checkQualifiedName = (value: string, field: Path, errors: FieldError[]): void => check(isQualifiedName, value, field, errors);
export const checkIP = (value: string, field: Path, errors: FieldError[]): void => check(isValidIP, value, field, errors);

export function checkNonnegative(value: number | undefined, field: Path, errors: FieldError[]): void {
  if ((value ?? 0) < 0) errors.push(invalid(field, value, 'must be greater than or equal to 0'));
}

export function checkRequired(value: string | undefined, field: Path, errors: FieldError[]): void {
  if (!value) errors.push(required(field));
}

/** @param supported in the order in which they are told; the empty value is not among them and counts as missing */
export function checkEnum(value: string | undefined, supported: readonly string[], field: Path, errors: FieldError[]): void {
  if (!value) errors.push(required(field));
  else if (!supported.includes(value)) errors.push(notSupported(field, value, supported));
}

/** The same where the field is a pointer: absent is fine, empty is not. */
export function checkOptionalEnum(value: string | undefined, supported: readonly string[], field: Path, errors: FieldError[]): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(field, value, supported));
}
