// CronJobs know their Jobs: those that run are listed, and of those that ended no more are kept than they ask for.
import type { CronJob, Job } from '#api/batch/v1';
import { controllerOf } from '../../../apimachinery/owner-reference.ts';
import { nameOf } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const schedulesAreKept: RestInvariant = {
  name: 'CronJobs know their Jobs',
  check({ cronJobs, jobs }) {
    return cronJobs.flatMap((cronJob) =>
      checkCronJob(
        cronJob,
        jobs.filter((job) => controllerOf(job)?.uid === cronJob.metadata.uid),
      ),
    );
  },
};

function checkCronJob(cronJob: CronJob, own: readonly Job[]): string[] {
  const what = `CronJob ${nameOf(cronJob)}`;
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec ?? {};
  const ended = (type: string): readonly Job[] =>
    own.filter(({ status }) => status?.conditions?.some((c) => c.type === type && c.status === 'True'));
  const [complete, failed] = [ended('Complete'), ended('Failed')];
  const running = own.filter((job) => !complete.includes(job) && !failed.includes(job)).map(({ metadata }) => metadata.name);
  const listed = (cronJob.status?.active ?? []).map(({ name = '' }) => name);
  const problems: string[] = [];
  if (listed.sort().join() !== running.sort().join())
    problems.push(`${what}: lists ${listed.join(', ') || 'none'} as active, and ${running.join(', ') || 'none'} are`);
  if (complete.length > successfulJobsHistoryLimit) problems.push(`${what}: keeps ${complete.length} Jobs that are complete`);
  if (failed.length > failedJobsHistoryLimit) problems.push(`${what}: keeps ${failed.length} Jobs that failed`);
  const times = own.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']);
  if (new Set(times).size < times.length) problems.push(`${what}: has two Jobs for one time`);
  return problems;
}
