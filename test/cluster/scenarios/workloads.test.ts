// What takes Kubernetes minutes, hours or days, in moments.
import { describe, expect, test } from 'vitest';
import type { Job } from '#api/batch/v1';
import { MINUTE, readyOf, scenario, SECOND, selector, template, type World } from './world.ts';

const DEPLOYMENT = 'apps/v1/Deployment';
const STATEFUL_SET = 'apps/v1/StatefulSet';
const POD = 'v1/Pod';
const JOB = 'batch/v1/Job';
const CRON_JOB = 'batch/v1/CronJob';

const names = (objects: readonly { readonly metadata: { readonly name: string } }[]): string[] =>
  objects.map((o) => o.metadata.name).sort();
/** Annotations that make a container end with a code. */
const exits = (code: number, after = '1s') => ({ annotations: { 'jibe.dev/behaviour-exit': `${code} after ${after}` } });

describe('Deployment', () => {
  test('a bad image ends in ProgressDeadlineExceeded after 600 seconds, and undoing it heals', () =>
    scenario(async (world) => {
      await world.make(DEPLOYMENT, 'web', { spec: { replicas: 3, selector, template: template() } });
      await world.advance(MINUTE);
      const bad = { containers: [{ name: 'app', image: 'example.test/app:bad' }] };
      const annotations = { 'jibe.dev/behaviour-pull-error': 'not found' };
      await world.patch(DEPLOYMENT, 'web', { spec: { template: { metadata: { annotations }, spec: bad } } });
      const progress = async () => {
        const { status } = await world.get(DEPLOYMENT, 'web');
        const { status: holds, reason } = status?.conditions?.find((c) => c.type === 'Progressing') ?? {};
        return `${holds} ${reason}, ${status?.availableReplicas} available`;
      };
      await world.advance(595 * SECOND);
      expect(await progress()).toBe('True ReplicaSetUpdated, 3 available');
      await world.advance(10 * SECOND);
      expect(await progress()).toBe('False ProgressDeadlineExceeded, 3 available');
      // as `kubectl rollout undo` does: the template of the former revision
      const [former] = (await world.list('apps/v1/ReplicaSet')).filter(
        (set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'] === '1',
      );
      const { 'pod-template-hash': _, ...labels } = former!.spec!.template!.metadata!.labels!;
      const restored = { ...former!.spec!.template, metadata: { labels } };
      await world.client.patch(DEPLOYMENT, 'web', [{ op: 'replace', path: '/spec/template', value: restored }], {
        type: 'json',
        namespace: 'default',
      });
      await world.advance(MINUTE);
      expect(await progress()).toBe('True NewReplicaSetAvailable, 3 available');
      expect((await world.get(DEPLOYMENT, 'web')).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
      expect(readyOf(await world.list(POD))).toHaveLength(3);
    }));
});

describe('StatefulSet', () => {
  const set = (spec: object = {}) => ({ spec: { replicas: 3, serviceName: 'web', selector, template: template(), ...spec } });
  const image = (tag: string) => ({ spec: { template: { spec: { containers: [{ name: 'app', image: `example.test/app:${tag}` }] } } } });
  const images = async (world: World): Promise<string[]> =>
    (await world.list(POD)).map((p) => `${p.metadata.name} ${p.spec.containers[0]?.image?.split(':')[1]}`).sort();

  test('one after the other up, from the top down to the partition, and all of them without it', () =>
    scenario(async (world) => {
      await world.make(STATEFUL_SET, 'web', set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }));
      await world.until(async () => readyOf(await world.list(POD)).length === 3);
      const created = (await world.list(POD)).map((p) => [p.metadata.name, p.metadata.creationTimestamp] as const).sort();
      expect(created.map(([name]) => name)).toEqual(['web-0', 'web-1', 'web-2']);
      expect(new Set(created.map(([, time]) => time)).size).toBe(3);
      await world.patch(STATEFUL_SET, 'web', image('2'));
      await world.advance(MINUTE);
      expect(await images(world)).toEqual(['web-0 1', 'web-1 1', 'web-2 2']);
      await world.patch(STATEFUL_SET, 'web', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
      await world.advance(2 * MINUTE);
      expect(await images(world)).toEqual(['web-0 2', 'web-1 2', 'web-2 2']);
      const { status } = await world.get(STATEFUL_SET, 'web');
      expect(status?.currentRevision).toBe(status?.updateRevision);
    }));

  test('a pod that failed is made again under its name', () =>
    scenario(async (world) => {
      await world.make(STATEFUL_SET, 'web', set({ replicas: 2 }));
      await world.until(async () => readyOf(await world.list(POD)).length === 2);
      const { uid } = (await world.get(POD, 'web-0')).metadata;
      await world.client.patch(
        POD,
        'web-0',
        { status: { phase: 'Failed', reason: 'Evicted' } },
        { type: 'strategic', namespace: 'default', subresource: 'status' },
      );
      const isNew = async () => (await world.list(POD)).some(({ metadata }) => metadata.name === 'web-0' && metadata.uid !== uid);
      await world.until(async () => readyOf(await world.list(POD)).length === 2 && (await isNew()));
      expect(await world.told('StatefulSet')).toContain('SuccessfulDelete: Delete Pod web-0 in StatefulSet web successful');
    }));

  test.each([
    { whenScaled: 'Retain', whenDeleted: 'Delete', scaled: ['data-web-0', 'data-web-1', 'data-web-2'], deleted: [] },
    { whenScaled: 'Delete', whenDeleted: 'Retain', scaled: ['data-web-0'], deleted: ['data-web-0'] },
  ])('scaled down from the top; claims: whenScaled $whenScaled, whenDeleted $whenDeleted', ({ scaled, deleted, ...policy }) =>
    scenario(async (world) => {
      const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }];
      await world.make(STATEFUL_SET, 'web', set({ volumeClaimTemplates, persistentVolumeClaimRetentionPolicy: policy }));
      await world.until(async () => readyOf(await world.list(POD)).length === 3);
      await world.patch(STATEFUL_SET, 'web', { spec: { replicas: 1 } });
      await world.advance(300);
      const leaving = (await world.list(POD)).filter(({ metadata }) => metadata.deletionTimestamp);
      expect(names(leaving)).toEqual(['web-2']);
      await world.advance(2 * MINUTE);
      expect(names(await world.list(POD))).toEqual(['web-0']);
      expect(names(await world.list('v1/PersistentVolumeClaim'))).toEqual(scaled);
      await world.remove(STATEFUL_SET, 'web');
      await world.advance(2 * MINUTE);
      expect(names(await world.list('v1/PersistentVolumeClaim'))).toEqual(deleted);
    }),
  );
});

describe('DaemonSet', () => {
  test('over taints: not where they are not tolerated, gone with NoExecute, back without', () =>
    scenario(async (world) => {
      const taint = (node: string, taints: readonly object[]) => world.patch('v1/Node', node, { spec: { taints } });
      await taint('node-3', [{ key: 'own', effect: 'NoSchedule' }]);
      await world.make('apps/v1/DaemonSet', 'each', { spec: { selector, template: template() } });
      const places = async () => (await world.list(POD)).map((p) => p.spec.nodeName).sort();
      await world.advance(20 * SECOND);
      expect(await places()).toEqual(['node-1', 'node-2']);
      await taint('node-2', [{ key: 'own', effect: 'NoExecute' }]);
      await world.advance(MINUTE);
      expect(await places()).toEqual(['node-1']);
      const tolerations = [{ key: 'own', operator: 'Exists' }];
      await world.patch('apps/v1/DaemonSet', 'each', { spec: { template: { spec: { tolerations } } } });
      await world.advance(MINUTE);
      expect(await places()).toEqual(['node-1', 'node-2', 'node-3']);
      expect((await world.get('apps/v1/DaemonSet', 'each')).status).toMatchObject({ desiredNumberScheduled: 3, numberReady: 3 });
    }));
});

describe('Job', () => {
  const job = (spec: object, metadata: object = exits(0)) => ({
    spec: { ...spec, template: { metadata, spec: { ...template().spec, restartPolicy: 'Never' } } },
  });
  const conditions = ({ status }: Job): string[] => (status?.conditions ?? []).map((c) => `${c.type} ${c.reason}`);

  test('Indexed: every index once, and what succeeded is named', () =>
    scenario(async (world) => {
      await world.make(JOB, 'many', job({ completions: 5, parallelism: 2, completionMode: 'Indexed' }));
      await world.advance(2 * SECOND);
      expect((await world.list(POD)).length).toBe(2);
      await world.advance(MINUTE);
      const done = await world.get(JOB, 'many');
      expect(done.status).toMatchObject({ succeeded: 5, completedIndexes: '0-4' });
      expect(conditions(done)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
    }));

  test('podFailurePolicy: a code of FailJob ends it, one of Ignore does not count', () =>
    scenario(async (world) => {
      const onExitCodes = (values: readonly number[]) => ({ onExitCodes: { operator: 'In', values } });
      const podFailurePolicy = {
        rules: [
          { action: 'FailJob', ...onExitCodes([42]) },
          { action: 'Ignore', ...onExitCodes([7]) },
        ],
      };
      await world.make(JOB, 'fails', job({ backoffLimit: 0, podFailurePolicy }, exits(42)));
      await world.make(JOB, 'ignored', job({ backoffLimit: 0, podFailurePolicy }, exits(7)));
      await world.advance(MINUTE);
      expect(conditions(await world.get(JOB, 'fails'))).toEqual(['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy']);
      const ignored = await world.get(JOB, 'ignored');
      expect(conditions(ignored)).toEqual([]);
      expect(ignored.status?.failed ?? 0).toBe(0);
    }));

  test('backoffLimitPerIndex: an index that fails too often is given up, the others go on', () =>
    scenario(async (world) => {
      // the pod of index 1 fails: its name tells
      const command = ['sh', '-c', 'exit 0'];
      await world.make(JOB, 'each', {
        spec: {
          completions: 3,
          parallelism: 3,
          completionMode: 'Indexed',
          backoffLimitPerIndex: 1,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'example.test/app:1', command }] } },
        },
      });
      for (let s = 0; s < 60; s++) {
        for (const pod of await world.list(POD)) {
          if (pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] !== '1' || pod.status?.phase === 'Failed') continue;
          if (pod.metadata.annotations['jibe.dev/behaviour-exit']) continue;
          await world.patch(POD, pod.metadata.name, { metadata: exits(1) });
        }
        await world.advance(500);
      }
      await world.advance(MINUTE);
      const done = await world.get(JOB, 'each');
      expect(done.status).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1', failed: 2 });
      expect(conditions(done)).toEqual(['FailureTarget FailedIndexes', 'Failed FailedIndexes']);
    }));

  test('ttlSecondsAfterFinished: gone with its pods an hour after its end', () =>
    scenario(async (world) => {
      await world.make(JOB, 'once', job({ ttlSecondsAfterFinished: 3600 }));
      await world.advance(59 * MINUTE);
      expect(names(await world.list(JOB))).toEqual(['once']);
      await world.advance(2 * MINUTE);
      expect(await world.list(JOB)).toEqual([]);
      expect(await world.list(POD)).toEqual([]);
    }));
});

describe('CronJob', () => {
  const cron = (spec: object) => ({
    spec: {
      ...spec,
      jobTemplate: { spec: { template: { metadata: exits(0), spec: { ...template().spec, restartPolicy: 'Never' } } } },
      successfulJobsHistoryLimit: 100,
    },
  });
  /** When each Job was to run, from its name. */
  const scheduled = async (world: World): Promise<string[]> =>
    (await world.list(JOB)).map((j) => new Date(Number(j.metadata.name.split('-').at(-1)) * MINUTE).toISOString().slice(0, 16)).sort();

  test.each([
    {
      situation: 'forward: 02:30 does not exist on that day',
      startMs: Date.UTC(2026, 2, 28, 22),
      hours: 27,
      expected: ['2026-03-30T00:30'],
    },
    {
      situation: 'back: 02:30 comes twice, and so does the Job',
      startMs: Date.UTC(2026, 9, 24, 22),
      hours: 5,
      expected: ['2026-10-25T00:30', '2026-10-25T01:30'],
    },
  ])('over a change to or from daylight saving time, $situation', ({ startMs, hours, expected }) =>
    scenario(
      async (world) => {
        await world.make(CRON_JOB, 'nightly', cron({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }));
        await world.advance(hours * 60 * MINUTE);
        expect(await scheduled(world)).toEqual(expected);
      },
      { nodes: 0, startMs },
    ),
  );

  test('3 missed runs: the last one is made up for, unless its deadline has passed', () =>
    scenario(
      async (world) => {
        await world.make(CRON_JOB, 'late', cron({ schedule: '*/10 * * * *', suspend: true }));
        await world.make(CRON_JOB, 'strict', cron({ schedule: '*/10 * * * *', suspend: true, startingDeadlineSeconds: 60 }));
        await world.advance(35 * MINUTE);
        for (const name of ['late', 'strict']) await world.patch(CRON_JOB, name, { spec: { suspend: false } });
        await world.advance(10 * SECOND);
        expect((await world.list(JOB)).map((j) => j.metadata.ownerReferences?.[0]?.name)).toEqual(['late']);
        expect(await scheduled(world)).toEqual(['2026-01-01T00:30']);
        await world.advance(5 * MINUTE);
        expect(await scheduled(world)).toEqual(['2026-01-01T00:30', '2026-01-01T00:40', '2026-01-01T00:40']);
      },
      { nodes: 1 },
    ));
});
