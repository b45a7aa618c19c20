// ReplicationControllers. Follows pkg/apis/core/validation.
import type { ReplicationController } from '#api/core/v1';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { invalid, notSupported, forbidden, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain, type NameRule } from '../../../apimachinery/validation/names.ts';
import { validateReplicaStatus } from './apps.ts';
import { checkNonnegative } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { optionsFrom, TEMPLATE_OPTIONS, type PodValidationOptions } from './pod/options.ts';
import { validatePodTemplateSpec } from './pod/pod-spec.ts';

/** The schema says the same of this kind's names as the hand-written rule, and its words win. */
const nameOfController: NameRule = (name, prefix) => nameIsDNSSubdomain(name, prefix).map((m) => m.replace('253 characters', '253 bytes'));

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const TEMPLATE = Path.of('spec', 'template');

export function validateReplicationController({ metadata, spec }: ReplicationController): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameOfController, METADATA);
  validateSpec(spec, errors, TEMPLATE_OPTIONS);
  return errors;
}

export function validateReplicationControllerUpdate({ metadata, spec }: ReplicationController, old: ReplicationController): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA);
  validateSpec(spec, errors, optionsFrom(TEMPLATE_OPTIONS, old.spec?.template?.spec, old.spec?.template?.metadata));
  return errors;
}

function validateSpec(spec: NonNullable<ReplicationController['spec']>, errors: FieldError[], options: PodValidationOptions): void {
  checkNonnegative(spec.minReadySeconds, SPEC.child('minReadySeconds'), errors);
  if (!Object.keys(spec.selector ?? {}).length) errors.push(required(SPEC.child('selector')));
  checkNonnegative(spec.replicas, SPEC.child('replicas'), errors);
  const { template } = spec;
  if (!template) {
    errors.push(required(TEMPLATE));
    return;
  }
  const labels = template.metadata?.labels;
  if (spec.selector && !LabelSelector.fromSet(spec.selector).matches(labels))
    errors.push(invalid(TEMPLATE.child('metadata', 'labels'), labels ?? null, '`selector` does not match template `labels`'));
  validatePodTemplateSpec(template, TEMPLATE, errors, options);
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(notSupported(TEMPLATE.child('spec', 'restartPolicy'), policy, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(TEMPLATE.child('spec', 'activeDeadlineSeconds'), 'activeDeadlineSeconds in ReplicationController is not Supported'),
    );
}

export function validateReplicationControllerStatusUpdate(controller: ReplicationController, old: ReplicationController): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(controller.metadata, old.metadata, METADATA);
  validateReplicaStatus(controller.status ?? { replicas: 0 }, errors);
  return errors;
}
