// What a PersistentVolumeClaim asks for, in a claim itself, in a StatefulSet's templates and in ephemeral volumes.
// Follows pkg/apis/core/validation.
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '#api/core/v1';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { compareQuantities, parseQuantity } from '../../../apimachinery/quantity.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkDNS1123Label, checkDNS1123Subdomain } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import { internalDiff } from './internal-diff.ts';
import {
  FIELD_IMMUTABLE,
  semanticEqual,
  validateCoreObjectMeta,
  validateCoreObjectMetaUpdate,
  validateImmutable,
  validateTemplateObjectMeta,
} from './object-meta.ts';
import { checkPositiveQuantity, checkQuantityValue } from './resource-quantity.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];

export interface ClaimSpecOptions {
  /** The stored claim has such a selector. */
  readonly allowInvalidLabelValueInSelector?: boolean;
  /** The stored claim has a source of any group at all. */
  readonly allowInvalidAPIGroupInDataSourceOrRef?: boolean;
}

/** The claim of an ephemeral volume: of its metadata only labels and annotations count. */
export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, field: Path, errors: FieldError[]): void {
  validateTemplateObjectMeta(template.metadata ?? {}, field.child('metadata'), errors);
  validateClaimSpec(template.spec, field.child('spec'), errors);
}

export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  field: Path,
  errors: FieldError[],
  options: ClaimSpecOptions = {},
): void {
  const { accessModes = [], selector, resources, storageClassName, volumeMode, volumeAttributesClassName } = spec;
  if (accessModes.length === 0) errors.push(required(field.child('accessModes'), 'at least 1 access mode is required'));
  errors.push(
    ...validateLabelSelector(selector, field.child('selector'), {
      allowInvalidLabelValue: options.allowInvalidLabelValueInSelector === true,
    }),
  );
  for (const mode of accessModes)
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(field.child('accessModes'), mode, ACCESS_MODES));
  if (accessModes.includes('ReadWriteOncePod') && accessModes.some((m) => m !== 'ReadWriteOncePod' && ACCESS_MODES.includes(m)))
    errors.push(forbidden(field.child('accessModes'), 'may not use ReadWriteOncePod with other access modes'));
  const storage = resources?.requests?.['storage'];
  const storageField = field.child('resources').key('storage');
  if (storage === undefined) errors.push(required(storageField));
  else {
    const before = errors.length;
    checkPositiveQuantity(storage, storageField, errors);
    if (errors.length === before) checkQuantityValue('storage', storage, storageField, errors);
  }
  if (storageClassName) checkDNS1123Subdomain(storageClassName, field.child('storageClassName'), errors);
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode))
    errors.push(notSupported(field.child('volumeMode'), volumeMode, VOLUME_MODES));
  checkSources(spec, field, errors, options);
  if (volumeAttributesClassName) checkDNS1123Subdomain(volumeAttributesClassName, field.child('volumeAttributesClassName'), errors);
}

function checkSources(spec: PersistentVolumeClaimSpec, field: Path, errors: FieldError[], options: ClaimSpecOptions): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) checkSource(dataSource, field.child('dataSource'), errors, options);
  if (dataSourceRef) {
    checkSource(dataSourceRef, field.child('dataSourceRef'), errors, options);
    if (dataSourceRef.namespace) checkDNS1123Label(dataSourceRef.namespace, field.child('dataSourceRef', 'namespace'), errors);
  }
  if (!dataSource || !dataSourceRef) return;
  // the value shown is a path that has no fields of its own in JSON
  if (dataSourceRef.namespace) errors.push(invalid(field, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  else if (!sameSource(dataSource, dataSourceRef)) errors.push(invalid(field, {}, 'must match dataSourceRef'));
}

function checkSource(
  source: TypedLocalObjectReference | TypedObjectReference,
  field: Path,
  errors: FieldError[],
  options: ClaimSpecOptions,
): void {
  const { name, kind, apiGroup } = source;
  if (!name) errors.push(required(field.child('name')));
  if (!kind) errors.push(required(field.child('kind')));
  if (!apiGroup && kind !== 'PersistentVolumeClaim')
    errors.push(invalid(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (apiGroup && !options.allowInvalidAPIGroupInDataSourceOrRef) checkDNS1123Subdomain(apiGroup, field.child('apiGroup'), errors);
}

const sameSource = (a: TypedLocalObjectReference, b: TypedObjectReference): boolean =>
  a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

export function validatePersistentVolumeClaim({ metadata, spec }: PersistentVolumeClaim, options: ClaimSpecOptions = {}): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateClaimSpec(spec, SPEC, errors, options);
  return errors;
}

export function validatePersistentVolumeClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const options = updateOptions(old.spec ?? {});
  const errors = [
    ...validateCoreObjectMetaUpdate(claim.metadata, old.metadata, METADATA),
    ...validatePersistentVolumeClaim(claim, options),
  ];
  checkImmutableSpec(claim, old, errors);
  const { resources, volumeMode } = claim.spec ?? {};
  const oldSize = old.spec?.resources?.requests?.['storage'] ?? '0';
  const size = parseQuantity(resources?.requests?.['storage'] ?? '0');
  const actual = parseQuantity(old.status?.capacity?.['storage'] ?? '0');
  // a wish to grow may be taken back, but a volume never shrinks
  if (compareQuantities(size, parseQuantity(oldSize)) < 0 && compareQuantities(size, actual) <= 0)
    errors.push(forbidden(SPEC.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'));
  errors.push(...validateImmutable(volumeMode, old.spec?.volumeMode, Path.of('volumeMode')));
  return errors;
}

function updateOptions({ selector, dataSource, dataSourceRef }: PersistentVolumeClaimSpec): ClaimSpecOptions {
  return {
    allowInvalidLabelValueInSelector: validateLabelSelector(selector, SPEC).length > 0,
    allowInvalidAPIGroupInDataSourceOrRef: dataSource?.apiGroup !== undefined || dataSourceRef?.apiGroup !== undefined,
  };
}

/** What may change once: the volume, and the class of a claim that has none. What may grow: the request of a bound claim. */
function checkImmutableSpec(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, errors: FieldError[]): void {
  let spec: PersistentVolumeClaimSpec = { ...claim.spec };
  let before: PersistentVolumeClaimSpec = { ...old.spec };
  if (!before.volumeName) before = withField(before, 'volumeName', spec.volumeName);
  const oldClass = old.metadata.annotations?.[CLASS_ANNOTATION] ?? '';
  const newClass = claim.metadata.annotations?.[CLASS_ANNOTATION] ?? '';
  const movedToField =
    oldClass !== '' &&
    before.storageClassName === undefined &&
    spec.storageClassName === oldClass &&
    (newClass === '' || newClass === oldClass);
  if (movedToField) spec = withField(spec, 'storageClassName', undefined);
  else {
    if (newClass !== oldClass) errors.push(invalid(METADATA.child('annotations', CLASS_ANNOTATION), newClass, FIELD_IMMUTABLE));
    if (before.storageClassName === undefined && spec.storageClassName !== undefined && oldClass === '')
      spec = withField(spec, 'storageClassName', undefined);
  }
  const oldStorage = before.resources?.requests?.['storage'];
  if (claim.status?.phase === 'Bound' && spec.resources?.requests && oldStorage !== undefined)
    spec = { ...spec, resources: { ...spec.resources, requests: { ...spec.resources.requests, storage: oldStorage } } };
  if (claim.status?.phase === 'Bound' && spec.volumeAttributesClassName !== undefined)
    spec = withField(spec, 'volumeAttributesClassName', before.volumeAttributesClassName);
  if (semanticEqual(spec, before)) return;
  const diff = internalDiff('core/v1.PersistentVolumeClaimSpec', before, spec);
  const why = `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${diff}`;
  errors.push(forbidden(SPEC, why));
}

function withField(
  spec: PersistentVolumeClaimSpec,
  field: 'volumeName' | 'storageClassName' | 'volumeAttributesClassName',
  value: string | undefined,
): PersistentVolumeClaimSpec {
  const { [field]: _, ...rest } = spec;
  return value === undefined ? rest : { ...rest, [field]: value };
}

export function validatePersistentVolumeClaimStatusUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(claim.metadata, old.metadata, METADATA);
  const at = Path.of('status', 'capacity');
  for (const [name, amount] of Object.entries(claim.status?.capacity ?? {}))
    if (parseQuantity(amount).unscaled < 0n) errors.push(invalid(at.key(name), amount, 'must be a valid resource quantity'));
  return errors;
}
