import { describe, expect, test } from 'vitest';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '#api/batch/v1';
import { parseSchedule } from '../../../src/apimachinery/cron.ts';
import { newJob, surplusHistory } from '../../../src/cluster/controllers/cron-job.ts';
import { dueTime, untilNext } from '../../../src/cluster/controllers/cron-job/schedule.ts';
import type { TestCluster } from '../scenario-world.ts';
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
    { situation: 'a schedule with uneven steps', of: cron({ schedule: '5,50 * * * *' }), now: '03:20:00', expected: '03:05:00' },
    { situation: 'a schedule that was never due', of: cron({ schedule: '0 0 1 1 *' }), now: '05:00:00', expected: undefined },
    { situation: 'a schedule that is never due', of: cron({ schedule: '0 0 31 2 *' }), now: '05:00:00', expected: undefined },
    { situation: 'every hour by its short name', of: cron({ schedule: '@hourly' }), now: '03:20:00', expected: '03:00:00' },
  ])('$situation', ({ of, now, expected }) => {
    expect(due(of, now).at).toBe(expected);
  });

  test('more than a hundred missed times are told of', () => {
    expect(due(cron(), '16:00:00').tooManyMissed).toBe(false);
    expect(due(cron(), '18:00:00').tooManyMissed).toBe(true);
  });

  test.each([
    { situation: 'half a minute', schedule: '* * * * *', now: '00:00:30', expected: 30_100 },
    { situation: 'right at a time: the next one', schedule: '* * * * *', now: '00:01:00', expected: 60_100 },
    { situation: 'after times were missed', schedule: '*/10 * * * *', now: '03:04:00', expected: 360_100 },
    { situation: 'there is none', schedule: '0 0 31 2 *', now: '00:00:00', expected: undefined },
  ])('until the next: $situation', ({ schedule, now, expected }) => {
    expect(untilNext(cron({ schedule }), parseSchedule(schedule), at(now))).toBe(expected);
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

  const jobs = async ({ client }: TestCluster): Promise<string[]> => (await client.list('batch/v1/Job')).items.map((j) => j.metadata.name);
  const patch = ({ client }: TestCluster, spec: Partial<CronJobSpec>) =>
    client.patch('batch/v1/CronJob', 'tick', { spec }, { type: 'merge', namespace: NAMESPACE });
  const running = { spec: { ...jobTemplate.spec, template: podTemplate({ 'sim/run': 'true' }) } };

  test('suspended: nothing is made; resumed: the last missed time is made up for, once', async () => {
    const cluster = await start({ suspend: true });
    await cluster.clock.advance(5 * 60_000);
    expect(await jobs(cluster)).toEqual([]);
    await patch(cluster, { suspend: false });
    await cluster.clock.advance(1000);
    expect(await jobs(cluster)).toHaveLength(1);
    await cluster.stop();
  });

  test('resumed too late for startingDeadlineSeconds: it waits for the next time', async () => {
    const cluster = await start({ suspend: true, startingDeadlineSeconds: 10, schedule: '*/10 * * * *' });
    await cluster.clock.advance(15 * 60_000);
    await patch(cluster, { suspend: false });
    await cluster.clock.advance(1000);
    expect(await jobs(cluster)).toEqual([]);
    await cluster.clock.advance(5 * 60_000);
    expect(await jobs(cluster)).toHaveLength(1);
    await cluster.stop();
  });

  test('another schedule counts from now on', async () => {
    const cluster = await start({ schedule: '0 * * * *' });
    await cluster.clock.advance(5 * 60_000);
    expect(await jobs(cluster)).toEqual([]);
    await patch(cluster, { schedule: '* * * * *' });
    await cluster.clock.advance(60_000);
    expect((await jobs(cluster)).length).toBeGreaterThan(0);
    await cluster.stop();
  });

  test('a Job that vanishes is told of, and no longer active', async () => {
    const cluster = await start({ schedule: '*/10 * * * *', jobTemplate: running });
    await cluster.clock.advance(10 * 60_000);
    const [name = ''] = await jobs(cluster);
    await cluster.client.delete('batch/v1/Job', name, { namespace: NAMESPACE, propagationPolicy: 'Background' });
    await cluster.clock.advance(1000);
    expect(await told(cluster, 'CronJob')).toContain(`MissingJob: Active job went missing: ${name}`);
    expect((await cluster.client.get('batch/v1/CronJob', 'tick', { namespace: NAMESPACE })).status?.active).toBeUndefined();
    await cluster.stop();
  });

  test('a Job that somebody else made in its name is told of, and left alone', async () => {
    const cluster = await start({ schedule: '0 0 1 1 *' });
    const { uid } = (await cluster.client.get('batch/v1/CronJob', 'tick', { namespace: NAMESPACE })).metadata;
    await cluster.client.create('batch/v1/Job', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'by-hand',
        namespace: NAMESPACE,
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid, controller: true }],
      },
      spec: running.spec,
    });
    await cluster.clock.advance(1000);
    expect(await told(cluster, 'CronJob')).toContain('UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand');
    expect(await jobs(cluster)).toEqual(['by-hand']);
    await cluster.stop();
  });

  test('a CronJob that goes takes its Jobs with it', async () => {
    const cluster = await start({ jobTemplate: running });
    await cluster.clock.advance(2 * 60_000);
    await cluster.client.delete('batch/v1/CronJob', 'tick', { namespace: NAMESPACE, propagationPolicy: 'Background' });
    await cluster.clock.advance(5 * 60_000);
    expect(await jobs(cluster)).toEqual([]);
    await cluster.stop();
  });

  test('failed Jobs have a history of their own', async () => {
    const failing = { spec: { ...jobTemplate.spec, backoffLimit: 0, template: podTemplate({ 'sim/exit': '1' }) } };
    const cluster = await start({ jobTemplate: failing, failedJobsHistoryLimit: 3 });
    await cluster.clock.advance(6 * 60_000);
    expect(await jobs(cluster)).toHaveLength(3);
    expect((await told(cluster, 'CronJob')).some((t) => /SawCompletedJob: .* condition: Failed/.test(t))).toBe(true);
    await cluster.stop();
  });
});
