// Pods when they are made, and pod templates that stand by themselves. Follows ValidatePodCreate of pkg/apis/core/validation.
import type { Pod, PodTemplate } from '#api/core/v1';
import { forbidden, Path, type FieldError } from '../../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../../apimachinery/validation/names.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from '../object-meta.ts';
import { validateAppArmorFieldsAgree, validatePodAnnotations, validateSeccompFieldsAgree } from './annotations.ts';
import { checkImageSpace } from './container.ts';
import { optionsFrom, POD_OPTIONS, TEMPLATE_OPTIONS, type PodValidationOptions } from './options.ts';
import { validatePodSpec, validatePodTemplateSpec } from './pod-spec.ts';

const METADATA = Path.of('metadata');
const ANNOTATIONS = Path.of('metadata', 'annotations');
const SPEC = Path.of('spec');
const TEMPLATE = Path.of('template');

export function validatePod(pod: Pod): FieldError[] {
  const errors = validateMetadataAndSpec(pod, POD_OPTIONS);
  const { spec, metadata } = pod;
  if (spec.ephemeralContainers?.length) errors.push(forbidden(SPEC.child('ephemeralContainers'), 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(forbidden(SPEC.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'));
  validateSeccompFieldsAgree(metadata, spec, SPEC, errors);
  validateAppArmorFieldsAgree(metadata, spec, SPEC, errors);
  return errors;
}

/** What holds for a pod at any time. */
export function validateMetadataAndSpec({ metadata, spec }: Pod, options: PodValidationOptions): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validatePodAnnotations(metadata.annotations, spec, ANNOTATIONS, errors, options);
  validatePodSpec(spec, metadata, SPEC, errors, options);
  if (!spec.serviceAccountName) checkNoTokens({ metadata, spec } as Pod, errors);
  spec.containers?.forEach((container, i) => checkImageSpace(container, SPEC.child('containers').index(i), errors));
  spec.initContainers?.forEach((container, i) => checkImageSpace(container, SPEC.child('initContainers').index(i), errors));
  return errors;
}

/** Without an account there is nobody whose token it could be. */
function checkNoTokens({ spec }: Pod, errors: FieldError[]): void {
  spec.volumes?.forEach(({ projected }, v) =>
    projected?.sources?.forEach(({ serviceAccountToken }, s) => {
      if (serviceAccountToken)
        errors.push(
          forbidden(
            SPEC.child('volumes').index(v).child('projected', 'sources').index(s).child('serviceAccountToken'),
            'must not be specified when serviceAccountName is not set',
          ),
        );
    }),
  );
}

export function validatePodTemplate({ metadata, template = {} }: PodTemplate, options = TEMPLATE_OPTIONS): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validatePodTemplateSpec(template, TEMPLATE, errors, options);
  return errors;
}

export function validatePodTemplateUpdate({ metadata, template = {} }: PodTemplate, old: PodTemplate): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA);
  validatePodTemplateSpec(template, TEMPLATE, errors, optionsFrom(TEMPLATE_OPTIONS, old.template?.spec, old.template?.metadata));
  return errors;
}
