import { describe, expect, test } from 'vitest';
import type { BehaviourDocument } from '../../../src/cluster/kubelet/runtime/simulated/behaviour.ts';
import { AT_ONCE } from '../../../src/cluster/kubelet/runtime/simulated/documents.ts';
import { kubeletCluster, podOn, summary } from './cluster.ts';

const owner = { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true }] };

/**
 * A second for each step: Running after one, Ready after another, gone a second after the deletion; a Job's pod succeeds a second after
 * it was ready. The annotation `jibe.example/behaviour` says `never-ready`, `crash`, `image-error` or (of a Job's pod) `runs-on`.
 */
const STEP_BY_STEP: BehaviourDocument = {
  kubelet: { like: 'kwok', config: true },
  commands: false,
  rules: [
    { then: { pull: { duration: '0s' }, start: '1s', ready: '1s', exit: 'never', stop: { after: '1s', code: 137 } } },
    { when: { owner: 'Job' }, then: { exit: { code: 0, after: '2s' } } },
    { when: { annotations: { 'jibe.example/behaviour': ['never-ready', 'runs-on'] } }, then: { exit: 'never' } },
    { when: { annotations: { 'jibe.example/behaviour': ['never-ready', 'crash'] } }, then: { ready: 'never' } },
    { when: { annotations: { 'jibe.example/behaviour': 'crash' } }, then: { exit: { code: 1, after: '1s' } } },
    { when: { annotations: { 'jibe.example/behaviour': 'image-error' } }, then: { pending: true } },
  ],
};

interface Case {
  readonly situation: string;
  readonly pod: Parameters<typeof podOn>;
  readonly at: readonly number[];
  readonly shows: readonly string[];
}

const atOnce: readonly Case[] = [
  { situation: 'runs and is ready', pod: ['x'], at: [0.1], shows: ['0.1s Running ready=True app:running/0'] },
  { situation: 'sim/pending', pod: ['x', {}, { annotations: { 'sim/pending': '' } }], at: [60], shows: ['60s Pending ready=-'] },
  {
    situation: 'sim/unready',
    pod: ['x', {}, { annotations: { 'sim/unready': '' } }],
    at: [60],
    shows: ['60s Running ready=False app:running/0'],
  },
  {
    situation: 'a Job succeeds',
    pod: ['x', { restartPolicy: 'Never' }, owner],
    at: [0.1],
    shows: ['0.1s Succeeded ready=False app:Completed(0)/0'],
  },
  {
    situation: 'sim/run',
    pod: ['x', { restartPolicy: 'Never' }, { ...owner, annotations: { 'sim/run': '' } }],
    at: [60],
    shows: ['60s Running ready=True app:running/0'],
  },
  {
    situation: 'sim/exit ends the pod whatever its restartPolicy',
    pod: ['x', {}, { annotations: { 'sim/exit': '7' } }],
    at: [0.1],
    shows: ['0.1s Failed ready=False app:Error(7)/0'],
  },
];

const stepByStep: readonly Case[] = [
  {
    situation: 'a second for each step',
    pod: ['x'],
    at: [0.9, 1.1, 1.9, 2.1],
    shows: [
      '0.9s Pending ready=-',
      '1.1s Running ready=False app:running/0',
      '1.9s Running ready=False app:running/0',
      '2.1s Running ready=True app:running/0',
    ],
  },
  {
    situation: 'never-ready',
    pod: ['x', {}, { annotations: { 'jibe.example/behaviour': 'never-ready' } }],
    at: [60],
    shows: ['60s Running ready=False app:running/0'],
  },
  {
    situation: 'crash: restarted, and held back',
    pod: ['x', {}, { annotations: { 'jibe.example/behaviour': 'crash' } }],
    at: [1.5, 4.5],
    shows: ['1.5s Running ready=False app:running/0', '4.5s Running ready=False app:CrashLoopBackOff/1'],
  },
  {
    situation: 'crash with restartPolicy Never',
    pod: ['x', { restartPolicy: 'Never' }, { annotations: { 'jibe.example/behaviour': 'crash' } }],
    at: [2.5],
    shows: ['2.5s Failed ready=False app:Error(1)/0'],
  },
  {
    situation: 'image-error',
    pod: ['x', {}, { annotations: { 'jibe.example/behaviour': 'image-error' } }],
    at: [60],
    shows: ['60s Pending ready=-'],
  },
  {
    situation: 'a Job succeeds a second after it was ready',
    pod: ['x', { restartPolicy: 'Never' }, owner],
    at: [2.5, 3.5],
    shows: ['2.5s Running ready=True app:running/0', '3.5s Succeeded ready=False app:Completed(0)/0'],
  },
  {
    situation: 'configuration that is missing',
    pod: ['x', { volumes: [{ name: 'v', configMap: { name: 'missing' } }] }],
    at: [60],
    shows: ['60s Pending ready=-'],
  },
];

describe.each([
  ['at once', AT_ONCE, atOnce],
  ['step by step', STEP_BY_STEP, stepByStep],
] as const)('%s', (_name, document, cases) => {
  test.each(cases)('$situation', async ({ pod, at, shows }) => {
    const { create, watch, errors, told } = await kubeletCluster(document);
    await create(podOn(...pod));
    expect(await watch('x', ...at)).toEqual(shows);
    expect(errors).toEqual([]);
    expect(await told()).toEqual([]);
  });
});

test('at once: annotations that come and go change what a pod does', async () => {
  const { create, watch, client, get } = await kubeletCluster(AT_ONCE);
  const annotate = (annotations: Record<string, string | null>) =>
    client.patch('v1/Pod', 'x', { metadata: { annotations } }, { type: 'merge', namespace: 'default' });
  await create(podOn('x', {}, { annotations: { 'sim/pending': '' } }));
  await watch('x', 1);
  await annotate({ 'sim/pending': null });
  expect(await watch('x', 2)).toEqual(['2s Running ready=True app:running/0']);
  await annotate({ 'sim/unready': '' });
  expect(await watch('x', 3)).toEqual(['3s Running ready=False app:running/0']);
  await annotate({ 'sim/unready': null });
  expect(await watch('x', 4)).toEqual(['4s Running ready=True app:running/0']);
  await annotate({ 'sim/linger': '' });
  await client.delete('v1/Pod', 'x', { namespace: 'default' });
  await watch('x', 5);
  expect(summary(await get('x'))).toBe('Running ready=True app:running/0');
  await annotate({ 'sim/linger': null });
  expect(await watch('x', 6)).toEqual(['6s gone']);
});

test('at once: an unready pod says so without names', async () => {
  const { create, watch, get } = await kubeletCluster(AT_ONCE);
  await create(podOn('x', {}, { annotations: { 'sim/unready': '' } }));
  await watch('x', 1);
  const conditions = (await get('x')).status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]);
  expect(conditions).toEqual([
    ['Initialized', 'True', undefined, undefined],
    ['Ready', 'False', 'ContainersNotReady', 'containers with unready status'],
    ['ContainersReady', 'False', 'ContainersNotReady', 'containers with unready status'],
  ]);
});

test('step by step: a deleted pod is gone a second later, a Job first fails', async () => {
  const { create, watch, client, runtime } = await kubeletCluster(STEP_BY_STEP);
  expect(runtime.name).toBe('simulated');
  await create(podOn('x'));
  await create(podOn('j', { restartPolicy: 'Never' }, { ...owner, annotations: { 'jibe.example/behaviour': 'runs-on' } }));
  await watch('x', 3);
  const phases: string[] = [];
  const seen = await client.watch('v1/Pod', { namespace: 'default' });
  await client.delete('v1/Pod', 'x', { namespace: 'default' });
  await client.delete('v1/Pod', 'j', { namespace: 'default' });
  const follow = (async () => {
    for (let e = await seen.next(); e; e = await seen.next()) phases.push(`${e.type} ${e.object.metadata.name} ${e.object.status?.phase}`);
  })();
  expect(await watch('x', 3.9, 4.1)).toEqual(['3.9s Running ready=True app:running/0', '4.1s gone']);
  seen.cancel();
  await follow;
  expect(phases.filter((p) => p.startsWith('DELETED') || p.includes('Failed'))).toEqual(
    expect.arrayContaining(['DELETED x Running', 'MODIFIED j Failed', 'DELETED j Failed']),
  );
});
