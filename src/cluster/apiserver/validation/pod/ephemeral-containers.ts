// Adding ephemeral containers to a pod: they come, and never change or go. Follows ValidatePodEphemeralContainersUpdate.
import type { Pod } from '#api/core/v1';
import { quote } from '../../../../apimachinery/go-text.ts';
import { deepEqual } from '../../../../apimachinery/object.ts';
import { forbidden, Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { internalDiff } from '../internal-diff.ts';
import { validateCoreObjectMetaUpdate } from '../object-meta.ts';
import { MIRROR_POD } from './annotations.ts';
import { validateMetadataAndSpec } from './pod.ts';
import { updateOptions, validateAnnotationUpdates } from './update.ts';

const FIELD = Path.of('spec', 'ephemeralContainers');

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_POD] !== undefined)
    return [forbidden(Path.of(''), 'static pods do not support ephemeral containers')];
  const options = updateOptions(old);
  const errors = [
    ...validateCoreObjectMetaUpdate(pod.metadata, old.metadata, Path.of('metadata')),
    ...validateMetadataAndSpec(pod, options),
  ];
  validateAnnotationUpdates(pod, old, errors, options);
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find((c) => c.name === before.name);
    const what = `existing ephemeral containers ${quote(before.name)} may not be`;
    if (!now) errors.push(forbidden(FIELD, `${what} removed\n`));
    else if (!deepEqual(now, before))
      errors.push(forbidden(FIELD, `${what} changed\n${internalDiff('core/v1.EphemeralContainer', before, now)}`));
  }
  return errors;
}
