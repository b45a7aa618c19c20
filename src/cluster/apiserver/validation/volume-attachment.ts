// VolumeAttachments, CSINodes and CSIStorageCapacities. Follows pkg/apis/storage/validation.
import type { CSINode, CSIStorageCapacity, VolumeAttachment } from '#api/storage/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { parseQuantity } from '../../../apimachinery/quantity.ts';
import { duplicate, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain, checkNonnegative, checkQualifiedName } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { validateLabelSelector } from './label-selector.ts';
import { FIELD_IMMUTABLE, validateCoreObjectMeta } from './object-meta.ts';
import { validatePersistentVolumeSpec } from './persistent-volume.ts';
import { validateCSIDriverName } from './pod/volume-sources.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');

export function validateVolumeAttachment({ metadata, spec }: VolumeAttachment): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  const { attacher, nodeName, source } = spec ?? {};
  validateCSIDriverName(attacher, SPEC.child('attacher'), errors);
  checkSource(source, errors);
  check(isDNS1123Subdomain, nodeName, SPEC.child('nodeName'), errors);
  return errors;
}

function checkSource(source: VolumeAttachment['spec']['source'], errors: FieldError[]): void {
  const { inlineVolumeSpec, persistentVolumeName } = source;
  const at = SPEC.child('source');
  if (!inlineVolumeSpec && persistentVolumeName === undefined)
    errors.push(required(at, 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'));
  if (inlineVolumeSpec && persistentVolumeName !== undefined)
    errors.push(
      invalid(
        at,
        new PrintedInternal('storage/v1.VolumeAttachmentSource', source),
        'must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      ),
    );
  if (persistentVolumeName !== undefined) {
    const nameAt = at.child('persistentVolumeName');
    if (persistentVolumeName === '') errors.push(required(nameAt, 'must specify non empty persistentVolumeName'));
    checkDNS1123Subdomain(persistentVolumeName, nameAt, errors);
  }
  if (inlineVolumeSpec) validatePersistentVolumeSpec(inlineVolumeSpec, '', at.child('inlineVolumeSpec'), errors, true);
}

export function validateVolumeAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = validateVolumeAttachment(attachment);
  if (!deepEqual(attachment.spec, old.spec))
    errors.push(invalid(SPEC, new PrintedInternal('storage/v1.VolumeAttachmentSpec', attachment.spec), FIELD_IMMUTABLE));
  return errors;
}

const MAX_NODE_ID = 256;

export function validateCSINode({ metadata, spec }: CSINode): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  const seen = new Set<string>();
  (spec?.drivers ?? []).forEach(({ name, nodeID, topologyKeys, allocatable }, i) => {
    const at = SPEC.child('drivers').index(i);
    validateCSIDriverName(name, at.child('name'), errors);
    if (seen.has(name)) errors.push(duplicate(at.child('name'), name));
    seen.add(name);
    if (!nodeID) errors.push(required(at.child('nodeID')));
    else if (byteLength(nodeID) > MAX_NODE_ID)
      errors.push(invalid(at.child('nodeID'), nodeID, `must be ${MAX_NODE_ID} characters or less`));
    if (allocatable) checkNonnegative(allocatable.count, at.child('allocatable', 'count'), errors);
    const keys = new Set<string>();
    for (const key of topologyKeys ?? []) {
      if (!key) errors.push(required(at));
      if (keys.has(key)) errors.push(duplicate(at, key));
      keys.add(key);
      checkQualifiedName(key, at, errors);
    }
  });
  return errors;
}

/** Drivers come and go; of one that stays only how many volumes it takes may change. */
export function validateCSINodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const errors = validateCSINode(node);
  const known = new Map((old.spec?.drivers ?? []).map((driver) => [driver.name, driver]));
  for (const driver of node.spec?.drivers ?? []) {
    const before = known.get(driver.name);
    if (!before || (driver.nodeID === before.nodeID && deepEqual(driver.topologyKeys ?? [], before.topologyKeys ?? []))) continue;
    const { name, nodeID, topologyKeys } = driver;
    errors.push(
      invalid(SPEC.child('drivers'), new PrintedInternal('storage/v1.CSINodeDriver', { name, nodeID, topologyKeys }), FIELD_IMMUTABLE),
    );
  }
  return errors;
}

export function validateCSIStorageCapacity(capacity: CSIStorageCapacity): FieldError[] {
  const errors = validateCoreObjectMeta(capacity.metadata, true, nameIsDNSSubdomain, METADATA);
  errors.push(...validateLabelSelector(capacity.nodeTopology, Path.of('nodeTopology')));
  checkDNS1123Subdomain(capacity.storageClassName ?? '', Path.of('storageClassName'), errors);
  const amount = capacity.capacity;
  if (amount !== undefined && parseQuantity(amount).unscaled < 0n)
    errors.push(invalid(Path.of('capacity'), amount, 'must be greater than or equal to 0'));
  return errors;
}

export function validateCSIStorageCapacityUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  const errors = validateCSIStorageCapacity(capacity);
  if (!deepEqual(capacity.nodeTopology, old.nodeTopology))
    errors.push(invalid(Path.of('nodeTopology'), capacity.nodeTopology ?? null, FIELD_IMMUTABLE));
  if (capacity.storageClassName !== old.storageClassName)
    errors.push(invalid(Path.of('storageClassName'), capacity.storageClassName, FIELD_IMMUTABLE));
  return errors;
}
