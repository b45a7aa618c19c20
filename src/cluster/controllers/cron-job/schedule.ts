// When a CronJob is due: the last time that was missed, and how long until the next. Pure. Follows utils.go of the CronJob controller of
// kube-controller-manager.
import type { CronJob } from '#api/batch/v1';
import type { Schedule } from '../../../apimachinery/cron.ts';
import { timeMs } from '../../../apimachinery/time.ts';

/** More missed times than this are told of. */
const MANY_MISSED = 100;
/** A timer that fires a little early must not find that nothing is due. */
const DELTA_MS = 100;

export interface Due {
  /** The last time at or before now that no Job was made for. */
  readonly atMs: number | undefined;
  readonly tooManyMissed: boolean;
}

interface Missed {
  readonly earliest: number;
  readonly latest: number | undefined;
  readonly count: number;
}

function missed({ metadata, spec, status }: CronJob, schedule: Schedule, now: number, withDeadline: boolean): Missed {
  let earliest = timeMs(status?.lastScheduleTime ?? metadata.creationTimestamp);
  if (withDeadline && spec.startingDeadlineSeconds !== undefined) earliest = Math.max(earliest, now - spec.startingDeadlineSeconds * 1000);
  const first = schedule.next(earliest);
  if (first === undefined || now < first) return { earliest, latest: undefined, count: 0 };
  const second = schedule.next(first);
  if (second === undefined || now < second) return { earliest, latest: first, count: 0 };
  const interval = second - first;
  const count = Math.floor((now - first) / interval) + 1;
  // not one by one from the beginning: it may be long ago
  let latest: number | undefined;
  for (let t = schedule.next(first + (count - 2) * interval); t !== undefined && t <= now; t = schedule.next(t)) latest = t;
  return { earliest, latest, count };
}

export function dueTime(cronJob: CronJob, schedule: Schedule, now: number): Due {
  const { latest, count } = missed(cronJob, schedule, now, true);
  return { atMs: latest, tooManyMissed: count > MANY_MISSED };
}

/** Milliseconds until the next time; undefined where there is none. */
export function untilNext(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
  const { earliest, latest, count } = missed(cronJob, schedule, now, false);
  const next = schedule.next(latest ?? (count === 0 ? earliest : now));
  return next === undefined ? undefined : next + DELTA_MS - now;
}
