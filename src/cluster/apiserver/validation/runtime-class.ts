// RuntimeClasses and Leases. Follows pkg/apis/node/validation and pkg/apis/coordination/validation.
import type { Lease } from '#api/coordination/v1';
import type { RuntimeClass } from '#api/node/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { duplicate, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable, validateLabels } from './object-meta.ts';
import { validateTolerations } from './pod/tolerations.ts';
import { checkContainerResourceName, checkQuantityValue } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const HANDLER = Path.of('handler');
const SPEC = Path.of('spec');

export function validateRuntimeClass({ metadata, handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  if (!handler) errors.push(required(HANDLER));
  else check(isDNS1123Label, handler, HANDLER, errors);
  for (const [name, amount] of Object.entries(overhead?.podFixed ?? {})) {
    // it is checked as the limits of a container, and told so
    const at = Path.of('overhead', 'limits').key(name);
    checkContainerResourceName(name, at, errors);
    checkQuantityValue(name, amount, at, errors);
  }
  if (!scheduling) return errors;
  const at = Path.of('scheduling');
  validateLabels(scheduling.nodeSelector, at.child('nodeSelector'), errors);
  const tolerations = scheduling.tolerations ?? [];
  validateTolerations(tolerations, at.child('tolerations'), errors);
  tolerations.forEach((toleration, i) => {
    if (tolerations.findIndex((other) => deepEqual(other, toleration)) < i)
      errors.push(duplicate(at.child('tolerations').index(i), new PrintedInternal('core/v1.Toleration', toleration)));
  });
  return errors;
}

export const validateRuntimeClassUpdate = (one: RuntimeClass, old: RuntimeClass): FieldError[] => [
  ...validateRuntimeClass(one),
  ...validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA),
  ...validateImmutable(one.handler ?? '', old.handler ?? '', HANDLER),
];

export function validateLease({ metadata, spec }: Lease): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.push(invalid(SPEC.child('leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'));
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(invalid(SPEC.child('leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'));
  if (preferredHolder && !strategy)
    errors.push(invalid(SPEC.child('preferredHolder'), preferredHolder, 'may only be specified if `strategy` is defined'));
  return errors;
}

export const validateLeaseUpdate = (lease: Lease, old: Lease): FieldError[] => [
  ...validateCoreObjectMetaUpdate(lease.metadata, old.metadata, METADATA),
  ...validateLease(lease),
];
