// Deployments, ReplicaSets, DaemonSets and ControllerRevisions. Follows pkg/apis/apps/validation.
import type { ControllerRevision, DaemonSet, DaemonSetUpdateStrategy, Deployment, DeploymentStrategy, ReplicaSet } from '#api/apps/v1';
import { isObject } from '../../../apimachinery/object.ts';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { checkNonnegative } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';
import { optionsFrom, TEMPLATE_OPTIONS, type PodValidationOptions } from './pod/options.ts';
import { validatePodTemplateSpec } from './pod/pod-spec.ts';
import {
  checkIntOrPercent,
  checkNotMoreThan100Percent,
  checkRunsForever,
  checkSelectsTemplate,
  intOrPercentValue,
  isEmptySelector,
  usableSelector,
  validateWorkloadSelector,
} from './workloads.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const SELECTOR = Path.of('spec', 'selector');
const TEMPLATE = Path.of('spec', 'template');

// ---- Deployment ----

export function validateDeployment({ metadata, spec }: Deployment, options = TEMPLATE_OPTIONS): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateDeploymentSpec(spec, errors, options);
  return errors;
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  const options = optionsFrom(TEMPLATE_OPTIONS, old.spec.template.spec, old.spec.template.metadata);
  const errors = validateCoreObjectMetaUpdate(deployment.metadata, old.metadata, METADATA);
  validateDeploymentSpec(deployment.spec, errors, options);
  errors.push(...validateImmutable(deployment.spec.selector, old.spec.selector, SELECTOR));
  return errors;
}

function validateDeploymentSpec(spec: Deployment['spec'], errors: FieldError[], options: PodValidationOptions): void {
  checkNonnegative(spec.replicas, SPEC.child('replicas'), errors);
  validateWorkloadSelector(spec.selector, 'deployment', SELECTOR, errors);
  const selector = usableSelector(spec.selector, 'invalid label selector', SELECTOR, errors);
  if (selector) {
    checkSelectsTemplate(selector, spec.template, TEMPLATE, errors);
    validatePodTemplateSpec(spec.template, TEMPLATE, errors, options);
    checkRunsForever(spec.template, 'ReplicaSet', TEMPLATE, errors);
  }
  validateDeploymentStrategy(spec.strategy ?? {}, errors);
  const { minReadySeconds = 0, revisionHistoryLimit, progressDeadlineSeconds: deadline } = spec;
  checkNonnegative(minReadySeconds, SPEC.child('minReadySeconds'), errors);
  checkNonnegative(revisionHistoryLimit, SPEC.child('revisionHistoryLimit'), errors);
  if (deadline === undefined) return;
  const at = SPEC.child('progressDeadlineSeconds');
  checkNonnegative(deadline, at, errors);
  if (deadline <= minReadySeconds) errors.push(invalid(at, deadline, 'must be greater than minReadySeconds'));
}

function validateDeploymentStrategy(strategy: DeploymentStrategy, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy;
  const field = SPEC.child('strategy');
  const at = field.child('rollingUpdate');
  if (type === 'Recreate') {
    if (rollingUpdate) errors.push(forbidden(at, "may not be specified when strategy `type` is 'Recreate'"));
    return;
  }
  if (type !== 'RollingUpdate') {
    errors.push(notSupported(field, new PrintedInternal('apps/v1.DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate']));
    return;
  }
  if (!rollingUpdate) {
    errors.push(required(at, 'this should be defaulted and never be nil'));
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  checkIntOrPercent(maxUnavailable, at.child('maxUnavailable'), errors);
  checkIntOrPercent(maxSurge, at.child('maxSurge'), errors);
  if (intOrPercentValue(maxUnavailable) === 0 && intOrPercentValue(maxSurge) === 0)
    errors.push(invalid(at.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  checkNotMoreThan100Percent(maxUnavailable, at.child('maxUnavailable'), errors);
}

export function validateDeploymentStatusUpdate(deployment: Deployment, old: Deployment): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(deployment.metadata, old.metadata, METADATA);
  const { status = {} } = deployment;
  for (const name of [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ] as const)
    checkNonnegative(status[name], STATUS.child(name), errors);
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const cannotExceed = (name: string, value: number, limit: number, what: string): void => {
    if (value > limit) errors.push(invalid(STATUS.child(name), value, `cannot be greater than ${what}`));
  };
  cannotExceed('updatedReplicas', updatedReplicas, replicas, 'status.replicas');
  cannotExceed('readyReplicas', readyReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas');
  const { collisionCount: before } = old.status ?? {};
  const { collisionCount: now } = status;
  if (before !== undefined && (now ?? -1) < before) errors.push(invalid(STATUS.child('collisionCount'), now, 'cannot be decremented'));
  return errors;
}

// ---- ReplicaSet ----

export function validateReplicaSet({ metadata, spec }: ReplicaSet, options = TEMPLATE_OPTIONS): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateReplicaSetSpec(spec, errors, options);
  return errors;
}

export function validateReplicaSetUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  const options = optionsFrom(TEMPLATE_OPTIONS, old.spec.template?.spec, old.spec.template?.metadata);
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  validateReplicaSetSpec(set.spec, errors, options);
  errors.push(...validateImmutable(set.spec.selector, old.spec.selector, SELECTOR));
  return errors;
}

function validateReplicaSetSpec(spec: ReplicaSet['spec'], errors: FieldError[], options: PodValidationOptions): void {
  checkNonnegative(spec.replicas, SPEC.child('replicas'), errors);
  checkNonnegative(spec.minReadySeconds, SPEC.child('minReadySeconds'), errors);
  validateWorkloadSelector(spec.selector, 'deployment', SELECTOR, errors);
  const selector = usableSelector(spec.selector, 'invalid label selector', SELECTOR, errors);
  if (!selector) return;
  const template = spec.template ?? {};
  checkSelectsTemplate(selector, template, TEMPLATE, errors);
  validatePodTemplateSpec(template, TEMPLATE, errors, options);
  checkRunsForever(template, 'ReplicaSet', TEMPLATE, errors);
}

/** Of ReplicaSets and ReplicationControllers. */
export interface ReplicaStatus {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
  readonly terminatingReplicas?: number;
}

export function validateReplicaStatus(status: ReplicaStatus, errors: FieldError[]): void {
  for (const name of [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ] as const)
    checkNonnegative(status[name], STATUS.child(name), errors);
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const cannotExceed = (name: string, value: number, limit: number, what: string): void => {
    if (value > limit) errors.push(invalid(STATUS.child(name), value, `cannot be greater than ${what}`));
  };
  cannotExceed('fullyLabeledReplicas', fullyLabeledReplicas, replicas, 'status.replicas');
  cannotExceed('readyReplicas', readyReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, replicas, 'status.replicas');
  cannotExceed('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas');
}

export function validateReplicaSetStatusUpdate(set: ReplicaSet, old: ReplicaSet): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  validateReplicaStatus(set.status ?? { replicas: 0 }, errors);
  return errors;
}

// ---- DaemonSet ----

export function validateDaemonSet({ metadata, spec }: DaemonSet, options = TEMPLATE_OPTIONS): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  validateDaemonSetSpec(spec, errors, options);
  return errors;
}

export function validateDaemonSetUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  const options = optionsFrom(TEMPLATE_OPTIONS, old.spec.template.spec, old.spec.template.metadata);
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  errors.push(...validateImmutable(set.spec.selector, old.spec.selector, SELECTOR));
  validateDaemonSetSpec(set.spec, errors, options);
  return errors;
}

function validateDaemonSetSpec(spec: DaemonSet['spec'], errors: FieldError[], options: PodValidationOptions): void {
  // a missing selector is only told of by what it does not select
  errors.push(...validateLabelSelector(spec.selector, SELECTOR));
  const selector = usableSelector(spec.selector, '', SELECTOR, []);
  if (selector) checkSelectsTemplate(selector, spec.template, TEMPLATE, errors);
  if (spec.selector && isEmptySelector(spec.selector))
    errors.push(invalid(SELECTOR, spec.selector, 'empty selector is invalid for daemonset'));
  validatePodTemplateSpec(spec.template, TEMPLATE, errors, options);
  checkRunsForever(spec.template, 'DaemonSet', TEMPLATE, errors);
  checkNonnegative(spec.minReadySeconds, SPEC.child('minReadySeconds'), errors);
  validateDaemonSetStrategy(spec.updateStrategy ?? {}, errors);
  checkNonnegative(spec.revisionHistoryLimit, SPEC.child('revisionHistoryLimit'), errors);
}

function validateDaemonSetStrategy(strategy: DaemonSetUpdateStrategy, errors: FieldError[]): void {
  const field = SPEC.child('updateStrategy');
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    errors.push(notSupported(field, new PrintedInternal('apps/v1.DaemonSetUpdateStrategy', strategy), ['RollingUpdate', 'OnDelete']));
    return;
  }
  const at = field.child('rollingUpdate');
  if (!rollingUpdate) {
    errors.push(required(at));
    return;
  }
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  checkIntOrPercent(maxUnavailable, at.child('maxUnavailable'), errors);
  checkIntOrPercent(maxSurge, at.child('maxSurge'), errors);
  checkNotMoreThan100Percent(maxUnavailable, at.child('maxUnavailable'), errors);
  checkNotMoreThan100Percent(maxSurge, at.child('maxSurge'), errors);
  const hasUnavailable = intOrPercentValue(maxUnavailable) !== 0;
  const hasSurge = intOrPercentValue(maxSurge) !== 0;
  if (hasUnavailable && hasSurge) errors.push(invalid(at.child('maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
  if (!hasUnavailable && !hasSurge) errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
}

export function validateDaemonSetStatusUpdate(set: DaemonSet, old: DaemonSet): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(set.metadata, old.metadata, METADATA);
  const { status } = set;
  for (const name of [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ] as const)
    checkNonnegative(status?.[name], STATUS.child(name), errors);
  const before = old.status?.collisionCount;
  const now = status?.collisionCount;
  if (before !== undefined && (now ?? -1) < before) errors.push(invalid(STATUS.child('collisionCount'), now, 'cannot be decremented'));
  return errors;
}

// ---- ControllerRevision ----

const DATA = Path.of('data');

export function validateControllerRevision(revision: ControllerRevision): FieldError[] {
  const { metadata, data } = revision as { metadata: ControllerRevision['metadata']; data?: unknown };
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  if (data === undefined || data === null) errors.push(required(DATA, 'data is mandatory'));
  else if (!isObject(data)) errors.push(required(DATA, 'data must be a valid JSON object'));
  checkNonnegative(revision.revision, Path.of('revision'), errors);
  return errors;
}

export function validateControllerRevisionUpdate(revision: ControllerRevision, old: ControllerRevision): FieldError[] {
  const errors = validateCoreObjectMeta(revision.metadata, true, nameIsDNSSubdomain, METADATA);
  errors.push(...validateCoreObjectMetaUpdate(revision.metadata, old.metadata, METADATA));
  checkNonnegative(revision.revision, Path.of('revision'), errors);
  return [...errors, ...validateImmutable(revision.data, old.data, DATA)];
}
