// StorageClasses, VolumeAttributesClasses and CSIDrivers. Follows pkg/apis/storage/validation.
import type { CSIDriver, StorageClass, VolumeAttributesClass } from '#api/storage/v1';
import type { TopologySelectorTerm } from '#api/core/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  tooLong,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isQualifiedName, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkOptionalEnum, checkQualifiedName } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const PROVISIONER = Path.of('provisioner');
const PARAMETERS = Path.of('parameters');
const MAX_PARAMETERS_BYTES = 256 * 1024;
const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];

export function validateStorageClass(one: StorageClass): FieldError[] {
  const errors = validateCoreObjectMeta(one.metadata, false, nameIsDNSSubdomain, METADATA);
  checkProvisioner(one.provisioner, PROVISIONER, errors);
  checkParameters(one.parameters, errors);
  if (one.reclaimPolicy && !RECLAIM_POLICIES.includes(one.reclaimPolicy))
    errors.push(notSupported(Path.of('reclaimPolicy'), one.reclaimPolicy, RECLAIM_POLICIES));
  if (one.volumeBindingMode === undefined) errors.push(required(Path.of('volumeBindingMode')));
  else if (!BINDING_MODES.includes(one.volumeBindingMode))
    errors.push(notSupported(Path.of('volumeBindingMode'), one.volumeBindingMode, BINDING_MODES));
  checkTopologies(one.allowedTopologies ?? [], errors);
  return errors;
}

function checkProvisioner(provisioner: string, field: Path, errors: FieldError[]): void {
  if (!provisioner) errors.push(required(field));
  else check((name) => isQualifiedName(name.toLowerCase()), provisioner, field, errors);
}

function checkParameters(parameters: Readonly<Record<string, string>> = {}, errors: FieldError[]): void {
  let size = 0;
  for (const [key, value] of Object.entries(parameters)) {
    if (key === '') errors.push(invalid(PARAMETERS, key, 'field can not be empty.'));
    size += byteLength(key) + byteLength(value);
  }
  if (size > MAX_PARAMETERS_BYTES) errors.push(tooLong(PARAMETERS, MAX_PARAMETERS_BYTES));
}

function checkTopologies(terms: readonly TopologySelectorTerm[], errors: FieldError[]): void {
  const seen: object[] = [];
  // Kubernetes begins with as many terms that say nothing as there are terms: each tells of one more
  let empty = terms.length;
  terms.forEach(({ matchLabelExpressions = [] }, i) => {
    const at = Path.of('allowedTopologies').index(i).child('matchLabelExpressions');
    const sets: Record<string, readonly string[]> = {};
    matchLabelExpressions.forEach(({ key, values }, j) => {
      const field = at.index(j);
      const known = new Set<string>();
      if (!values?.length) errors.push(required(field.child('values')));
      values?.forEach((value, k) => {
        if (known.has(value)) errors.push(duplicate(field.child('values').index(k), value));
        known.add(value);
      });
      checkQualifiedName(key, field.child('key'), errors);
      if (Object.hasOwn(sets, key)) errors.push(duplicate(field.child('key'), key));
      sets[key] = [...known].sort();
    });
    const saysNothing = Object.keys(sets).length === 0;
    const equal = saysNothing ? empty++ : seen.filter((other) => deepEqual(other, sets)).length;
    for (let k = 0; k < equal; k++) errors.push(duplicate(at, ''));
    if (!saysNothing) seen.push(sets);
  });
}

export const validateStorageClassUpdate = (one: StorageClass, old: StorageClass): FieldError[] => [
  ...validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA),
  ...validateImmutable(one.parameters, old.parameters, PARAMETERS),
  ...validateImmutable(one.provisioner ?? '', old.provisioner ?? '', PROVISIONER),
  ...validateImmutable(one.reclaimPolicy ?? null, old.reclaimPolicy ?? null, Path.of('reclaimPolicy')),
  ...validateImmutable(one.volumeBindingMode ?? null, old.volumeBindingMode ?? null, Path.of('volumeBindingMode')),
];

export function validateVolumeAttributesClass(one: VolumeAttributesClass): FieldError[] {
  const errors = validateCoreObjectMeta(one.metadata, false, nameIsDNSSubdomain, METADATA);
  checkProvisioner(one.driverName ?? '', Path.of('driverName'), errors);
  if (Object.keys(one.parameters ?? {}).length === 0) errors.push(required(PARAMETERS, 'must contain at least one key/value pair'));
  else checkParameters(one.parameters, errors);
  return errors;
}

export function validateVolumeAttributesClassUpdate(one: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA);
  if (one.driverName !== old.driverName) errors.push(forbidden(Path.of('driverName'), 'updates to driverName are forbidden.'));
  if (!deepEqual(one.parameters ?? {}, old.parameters ?? {})) errors.push(forbidden(PARAMETERS, 'updates to parameters are forbidden.'));
  return errors;
}

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];
const MIN_TOKEN_SECONDS = 10 * 60;
const MIN_UPDATE_SECONDS = 10;

export const validateCSIDriver = ({ metadata, spec }: CSIDriver): FieldError[] => [
  ...validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA),
  ...validateCSIDriverSpec(spec),
];

function validateCSIDriverSpec(spec: CSIDriver['spec']): FieldError[] {
  const errors: FieldError[] = [];
  for (const flag of ['attachRequired', 'podInfoOnMount', 'storageCapacity', 'requiresRepublish', 'seLinuxMount'] as const)
    if (spec[flag] === undefined) errors.push(required(SPEC.child(flag)));
  checkOptionalEnum(spec.fsGroupPolicy, FS_GROUP_POLICIES, SPEC.child('fsGroupPolicy'), errors);
  checkTokenRequests(spec.tokenRequests ?? [], errors);
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!LIFECYCLE_MODES.includes(mode)) errors.push(notSupported(SPEC.child('volumeLifecycleModes'), mode, LIFECYCLE_MODES));
  const seconds = spec.nodeAllocatableUpdatePeriodSeconds;
  if (seconds !== undefined && seconds < MIN_UPDATE_SECONDS)
    errors.push(
      invalid(SPEC.child('nodeAllocatableUpdatePeriodSeconds'), seconds, `must be greater than or equal to ${MIN_UPDATE_SECONDS} seconds`),
    );
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length)
    errors.push(
      invalid(
        SPEC.child('serviceAccountTokenInSecrets'),
        spec.serviceAccountTokenInSecrets,
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    );
  return errors;
}

export const validateCSIDriverUpdate = (driver: CSIDriver, old: CSIDriver): FieldError[] => [
  ...validateCoreObjectMetaUpdate(driver.metadata, old.metadata, METADATA),
  ...validateCSIDriverSpec(driver.spec),
  // told so upstream
  ...validateImmutable(driver.spec.attachRequired, old.spec.attachRequired, SPEC.child('attachedRequired')),
  ...validateImmutable(driver.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes, SPEC.child('volumeLifecycleModes')),
];

function checkTokenRequests(requests: NonNullable<CSIDriver['spec']['tokenRequests']>, errors: FieldError[]): void {
  const seen = new Set<string>();
  requests.forEach(({ audience, expirationSeconds }, i) => {
    const at = SPEC.child('tokenRequests').index(i);
    if (seen.has(audience)) errors.push(duplicate(at.child('audience'), audience));
    seen.add(audience);
    if (expirationSeconds === undefined) return;
    if (expirationSeconds < MIN_TOKEN_SECONDS)
      errors.push(invalid(at.child('expirationSeconds'), expirationSeconds, 'may not specify a duration less than 10 minutes'));
    if (expirationSeconds > 2 ** 32)
      errors.push(invalid(at.child('expirationSeconds'), expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  });
}
