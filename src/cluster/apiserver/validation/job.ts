// Jobs. Follows pkg/apis/batch/validation; how their pods may fail and when they have succeeded is in the files beside this one.
import type { Job, JobSpec, JobStatus } from '#api/batch/v1';
import type { Container, PodSpec, PodTemplateSpec } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { LabelSelector, SelectorError } from '../../../apimachinery/label-selector.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import {
  duplicate,
  invalid,
  notSupported,
  OMIT_VALUE,
  Path,
  required,
  tooLong,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Label, isDNS1123Subdomain, isHTTPPath, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkNonnegative } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { validatePodFailurePolicy, validateSuccessPolicy } from './job-policies.ts';
import { validateLabelSelector } from './label-selector.ts';
import { FIELD_IMMUTABLE, validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';
import { optionsFrom, TEMPLATE_OPTIONS, type PodValidationOptions } from './pod/options.ts';
import { validatePodTemplateSpec } from './pod/pod-spec.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const STATUS = Path.of('status');

export const JOB_NAME = 'batch.kubernetes.io/job-name';
export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
export const LEGACY_JOB_NAME = 'job-name';
export const LEGACY_CONTROLLER_UID = 'controller-uid';

export interface JobOptions {
  readonly pod: PodValidationOptions;
  /** A Job from before the labels had prefixes may do without those. */
  readonly requirePrefixedLabels: boolean;
  /** It has no pods: where they go, and what they need, may still change. */
  readonly allowMutablePods: boolean;
}

const NEW_JOB: JobOptions = { pod: TEMPLATE_OPTIONS, requirePrefixedLabels: true, allowMutablePods: false };

export function validateJob(job: Job, options = NEW_JOB): FieldError[] {
  const errors = validateCoreObjectMeta(job.metadata, true, nameIsDNSSubdomain, METADATA);
  validateGeneratedSelector(job, options, errors);
  validateJobSpec(job.spec, SPEC, errors, options.pod);
  checkHostname(job, errors);
  return errors;
}

/** Pods of an indexed Job are named in their network after the Job and their index. */
function checkHostname({ metadata, spec }: Job, errors: FieldError[]): void {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return;
  // what is created may lack it
  const { name = '' } = metadata as ObjectMeta;
  const last = `${name}-${spec.completions - 1}`;
  if (isDNS1123Label(last).length)
    errors.push(invalid(METADATA.child('name'), name, `will not able to create pod with invalid DNS label: ${last}`));
}

/** Unless the client takes care of it, selector and labels are those that the server has made. */
function validateGeneratedSelector({ metadata, spec }: Job, options: JobOptions, errors: FieldError[]): void {
  if (spec.manualSelector || !spec.selector) return;
  // what is created may lack either
  const { uid = '', name = '' } = metadata as ObjectMeta;
  if (!uid) errors.push(required(METADATA.child('uid')));
  const expected: Record<string, string> = { [LEGACY_CONTROLLER_UID]: uid, [LEGACY_JOB_NAME]: name };
  if (options.requirePrefixedLabels) Object.assign(expected, { [CONTROLLER_UID]: uid, [JOB_NAME]: name });
  const labels = spec.template.metadata?.labels;
  for (const [key, value] of Object.entries(expected)) {
    const at = SPEC.child('template', 'metadata', 'labels').key(key);
    if (labels?.[key] === undefined) errors.push(required(at, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalid(at, labels, `must be '${value}'`));
  }
  const selector = selectorOf(spec);
  if (selector && !selector.matches(expected)) errors.push(invalid(SPEC.child('selector'), spec.selector, '`selector` not auto-generated'));
}

function selectorOf({ selector }: JobSpec): LabelSelector | undefined {
  try {
    return LabelSelector.fromSpec(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

function validateJobSpec(spec: JobSpec, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  validateJobTemplate(spec, field, errors, options);
  if (!spec.selector) errors.push(required(field.child('selector')));
  else errors.push(...validateLabelSelector(spec.selector, field.child('selector')));
  const selector = selectorOf(spec);
  const labels = spec.template.metadata?.labels;
  if (selector && !selector.matches(labels))
    errors.push(invalid(field.child('template', 'metadata', 'labels'), labels ?? null, '`selector` does not match template `labels`'));
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
] as const;
const MAX_INDEXED_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
const MAX_WITH_MANY_COMPLETIONS = 10_000;
const MAX_MANAGED_BY = 63;

/** All but the selector: what a CronJob says of its Jobs. */
export function validateJobTemplate(spec: JobSpec, field: Path, errors: FieldError[], options: PodValidationOptions): void {
  for (const name of COUNTS) checkNonnegative(spec[name], field.child(name), errors);
  const { maxFailedIndexes, backoffLimitPerIndex, completionMode, podFailurePolicy, successPolicy, managedBy } = spec;
  if (maxFailedIndexes !== undefined) {
    checkNonnegative(maxFailedIndexes, field.child('maxFailedIndexes'), errors);
    if (backoffLimitPerIndex === undefined)
      errors.push(required(field.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  }
  if (completionMode !== undefined && completionMode !== 'NonIndexed' && completionMode !== 'Indexed')
    errors.push(notSupported(field.child('completionMode'), completionMode, ['NonIndexed', 'Indexed']));
  if (completionMode === 'Indexed') validateIndexed(spec, field, errors);
  else if (completionMode === undefined || completionMode === 'NonIndexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined) errors.push(invalid(field.child(name), spec[name], 'requires indexed completion mode'));
  if (podFailurePolicy) validatePodFailurePolicy(spec, field.child('podFailurePolicy'), errors);
  if (successPolicy) validateSuccessPolicy(spec, field.child('successPolicy'), errors);
  checkReplacementPolicy(spec, field.child('podReplacementPolicy'), errors);
  if (managedBy !== undefined) {
    checkDomainPrefixedPath(managedBy, field.child('managedBy'), errors);
    if (byteLength(managedBy) > MAX_MANAGED_BY) errors.push(tooLong(field.child('managedBy'), MAX_MANAGED_BY));
  }
  validatePodTemplateSpec(spec.template, field.child('template'), errors, options);
  checkRestartPolicy(spec, field.child('template', 'spec', 'restartPolicy'), errors);
}

function validateIndexed(spec: JobSpec, field: Path, errors: FieldError[]): void {
  const { completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) errors.push(required(field.child('completions'), 'when completion mode is Indexed'));
  if (parallelism !== undefined && parallelism > MAX_INDEXED_PARALLELISM)
    errors.push(
      invalid(
        field.child('parallelism'),
        parallelism,
        `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`,
      ),
    );
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    errors.push(invalid(field.child('maxFailedIndexes'), maxFailedIndexes, 'must be less than or equal to completions'));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MAX_FAILED_INDEXES)
    errors.push(invalid(field.child('maxFailedIndexes'), maxFailedIndexes, `must be less than or equal to ${MAX_FAILED_INDEXES}`));
  if (completions === undefined || completions <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined)
    errors.push(required(field.child('maxFailedIndexes'), `must be specified when completions is above ${MANY_COMPLETIONS}`));
  for (const name of ['parallelism', 'maxFailedIndexes'] as const) {
    const value = spec[name];
    if (value !== undefined && value > MAX_WITH_MANY_COMPLETIONS)
      errors.push(
        invalid(
          field.child(name),
          value,
          `must be less than or equal to ${MAX_WITH_MANY_COMPLETIONS} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`,
        ),
      );
  }
}

function checkReplacementPolicy({ podReplacementPolicy: policy, podFailurePolicy }: JobSpec, field: Path, errors: FieldError[]): void {
  if (policy === undefined) return;
  const supported = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (!supported.includes(policy)) errors.push(notSupported(field, policy, supported));
}

/** `example.com/name` */
function checkDomainPrefixedPath(value: string, field: Path, errors: FieldError[]): void {
  if (value === '') {
    errors.push(required(field));
    return;
  }
  const slash = value.indexOf('/');
  const [domain, path] = slash < 0 ? ['', ''] : [value.slice(0, slash), value.slice(slash + 1)];
  if (!domain || !path) {
    errors.push(invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  check(isDNS1123Subdomain, domain, field, errors);
  check(isHTTPPath, path, field, errors);
}

function checkRestartPolicy({ template, podFailurePolicy }: JobSpec, field: Path, errors: FieldError[]): void {
  const policy = template.spec?.restartPolicy ?? '';
  if (policy === 'Always' || policy === '') errors.push(required(field, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(notSupported(field, policy, ['OnFailure', 'Never']));
  else if (podFailurePolicy && policy !== 'Never')
    errors.push(invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}

// ---- updates ----

function updateOptions({ spec, status }: Job): JobOptions {
  const labels = spec.template.metadata?.labels ?? {};
  return {
    pod: optionsFrom(TEMPLATE_OPTIONS, spec.template.spec, spec.template.metadata),
    requirePrefixedLabels: labels[JOB_NAME] !== undefined && labels[CONTROLLER_UID] !== undefined,
    allowMutablePods: spec.suspend === true && hasNoPods(status),
  };
}

/** It never started, or was suspended and has come to rest. */
function hasNoPods({ startTime, conditions = [], active = 0 }: JobStatus = {}): boolean {
  const isSuspended = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  return (startTime === undefined || isSuspended) && active === 0;
}

export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const options = updateOptions(old);
  const errors = [...validateJob(job, options), ...validateCoreObjectMetaUpdate(job.metadata, old.metadata, METADATA)];
  const { spec } = job;
  validateJobSpec(spec, SPEC, errors, options.pod);
  validateCompletions(spec, old.spec, errors);
  errors.push(...validateImmutable(spec.selector, old.spec.selector, SPEC.child('selector')));
  validateTemplateUpdate(spec.template, old.spec.template, options, errors);
  for (const [name, type] of IMMUTABLE)
    if (!deepEqual(spec[name], old.spec[name])) {
      const value = spec[name];
      const shown = value === undefined ? null : type ? new PrintedInternal(type, value) : value;
      errors.push(invalid(SPEC.child(name), shown, FIELD_IMMUTABLE));
    }
  return errors;
}

const IMMUTABLE = [
  ['completionMode', undefined],
  ['podFailurePolicy', 'batch/v1.PodFailurePolicy'],
  ['backoffLimitPerIndex', undefined],
  ['managedBy', undefined],
  ['successPolicy', 'batch/v1.SuccessPolicy'],
] as const;

/** An indexed Job can grow and shrink, with as many pods at once as it has completions. */
function validateCompletions(spec: JobSpec, old: JobSpec, errors: FieldError[]): void {
  const field = SPEC.child('completions');
  if (spec.completionMode !== 'Indexed') {
    errors.push(...validateImmutable(spec.completions, old.completions, field));
    return;
  }
  if (spec.completions === old.completions || spec.completions === undefined) return;
  if (spec.completions !== spec.parallelism)
    errors.push(invalid(field, spec.completions, 'can only be modified in tandem with spec.parallelism'));
}

function validateTemplateUpdate(template: PodTemplateSpec, old: PodTemplateSpec, options: JobOptions, errors: FieldError[]): void {
  if (template === old) return;
  if (!options.allowMutablePods) {
    if (!deepEqual(template, old))
      errors.push(invalid(SPEC.child('template'), new PrintedInternal('core/v1.PodTemplateSpec', template), FIELD_IMMUTABLE));
    return;
  }
  const { spec = { containers: [] } } = template;
  if (!deepEqual(spec, withMutableParts(spec, old.spec ?? { containers: [] })))
    errors.push(invalid(SPEC.child('template', 'spec'), new PrintedInternal('core/v1.PodSpec', spec), FIELD_IMMUTABLE));
}

/** Containers with the resources of those that stand in the same places under the same names. */
function withResourcesOf(
  old: readonly Container[] | undefined,
  containers: readonly Container[] | undefined,
): readonly Container[] | undefined {
  if (old?.length !== containers?.length) return old;
  return old?.map((container, i) => {
    const { name, resources } = containers![i]!;
    return container.name === name ? { ...container, resources: resources ?? {} } : container;
  });
}

/** The old pods, to be scheduled like the new ones, and with as many resources. */
function withMutableParts(now: PodSpec, old: PodSpec): PodSpec {
  const spec: Record<string, unknown> = { ...old };
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates'] as const) {
    delete spec[name];
    if (now[name] !== undefined) spec[name] = now[name];
  }
  for (const list of ['containers', 'initContainers'] as const) {
    const containers = withResourcesOf(old[list], now[list]);
    if (containers) spec[list] = containers;
  }
  const { nodeAffinity: _, ...others } = old.affinity ?? {};
  const nodeAffinity = now.affinity?.nodeAffinity;
  const affinity = nodeAffinity ? { nodeAffinity, ...others } : others;
  if (now.affinity || Object.keys(affinity).length) spec['affinity'] = affinity;
  else delete spec['affinity'];
  return spec as unknown as PodSpec;
}

export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(job.metadata, old.metadata, METADATA);
  const { status = {} } = job;
  for (const name of ['active', 'succeeded', 'failed', 'ready'] as const) checkNonnegative(status[name], STATUS.child(name), errors);
  checkNonnegative(status.terminating, STATUS.child('terminating'), errors);
  const seen = new Set<string>();
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const at = STATUS.child('uncountedTerminatedPods');
  for (const [list, uids] of [['succeeded', succeeded] as const, ['failed', failed] as const])
    uids.forEach((uid, i) => {
      if (!uid) errors.push(invalid(at.child(list).index(i), uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at.child(list).index(i), uid));
      seen.add(uid);
    });
  validateFinished(job, old, errors);
  return errors;
}

const finishedAs = (job: Job, type: string): boolean =>
  job.status?.conditions?.some((c) => c.type === type && c.status === 'True') === true;

/** What a Job has come to does not change, and is one thing only. */
function validateFinished(job: Job, old: Job, errors: FieldError[]): void {
  const { status = {} } = job;
  const complete = finishedAs(job, 'Complete');
  const failed = finishedAs(job, 'Failed');
  const finished = complete || failed;
  const conditions = (why: string): void => {
    errors.push(invalid(STATUS.child('conditions'), OMIT_VALUE, why));
  };
  if (complete && failed) conditions('cannot set Complete=True and Failed=true conditions');
  if (status.completionTime !== undefined && !complete)
    errors.push(
      invalid(STATUS.child('completionTime'), status.completionTime, 'cannot set completionTime when there is no Complete=True condition'),
    );
  if (complete && status.completionTime === undefined)
    errors.push(required(STATUS.child('completionTime'), 'completionTime is required for Complete jobs'));
  if (complete && !finishedAs(job, 'SuccessCriteriaMet'))
    conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if (failed && !finishedAs(job, 'FailureTarget')) conditions('cannot set Failed=True condition without the FailureTarget=true condition');
  if (finished && (status.active ?? 0) > 0)
    errors.push(invalid(STATUS.child('active'), status.active, 'active>0 is invalid for finished job'));
  if (finished && status.startTime === undefined)
    errors.push(required(STATUS.child('startTime'), 'startTime is required for finished job'));
  for (const type of ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'])
    if (finishedAs(old, type) && !finishedAs(job, type)) conditions(`cannot disable the terminal ${type}=True condition`);
}
