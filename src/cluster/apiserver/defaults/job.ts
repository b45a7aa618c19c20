// Defaults of Jobs and CronJobs. Follows pkg/apis/batch/v1/defaults.go.
import type { CronJob, Job, JobSpec } from '#api/batch/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { setPodTemplateSpecDefaults } from './pod.ts';

const BACKOFF_LIMIT = 6;
/** With a limit per index the limit of the whole is as good as none. */
const UNLIMITED = 2147483647;

export function setJobDefaults(job: Mutable<Job>, existing?: Job): void {
  const { spec } = job;
  // one pod, unless the client says that completion is up to the pods
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : UNLIMITED;
  const labels = spec.template.metadata?.labels;
  if (labels && !Object.keys(job.metadata.labels ?? {}).length) job.metadata.labels = labels;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  setJobSpecDefaults(spec, existing?.spec);
}

/** What a Job and a CronJob's template of it have in common. */
function setJobSpecDefaults(spec: Mutable<JobSpec>, existing: JobSpec | undefined): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  if (spec.template !== (existing?.template as unknown)) setPodTemplateSpecDefaults(spec.template);
}

export function setCronJobDefaults({ spec }: Mutable<CronJob>, existing?: CronJob): void {
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  setJobSpecDefaults((spec.jobTemplate.spec ??= {} as Mutable<JobSpec>), existing?.spec.jobTemplate.spec);
}
