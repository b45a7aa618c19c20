// Jobs that go some time after they ended. Rows are named after the rules of pkg/controller/ttlafterfinished.
import type { Job, JobCondition } from '#api/batch/v1';
import { describe, expect, test } from 'vitest';
import { expiryMs } from '../../../src/cluster/controllers/ttl-after-finished.ts';
import { at, NAMESPACE, startedCluster, stored, template } from './harness.ts';

describe('when a Job may go', () => {
  const job = (ttlSecondsAfterFinished: number | undefined, conditions: readonly Partial<JobCondition>[], metadata: object = {}): Job =>
    stored<Job>({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', ...metadata },
      spec: { template: template(), ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }) },
      status: { conditions },
    });
  const ended = (type: string, status = 'True') => ({ type, status, lastTransitionTime: '2026-01-01T00:00:00Z' });
  test.each([
    { situation: 'without a time: never', of: job(undefined, [ended('Complete')]), expected: undefined },
    { situation: 'still running', of: job(10, []), expected: undefined },
    { situation: 'about to be complete', of: job(10, [ended('SuccessCriteriaMet')]), expected: undefined },
    { situation: 'about to fail', of: job(10, [ended('FailureTarget')]), expected: undefined },
    { situation: 'complete', of: job(10, [ended('SuccessCriteriaMet'), ended('Complete')]), expected: at('00:00:10') },
    { situation: 'failed', of: job(10, [ended('Failed')]), expected: at('00:00:10') },
    { situation: 'at once', of: job(0, [ended('Complete')]), expected: at('00:00:00') },
    { situation: 'not complete after all', of: job(10, [ended('Complete', 'False')]), expected: undefined },
    { situation: 'suspended', of: job(10, [ended('Suspended')]), expected: undefined },
    { situation: 'going already', of: job(10, [ended('Complete')], { deletionTimestamp: '2026-01-01T00:00:05Z' }), expected: undefined },
  ])('$situation', ({ of, expected }) => {
    expect(expiryMs(of)).toBe(expected);
  });
});

describe('whole runs', () => {
  const began = async (ttlSecondsAfterFinished: number) => {
    const cluster = await startedCluster(1);
    const { metadata, spec } = template();
    await cluster.client.create('batch/v1/Job', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', namespace: NAMESPACE },
      spec: { ttlSecondsAfterFinished, template: { metadata, spec: { ...spec, restartPolicy: 'Never' } } },
    });
    const left = async (): Promise<number[]> => [
      (await cluster.client.list('batch/v1/Job')).items.length,
      (await cluster.client.list('v1/Pod')).items.length,
    ];
    return { ...cluster, left };
  };

  test('it goes with its pods when its time is over, and not before', async () => {
    const { clock, left, stop } = await began(60);
    await clock.advance(55_000);
    expect(await left()).toEqual([1, 1]);
    await clock.advance(10_000);
    expect(await left()).toEqual([0, 0]);
    await stop();
  });

  test('a time that is made longer counts', async () => {
    const { client, clock, left, stop } = await began(60);
    await clock.advance(50_000);
    await client.patch('batch/v1/Job', 'j', { spec: { ttlSecondsAfterFinished: 300 } }, { type: 'merge', namespace: NAMESPACE });
    await clock.advance(60_000);
    expect(await left()).toEqual([1, 1]);
    await clock.advance(200_000);
    expect(await left()).toEqual([0, 0]);
    await stop();
  });

  test('a time that is taken away counts too', async () => {
    const { client, clock, left, stop } = await began(60);
    await clock.advance(50_000);
    await client.patch('batch/v1/Job', 'j', { spec: { ttlSecondsAfterFinished: null } }, { type: 'merge', namespace: NAMESPACE });
    await clock.advance(600_000);
    expect(await left()).toEqual([1, 1]);
    await stop();
  });
});
