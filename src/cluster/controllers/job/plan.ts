// How many pods a Job needs now: which to make, which to delete, or how long to wait. Pure.
// Follows manageJob in job_controller.go of kube-controller-manager.
import type { Pod } from '#api/core/v1';
import { isPodTerminating } from '../../../apimachinery/core/pod.ts';
import { podsToDelete } from '../shared/pod-ranking.ts';
import { finishedMs, remainingPauseMs, replacesOnlyFailed } from './failures.ts';
import { indexOf, isIndexed } from './indexes.ts';
import { failuresAfter } from './pods.ts';
import { perIndex, type JobView } from './view.ts';

/** At most so many pods are made or deleted in one go. */
const MAX_AT_ONCE = 500;

export interface JobPlan {
  readonly delete: readonly Pod[];
  /** One entry for each pod to be made; the index where the Job is indexed. */
  readonly create: readonly (number | undefined)[];
  /** Look again after so many milliseconds. */
  readonly againMs?: number;
}

const NOTHING: JobPlan = { delete: [], create: [] };

export function planPods(view: JobView, now: number): JobPlan {
  const { job, active } = view;
  if (job.spec.suspend) return { ...NOTHING, delete: active.slice(0, MAX_AT_ONCE) };
  const wanted = wantedActive(view);
  const surplus = surplusPods(view, Math.max(0, active.length - wanted), now);
  // either one or the other in one go
  if (surplus.length > 0) return { ...NOTHING, delete: surplus.slice(0, MAX_AT_ONCE) };
  const terminating = replacesOnlyFailed(job) ? view.terminating : 0;
  const missing = Math.min(wanted - terminating - active.length, MAX_AT_ONCE);
  if (missing <= 0) return NOTHING;
  if (!perIndex(job)) {
    const pause = remainingPauseMs(view.failures, now);
    if (pause > 0) return { ...NOTHING, againMs: pause };
  }
  if (!isIndexed(job)) return { ...NOTHING, create: Array.from({ length: missing }, () => undefined) };
  return planIndexes(view, pendingIndexes(view, missing), now);
}

function wantedActive({ job, active, succeeded, failedIndexes }: JobView): number {
  const { parallelism = 1, completions } = job.spec;
  // without a number of completions, one success means that the work is done: nobody joins any more
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded - (perIndex(job) ? failedIndexes.size : 0), parallelism));
}

function surplusPods({ job, active }: JobView, atLeast: number, now: number): readonly Pod[] {
  const doomed: Pod[] = [];
  let left = active;
  if (isIndexed(job)) {
    const best = new Map<number, Pod>();
    for (const pod of active) {
      const index = indexOf(job, pod);
      const other = index === undefined ? pod : best.get(index);
      if (index === undefined) doomed.push(pod);
      else if (!other) best.set(index, pod);
      else {
        const [worse] = podsToDelete([pod, other], [], 1, now);
        doomed.push(worse!);
        best.set(index, worse === pod ? other : pod);
      }
    }
    left = [...best.values()];
  }
  return doomed.length >= atLeast ? doomed : [...doomed, ...podsToDelete(left, [], atLeast - doomed.length, now)];
}

function pendingIndexes({ job, active, pods, succeededIndexes, failedIndexes }: JobView, count: number): readonly number[] {
  const taken = new Set([...succeededIndexes, ...failedIndexes]);
  const busy = replacesOnlyFailed(job) ? [...active, ...pods.filter(isPodTerminating)] : active;
  for (const pod of busy) {
    const index = indexOf(job, pod);
    if (index !== undefined) taken.add(index);
  }
  const pending: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && pending.length < count; index++) if (!taken.has(index)) pending.push(index);
  return pending;
}

/** With backoffLimitPerIndex each index waits by itself. */
function planIndexes({ job, delayed }: JobView, pending: readonly number[], now: number): JobPlan {
  if (!perIndex(job)) return { ...NOTHING, create: pending };
  const pause = (index: number): number => {
    const pod = delayed.get(index);
    return pod ? remainingPauseMs({ failures: failuresAfter(job, pod).counted, lastFailureMs: finishedMs(pod, now) }, now) : 0;
  };
  const due = pending.filter((index) => pause(index) === 0);
  if (due.length > 0 || pending.length === 0) return { ...NOTHING, create: due };
  return { ...NOTHING, againMs: Math.min(...pending.map(pause)) };
}
