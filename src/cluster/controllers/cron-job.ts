// CronJob: makes a Job at each time of a schedule, and clears away old ones. Follows pkg/controller/cronjob of kube-controller-manager.
import type { CronJob, CronJobStatus, Job } from '#api/batch/v1';
import type { ObjectReference } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { CronError, parseSchedule, type Schedule } from '../../apimachinery/cron.ts';
import { quote } from '../../apimachinery/go-text.ts';
import { deepEqual, type Manifest } from '../../apimachinery/object.ts';
import { controllerOf, isControlledBy, newControllerRef } from '../../apimachinery/owner-reference.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime, timeMs } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { dueTime, untilNext } from './cron-job/schedule.ts';
import { conditionOf, isFinished } from './job/conditions.ts';
import { indexByController, ownedBy } from './shared/owned.ts';

const WORKERS = 5;
const KIND = 'batch/v1/CronJob';
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export function cronJobController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const cronJobs = informers.of(KIND);
  const jobs = informers.of('batch/v1/Job');
  indexByController(jobs);

  return controller({ name: 'cronjob-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const enqueue = (cronJob: CronJob): void => queue.add(objectKey(cronJob));
    cronJobs.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
    const changed = (job: Job, old?: Job): void => {
      for (const ref of [controllerOf(job), old && controllerOf(old)]) {
        const owner = ref?.kind === 'CronJob' ? cronJobs.get(job.metadata.namespace ?? '', ref.name) : undefined;
        if (owner && owner.metadata.uid === ref?.uid) enqueue(owner);
      }
    };
    jobs.addHandler({ added: changed, updated: changed, deleted: changed });
  }

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const cronJob = cronJobs.get(namespace, name);
    if (!cronJob) return undefined;
    const own = ownedBy(jobs, cronJob.metadata.uid);
    let status: CronJobStatus = cronJob.status ?? {};
    const doomed = surplusHistory(cronJob, own);
    for (const job of doomed) {
      await deleteJob(cronJob, job);
      status = withoutActive(status, job.metadata.uid);
    }
    status = await reviewJobs(
      cronJob,
      own.filter((job) => !doomed.includes(job)),
      status,
    );
    const started = await startDue(cronJob, status);
    await writeStatus(cronJob, started.status);
    if (started.failure !== undefined) throw started.failure as Error;
    return started.againMs;
  }

  /** Brings the list of active Jobs up to date with what became of them. */
  async function reviewJobs(cronJob: CronJob, own: readonly Job[], before: CronJobStatus): Promise<CronJobStatus> {
    let status = before;
    for (const job of own) {
      const { name, uid } = job.metadata;
      const listed = status.active?.some((ref) => ref.uid === uid) ?? false;
      if (!isFinished(job)) {
        if (!listed && !(await isListedNow(cronJob, uid)))
          events.event(cronJob, 'Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`);
        continue;
      }
      if (listed) {
        const how = conditionOf(job.status?.conditions, 'Complete') ? 'Complete' : 'Failed';
        status = withoutActive(status, uid);
        events.event(cronJob, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${how}`);
      }
      const completed = job.status?.completionTime;
      if (completed !== undefined && (status.lastSuccessfulTime === undefined || timeMs(completed) > timeMs(status.lastSuccessfulTime)))
        status = { ...status, lastSuccessfulTime: completed };
    }
    for (const ref of status.active ?? []) {
      if (own.some((job) => job.metadata.uid === ref.uid) || (await exists(ref))) continue;
      events.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${ref.name}`);
      status = withoutActive(status, ref.uid ?? '');
    }
    return status;
  }

  /** The informer may not show yet what was written here a moment ago. */
  async function isListedNow({ metadata: { name, namespace = '' } }: CronJob, uid: string): Promise<boolean> {
    const { status } = await client.get(KIND, name, { namespace });
    return status?.active?.some((ref) => ref.uid === uid) ?? false;
  }

  async function exists({ name = '', namespace = '' }: ObjectReference): Promise<boolean> {
    try {
      await client.get('batch/v1/Job', name, { namespace });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  interface Started {
    readonly status: CronJobStatus;
    readonly againMs?: number;
    readonly failure?: unknown;
  }

  /** Makes the Job that is due, where one is. */
  async function startDue(cronJob: CronJob, status: CronJobStatus): Promise<Started> {
    const { spec, metadata } = cronJob;
    if (metadata.deletionTimestamp || spec.suspend) return { status };
    const schedule = readSchedule(cronJob);
    if (!schedule) return { status };
    const now = clock.now();
    const later = (next: CronJobStatus = status): Started => {
      const wait = untilNext({ ...cronJob, status: next }, schedule, now);
      return { status: next, ...(wait === undefined ? {} : { againMs: wait }) };
    };
    const { atMs, tooManyMissed } = dueTime({ ...cronJob, status }, schedule, now);
    if (tooManyMissed)
      events.event(
        cronJob,
        'Warning',
        'TooManyMissedTimes',
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      );
    if (atMs === undefined) return later();
    if (spec.startingDeadlineSeconds !== undefined && atMs + spec.startingDeadlineSeconds * 1000 < now) {
      events.event(cronJob, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(atMs)}`);
      return later();
    }
    const name = jobName(cronJob, atMs);
    const known = status.active?.some((ref) => ref.name === name) ?? false;
    if (known || (status.lastScheduleTime !== undefined && timeMs(status.lastScheduleTime) === atMs)) return later();
    const active = status.active ?? [];
    if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      events.event(cronJob, 'Normal', 'JobAlreadyActive', message);
      return later();
    }
    return start(cronJob, status, atMs, later);
  }

  async function start(cronJob: CronJob, before: CronJobStatus, atMs: number, later: (status: CronJobStatus) => Started): Promise<Started> {
    let status = before;
    try {
      if (cronJob.spec.concurrencyPolicy === 'Replace')
        for (const ref of before.active ?? []) {
          const { name = '', namespace = '' } = ref;
          await deleteJob(cronJob, await client.get('batch/v1/Job', name, { namespace }));
          status = withoutActive(status, ref.uid ?? '');
        }
      const job = await createJob(cronJob, atMs);
      if (!job) return { status };
      const { name, namespace = '', uid, resourceVersion } = job.metadata;
      const ref: ObjectReference = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion };
      return later({ ...status, active: [...(status.active ?? []), ref], lastScheduleTime: formatTime(atMs) });
    } catch (failure) {
      return { status, failure };
    }
  }

  /** Undefined where it cannot, or need not, be made. */
  async function createJob(cronJob: CronJob, atMs: number): Promise<Job | undefined> {
    const manifest = newJob(cronJob, atMs);
    const { name = '', namespace = '' } = manifest.metadata;
    try {
      const job = await client.create('batch/v1/Job', manifest);
      events.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${name}`);
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (isAlreadyExists(error)) {
        // made here before, and not noted: the process may have ended in between
        const there = await client.get('batch/v1/Job', name, { namespace });
        return isControlledBy(there, cronJob) && !isFinished(there) ? there : undefined;
      }
      events.event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${(error as Error).message}`);
      throw error;
    }
  }

  function readSchedule(cronJob: CronJob): Schedule | undefined {
    const { schedule, timeZone } = cronJob.spec;
    if (schedule.includes('TZ'))
      events.event(
        cronJob,
        'Warning',
        'UnsupportedSchedule',
        `CRON_TZ or TZ used in schedule ${quote(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
      );
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      if (!(error instanceof CronError)) throw error;
      if (timeZone !== undefined && error.message.startsWith('provided bad location'))
        events.event(cronJob, 'Warning', 'UnknownTimeZone', `invalid timeZone: ${quote(timeZone)}: unknown time zone ${timeZone}`);
      else events.event(cronJob, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${quote(schedule)} : ${error.message}`);
      return undefined;
    }
  }

  async function deleteJob(cronJob: CronJob, job: Job): Promise<void> {
    const { name, namespace = '' } = job.metadata;
    try {
      await client.delete('batch/v1/Job', name, { namespace, propagationPolicy: 'Background' });
      events.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      events.event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${(error as Error).message}`);
      throw error;
    }
  }

  async function writeStatus(cronJob: CronJob, status: CronJobStatus): Promise<void> {
    const wanted = canonical('batch/v1.CronJobStatus', status);
    if (!deepEqual(cronJob.status ?? {}, wanted)) await client.updateStatus(KIND, { ...cronJob, status: wanted });
  }
}

function withoutActive(status: CronJobStatus, uid: string): CronJobStatus {
  const active = status.active?.filter((ref) => ref.uid !== uid) ?? [];
  const { active: _, ...rest } = status;
  return active.length > 0 ? { ...rest, active } : rest;
}

/** Finished Jobs beyond the history limits, the oldest first. */
export function surplusHistory({ spec }: CronJob, own: readonly Job[]): readonly Job[] {
  const finished = (type: string): Job[] =>
    own.filter((job) => conditionOf(job.status?.conditions, type) && !job.metadata.deletionTimestamp);
  const startMs = ({ status, metadata }: Job): number => timeMs(status?.startTime ?? metadata.creationTimestamp);
  const oldest = (jobs: Job[], limit: number | undefined): Job[] =>
    limit === undefined ? [] : jobs.sort((a, b) => startMs(a) - startMs(b)).slice(0, Math.max(0, jobs.length - limit));
  return [...oldest(finished('Complete'), spec.successfulJobsHistoryLimit), ...oldest(finished('Failed'), spec.failedJobsHistoryLimit)];
}

/** A function of the minute, so that no time gets two Jobs. */
const jobName = ({ metadata }: CronJob, atMs: number): string => `${metadata.name}-${Math.floor(atMs / 60_000)}`;

export function newJob(cronJob: CronJob, atMs: number): Manifest<Job> {
  const { jobTemplate, timeZone } = cronJob.spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, atMs),
      namespace: cronJob.metadata.namespace ?? '',
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [SCHEDULED_AT]: timeIn(timeZone, atMs) },
      ownerReferences: [newControllerRef(cronJob)],
    },
    spec: jobTemplate.spec!,
  };
}

/** RFC 3339 with the zone's offset. */
function timeIn(timeZone: string | undefined, ms: number): string {
  if (timeZone === undefined || timeZone === 'UTC') return formatTime(ms);
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset', year: 'numeric' });
  const name = format.formatToParts(ms).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /^GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (!match) return formatTime(ms);
  const minutes = (Number(match[2]) * 60 + Number(match[3])) * (match[1] === '-' ? -1 : 1);
  return formatTime(ms + minutes * 60_000).replace('Z', `${match[1]}${match[2]}:${match[3]}`);
}

/** As Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 +0000`. */
const rfc1123 = (ms: number): string => new Date(ms).toUTCString().replace('GMT', '+0000');
