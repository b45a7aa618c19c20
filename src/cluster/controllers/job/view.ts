// A Job with its pods as they count: which are active, which ended and were not counted yet, which indexes succeeded or failed, and
// whether that ends the Job. Pure. Follows syncJob in job_controller.go of kube-controller-manager.
import type { Job, JobCondition } from '#api/batch/v1';
import type { Pod } from '#api/core/v1';
import { isPodActive, isPodReady, isPodTerminating } from '../../../apimachinery/core/pod.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { condition, conditionOf } from './conditions.ts';
import { isCounted, isPodFailed, matchFailurePolicy, matchSuccessPolicy, withNewPods, type FailureRecord } from './failures.ts';
import { indexOf, isIndexed, parseIndexes, union, type Indexes } from './indexes.ts';
import { failuresAfter, failuresBefore, isTracked } from './pods.ts';

export interface JobView {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Already in the status. */
  readonly countedIndexes: Indexes;
  readonly succeededIndexes: Indexes;
  readonly failedIndexes: Indexes;
  /** With backoffLimitPerIndex: the failed pod of each index that is to be tried again; it stays until its successor is made. */
  readonly delayed: ReadonlyMap<number, Pod>;
  readonly failures: FailureRecord;
  /** Pods whose finalizer was taken away here, though the informer does not show it yet. */
  readonly released: ReadonlySet<string>;
  /** Why the Job ends: FailureTarget or SuccessCriteriaMet. */
  readonly end: JobCondition | undefined;
}

export interface JobObservation {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly released: ReadonlySet<string>;
  readonly failures: FailureRecord;
}

export const perIndex = ({ spec }: Job): boolean => spec.backoffLimitPerIndex !== undefined;

/** @param now milliseconds since 1970 */
export function viewJob({ job, pods, released, failures }: JobObservation, now: number): JobView {
  const uncounted = job.status?.uncountedTerminatedPods ?? {};
  const fresh = (known: readonly string[] = [], pod: Pod): boolean =>
    isTracked(pod) &&
    !released.has(pod.metadata.uid) &&
    !known.includes(pod.metadata.uid) &&
    (!isIndexed(job) || indexOf(job, pod) !== undefined);
  const newSucceeded = pods.filter((pod) => pod.status?.phase === 'Succeeded' && fresh(uncounted.succeeded, pod));
  const newFailed = pods.filter((pod) => isPodFailed(job, pod) && fresh(uncounted.failed, pod));
  const active = pods.filter(isPodActive);
  const completions = job.spec.completions ?? 0;
  const countedIndexes = parseIndexes(isIndexed(job) ? job.status?.completedIndexes : '', completions);
  const succeededIndexes = isIndexed(job) ? union(countedIndexes, indexesOf(job, newSucceeded)) : countedIndexes;
  const failedIndexes = failedOf(job, pods);
  const failed = (job.status?.failed ?? 0) + newFailed.filter((pod) => isCounted(job, pod)).length + (uncounted.failed?.length ?? 0);
  const counts = {
    job,
    pods,
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    succeeded: isIndexed(job)
      ? succeededIndexes.size
      : (job.status?.succeeded ?? 0) + newSucceeded.length + (uncounted.succeeded?.length ?? 0),
    failed,
    countedIndexes,
    succeededIndexes,
    failedIndexes,
    delayed: delayedOf(job, pods, released, succeededIndexes, failedIndexes),
    failures: withNewPods(failures, newSucceeded, newFailed, now),
    released,
  };
  return { ...counts, end: endOf(counts, now) };
}

const indexesOf = (job: Job, pods: readonly Pod[]): Indexes =>
  new Set(pods.map((pod) => indexOf(job, pod)).filter((index) => index !== undefined));

function failedOf(job: Job, pods: readonly Pod[]): Indexes {
  const known = parseIndexes(job.status?.failedIndexes, job.spec.completions ?? 0);
  const limit = job.spec.backoffLimitPerIndex;
  if (limit === undefined) return known;
  const ended = pods.filter((pod) => {
    if (!isTracked(pod) || !isPodFailed(job, pod)) return false;
    const action = matchFailurePolicy(job, pod)?.action;
    return action === 'FailIndex' || (action !== 'Ignore' && failuresBefore(pod).counted >= limit);
  });
  return union(known, indexesOf(job, ended));
}

function delayedOf(
  job: Job,
  pods: readonly Pod[],
  released: ReadonlySet<string>,
  succeededIndexes: Indexes,
  failedIndexes: Indexes,
): ReadonlyMap<number, Pod> {
  const delayed = new Map<number, Pod>();
  if (!perIndex(job)) return delayed;
  const tries = (pod: Pod): number => failuresAfter(job, pod).counted + failuresAfter(job, pod).ignored;
  for (const pod of pods) {
    const index = indexOf(job, pod);
    if (index === undefined || !isTracked(pod) || released.has(pod.metadata.uid) || !isPodFailed(job, pod)) continue;
    if (succeededIndexes.has(index) || failedIndexes.has(index)) continue;
    const known = delayed.get(index);
    if (!known || tries(pod) > tries(known)) delayed.set(index, pod);
  }
  return delayed;
}

function endOf(view: Omit<JobView, 'end'>, now: number): JobCondition | undefined {
  const { job, pods } = view;
  const { conditions } = job.status ?? {};
  const announced = conditionOf(conditions, 'SuccessCriteriaMet') ?? conditionOf(conditions, 'FailureTarget');
  if (announced) return announced;
  const fails = (reason: string, message: string): JobCondition => condition('FailureTarget', 'True', reason, message, now);
  for (const pod of pods) {
    const match = isPodFailed(job, pod) ? matchFailurePolicy(job, pod) : undefined;
    if (match?.action === 'FailJob') return fails('PodFailurePolicy', match.message);
  }
  if (view.failed > (job.spec.backoffLimit ?? 6) || restartsExceedLimit(job, pods))
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const left = deadlineLeftMs(job, now);
  if (left !== undefined && left <= 0) return fails('DeadlineExceeded', 'Job was active longer than specified deadline');
  return isIndexed(job) ? endOfIndexes(view, now) : undefined;
}

function endOfIndexes({ job, succeededIndexes, failedIndexes }: Omit<JobView, 'end'>, now: number): JobCondition | undefined {
  const { completions = 0, maxFailedIndexes, successPolicy } = job.spec;
  if (perIndex(job)) {
    if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
      return condition(
        'FailureTarget',
        'True',
        'MaxFailedIndexesExceeded',
        'Job has exceeded the specified maximal number of failed indexes',
        now,
      );
    if (failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= completions)
      return condition('FailureTarget', 'True', 'FailedIndexes', 'Job has failed indexes', now);
  }
  const met = matchSuccessPolicy(successPolicy, completions, succeededIndexes);
  return met === undefined ? undefined : condition('SuccessCriteriaMet', 'True', 'SuccessPolicy', met, now);
}

/** Where containers are restarted in place, their restarts count. */
function restartsExceedLimit({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && (status?.phase ?? 'Pending') !== 'Pending') continue;
    for (const c of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) restarts += c.restartCount;
  }
  const limit = spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until activeDeadlineSeconds is over; undefined where it does not run. */
export function deadlineLeftMs({ spec, status }: Job, now: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || status?.startTime === undefined || spec.suspend) return undefined;
  return timeMs(status.startTime) + spec.activeDeadlineSeconds * 1000 - now;
}
