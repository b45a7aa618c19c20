// PersistentVolumes. Follows ValidatePersistentVolumeSpec and ValidatePersistentVolumeUpdate of pkg/apis/core/validation.
import type { NodeSelectorRequirement, PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity } from '#api/core/v1';
import path from 'node:path/posix';
import { parseQuantity, quantityValue } from '../../../apimachinery/quantity.ts';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkDNS1123Subdomain, checkOptionalEnum } from './checks.ts';
import { internalDiff } from './internal-diff.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual, validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';
import { ACCESS_MODES, VOLUME_MODES } from './persistent-volume-claim.ts';
import { PERSISTENT_SOURCES, persistentSourceOf } from './persistent-volume-sources.ts';
import { validateNodeSelector } from './pod/affinity.ts';
import { checkPositiveQuantity } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
const WITH_MOUNT_OPTIONS = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'storageos',
  'csi',
];

function validateMetadataAndSpec({ metadata, spec }: PersistentVolume): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  validatePersistentVolumeSpec(spec, metadata.name ?? '', SPEC, errors);
  return errors;
}

export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  const { metadata, spec } = volume;
  const errors = validateMetadataAndSpec(volume);
  if (metadata.annotations?.[MOUNT_OPTIONS] !== undefined && !WITH_MOUNT_OPTIONS.some((source) => source in spec))
    errors.push(forbidden(METADATA.child('annotations', MOUNT_OPTIONS), 'may not specify mount options for this volume type'));
  return errors;
}

/** @param inline the volume has no object of its own: an attachment brings its spec along */
export function validatePersistentVolumeSpec(
  spec: PersistentVolumeSpec,
  name: string,
  field: Path,
  errors: FieldError[],
  inline = false,
): void {
  const { persistentVolumeReclaimPolicy, volumeAttributesClassName } = spec;
  if (inline) checkInline(spec, field, errors);
  checkAccessModes(spec.accessModes ?? [], field.child('accessModes'), errors);
  if (!inline) checkCapacity(spec.capacity, field.child('capacity'), errors);
  const reclaimAt = field.child('persistentVolumeReclaimPolicy');
  if (inline) {
    if (persistentVolumeReclaimPolicy && persistentVolumeReclaimPolicy !== 'Retain')
      errors.push(forbidden(reclaimAt, 'may only be Retain in the context of inline volumes'));
  } else checkOptionalEnum(persistentVolumeReclaimPolicy || undefined, RECLAIM_POLICIES, reclaimAt, errors);
  if (spec.nodeAffinity && !inline) checkNodeAffinity(spec.nodeAffinity, field.child('nodeAffinity', 'required'), errors);
  checkSources(spec, name, field, errors);
  if (spec.hostPath && path.normalize(spec.hostPath.path) === '/' && persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(forbidden(reclaimAt, "may not be 'recycle' for a hostPath mount of '/'"));
  checkClassAndMode(spec, field, errors, inline);
  if (volumeAttributesClassName === undefined || inline) return;
  const at = field.child('volumeAttributesClassName');
  if (volumeAttributesClassName === '') errors.push(required(at, 'an empty string is disallowed'));
  else checkDNS1123Subdomain(volumeAttributesClassName, at, errors);
  if (!spec.csi) errors.push(required(field.child('csi'), 'has to be specified when using volumeAttributesClassName'));
}

const NOT_INLINE = 'may not be specified in the context of inline volumes';

function checkInline(spec: PersistentVolumeSpec, field: Path, errors: FieldError[]): void {
  if (spec.claimRef) errors.push(forbidden(field.child('claimRef'), NOT_INLINE));
  if (Object.keys(spec.capacity ?? {}).length) errors.push(forbidden(field.child('capacity'), NOT_INLINE));
  if (!spec.csi) errors.push(required(field.child('csi'), 'has to be specified in the context of inline volumes'));
}

function checkClassAndMode(
  { storageClassName, volumeMode }: PersistentVolumeSpec,
  field: Path,
  errors: FieldError[],
  inline: boolean,
): void {
  const classAt = field.child('storageClassName');
  const modeAt = field.child('volumeMode');
  if (storageClassName) {
    if (inline) errors.push(forbidden(classAt, NOT_INLINE));
    else checkDNS1123Subdomain(storageClassName, classAt, errors);
  }
  if (!inline) checkOptionalEnum(volumeMode, VOLUME_MODES, modeAt, errors);
  else if (volumeMode !== undefined && volumeMode !== 'Filesystem')
    errors.push(forbidden(modeAt, 'may not specify volumeMode other than Filesystem in the context of inline volumes'));
}

function checkAccessModes(accessModes: readonly string[], at: Path, errors: FieldError[]): void {
  if (accessModes.length === 0) errors.push(required(at));
  for (const mode of accessModes) if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(at, mode, ACCESS_MODES));
  if (accessModes.includes('ReadWriteOncePod') && accessModes.some((m) => m !== 'ReadWriteOncePod' && ACCESS_MODES.includes(m)))
    errors.push(forbidden(at, 'may not use ReadWriteOncePod with other access modes'));
}

function checkCapacity(capacity: PersistentVolumeSpec['capacity'], at: Path, errors: FieldError[]): void {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) errors.push(required(at));
  if (names.length !== 1 || names[0] !== 'storage') errors.push(notSupported(at, capacity ?? null, ['storage']));
  for (const [name, text] of Object.entries(capacity ?? {})) {
    const value = quantityValue(parseQuantity(text));
    if (value < 0n) errors.push(invalid(at.key(name), Number(value), 'must be a valid resource quantity'));
    checkPositiveQuantity(text, at.key(name), errors);
  }
}

function checkNodeAffinity(affinity: VolumeNodeAffinity, at: Path, errors: FieldError[]): void {
  if (affinity.required) validateNodeSelector(affinity.required, at, errors);
  else errors.push(required(at, 'must specify required node constraints'));
}

function checkSources(spec: PersistentVolumeSpec, name: string, field: Path, errors: FieldError[]): void {
  let found = 0;
  for (const [source, { path: called = source, refusedAs = called, validate }] of PERSISTENT_SOURCES) {
    const value = spec[source];
    if (value === undefined) continue;
    if (found++ > 0) errors.push(forbidden(field.child(refusedAs), 'may not specify more than 1 volume type'));
    else validate(value as never, field.child(called), errors, { name, hasNodeAffinity: spec.nodeAffinity !== undefined });
  }
  if (found === 0) errors.push(required(field, 'must specify a volume type'));
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  // Kubernetes checks the whole volume, and then nearly the whole of it once more as a part of the update
  const errors = [...validatePersistentVolume(volume), ...validateMetadataAndSpec(volume)];
  const spec = volume.spec ?? {};
  const before = old.spec ?? {};
  const source = persistentSourceOf(spec);
  let oldSource = persistentSourceOf(before);
  if (source.csi && oldSource.csi && !oldSource.csi.controllerExpandSecretRef && source.csi.controllerExpandSecretRef)
    oldSource = { ...oldSource, csi: { ...oldSource.csi, controllerExpandSecretRef: source.csi.controllerExpandSecretRef } };
  if (!semanticEqual(source, oldSource)) {
    const diff = internalDiff('core/v1.PersistentVolumeSource', oldSource, source);
    errors.push(forbidden(SPEC.child('persistentvolumesource'), `spec.persistentvolumesource is immutable after creation\n${diff}`));
  }
  errors.push(...validateImmutable(spec.volumeMode, before.volumeMode, Path.of('volumeMode')));
  if (
    before.nodeAffinity &&
    !semanticEqual(spec.nodeAffinity && withStoredKeys(spec.nodeAffinity, before.nodeAffinity), before.nodeAffinity)
  ) {
    const shown = spec.nodeAffinity ? new PrintedInternal('core/v1.VolumeNodeAffinity', spec.nodeAffinity) : null;
    errors.push(invalid(Path.of('nodeAffinity'), shown, 'field is immutable, except for updating from beta label to GA'));
  }
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    errors.push(forbidden(SPEC.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'));
  return errors;
}

/** Labels that had another name before they were stable. */
const STABLE: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/**
 * The affinity with old names where the stored one has old names. Kubernetes looks every key up, and takes the nothing that it finds for
 * most of them as the name that they may change to: so a key that is emptied is told as empty, and not as changed.
 */
function withStoredKeys(affinity: VolumeNodeAffinity, old: VolumeNodeAffinity): VolumeNodeAffinity {
  const before = old.required?.nodeSelectorTerms;
  if (!affinity.required || !before) return affinity;
  const keys = (list: readonly NodeSelectorRequirement[], stored: readonly NodeSelectorRequirement[] = []): NodeSelectorRequirement[] =>
    list.map((one, i) => {
      const key = stored[i]?.key;
      return key !== undefined && (one.key ?? '') === (STABLE[key] ?? '') ? { ...one, key } : one;
    });
  const nodeSelectorTerms = (affinity.required.nodeSelectorTerms ?? []).map(({ matchExpressions, matchFields }, i) => ({
    ...(matchExpressions ? { matchExpressions: keys(matchExpressions, before[i]?.matchExpressions) } : {}),
    ...(matchFields ? { matchFields: keys(matchFields, before[i]?.matchFields) } : {}),
  }));
  return { required: { nodeSelectorTerms } };
}

export const validatePersistentVolumeStatusUpdate = (volume: PersistentVolume, old: PersistentVolume): FieldError[] => {
  const errors = validateCoreObjectMetaUpdate(volume.metadata, old.metadata, METADATA);
  if (!volume.metadata.resourceVersion) errors.push(required(Path.of('resourceVersion')));
  return errors;
};
