// Paths within a volume. Follows pkg/apis/core/validation.
import { invalid, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';

const BACKSTEP = /(?:^|\/)\.\.(?:\/|$)/;

/** No element is `..`. */
export function checkNoBacksteps(path: string, field: Path, errors: FieldError[]): void {
  if (BACKSTEP.test(path)) errors.push(invalid(field, path, "must not contain '..'"));
}

/** Relative, and never upwards. */
export function checkDescendingPath(path: string, field: Path, errors: FieldError[]): void {
  if (path.startsWith('/')) errors.push(invalid(field, path, 'must be a relative path'));
  checkNoBacksteps(path, field, errors);
}

/** The same, and no name that begins with two dots: those are the kubelet's own. */
export function checkNonReservedPath(path: string, field: Path, errors: FieldError[]): void {
  checkDescendingPath(path, field, errors);
  if (path.startsWith('..') && !path.startsWith('../') && !(path === '..')) errors.push(invalid(field, path, "must not start with '..'"));
}
