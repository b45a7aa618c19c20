// Environment variables of containers and where they come from. Follows pkg/apis/core/validation.
import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, PodSpec } from '#api/core/v1';
import { invalid, notFound, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import {
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  isRelaxedEnvVarName,
  nameIsDNSSubdomain,
} from '../../../../apimachinery/validation/names.ts';
import { check, checkRequired } from '../checks.ts';
import { checkNoBacksteps } from '../relative-path.ts';
import { ENV_FIELDS, validateFieldRef, validateResourceFieldRef } from './field-selectors.ts';

export function validateEnv(vars: readonly EnvVar[], field: Path, errors: FieldError[]): void {
  vars.forEach(({ name, value, valueFrom }, i) => {
    const at = field.index(i);
    if (!name) errors.push(required(at.child('name')));
    else check(isRelaxedEnvVarName, name, at.child('name'), errors);
    if (valueFrom) validateSource(valueFrom, value ?? '', at.child('valueFrom'), errors);
  });
}

function validateSource(source: EnvVarSource, value: string, field: Path, errors: FieldError[]): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  let found = 0;
  if (fieldRef) {
    found++;
    validateFieldRef(fieldRef, ENV_FIELDS, field.child('fieldRef'), errors);
  }
  if (resourceFieldRef) {
    found++;
    validateResourceFieldRef(resourceFieldRef, false, field.child('resourceFieldRef'), errors);
  }
  for (const [child, ref] of [['configMapKeyRef', configMapKeyRef] as const, ['secretKeyRef', secretKeyRef] as const]) {
    if (!ref) continue;
    found++;
    validateKeyRef(ref, field.child(child), errors);
  }
  if (fileKeyRef) {
    found++;
    validateFileKeyRef(fileKeyRef, field.child('fileKeyRef'), errors);
  }
  if (found === 0)
    errors.push(
      invalid(field, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
    );
  else if (value) errors.push(invalid(field, '', 'may not be specified when `value` is not empty'));
  else if (found > 1) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
}

function validateKeyRef({ name = '', key }: { readonly name?: string; readonly key: string }, field: Path, errors: FieldError[]): void {
  check(isDNS1123Subdomain, name, field.child('name'), errors);
  if (!key) errors.push(required(field.child('key')));
  else check(isConfigMapKey, key, field.child('key'), errors);
}

/** A variable out of a file of variables, which an init container has left in a volume. */
function validateFileKeyRef({ volumeName, path, key }: FileKeySelector, field: Path, errors: FieldError[]): void {
  if (!key) errors.push(required(field.child('key')));
  else check(isRelaxedEnvVarName, key, field.child('key'), errors);
  const at = field.child('volumeName');
  if (!volumeName) errors.push(required(at));
  else check(isDNS1123Label, volumeName, at, errors);
  if (!path) errors.push(required(field.child('path')));
  else checkNoBacksteps(path, field.child('path'), errors);
}

/** Such a volume is the pod's own. One that is wrong in itself counts too. */
export function validateFileKeyVolumes(spec: PodSpec, field: Path, errors: FieldError[]): void {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    spec[list]?.forEach(({ env }, i) =>
      env?.forEach(({ valueFrom }, j) => {
        const name = valueFrom?.fileKeyRef?.volumeName;
        if (name === undefined) return;
        const at = field.child(list).index(i).child('env').index(j).child('valueFrom', 'fileKeyRef', 'volumeName');
        const volume = volumes.get(name);
        if (!volume) errors.push(notFound(at, name));
        else if (!volume.emptyDir) errors.push(invalid(at, name, 'referenced volume must be of type emptyDir'));
      }),
    );
}

export function validateEnvFrom(sources: readonly EnvFromSource[], field: Path, errors: FieldError[]): void {
  sources.forEach(({ prefix, configMapRef, secretRef }, i) => {
    const at = field.index(i);
    if (prefix) check(isRelaxedEnvVarName, prefix, at.child('prefix'), errors);
    for (const [child, ref] of [['configMapRef', configMapRef] as const, ['secretRef', secretRef] as const]) {
      if (!ref) continue;
      checkRequired(ref.name, at.child(child, 'name'), errors);
      // as if it were the beginning of a name: a dash at the end passes
      if (ref.name) check((name) => nameIsDNSSubdomain(name, true), ref.name, at.child(child, 'name'), errors);
    }
    // these are told of the list, not of the element
    if (!configMapRef && !secretRef) errors.push(invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef && secretRef) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
  });
}
