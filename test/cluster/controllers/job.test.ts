import { describe, expect, test } from 'vitest';
import type { Job, JobSpec, JobStatus } from '#api/batch/v1';
import type { Pod } from '#api/core/v1';
import {
  matchFailurePolicy,
  matchSuccessPolicy,
  NO_FAILURES,
  remainingPauseMs,
  withNewPods,
} from '../../../src/cluster/controllers/job/failures.ts';
import { formatIndexes, parseIndexes } from '../../../src/cluster/controllers/job/indexes.ts';
import { newJobPod } from '../../../src/cluster/controllers/job/pods.ts';
import { planPods } from '../../../src/cluster/controllers/job/plan.ts';
import { countReleased, trackPods } from '../../../src/cluster/controllers/job/tracking.ts';
import { viewJob } from '../../../src/cluster/controllers/job/view.ts';
import { expiryMs } from '../../../src/cluster/controllers/ttl-after-finished.ts';
import { at, NAMESPACE, pod, startedCluster, stored, template, told, type PodSketch } from './harness.ts';

const NOW = at('01:00:00');
const TRACKED = ['batch.kubernetes.io/job-tracking'];

const job = (spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job =>
  stored<Job>({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { template: template(), ...spec }, status });

const worker = (name: string, sketch: Partial<PodSketch> & { readonly index?: number; readonly exit?: number } = {}): Pod => {
  const { index, exit, ...rest } = sketch;
  const annotations = {
    ...rest.annotations,
    ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': String(index) }),
  };
  const made = pod({ name, ...rest, annotations });
  const finishedAt = '2026-01-01T00:59:58Z';
  const containerStatuses =
    exit === undefined ? {} : { containerStatuses: [{ name: 'app', state: { terminated: { exitCode: exit, finishedAt } } }] };
  return {
    ...made,
    metadata: { ...made.metadata, finalizers: TRACKED },
    status: { ...made.status, ...containerStatuses },
  } as unknown as Pod;
};
const failed = (name: string, exit = 1, index?: number): Pod =>
  worker(name, { phase: 'Failed', exit, ...(index === undefined ? {} : { index }) });
const done = (name: string, index?: number): Pod =>
  worker(name, { phase: 'Succeeded', exit: 0, ...(index === undefined ? {} : { index }) });

const view = (of: Job, pods: readonly Pod[], released: ReadonlySet<string> = new Set()) =>
  viewJob({ job: of, pods, released, failures: NO_FAILURES }, NOW);
const INDEXED = { completionMode: 'Indexed' };

test.each([
  { indexes: [], text: '' },
  { indexes: [3], text: '3' },
  { indexes: [1, 0], text: '0,1' },
  { indexes: [0, 2, 3, 4, 7], text: '0,2-4,7' },
])('completed indexes $text', ({ indexes, text }) => {
  expect(formatIndexes(new Set(indexes))).toBe(text);
  expect([...parseIndexes(text, 100)]).toEqual([...indexes].sort());
});

describe('manageJob', () => {
  const plan = (of: Job, pods: readonly Pod[]) => {
    const { create, delete: doomed, againMs } = planPods(view(of, pods), NOW);
    return { create, delete: doomed.map((p) => p.metadata.name), againMs };
  };
  test.each([
    {
      situation: 'as many as parallelism',
      of: job({ parallelism: 2, completions: 5 }),
      pods: [],
      expected: { create: [undefined, undefined] },
    },
    {
      situation: 'not more than are left to do',
      of: job({ parallelism: 3, completions: 2 }, { succeeded: 1 }),
      pods: [],
      expected: { create: [undefined] },
    },
    {
      situation: 'no completions: one success ends it',
      of: job({ parallelism: 3 }, { succeeded: 1 }),
      pods: [worker('a')],
      expected: { create: [], delete: [] },
    },
    {
      situation: 'parallelism lowered',
      of: job({ parallelism: 1, completions: 5 }),
      pods: [worker('a'), worker('b', { ready: false })],
      expected: { delete: ['b'] },
    },
    {
      situation: 'suspended',
      of: job({ suspend: true, parallelism: 2, completions: 2 }),
      pods: [worker('a')],
      expected: { create: [], delete: ['a'] },
    },
    {
      situation: 'after a failure, ten seconds',
      of: job({ completions: 1 }),
      pods: [failed('a')],
      expected: { create: [], againMs: 8000 },
    },
    {
      situation: 'podReplacementPolicy Failed waits for termination',
      of: job({ completions: 1, podReplacementPolicy: 'Failed' }),
      pods: [worker('a', { deleted: true })],
      expected: { create: [] },
    },
    {
      situation: 'Indexed: the first that are missing',
      of: job({ ...INDEXED, parallelism: 2, completions: 5 }, { completedIndexes: '0' }),
      pods: [worker('a', { index: 2 })],
      expected: { create: [1] },
    },
    {
      situation: 'Indexed: one of two with the same index goes',
      of: job({ ...INDEXED, parallelism: 3, completions: 3 }),
      pods: [worker('a', { index: 0 }), worker('b', { index: 0, ready: false })],
      expected: { delete: ['b'], create: [] },
    },
    {
      situation: 'backoffLimitPerIndex: others need not wait',
      of: job({ ...INDEXED, parallelism: 2, completions: 2, backoffLimitPerIndex: 1 }),
      pods: [failed('a', 1, 0)],
      expected: { create: [1] },
    },
  ])('$situation', ({ of, pods, expected }) => {
    expect(plan(of, pods)).toMatchObject(expected);
  });
});

describe('the end', () => {
  const reason = (of: Job, ...pods: Pod[]) => {
    const { end } = view(of, pods);
    return end && `${end.type} ${end.reason}`;
  };
  const policy = (action: string) => ({ podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In', values: [42] } }] } });
  test.each([
    { situation: 'within backoffLimit', of: job({ backoffLimit: 1 }), pods: [failed('a')], expected: undefined },
    {
      situation: 'beyond backoffLimit',
      of: job({ backoffLimit: 1 }, { failed: 1 }),
      pods: [failed('a')],
      expected: 'FailureTarget BackoffLimitExceeded',
    },
    {
      situation: 'a deleted pod counts as failed',
      of: job({ backoffLimit: 0 }),
      pods: [worker('a', { deleted: true })],
      expected: 'FailureTarget BackoffLimitExceeded',
    },
    {
      situation: 'activeDeadlineSeconds',
      of: job({ activeDeadlineSeconds: 60 }, { startTime: '2026-01-01T00:59:00Z' }),
      pods: [],
      expected: 'FailureTarget DeadlineExceeded',
    },
    {
      situation: 'not while suspended',
      of: job({ activeDeadlineSeconds: 60, suspend: true }, { startTime: '2026-01-01T00:59:00Z' }),
      pods: [],
      expected: undefined,
    },
    { situation: 'FailJob', of: job(policy('FailJob')), pods: [failed('a', 42)], expected: 'FailureTarget PodFailurePolicy' },
    { situation: 'another exit code', of: job(policy('FailJob')), pods: [failed('a', 1)], expected: undefined },
    { situation: 'Ignore does not count', of: job({ backoffLimit: 0, ...policy('Ignore') }), pods: [failed('a', 42)], expected: undefined },
    {
      situation: 'FailIndex, the others done',
      of: job({ ...INDEXED, completions: 2, backoffLimitPerIndex: 3, ...policy('FailIndex') }, { completedIndexes: '1' }),
      pods: [failed('a', 42, 0)],
      expected: 'FailureTarget FailedIndexes',
    },
    {
      situation: 'maxFailedIndexes',
      of: job({ ...INDEXED, completions: 9, backoffLimitPerIndex: 0, maxFailedIndexes: 1 }, { failedIndexes: '3' }),
      pods: [failed('a', 1, 0)],
      expected: 'FailureTarget MaxFailedIndexesExceeded',
    },
    {
      situation: 'successPolicy',
      of: job({ ...INDEXED, completions: 3, successPolicy: { rules: [{ succeededIndexes: '0' }] } }),
      pods: [done('a', 0)],
      expected: 'SuccessCriteriaMet SuccessPolicy',
    },
    {
      situation: 'announced before',
      of: job({}, { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'X' }] }),
      pods: [],
      expected: 'FailureTarget X',
    },
  ])('$situation', ({ of, pods, expected }) => {
    expect(reason(of, ...pods)).toBe(expected);
  });

  test('FailJob tells which container failed how', () => {
    expect(matchFailurePolicy(job(policy('FailJob')), failed('a', 42))?.message).toBe(
      'Container app for pod default/a failed with exit code 42 matching FailJob rule at index 0',
    );
  });

  test.each([
    { rules: [{ succeededCount: 2 }], met: 'Matched rules at index 0' },
    { rules: [{ succeededIndexes: '1-3', succeededCount: 2 }], met: undefined },
    { rules: [{ succeededIndexes: '7' }, { succeededIndexes: '0,1', succeededCount: 1 }], met: 'Matched rules at index 1' },
  ])('matchSuccessPolicy %j', ({ rules, met }) => {
    expect(matchSuccessPolicy({ rules }, 10, new Set([0, 1]))).toBe(met);
  });
});

describe('back-off', () => {
  test.each([
    { failures: 0, left: 0 },
    { failures: 1, left: 10_000 },
    { failures: 3, left: 40_000 },
    { failures: 20, left: 600_000 },
  ])('after $failures failures', ({ failures, left }) => {
    expect(remainingPauseMs({ failures, lastFailureMs: NOW }, NOW)).toBe(left);
  });
  test('a success starts over', () => {
    const before = { failures: 4, lastFailureMs: NOW };
    expect(withNewPods(before, [done('a')], [], NOW)).toEqual(NO_FAILURES);
    expect(withNewPods(before, [], [failed('b')], NOW).failures).toBe(5);
  });
});

describe('tracking', () => {
  test('an ended pod is named first, counted when its finalizer is gone', () => {
    const of = job({ completions: 2 });
    const pods = [done('a'), failed('b'), worker('c')];
    const { status, release } = trackPods(view(of, pods), {}, undefined);
    expect(release.map((p) => p.metadata.name)).toEqual(['a', 'b']);
    expect(status).toMatchObject({ succeeded: 0, uncountedTerminatedPods: { succeeded: ['uid-of-a'], failed: ['uid-of-b'] } });
    expect(countReleased(status, new Set(['uid-of-b']))).toMatchObject({
      succeeded: 1,
      failed: 0,
      uncountedTerminatedPods: { failed: ['uid-of-b'] },
    });
  });

  test('a pod is not counted again while the informer lags behind', () => {
    const of = job({ completions: 2 }, { succeeded: 1 });
    const { succeeded } = view(of, [done('a')], new Set(['uid-of-a']));
    expect(succeeded).toBe(1);
  });

  test('a failed index keeps its last pod until a new one is made', () => {
    const of = job({ ...INDEXED, completions: 2, backoffLimitPerIndex: 2 });
    expect(trackPods(view(of, [failed('a', 1, 0)]), {}, undefined).release).toEqual([]);
    const replacement = newJobPod(of, 0, failed('a', 1, 0));
    expect(replacement.metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' });
  });

  test('once the Job failed, what still runs failed too', () => {
    const of = job({ backoffLimit: 0, completions: 3 });
    const seen = view(of, [failed('a'), worker('b')]);
    expect(trackPods(seen, {}, seen.end).status.uncountedTerminatedPods?.failed).toEqual(['uid-of-a', 'uid-of-b']);
  });
});

test.each([
  { ttl: 30, type: 'Complete', expected: at('00:00:40') },
  { ttl: 0, type: 'Failed', expected: at('00:00:10') },
  { ttl: 30, type: 'Suspended', expected: undefined },
])('ttlSecondsAfterFinished $ttl after $type', ({ ttl, type, expected }) => {
  const conditions = [{ type, status: 'True', lastTransitionTime: '2026-01-01T00:00:10Z' }];
  expect(expiryMs(job({ ttlSecondsAfterFinished: ttl }, { conditions }))).toBe(expected);
});

describe('whole runs', () => {
  const create = (
    cluster: Awaited<ReturnType<typeof startedCluster>>,
    spec: Partial<JobSpec>,
    annotations: Readonly<Record<string, string>> = {},
  ) =>
    cluster.client.create('batch/v1/Job', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'work', namespace: NAMESPACE },
      spec: {
        completions: 1,
        template: { ...template('b:1', annotations), spec: { ...template().spec, restartPolicy: 'Never' } },
        ...spec,
      },
    });
  const live = (cluster: Awaited<ReturnType<typeof startedCluster>>) =>
    cluster.client.get('batch/v1/Job', 'work', { namespace: NAMESPACE });

  test('all pods succeed; each is counted once', async () => {
    const cluster = await startedCluster();
    await create(cluster, { completions: 5, parallelism: 2 });
    await cluster.clock.advance(30_000);
    const { status } = await live(cluster);
    expect(status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(status?.conditions?.map((c) => c.type)).toEqual(['SuccessCriteriaMet', 'Complete']);
    expect((await cluster.client.list('v1/Pod')).items.flatMap((p) => p.metadata.finalizers ?? [])).toEqual([]);
    expect(await told(cluster, 'Job')).toContain('Completed: Job completed');
    await cluster.stop();
  });

  test('failures with back-off, then BackoffLimitExceeded', async () => {
    const cluster = await startedCluster();
    await create(cluster, { backoffLimit: 2 }, { 'sim/exit': '1' });
    await cluster.clock.advance(9_000);
    expect((await live(cluster)).status).toMatchObject({ failed: 1 });
    await cluster.clock.advance(60_000);
    expect((await live(cluster)).status).toMatchObject({
      failed: 3,
      conditions: [{ type: 'FailureTarget' }, { type: 'Failed', reason: 'BackoffLimitExceeded' }],
    });
    await cluster.stop();
  });

  test('gone some time after its end', async () => {
    const cluster = await startedCluster();
    await create(cluster, { ttlSecondsAfterFinished: 20 });
    await cluster.clock.advance(10_000);
    expect((await cluster.client.list('batch/v1/Job')).items).toHaveLength(1);
    await cluster.clock.advance(20_000);
    expect((await cluster.client.list('batch/v1/Job')).items).toHaveLength(0);
    expect((await cluster.client.list('v1/Pod')).items).toHaveLength(0);
    await cluster.stop();
  });
});
