// Files that volumes make out of keys, and the modes of files. Follows pkg/apis/core/validation.
import type { KeyToPath } from '#api/core/v1';
import { invalid, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { checkRequired } from '../checks.ts';
import { checkNonReservedPath } from '../relative-path.ts';

/** 0777 */
const MAX_FILE_MODE = 0o777;

export function checkFileMode(mode: number | undefined, field: Path, errors: FieldError[]): void {
  if (mode !== undefined && (mode > MAX_FILE_MODE || mode < 0))
    errors.push(invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

export function validateItems(items: readonly KeyToPath[] | undefined, field: Path, errors: FieldError[]): void {
  items?.forEach((item, i) => validateKeyToPath(item, field.index(i), errors));
}

export function validateKeyToPath({ key, path, mode }: KeyToPath, field: Path, errors: FieldError[]): void {
  checkRequired(key, field.child('key'), errors);
  checkRequired(path, field.child('path'), errors);
  checkNonReservedPath(path, field.child('path'), errors);
  checkFileMode(mode, field.child('mode'), errors);
}
