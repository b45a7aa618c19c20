// Jobs, by their conditions; CronJobs, by how their last run ended.
import type { CronJob, Job } from '#api/batch/v1';
import { timeMs } from '../../apimachinery/time.ts';
import { conditionText, findCondition } from './conditions.ts';
import { degraded, healthy, progressing, suspended, type Health } from './verdict.ts';

export function jobHealth({ spec, status }: Job): Health {
  const failed = findCondition(status?.conditions, 'Failed');
  if (failed?.status === 'True') return degraded(conditionText(failed));
  const complete = findCondition(status?.conditions, 'Complete');
  if (complete?.status === 'True') return healthy(complete.message ?? '');
  if (findCondition(status?.conditions, 'Suspended')?.status === 'True' || spec.suspend) return suspended('the job is suspended');
  const { active = 0, succeeded = 0 } = status ?? {};
  return progressing(`${succeeded} of ${spec.completions ?? 1} pods have succeeded, ${active} running`);
}

export function cronJobHealth({ spec, status }: CronJob): Health {
  // as Argo CD has it: nothing is left to do, and nothing is expected
  if (spec.suspend) return healthy('the schedule is suspended');
  if (!status?.lastScheduleTime) return healthy('it has not been due yet');
  if (status.active?.length) return healthy('a run is under way');
  if (!status.lastSuccessfulTime) return healthy('no run has succeeded yet');
  return timeMs(status.lastSuccessfulTime) >= timeMs(status.lastScheduleTime)
    ? healthy('its last run succeeded')
    : degraded('its last run did not succeed');
}
