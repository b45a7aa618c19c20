// The volumes of a pod: each has a name and one source. Follows ValidateVolumes of pkg/apis/core/validation; the sources are in the
// files beside this one.
import type { Volume } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { quote } from '../../../../apimachinery/go-text.ts';
import { duplicate, forbidden, invalid, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../../apimachinery/validation/names.ts';
import { checkDNS1123Label } from '../checks.ts';
import type { PodValidationOptions } from './options.ts';
import { VOLUME_SOURCES } from './volume-sources.ts';
import { INITIATOR_TOO_LONG, isInitiatorTooLong } from './volume-storage-systems.ts';

/** Volumes that are in order, by name: only those can be mounted. */
export type VolumesByName = ReadonlyMap<string, Volume>;

const NO_VOLUMES: VolumesByName = new Map();

/** @param meta of the pod; undefined in a template */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  meta: ObjectMeta | undefined,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): VolumesByName {
  if (!volumes?.length) return NO_VOLUMES;
  const byName = new Map<string, Volume>();
  volumes.forEach((volume, i) => {
    const before = errors.length;
    const at = field.index(i);
    validateSource(volume, meta, at, errors, options);
    if (!volume.name) errors.push(required(at.child('name')));
    else checkDNS1123Label(volume.name, at.child('name'), errors);
    if (byName.has(volume.name)) errors.push(duplicate(at.child('name'), volume.name));
    if (errors.length === before) byName.set(volume.name, volume);
  });
  return byName;
}

function validateSource(
  volume: Volume,
  meta: ObjectMeta | undefined,
  field: Path,
  errors: FieldError[],
  options: PodValidationOptions,
): void {
  let found = 0;
  for (const [key, { path = key, refusedAs = key, validate }] of VOLUME_SOURCES) {
    const source = volume[key];
    if (source === undefined) continue;
    if (found++) {
      errors.push(forbidden(field.child(refusedAs), 'may not specify more than 1 volume type'));
      continue;
    }
    if (key === 'iscsi') checkInitiatorLength(volume, field, errors);
    validate(source as never, field.child(path), errors, options);
    if (key === 'ephemeral') checkClaimName(volume, meta, field, errors);
  }
  if (!found) errors.push(required(field, 'must specify a volume type'));
}

function checkInitiatorLength({ name, iscsi }: Volume, field: Path, errors: FieldError[]): void {
  if (iscsi && isInitiatorTooLong(name, iscsi)) errors.push(invalid(field.child('name'), name, INITIATOR_TOO_LONG));
}

/** The claim is named after pod and volume. */
function checkClaimName({ name }: Volume, meta: ObjectMeta | undefined, field: Path, errors: FieldError[]): void {
  if (!meta?.name || !name) return;
  const claim = `${meta.name}-${name}`;
  for (const wrong of nameIsDNSSubdomain(claim, false))
    errors.push(invalid(field.child('name'), name, `PVC name ${quote(claim)}: ${wrong}`));
}
