import { describe, expect, test } from 'vitest';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '#api/batch/v1';
import { parseSchedule } from '../../../src/apimachinery/cron.ts';
import { newJob, surplusHistory } from '../../../src/cluster/controllers/cron-job.ts';
import { dueTime, untilNext } from '../../../src/cluster/controllers/cron-job/schedule.ts';
import { at, NAMESPACE, startedCluster, stored, template, told } from './harness.ts';

const podTemplate = (annotations?: Readonly<Record<string, string>>) => {
  const made = template('b:1', annotations);
  return { ...made, spec: { ...made.spec, restartPolicy: 'Never' } };
};
const jobTemplate = { spec: { completions: 1, template: podTemplate() } };

const cron = (spec: Partial<CronJobSpec> = {}, status: CronJobStatus = {}): CronJob =>
  stored<CronJob>({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick' },
    spec: { schedule: '*/10 * * * *', jobTemplate, ...spec },
    status,
  });

describe('mostRecentScheduleTime', () => {
  const due = (of: CronJob, now: string) => {
    const { atMs, tooManyMissed } = dueTime(of, parseSchedule(of.spec.schedule), at(now));
    return { at: atMs === undefined ? undefined : new Date(atMs).toISOString().slice(11, 19), tooManyMissed };
  };
  test.each([
    { situation: 'not yet', of: cron(), now: '00:09:59', expected: undefined },
    { situation: 'now', of: cron(), now: '00:10:00', expected: '00:10:00' },
    { situation: 'the last of several that were missed', of: cron(), now: '01:05:00', expected: '01:00:00' },
    { situation: 'since the last run', of: cron({}, { lastScheduleTime: '2026-01-01T01:00:00Z' }), now: '01:05:00', expected: undefined },
    { situation: 'too late for startingDeadlineSeconds', of: cron({ startingDeadlineSeconds: 60 }), now: '01:05:00', expected: undefined },
    { situation: 'within it', of: cron({ startingDeadlineSeconds: 600 }), now: '01:05:00', expected: '01:00:00' },
  ])('$situation', ({ of, now, expected }) => {
    expect(due(of, now).at).toBe(expected);
  });

  test('more than a hundred missed times are told of', () => {
    expect(due(cron(), '16:00:00').tooManyMissed).toBe(false);
    expect(due(cron(), '18:00:00').tooManyMissed).toBe(true);
  });

  test('the timer fires a little late, never early', () => {
    expect(untilNext(cron(), parseSchedule('*/10 * * * *'), at('00:04:00'))).toBe(360_100);
  });
});

test('names of Jobs are functions of the minute', () => {
  const { metadata } = newJob(cron({ timeZone: 'Asia/Kolkata' }), at('00:10:00'));
  expect(metadata.name).toBe('tick-29453770');
  expect(metadata.annotations).toEqual({ 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T05:40:00+05:30' });
});

test('history: the oldest of each kind go', () => {
  const job = (name: string, type: string, startTime: string): Job =>
    stored<Job>({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: jobTemplate.spec,
      status: { startTime, conditions: [{ type, status: 'True' }] },
    });
  const jobs = [
    job('b', 'Complete', '2026-01-01T02:00:00Z'),
    job('a', 'Complete', '2026-01-01T01:00:00Z'),
    job('f', 'Failed', '2026-01-01T01:00:00Z'),
  ];
  const doomed = surplusHistory(cron({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }), jobs);
  expect(doomed.map((j) => j.metadata.name)).toEqual(['a', 'f']);
});

describe('whole runs', () => {
  const start = async (spec: Partial<CronJobSpec>) => {
    const cluster = await startedCluster();
    const full = { schedule: '* * * * *', successfulJobsHistoryLimit: 2, jobTemplate, ...spec };
    await cluster.client.create('batch/v1/CronJob', {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: NAMESPACE },
      spec: full,
    });
    return cluster;
  };

  test('a Job a minute, the last two kept', async () => {
    const cluster = await start({});
    await cluster.clock.advance(5 * 60_000);
    expect((await cluster.client.list('batch/v1/Job')).items).toHaveLength(2);
    expect((await told(cluster, 'CronJob')).filter((t) => t.startsWith('SuccessfulCreate'))).toHaveLength(5);
    const live = await cluster.client.get('batch/v1/CronJob', 'tick', { namespace: NAMESPACE });
    expect(live.status?.active).toBeUndefined();
    expect(live.status?.lastSuccessfulTime).toBeDefined();
    await cluster.stop();
  });

  test.each([
    {
      policy: 'Forbid',
      jobs: 1,
      said: 'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
    },
    { policy: 'Replace', jobs: 1, said: 'SuccessfulDelete' },
    { policy: 'Allow', jobs: 3, said: 'SuccessfulCreate' },
  ])('concurrencyPolicy $policy', async ({ policy, jobs, said }) => {
    const running = { spec: { ...jobTemplate.spec, template: podTemplate({ 'sim/run': 'true' }) } };
    const cluster = await start({ concurrencyPolicy: policy, jobTemplate: running });
    await cluster.clock.advance(3 * 60_000);
    expect((await cluster.client.list('batch/v1/Job')).items).toHaveLength(jobs);
    expect((await told(cluster, 'CronJob')).some((t) => t.startsWith(said))).toBe(true);
    await cluster.stop();
  });
});
