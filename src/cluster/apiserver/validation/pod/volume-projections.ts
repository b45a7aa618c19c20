// Volumes that put several sources into one directory, and the files of the downward API. Follows pkg/apis/core/validation.
// Trust bundles and pod certificates are behind feature gates that are off: such sources are dropped before validation.
import type { DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, ProjectedVolumeSource, VolumeProjection } from '#api/core/v1';
import { forbidden, invalid, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { checkRequired } from '../checks.ts';
import { checkNonReservedPath } from '../relative-path.ts';
import { validateFieldRef, validateResourceFieldRef, VOLUME_FIELDS } from './field-selectors.ts';
import type { PodValidationOptions } from './options.ts';
import { checkFileMode, validateKeyToPath } from './volume-files.ts';

const MIN_TOKEN_SECONDS = 10 * 60;
const MAX_TOKEN_SECONDS = 2 ** 32;

/** All files are checked under one path: it does not say which of them is wrong. */
export function validateDownwardAPI({ defaultMode, items = [] }: DownwardAPIVolumeSource, field: Path, errors: FieldError[]): void {
  checkFileMode(defaultMode, field.child('defaultMode'), errors);
  for (const file of items) validateFile(file, field, errors);
}

function validateFile({ path, fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, field: Path, errors: FieldError[]): void {
  checkRequired(path, field.child('path'), errors);
  checkNonReservedPath(path, field.child('path'), errors);
  if (fieldRef) {
    validateFieldRef(fieldRef, VOLUME_FIELDS, field.child('fieldRef'), errors);
    if (resourceFieldRef) errors.push(invalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (resourceFieldRef) validateResourceFieldRef(resourceFieldRef, true, field.child('resourceFieldRef'), errors);
  else errors.push(required(field, 'one of fieldRef and resourceFieldRef is required'));
  checkFileMode(mode, field.child('mode'), errors);
}

export function validateProjected(
  { defaultMode, sources }: ProjectedVolumeSource,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  checkFileMode(defaultMode, field.child('defaultMode'), errors);
  const paths = new Set<string>();
  (sources ?? []).forEach((source, i) => {
    const at = field.child('sources').index(i);
    validateProjection(source, at, field, paths, errors, options);
    if (Object.keys(source).length > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  });
}

function validateProjection(
  { secret, configMap, downwardAPI, serviceAccountToken: token }: VolumeProjection,
  at: Path,
  field: Path,
  paths: Set<string>,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  /** @param shown what the error shows is not always the path */
  const take = (path: string, shown: string): void => {
    if (!path) return;
    if (paths.has(path)) errors.push(invalid(field, shown, 'conflicting duplicate paths'));
    paths.add(path);
  };
  const items = (list: readonly KeyToPath[] | undefined, from: Path, shown: string): void => {
    list?.forEach((item, i) => {
      validateKeyToPath(item, from.child('items').index(i), errors);
      take(item.path, shown);
    });
  };
  if (secret) {
    checkRequired(secret.name, at.child('secret', 'name'), errors);
    items(secret.items, at.child('secret'), secret.name ?? '');
  }
  if (configMap) {
    checkRequired(configMap.name, at.child('configMap', 'name'), errors);
    items(configMap.items, at.child('configMap'), configMap.name ?? '');
  }
  for (const file of downwardAPI?.items ?? []) {
    validateFile(file, at.child('downwardAPI'), errors);
    take(file.path, file.path);
  }
  if (!token) return;
  const seconds = token.expirationSeconds ?? 0;
  const expiration = at.child('serviceAccountToken', 'expirationSeconds');
  if (seconds < MIN_TOKEN_SECONDS) errors.push(invalid(expiration, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > MAX_TOKEN_SECONDS) errors.push(invalid(expiration, seconds, 'may not specify a duration larger than 2^32 seconds'));
  if (!token.path) errors.push(required(field.child('path')));
  else if (!options.allowNonLocalProjectedTokenPath) checkNonReservedPath(token.path, field.child('path'), errors);
}
