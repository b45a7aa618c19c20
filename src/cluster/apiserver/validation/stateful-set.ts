// StatefulSets. Follows pkg/apis/apps/validation. Their pods have the volumes that come from the claims besides their own.
import type { StatefulSet, StatefulSetSpec } from '#api/apps/v1';
import type { Volume } from '#api/core/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSLabel } from '../../../apimachinery/validation/names.ts';
import { checkDNS1123Label, checkNonnegative } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { validateClaimSpec } from './persistent-volume-claim.ts';
import { optionsFrom, TEMPLATE_OPTIONS, type PodValidationOptions } from './pod/options.ts';
import { validatePodTemplateSpec, validateTemplateMeta } from './pod/pod-spec.ts';
import { checkRunsForever, checkSelectsTemplate, usableSelector, validateWorkloadSelector } from './workloads.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const SELECTOR = Path.of('spec', 'selector');
const TEMPLATE = Path.of('spec', 'template');
const CLAIMS = Path.of('spec', 'volumeClaimTemplates');

export function validateStatefulSet({ metadata, spec }: StatefulSet): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSLabel, METADATA);
  validateSpec(spec, errors, TEMPLATE_OPTIONS);
  return errors;
}

/** What may change; the others are for the life of the set. */
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const options = optionsFrom(TEMPLATE_OPTIONS, old.spec.template.spec, old.spec.template.metadata);
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  validateSpec(set.spec, errors, options, old.spec);
  const rest = (spec: StatefulSetSpec): object => {
    const copy: Record<string, unknown> = { ...spec };
    for (const name of MUTABLE) delete copy[name];
    return copy;
  };
  if (!deepEqual(rest(set.spec), rest(old.spec))) {
    const names = MUTABLE.map((name) => `'${name}'`);
    const fields = `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
    errors.push(forbidden(SPEC, `updates to statefulset spec for fields other than ${fields} are forbidden`));
  }
  return errors;
}

/** @param old what it has wrong may stay so: sets from before these rules go on working */
function validateSpec(spec: StatefulSetSpec, errors: FieldError[], options: PodValidationOptions, old?: StatefulSetSpec): void {
  const { podManagementPolicy: management } = spec;
  if (!management) errors.push(required(SPEC.child('podManagementPolicy')));
  else if (management !== 'OrderedReady' && management !== 'Parallel')
    errors.push(invalid(SPEC.child('podManagementPolicy'), management, "must be 'OrderedReady' or 'Parallel'"));
  validateUpdateStrategy(spec.updateStrategy ?? {}, errors);
  validateRetentionPolicy(spec.persistentVolumeClaimRetentionPolicy, errors);
  checkNonnegative(spec.replicas, SPEC.child('replicas'), errors);
  checkNonnegative(spec.minReadySeconds, SPEC.child('minReadySeconds'), errors);
  checkNonnegative(spec.ordinals?.start, SPEC.child('ordinals', 'start'), errors);
  if (!old) {
    // these never change: what is there has been accepted once
    if (spec.serviceName) checkDNS1123Label(spec.serviceName, SPEC.child('serviceName'), errors);
    spec.volumeClaimTemplates?.forEach((claim, i) => validateClaimSpec(claim.spec ?? {}, CLAIMS.index(i).child('spec'), errors));
  }
  validateWorkloadSelector(spec.selector, 'statefulset', SELECTOR, errors);
  const selector = usableSelector(spec.selector, '', SELECTOR, errors);
  if (selector) {
    checkSelectsTemplate(selector, spec.template, TEMPLATE, errors);
    validateTemplateMeta(spec.template, TEMPLATE, errors, options);
    if (!old || arePodsValid(old, options)) validatePods(spec, errors, options);
  }
  checkRunsForever(spec.template, 'StatefulSet', TEMPLATE, errors);
}

/** The pod as it will be made: with a volume for each claim, in the place of any other of that name. */
function validatePods({ template, volumeClaimTemplates = [] }: StatefulSetSpec, errors: FieldError[], options: PodValidationOptions): void {
  const fromClaims = new Map<string, Volume>();
  for (const { metadata } of volumeClaimTemplates) {
    const name = metadata?.name ?? '';
    fromClaims.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  const own = template.spec?.volumes?.filter(({ name }) => !fromClaims.has(name)) ?? [];
  const volumes = [...fromClaims.values(), ...own];
  // each pod gets names of its own, whatever the template says of them
  const { hostname: _h, subdomain: _s, ...others } = template.spec ?? { containers: [] };
  const spec = template.spec && { ...others, ...(volumes.length ? { volumes } : {}) };
  validatePodTemplateSpec({ ...template, ...(spec ? { spec } : {}) }, TEMPLATE, errors, options);
}

function arePodsValid(spec: StatefulSetSpec, options: PodValidationOptions): boolean {
  const errors: FieldError[] = [];
  validatePods(spec, errors, options);
  return errors.length === 0;
}

function validateUpdateStrategy(strategy: NonNullable<StatefulSetSpec['updateStrategy']>, errors: FieldError[]): void {
  const field = SPEC.child('updateStrategy');
  const { type, rollingUpdate } = strategy;
  switch (type) {
    case '':
    case undefined:
      errors.push(required(field));
      return;
    case 'OnDelete':
      if (rollingUpdate)
        errors.push(
          invalid(
            field.child('rollingUpdate'),
            new PrintedInternal('apps/v1.RollingUpdateStatefulSetStrategy', rollingUpdate),
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        );
      return;
    case 'RollingUpdate':
      checkNonnegative(rollingUpdate?.partition, field.child('rollingUpdate', 'partition'), errors);
      return;
    default:
      errors.push(
        invalid(field, new PrintedInternal('apps/v1.StatefulSetUpdateStrategy', strategy), "must be 'RollingUpdate' or 'OnDelete'"),
      );
  }
}

function validateRetentionPolicy(policy: StatefulSetSpec['persistentVolumeClaimRetentionPolicy'], errors: FieldError[]): void {
  if (!policy) return;
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    const value = policy[name] ?? '';
    if (value !== 'Retain' && value !== 'Delete')
      errors.push(notSupported(SPEC.child('persistentVolumeClaimRetentionPolicy', name), value, ['Retain', 'Delete']));
  }
}

export function validateStatefulSetStatusUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  const { status } = set;
  if (!status) return errors;
  for (const name of [
    'replicas',
    'readyReplicas',
    'availableReplicas',
    'currentReplicas',
    'updatedReplicas',
    'observedGeneration',
    'collisionCount',
  ] as const)
    checkNonnegative(status[name], STATUS.child(name), errors);
  const { replicas, readyReplicas = 0, availableReplicas, currentReplicas = 0, updatedReplicas = 0 } = status;
  const cannotExceed = (name: string, value: number, limit: number, what: string): void => {
    if (value > limit) errors.push(invalid(STATUS.child(name), value, `cannot be greater than ${what}`));
  };
  cannotExceed('readyReplicas', readyReplicas, replicas, 'status.replicas');
  cannotExceed('currentReplicas', currentReplicas, replicas, 'status.replicas');
  cannotExceed('updatedReplicas', updatedReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, readyReplicas, 'status.readyReplicas');
  return errors;
}
