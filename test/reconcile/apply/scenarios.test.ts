// Waves, hooks and pruning, each told as what happened in which order: the steps that a sync takes and what is left in the end.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepare } from '../../../src/reconcile/prepare.ts';
import { NO_POLICY, type SyncPolicy } from '../../../src/reconcile/plan/sync-policy.ts';
import { selection } from '../../../src/reconcile/plan/selection.ts';
import { sync, type SyncOptions } from '../../../src/reconcile/sync.ts';
import type { SyncResult } from '../../../src/reconcile/report/result.ts';
import { Embedded } from '../embedded.ts';

let embedded: Embedded;
beforeEach(async () => {
  embedded = await Embedded.start();
});
afterEach(() => embedded.stop());

const ARGO: SyncPolicy = { ...NO_POLICY, prunes: 'in waves', options: ['PrunePropagationPolicy=foreground'] };

interface Ran {
  readonly result: SyncResult;
  /** What was done, in the order in which it was. */
  readonly steps: readonly string[];
}

async function run(more: Partial<SyncOptions> = {}): Promise<Ran> {
  const prepared = await prepare({ location: embedded.directory }, embedded.deps);
  const steps: string[] = [];
  const options: SyncOptions = {
    app: 'app',
    namespace: 'default',
    prune: 'safe',
    timeoutMs: 300_000,
    signal: new AbortController().signal,
    policy: ARGO,
    onProgress: (event) => {
      if (event.type === 'applied') steps.push(`${event.outcome.action} ${event.outcome.planned.id.name}`);
    },
    ...more,
  };
  return { result: await embedded.cluster.run(sync(embedded.engine, prepared, options)), steps };
}

/** The Jobs and Pods that are there, deleted ones and those of Jobs left out. */
async function left(): Promise<string[]> {
  const [jobs, pods, maps] = await Promise.all([
    embedded.engine.client.list('batch/v1/Job', { namespace: 'default' }),
    embedded.engine.client.list('v1/Pod', { namespace: 'default' }),
    embedded.engine.client.list('v1/ConfigMap', { namespace: 'default' }),
  ]);
  return [...jobs.items, ...pods.items.filter(({ metadata }) => !metadata.ownerReferences), ...maps.items]
    .filter(({ metadata }) => !metadata.deletionTimestamp && metadata.name !== 'kube-root-ca.crt')
    .map(({ metadata }) => metadata.name)
    .sort();
}

const annotated = (annotations: string): string => `annotations: {${annotations}}`;
const hookIs = (phases: string, more = ''): string => annotated(`argocd.argoproj.io/hook: "${phases}"${more}`);
const inWave = (wave: number, more = ''): string => annotated(`argocd.argoproj.io/sync-wave: "${wave}"${more}`);
const policies = (text: string): string => `, argocd.argoproj.io/hook-delete-policy: "${text}"`;
const job = (name: string, metadata: string, command = 'sleep 2', naming = 'name'): string => `---
apiVersion: batch/v1
kind: Job
metadata: {${naming}: ${name}, ${metadata}}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sh, -c, "${command}"]}]}}}
`;
const configMap = (name: string, metadata = '', value = 'a'): string => `---
apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, ${metadata}}
data: {value: "${value}"}
`;
const pod = (name: string, metadata = '', command = 'sleep 1'): string => `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, ${metadata}}
spec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sh, -c, "${command}"]}]}
`;
const FAIL = 'exit 1';

interface Row {
  readonly what: string;
  /** Synced before, if anything is. */
  readonly before?: string;
  readonly manifests: string;
  readonly options?: Partial<SyncOptions>;
  readonly steps: readonly string[];
  readonly left: readonly string[];
  readonly sync?: 'Synced' | 'OutOfSync';
}

const ROWS: readonly Row[] = [
  {
    what: 'phases, then waves, negative ones first',
    manifests: `${job('post', hookIs('PostSync'))}${configMap('b', inWave(1))}${configMap('a', inWave(-5))}${job('pre', hookIs('PreSync'))}${configMap('plain')}`,
    steps: ['created pre', 'created a', 'created plain', 'created b', 'created post'],
    left: ['a', 'b', 'plain', 'post', 'pre'],
  },
  {
    what: 'a PreSync hook that fails keeps everything back, and the SyncFail hook runs',
    manifests: `${job('pre', hookIs('PreSync'), FAIL)}${configMap('a')}${job('post', hookIs('PostSync'))}${job('alarm', hookIs('SyncFail'))}`,
    steps: ['failed pre', 'skipped a', 'skipped post', 'created alarm'],
    left: ['alarm', 'pre'],
    sync: 'OutOfSync',
  },
  {
    what: 'a wave that degrades stops the sync, and the SyncFail hook runs',
    manifests: `${pod('bad', inWave(0), FAIL)}${configMap('next', inWave(1))}${job('alarm', hookIs('SyncFail'))}`,
    steps: ['created bad', 'skipped next', 'created alarm'],
    left: ['alarm', 'bad'],
    sync: 'OutOfSync',
  },
  {
    what: 'the last wave is waited for, too, where there are several',
    manifests: `${configMap('first', inWave(0))}${pod('bad', inWave(1), FAIL)}${job('alarm', hookIs('SyncFail'))}`,
    steps: ['created first', 'created bad', 'created alarm'],
    left: ['alarm', 'bad', 'first'],
    sync: 'Synced',
  },
  {
    what: 'without a failure the SyncFail hook does not run',
    manifests: `${configMap('a')}${job('alarm', hookIs('SyncFail'))}`,
    steps: ['created a', 'skipped alarm'],
    left: ['a'],
  },
  {
    what: 'hooks of a wave run beside its objects, and the next wave waits for both',
    manifests: `${job('during', hookIs('Sync'), 'sleep 20')}${configMap('a')}${configMap('later', inWave(1))}`,
    steps: ['created a', 'created during', 'created later'],
    left: ['a', 'during', 'later'],
  },
  {
    what: 'a hook of two phases runs twice, made anew',
    manifests: `${job('both', hookIs('PreSync,PostSync'))}${configMap('a')}`,
    steps: ['created both', 'created a', 'created both'],
    left: ['a', 'both'],
  },
  {
    what: 'a hook of no known phase is none of the sync',
    manifests: `${job('odd', hookIs('Sometime'))}${job('skip', hookIs('Skip'))}${configMap('a')}`,
    steps: ['skipped odd', 'skipped skip', 'created a'],
    left: ['a'],
  },
  {
    what: 'hooks are deleted once the whole sync has succeeded, if that is their policy',
    manifests: `${job('pre', hookIs('PreSync', policies('HookSucceeded')))}${job('kept', hookIs('PreSync', policies('HookFailed')))}${configMap('a')}`,
    steps: ['created kept', 'created pre', 'created a'],
    left: ['a', 'kept'],
  },
  {
    what: 'and those of the other policy when it has failed',
    manifests: `${job('pre', hookIs('PreSync', policies('HookSucceeded')))}${job('gone', hookIs('PreSync', policies('HookFailed')))}${job('post', hookIs('PostSync', policies('HookSucceeded,HookFailed')), FAIL)}${configMap('a')}`,
    steps: ['created gone', 'created pre', 'created a', 'failed post'],
    left: ['a', 'pre'],
    sync: 'OutOfSync',
  },
  {
    what: 'a hook that something else deletes once it has ended did end',
    manifests: `${job('quick', hookIs('PreSync')).replace('backoffLimit: 0', 'backoffLimit: 0, ttlSecondsAfterFinished: 0')}${configMap('a')}`,
    steps: ['created quick', 'created a'],
    left: ['a'],
  },
  {
    what: 'a hook without a name of its own is called after the phase and the time',
    manifests: `${job('migrate-', hookIs('PostSync'), 'sleep 1', 'generateName')}${configMap('a')}`,
    steps: ['created a', 'created migrate-'],
    left: ['a', 'migrate-postsync-1767225600'],
  },
  {
    what: 'pruning goes in the opposite order of waves, before what comes in',
    before: `${configMap('a', inWave(1))}${configMap('b', inWave(2))}${configMap('c', inWave(3))}`,
    manifests: configMap('new', inWave(2)),
    steps: ['pruned c', 'pruned b', 'created new', 'pruned a'],
    left: ['new'],
  },
  {
    what: 'PruneLast goes behind all waves',
    before: `${configMap('a', inWave(1, ', argocd.argoproj.io/sync-options: PruneLast=true'))}${configMap('b', inWave(2))}`,
    manifests: `${configMap('new', inWave(5))}${job('post', hookIs('PostSync'))}`,
    steps: ['pruned b', 'created new', 'pruned a', 'created post'],
    left: ['new', 'post'],
  },
  {
    what: 'a failing wave leaves what would be pruned last',
    before: configMap('a', inWave(0, ', argocd.argoproj.io/sync-options: PruneLast=true')),
    manifests: pod('bad', inWave(0), FAIL),
    steps: ['created bad', 'skipped a'],
    left: ['a', 'bad'],
    sync: 'OutOfSync',
  },
  {
    what: 'outside of Argo CD pruning comes last',
    before: `${configMap('a', inWave(1))}${configMap('b', inWave(2))}`,
    manifests: configMap('new'),
    options: { policy: NO_POLICY },
    steps: ['created new', 'pruned b', 'pruned a'],
    left: ['new'],
  },
  {
    what: 'what is not to be pruned, or only if a person says so, stays',
    before: `${configMap('a', annotated('argocd.argoproj.io/sync-options: "Prune=false"'))}${configMap('b', annotated('argocd.argoproj.io/sync-options: "Prune=confirm"'))}${configMap('c', annotated('argocd.argoproj.io/sync-options: "Prune=false", argocd.argoproj.io/compare-options: IgnoreExtraneous'))}`,
    manifests: configMap('d'),
    steps: ['skipped c', 'skipped b', 'skipped a', 'created d'],
    left: ['a', 'b', 'c', 'd'],
    sync: 'OutOfSync',
  },
  {
    what: 'what is extraneous on purpose is no difference',
    before: configMap(
      'c',
      annotated('argocd.argoproj.io/sync-options: "Prune=false", argocd.argoproj.io/compare-options: IgnoreExtraneous'),
    ),
    manifests: configMap('d'),
    steps: ['skipped c', 'created d'],
    left: ['c', 'd'],
  },
  {
    what: "Helm's hooks, by their weight",
    manifests: `${job('two', annotated('helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "2"'))}${job('one', annotated('helm.sh/hook: pre-install, helm.sh/hook-weight: "-1", helm.sh/hook-delete-policy: hook-succeeded'))}${job('test', annotated('helm.sh/hook: test'))}${configMap('a')}`,
    steps: ['skipped test', 'created one', 'created two', 'created a'],
    left: ['a', 'two'],
  },
  {
    what: 'what depends on a single other object (cli-utils)',
    manifests: `${configMap('a', annotated('config.kubernetes.io/depends-on: /namespaces/default/Pod/b'))}${pod('b')}${configMap('c')}`,
    steps: ['created c', 'created b', 'created a'],
    left: ['a', 'b', 'c'],
  },
  {
    what: 'change groups and rules (kapp)',
    manifests: `${configMap('a', annotated('kapp.k14s.io/change-rule.0: "upsert after upserting db"'))}${pod('b', annotated('kapp.k14s.io/change-group: db'))}${configMap('c', annotated('kapp.k14s.io/change-rule: "upsert before upserting db"'))}`,
    steps: ['created c', 'created b', 'created a'],
    left: ['a', 'b', 'c'],
  },
  {
    what: 'removals by rules (kapp): what must be gone before something is made, and in which order the rest goes',
    before: `${configMap('m4', annotated('kapp.k14s.io/change-group: old'))}${configMap('m3', annotated('kapp.k14s.io/change-group: last'))}${configMap('m2', annotated('kapp.k14s.io/change-rule: "delete after deleting last"'))}${configMap('m1', annotated('kapp.k14s.io/change-rule: "delete before upserting new"'))}`,
    manifests: `${configMap('a', annotated('kapp.k14s.io/change-rule: "upsert after deleting old"'))}${configMap('b', annotated('kapp.k14s.io/change-group: new'))}`,
    options: { policy: NO_POLICY },
    steps: ['pruned m4', 'pruned m1', 'created a', 'created b', 'pruned m3', 'pruned m2'],
    left: ['a', 'b'],
  },
  {
    what: 'a removal that takes along what must be gone before it (kapp), and groups named after their objects',
    before: `${configMap('first', annotated('kapp.k14s.io/change-group: "{kind}/{name}"'))}${configMap('second', annotated('kapp.k14s.io/change-rule.0: "delete after deleting ConfigMap/first", kapp.k14s.io/change-rule.1: "delete before upserting new"'))}${configMap('third')}`,
    manifests: configMap('a', annotated('kapp.k14s.io/change-group: new')),
    options: { policy: NO_POLICY },
    steps: ['pruned first', 'pruned second', 'created a', 'pruned third'],
    left: ['a'],
  },
  {
    what: 'removals that wait for each other (kapp)',
    before: `${configMap('m2', annotated('kapp.k14s.io/change-group: mx, kapp.k14s.io/change-rule: "delete after deleting my"'))}${configMap('m3', annotated('kapp.k14s.io/change-group: my, kapp.k14s.io/change-rule: "delete after deleting mx"'))}`,
    manifests: configMap('a'),
    options: { policy: NO_POLICY },
    steps: ['skipped m3', 'skipped m2', 'created a'],
    left: ['a', 'm2', 'm3'],
    sync: 'OutOfSync',
  },
  {
    what: 'strategies (kapp): left alone, made anew, kept, none of ours',
    before: `${configMap('skip', annotated('kapp.k14s.io/update-strategy: skip'), 'old')}${configMap('anew', annotated('kapp.k14s.io/update-strategy: always-replace'), 'old')}${configMap('kept', annotated('kapp.k14s.io/delete-strategy: orphan'))}`,
    manifests: `${configMap('skip', annotated('kapp.k14s.io/update-strategy: skip'), 'new')}${configMap('anew', annotated('kapp.k14s.io/update-strategy: always-replace'), 'new')}${configMap('noop', annotated('kapp.k14s.io/noop: ""'))}`,
    options: { policy: NO_POLICY },
    steps: ['skipped noop', 'skipped kept', 'unchanged skip', 'recreated anew'],
    left: ['anew', 'kept', 'skip'],
  },
  {
    what: 'what others make is waited for (kapp), and what they never make fails',
    manifests: `${configMap('kube-root-ca.crt', annotated('kapp.k14s.io/exists: ""'))}${configMap('a', annotated('kapp.k14s.io/change-rule: "upsert after upserting there"'))}`,
    steps: ['skipped kube-root-ca.crt', 'created a'],
    left: ['a'],
  },
  {
    what: 'what others never make (kapp)',
    manifests: `${configMap('nobody', annotated('kapp.k14s.io/exists: "", kapp.k14s.io/change-group: there'))}${configMap('a', annotated('kapp.k14s.io/change-rule: "upsert after upserting there"'))}`,
    options: { timeoutMs: 30_000 },
    steps: ['failed nobody', 'skipped a'],
    left: [],
    sync: 'OutOfSync',
  },
  {
    what: 'a namespace that names a later wave than what is in it',
    manifests: `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: late, ${inWave(9)}}\n${configMap('a', 'namespace: late')}`,
    steps: ['created late', 'created a'],
    left: [],
  },
  {
    what: 'only what is asked for, and no hooks',
    before: configMap('old'),
    manifests: `${configMap('a')}${configMap('b', 'labels: {tier: front}')}${job('pre', hookIs('PreSync'))}`,
    options: { selects: selection(['configmaps/b'], undefined) },
    steps: ['skipped pre', 'skipped a', 'skipped old', 'created b'],
    left: ['b', 'old'],
  },
  {
    what: 'only what has a label',
    manifests: `${configMap('a')}${configMap('b', 'labels: {tier: front}')}`,
    options: { selects: selection([], 'tier=front') },
    steps: ['skipped a', 'created b'],
    left: ['b'],
  },
  {
    what: 'what is made once and then left alone (Flux)',
    before: configMap('a', annotated('kustomize.toolkit.fluxcd.io/ssa: IfNotPresent'), 'old'),
    manifests: configMap('a', annotated('kustomize.toolkit.fluxcd.io/ssa: IfNotPresent'), 'new'),
    steps: ['unchanged a'],
    left: ['a'],
  },
];

describe('a sync', () => {
  test.each(ROWS)('$what', async ({ before, manifests, options, steps, left: expected, sync: state = 'Synced' }) => {
    if (before !== undefined) {
      embedded.write({ 'x.yaml': before });
      await run();
    }
    embedded.write({ 'x.yaml': manifests });
    const { result, steps: taken } = await run(options);
    expect(taken).toEqual(steps);
    expect(await left()).toEqual(expected);
    expect(result.sync).toBe(state);
  });

  test('that waits for a suspended object does not go on', async () => {
    embedded.write({ 'x.yaml': `${job('first', inWave(0)).replace('backoffLimit: 0', 'suspend: true')}${configMap('next', inWave(1))}` });
    const { result, steps } = await run({ timeoutMs: 60_000 });
    expect(steps).toEqual(['created first', 'skipped next']);
    expect(result.timedOut).toBe(true);
  });

  test('leaves fields alone that are to be ignored', async () => {
    const policy: SyncPolicy = {
      ...ARGO,
      options: ['RespectIgnoreDifferences=true'],
      ignoreDifferences: [
        {
          group: '',
          kind: 'ConfigMap',
          name: '',
          namespace: '',
          jsonPointers: [],
          jqPathExpressions: ['.data["value"]'],
          managedFieldsManagers: [],
        },
      ],
    };
    embedded.write({ 'x.yaml': configMap('a') });
    await run({ policy });
    const person = embedded.cluster.client(undefined, 'kubectl-edit');
    await person.patch('v1/ConfigMap', 'a', { data: { value: 'theirs' } }, { type: 'merge', namespace: 'default' });
    expect((await run({ policy })).steps).toEqual(['unchanged a']);
    embedded.write({ 'x.yaml': configMap('a', 'labels: {tier: front}') });
    expect((await run({ policy })).steps).toEqual(['configured a']);
    expect(await embedded.engine.client.get('v1/ConfigMap', 'a', { namespace: 'default' })).toMatchObject({
      data: { value: 'theirs' },
      metadata: { labels: { tier: 'front' } },
    });
  });

  test('replaces what is to be replaced, whole', async () => {
    const replace = annotated('argocd.argoproj.io/sync-options: Replace=true');
    embedded.write({ 'x.yaml': configMap('a', replace) });
    await run();
    const person = embedded.cluster.client(undefined, 'kubectl-edit');
    await person.patch('v1/ConfigMap', 'a', { data: { more: 'theirs' } }, { type: 'merge', namespace: 'default' });
    expect((await run()).steps).toEqual(['configured a']);
    expect((await embedded.engine.client.get('v1/ConfigMap', 'a', { namespace: 'default' })).data).toEqual({ value: 'a' });
    expect((await run()).steps).toEqual(['unchanged a']);
  });

  test('is told of objects that wait for each other', async () => {
    embedded.write({
      'x.yaml': `${configMap('a', annotated('config.kubernetes.io/depends-on: /namespaces/default/ConfigMap/b'))}${configMap('b', annotated('config.kubernetes.io/depends-on: /namespaces/default/ConfigMap/a'))}`,
    });
    const { result } = await run();
    const chain = 'objects wait for each other in a circle: ConfigMap default/a → ConfigMap default/b → ConfigMap default/a';
    expect(result.errors.map(({ line, message }) => `${line} ${message}`)).toEqual(
      expect.arrayContaining([`4 ConfigMap "a" is refused: ${chain}`, `9 ConfigMap "b" is refused: ${chain}`]),
    );
  });
});

// Manifests in the manner of Argo CD's examples: sync-waves, helm-hooks, pre-post-sync.
const EXAMPLES = path.resolve('test/reconcile/apply/examples');

describe('an example ends as with Argo CD', () => {
  test.each(fs.readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml')))('%s', async (name) => {
    embedded.write({ 'x.yaml': fs.readFileSync(path.join(EXAMPLES, name), 'utf8') });
    const { result, steps } = await run();
    await expect(`${result.sync} ${result.health}\n${steps.join('\n')}\nleft: ${(await left()).join(' ')}\n`).toMatchFileSnapshot(
      path.join(EXAMPLES, name.replace('.yaml', '.output.txt')),
    );
  });
});
