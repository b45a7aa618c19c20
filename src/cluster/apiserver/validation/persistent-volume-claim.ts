// What a PersistentVolumeClaim asks for, in a claim itself, in a StatefulSet's templates and in ephemeral volumes.
// Follows pkg/apis/core/validation.
import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '#api/core/v1';
import { forbidden, invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { checkDNS1123Label, checkDNS1123Subdomain } from './checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateTemplateObjectMeta } from './object-meta.ts';
import { checkPositiveQuantity, checkQuantityValue } from './resource-quantity.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

export interface ClaimSpecOptions {
  /** The stored claim has such a selector. */
  readonly allowInvalidLabelValueInSelector?: boolean;
  /** The stored claim has such a source. */
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
