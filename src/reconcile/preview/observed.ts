// What was seen while a change was done, as values: the pods of each workload and the endpoints of each Service over time, and the
// events. A report has all it needs in it. Times are seconds since head was applied, to a tenth.
import { deepEqual } from '../../apimachinery/object.ts';
import type { WorkloadKey } from './workloads.ts';

export interface Observed {
  readonly workloads: ReadonlyMap<WorkloadKey, WorkloadHistory>;
  readonly services: readonly ServiceHistory[];
  /** By `namespace/name`: disruption budgets that had fewer healthy pods than they demand. */
  readonly violatedBudgets: ReadonlyMap<string, { readonly healthy: number; readonly demanded: number }>;
  readonly events: readonly ObservedEvent[];
  /** Until nothing happened any more. */
  readonly seconds: number;
}

export interface WorkloadHistory {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Neither ended nor being deleted. */
  readonly podsBefore: number;
  readonly podsAfter: number;
  readonly podsCreated: number;
  readonly podsDeleted: number;
  /** Ready and not being deleted. */
  readonly readyBefore: number;
  readonly readyAfter: number;
  readonly minReady: number;
  /** Of the last pod that came, went, or became ready or not. */
  readonly lastChangeSeconds: number;
  /** From each moment on, until the next. */
  readonly timeline: readonly { readonly seconds: number; readonly ready: number; readonly total: number }[];
}

export interface ServiceHistory {
  readonly namespace: string;
  readonly name: string;
  /** Ready endpoints; of the port that has most. */
  readonly endpointsBefore: number;
  readonly endpointsAfter: number;
  readonly secondsWithoutEndpoints: number;
  readonly timeline: readonly { readonly seconds: number; readonly endpoints: number }[];
}

export interface ObservedEvent {
  /** When it was seen first. */
  readonly seconds: number;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly object: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** Whose it is, where a workload stands behind its object; otherwise empty. */
  readonly workload: WorkloadKey;
  readonly count: number;
}

/** For how long something was so, in seconds. @param until when the last state ends */
export function secondsWhere<T extends { readonly seconds: number }>(
  timeline: readonly T[],
  is: (state: T) => boolean,
  until: number,
): number {
  let sum = 0;
  for (const [i, state] of timeline.entries()) if (is(state)) sum += (timeline[i + 1]?.seconds ?? until) - state.seconds;
  return Math.round(sum * 10) / 10;
}

/** Adds a state, where it is another one; of those of one moment the last one counts. The first is the state before and stays. */
export function append<T extends { readonly seconds: number }>(timeline: T[], state: T): void {
  if (timeline.length > 1 && timeline.at(-1)!.seconds === state.seconds) timeline.pop();
  const last = timeline.at(-1);
  if (!last || !deepEqual({ ...last, seconds: 0 }, { ...state, seconds: 0 })) timeline.push(state);
}
