// Tables of Jobs and CronJobs. Follows pkg/printers/internalversion.
import type { CronJob, Job } from '#api/batch/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { age, humanDuration } from './ages.ts';
import type { Columns } from './table.ts';
import { AGE, containerCells, CONTAINERS, NAME, SELECTOR, selectorCell } from './workload-cells.ts';

const hasCondition = ({ status }: Job, type: string): boolean =>
  status?.conditions?.some((c) => c.type === type && c.status === 'True') === true;

function statusOf(job: Job): string {
  if (hasCondition(job, 'Complete')) return 'Complete';
  if (hasCondition(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  if (hasCondition(job, 'Suspended')) return 'Suspended';
  if (hasCondition(job, 'FailureTarget')) return 'FailureTarget';
  return hasCondition(job, 'SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  if (!status?.startTime) return '';
  return humanDuration((status.completionTime ? timeMs(status.completionTime) : now) - timeMs(status.startTime));
}

export const jobColumns: Columns = {
  columns: [
    NAME,
    { name: 'Status', type: 'string', description: 'Status of the job.' },
    { name: 'Completions', type: 'string', description: 'Pods that succeeded, of those that have to.' },
    { name: 'Duration', type: 'string', description: 'Time that the job took, or has taken so far.' },
    AGE,
    ...CONTAINERS,
    SELECTOR,
  ],
  cells(object: KubernetesObject, now) {
    const job = object as unknown as Job;
    return [
      object.metadata.name,
      statusOf(job),
      completionsOf(job),
      durationOf(job, now),
      age(object.metadata.creationTimestamp, now),
      ...containerCells(job.spec.template.spec),
      selectorCell(job.spec.selector),
    ];
  },
};

export const cronJobColumns: Columns = {
  columns: [
    NAME,
    { name: 'Schedule', type: 'string', description: 'When jobs are made.' },
    { name: 'Timezone', type: 'string', description: 'Time zone of the schedule.' },
    { name: 'Suspend', type: 'boolean', description: 'Whether no more jobs are made for now.' },
    { name: 'Active', type: 'integer', description: 'Jobs that are running.' },
    { name: 'Last Schedule', type: 'string', description: 'Time since a job was last made.' },
    AGE,
    ...CONTAINERS,
    SELECTOR,
  ],
  cells(object: KubernetesObject, now) {
    const { spec, status } = object as unknown as CronJob;
    const last = status?.lastScheduleTime;
    return [
      object.metadata.name,
      spec.schedule,
      spec.timeZone ?? '<none>',
      // a text, though the column says otherwise
      spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
      status?.active?.length ?? 0,
      last ? age(last, now) : '<none>',
      age(object.metadata.creationTimestamp, now),
      ...containerCells(spec.jobTemplate.spec?.template.spec),
      selectorCell(spec.jobTemplate.spec?.selector),
    ];
  },
};
