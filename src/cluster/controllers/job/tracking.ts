// Counting the pods that ended, each exactly once: first the status names them, then their finalizer goes, then they are counted and
// named no longer. Pure. Follows trackJobStatusAndRemoveFinalizers in job_controller.go of kube-controller-manager (KEP-2307).
import type { JobCondition, JobStatus } from '#api/batch/v1';
import type { Pod } from '#api/core/v1';
import { isCounted, isPodFailed } from './failures.ts';
import { formatIndexes, indexOf, isIndexed, union } from './indexes.ts';
import { isTracked } from './pods.ts';
import { perIndex, type JobView } from './view.ts';

/** The status names at most so many pods at a time. */
const MAX_UNCOUNTED = 500;

export interface Tracked {
  readonly status: JobStatus;
  /** Pods that may go once that status is written. */
  readonly release: readonly Pod[];
  /** More pods wait to be counted: the Job has not ended yet. */
  readonly more: boolean;
}

/** @param end what ends the Job, where something does */
export function trackPods(view: JobView, status: JobStatus, end: JobCondition | undefined): Tracked {
  const { job, released } = view;
  const settled = countReleased(status, stillTracked(view.pods, released));
  const succeeded = [...(settled.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(settled.uncountedTerminatedPods?.failed ?? [])];
  const newIndexes = new Set<number>();
  const release: Pod[] = [];
  let more = false;
  const pods = isIndexed(job) ? [...view.pods].sort((a, b) => (indexOf(job, a) ?? -1) - (indexOf(job, b) ?? -1)) : view.pods;
  for (const pod of pods) {
    const { uid } = pod.metadata;
    if (!isTracked(pod) || released.has(uid)) continue;
    const hasFailed = isPodFailed(job, pod);
    if (!mayRelease(view, pod, hasFailed, end)) continue;
    release.push(pod);
    const index = indexOf(job, pod);
    if (pod.status?.phase === 'Succeeded' && !failed.includes(uid)) {
      if (!isIndexed(job)) {
        if (!succeeded.includes(uid)) succeeded.push(uid);
      } else if (index !== undefined && !view.countedIndexes.has(index)) newIndexes.add(index);
    } else if (hasFailed || (end !== undefined && end.type !== 'SuccessCriteriaMet')) {
      // once the Job has failed, so has whatever still ran
      if (!failed.includes(uid) && (!isIndexed(job) || index !== undefined) && isCounted(job, pod)) failed.push(uid);
    }
    if (newIndexes.size + succeeded.length + failed.length >= MAX_UNCOUNTED) {
      more = true;
      break;
    }
  }
  const uncountedTerminatedPods = { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
  return { status: { ...settled, ...indexStatus(view, newIndexes), uncountedTerminatedPods }, release, more };
}

function mayRelease({ job, delayed }: JobView, pod: Pod, hasFailed: boolean, end: JobCondition | undefined): boolean {
  if (job.metadata.deletionTimestamp || end !== undefined || pod.status?.phase === 'Succeeded') return true;
  if (!hasFailed) return false;
  // it still has to tell its successor how often the index failed
  const index = indexOf(job, pod);
  return index === undefined || delayed.get(index) !== pod;
}

function indexStatus(view: JobView, newIndexes: ReadonlySet<number>): Partial<JobStatus> {
  if (!isIndexed(view.job)) return {};
  const done = union(view.countedIndexes, newIndexes);
  return {
    succeeded: done.size,
    completedIndexes: formatIndexes(done),
    ...(perIndex(view.job) ? { failedIndexes: formatIndexes(view.failedIndexes) } : {}),
  };
}

/** Uids of pods that still have their finalizer. */
export function stillTracked(pods: readonly Pod[], released: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid)).map((pod) => pod.metadata.uid));
}

/** Counts the pods that the status names and that have lost their finalizer. */
export function countReleased(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const [keptSucceeded, keptFailed] = [succeeded.filter((uid) => tracked.has(uid)), failed.filter((uid) => tracked.has(uid))];
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - keptSucceeded.length,
    failed: (status.failed ?? 0) + failed.length - keptFailed.length,
    uncountedTerminatedPods: {
      ...(keptSucceeded.length > 0 ? { succeeded: keptSucceeded } : {}),
      ...(keptFailed.length > 0 ? { failed: keptFailed } : {}),
    },
  };
}
