// ResourceClaims, their templates and DeviceClasses. Follows pkg/apis/resource/validation.
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate } from '#api/resource/v1';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { CONFIG_MAX, validateDeviceClaim } from './device-claim.ts';
import { checkConfiguration, checkList } from './device-fields.ts';
import { checkDeviceSelectors } from './device-selector.ts';
import { PrintedInternal } from './internal-form.ts';
import {
  FIELD_IMMUTABLE,
  semanticEqual,
  validateCoreObjectMeta,
  validateCoreObjectMetaUpdate,
  validateTemplateObjectMeta,
} from './object-meta.ts';
import { isExtendedResource } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');

export function validateResourceClaim({ metadata, spec }: ResourceClaim): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateDeviceClaim(spec?.devices, SPEC.child('devices'), errors);
  return errors;
}

/** What is asked for never changes. */
export function validateResourceClaimUpdate({ metadata, spec }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  errors.push(...validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA));
  checkSpecImmutable('resource/v1.ResourceClaimSpec', spec, old.spec, errors);
  return errors;
}

export function validateResourceClaimTemplate({ metadata, spec }: ResourceClaimTemplate): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateTemplateObjectMeta(spec?.metadata ?? {}, SPEC.child('metadata'), errors);
  validateDeviceClaim(spec?.spec?.devices, SPEC.child('spec', 'devices'), errors);
  return errors;
}

export function validateResourceClaimTemplateUpdate(template: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] {
  const errors = validateResourceClaimTemplate(template);
  errors.push(...validateCoreObjectMetaUpdate(template.metadata, old.metadata, METADATA));
  checkSpecImmutable('resource/v1.ResourceClaimTemplateSpec', template.spec, old.spec, errors);
  return errors;
}

function checkSpecImmutable(type: string, spec: unknown, old: unknown, errors: FieldError[]): void {
  if (!semanticEqual(spec, old)) errors.push(invalid(SPEC, new PrintedInternal(type, spec), FIELD_IMMUTABLE));
}

export function validateDeviceClass({ metadata, spec }: DeviceClass, old?: DeviceClass): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  if (old) errors.push(...validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA));
  const { selectors, config, extendedResourceName } = spec ?? {};
  const selectorsStored = old !== undefined && semanticEqual(selectors, old.spec.selectors);
  checkDeviceSelectors(selectors, selectorsStored, SPEC.child('selectors'), errors);
  const configStored = old !== undefined && semanticEqual(config, old.spec.config);
  checkList(config, CONFIG_MAX, SPEC.child('config'), errors, (one, at) => checkConfiguration(one, configStored, at, errors));
  if (extendedResourceName !== undefined && !isExtendedResource(extendedResourceName))
    errors.push(invalid(SPEC.child('extendedResourceName'), extendedResourceName, 'must be a valid extended resource name'));
  return errors;
}
