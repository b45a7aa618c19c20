// Several apps of one source, synced together into an embedded cluster.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import { syncApps, type SyncAppsOptions } from '../../../src/reconcile/apps/sync-apps.ts';
import type { SyncResult } from '../../../src/reconcile/report/result.ts';
import { Embedded } from '../embedded.ts';

let embedded: Embedded;
beforeEach(async () => {
  embedded = await Embedded.start();
});
afterEach(() => embedded.stop());

async function run(more: Partial<SyncAppsOptions> = {}, path?: string): Promise<SyncResult> {
  const { tree } = await prepareSource({ location: embedded.directory, ...(path ? { path } : {}) }, embedded.deps, { name: 'source' });
  const options = {
    name: 'source',
    namespace: 'default',
    prune: 'safe',
    timeoutMs: 600_000,
    signal: new AbortController().signal,
    ...more,
  } as const;
  return embedded.cluster.run(syncApps(embedded.engine, tree!, options));
}
const states = ({ apps = [] }: SyncResult): string[] => apps.map(({ app, state, health }) => `${app} ${state} ${health}`);

const jibe = (...apps: readonly string[]): string => `apps:\n${apps.map((app) => `- {${app}}\n`).join('')}`;
const configMap = (name: string, value = 'a'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`;
const pod = (name: string, command: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sh, -c, "${command}"]}]}\n`;
const REPOSITORY = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: here, namespace: flux-system}
spec: {url: ., interval: 1m}
---
`;
const kustomization = (name: string, spec: string): string => `---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec: {path: ./${name}, prune: true, interval: 10m, targetNamespace: default, sourceRef: {kind: GitRepository, name: here}, ${spec}}
`;
const application = (name: string, spec = '', annotations = ''): string => `---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}, namespace: argocd, annotations: {${annotations}}}
spec:
  project: default
  source: {repoURL: ., path: ${name}}
  destination: {server: "https://kubernetes.default.svc", namespace: ${name}}
  syncPolicy: {syncOptions: [CreateNamespace=true], ${spec}}
`;

describe('an app that fails', () => {
  test('holds back what depends on it, and nothing else', async () => {
    embedded.write({
      'jibe.yaml': jibe(
        'name: db, path: db',
        'name: web, path: web, dependsOn: [db]',
        'name: edge, path: edge, dependsOn: [web]',
        'name: other, path: other',
      ),
      'db/db.yaml': pod('db', 'exit 1'),
      'web/web.yaml': configMap('web'),
      'edge/edge.yaml': configMap('edge'),
      'other/other.yaml': configMap('other'),
    });
    const result = await run();
    expect(states(result)).toEqual(['db synced Degraded', 'web heldBack Unknown', 'edge heldBack Unknown', 'other synced Healthy']);
    expect(result.apps!.map(({ message }) => message)).toEqual([
      '',
      'it depends on App/db, which is Degraded',
      'it depends on App/web, which is held back itself',
      '',
    ]);
    expect(result).toMatchObject({ sync: 'OutOfSync', health: 'Unknown' });
  });

  test('is tried again, with growing pauses, until what it lacks is there', async () => {
    embedded.write({
      'jibe.yaml': jibe(
        'name: early, path: early, policies: {retry: {limit: 5, backoff: {duration: 10s, factor: 2}}}',
        'name: slow, path: slow, policies: {wait: true}',
        'name: late, path: late, dependsOn: [slow]',
      ),
      'early/early.yaml': configMap('early').replace('name: early', 'name: early, namespace: late'),
      'slow/slow.yaml': `apiVersion: batch/v1\nkind: Job\nmetadata: {name: slow}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sleep, "45"]}]}}}\n`,
      'late/late.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: late}\n',
    });
    const result = await run();
    expect(states(result)).toEqual(['early synced Healthy', 'slow synced Healthy', 'late synced Healthy']);
    // after 0, 10, 30 and 70 seconds
    expect(result.apps![0]!.attempts).toBe(4);
  });
});

describe('Kustomizations of Flux', () => {
  test('that nobody waits for let others go on once they are applied', async () => {
    embedded.write({
      'flux.yaml': `${REPOSITORY}${kustomization('a', 'wait: false')}${kustomization('b', 'wait: false, dependsOn: [{name: a}]')}${kustomization('c', 'suspend: true')}`,
      'a/a.yaml': pod('a', 'exit 1'),
      'b/b.yaml': configMap('b'),
      'c/c.yaml': configMap('c'),
    });
    expect(states(await run())).toEqual(['a synced Degraded', 'b synced Healthy', 'c suspended Suspended']);
  });

  test('wait for the health that expressions tell', async () => {
    embedded.write({
      'flux.yaml': `${REPOSITORY}${kustomization('a', `wait: true, timeout: 30s, retryInterval: 1h, healthCheckExprs: [{apiVersion: v1, kind: ConfigMap, current: "data.value == 'done'"}]`)}${kustomization('b', 'dependsOn: [{name: a}]')}`,
      'a/a.yaml': configMap('a', 'todo'),
      'b/b.yaml': configMap('b'),
    });
    expect(states(await run())).toEqual(['a synced Progressing', 'b heldBack Unknown']);
    embedded.write({ 'a/a.yaml': configMap('a', 'done') });
    expect(states(await run())).toEqual(['a synced Healthy', 'b synced Healthy']);
  });

  test('want a namespace for every object', async () => {
    embedded.write({
      'flux.yaml': `${REPOSITORY}${kustomization('a', '').replace('targetNamespace: default, ', '')}`,
      'a/a.yaml': configMap('a'),
    });
    expect((await run()).errors).toMatchObject([{ file: 'a/a.yaml', line: 1, message: 'ConfigMap "a": namespace not specified' }]);
  });

  test('leave what they do not prune', async () => {
    const files = {
      'flux.yaml': `${REPOSITORY}${kustomization('a', '').replace('prune: true', 'prune: false')}`,
      'a/a.yaml': configMap('a'),
      'a/b.yaml': configMap('b'),
    };
    embedded.write(files);
    await run();
    embedded.remove('a/b.yaml');
    const result = await run();
    expect(result.resources.map(({ name, action, app }) => `${app} ${name} ${action}`)).toEqual(['a a unchanged', 'a b skipped']);
  });

  test('without a namespace and with variables of a ConfigMap of the same source', async () => {
    embedded.write({
      'flux.yaml': `${REPOSITORY}${kustomization('a', '')}${kustomization('b', 'dependsOn: [{name: a}], commonMetadata: {labels: {team: x}}, postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}], substitute: {who: me}}')}`,
      'a/vars.yaml': configMap('vars', 'seven').replace('name: vars', 'name: vars, namespace: flux-system'),
      'b/b.yaml': configMap('b', '${value}-${who}'),
    });
    // targetNamespace moves the ConfigMap too
    const result = await run();
    expect(result.errors.map(({ message }) => message)).toEqual([
      'Kustomization/flux-system/b: there is no ConfigMap flux-system/vars to take variables from',
    ]);
    embedded.write({ 'a/ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n' });
    embedded.write({
      'flux.yaml': `${REPOSITORY}${kustomization('a', '').replace('targetNamespace: default, ', '')}${kustomization('b', 'dependsOn: [{name: a}], commonMetadata: {labels: {team: x}}, postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}], substitute: {who: me}}')}`,
    });
    expect(states(await run())).toEqual(['a synced Healthy', 'b synced Healthy']);
    const made = await embedded.engine.client.get('v1/ConfigMap', 'b', { namespace: 'default' });
    expect({ data: made.data, team: made.metadata.labels!['team'] }).toEqual({ data: { value: 'seven-me' }, team: 'x' });
  });
});

describe('Applications of Argo CD', () => {
  test('share a namespace that nobody owns, and follow waves only where they are judged', async () => {
    const files = {
      'apps/apps.yaml': `${application('a', '', 'argocd.argoproj.io/sync-wave: "0"')}${application('b', '', 'argocd.argoproj.io/sync-wave: "1"').replace('namespace: b', 'namespace: a')}`,
      'a/a.yaml': pod('a', 'exit 1'),
      'b/b.yaml': configMap('b'),
    };
    embedded.write(files);
    expect(states(await run({}, 'apps'))).toEqual(['a synced Degraded', 'b synced Healthy']);
    embedded.write({
      'apps/cm.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {resource.customizations.health.argoproj.io_Application: "…"}\n',
    });
    expect(states(await run({}, 'apps'))).toEqual(['source synced Healthy', 'a synced Degraded', 'b heldBack Unknown']);
  });

  test('beyond what is rendered here are told', async () => {
    embedded.write({
      'apps.yaml': `${application('chart').replace('path: chart', 'chart: redis, targetRevision: "1"')}${application('far').replace('https://kubernetes.default.svc', 'https://far')}${application('here')}`,
      'here/x.yaml': configMap('x'),
    });
    const result = await run();
    expect(states(result)).toEqual(['chart notRendered Unknown', 'far notRendered Unknown', 'here synced Healthy']);
    expect(result.sync).toBe('OutOfSync');
    expect(result.apps!.map(({ message }) => message)).toEqual([
      'the chart redis of . is not fetched: --allow-remote allows it',
      'it goes to another cluster (https://far)',
      '',
    ]);
  });

  test('are held to their project', async () => {
    embedded.write({
      'apps.yaml': `${application('a').replace('project: default', 'project: p')}---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: p, namespace: argocd}
spec:
  sourceRepos: ["."]
  destinations: [{server: "*", namespace: "a*"}]
  namespaceResourceBlacklist: [{group: "", kind: ConfigMap}]
`,
      'a/x.yaml': configMap('x'),
    });
    const result = await run();
    expect(result.errors).toMatchObject([{ file: 'a/x.yaml', line: 1, message: 'resource ConfigMap is not permitted in project p' }]);
    expect(states(result)).toEqual(['a failed Unknown']);
  });

  test('one of them alone, whatever it depends on', async () => {
    embedded.write({ 'apps.yaml': `${application('a')}${application('b')}`, 'a/x.yaml': configMap('x'), 'b/x.yaml': configMap('x') });
    expect(states(await run({ only: 'b' }))).toEqual(['b synced Healthy']);
  });
});

describe('an app that the source defines no longer', () => {
  test('takes its objects with it, if that was said, and is forgotten', async () => {
    embedded.write({
      'jibe.yaml': jibe('name: a, path: a', 'name: b, path: b', 'name: c, path: c, policies: {prune: false}'),
      'a/a.yaml': configMap('a'),
      'b/b.yaml': configMap('b'),
      'c/c.yaml': configMap('c'),
    });
    await run();
    embedded.write({ 'jibe.yaml': jibe('name: a, path: a') });
    const result = await run();
    expect(states(result)).toEqual(['a synced Healthy', 'b withdrawn Healthy', 'c withdrawn Healthy']);
    expect(result.resources.map(({ name, action }) => `${action} ${name}`)).toEqual(['unchanged a', 'pruned b']);
    expect(result).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    expect(states(await run())).toEqual(['a synced Healthy', 'c withdrawn Healthy']);
  });

  test('runs its hooks once all is gone, until they succeed', async () => {
    const hook = (command: string): string => `---
apiVersion: batch/v1
kind: Job
metadata: {name: bye, annotations: {argocd.argoproj.io/hook: PostDelete, argocd.argoproj.io/hook-delete-policy: HookSucceeded}}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sh, -c, "${command}"]}]}}}
`;
    const done = (result: SyncResult): string[] =>
      result.resources.map(({ name, action, hook: phase }) => `${action} ${name} ${phase ?? ''}`.trim());
    embedded.write({
      'jibe.yaml': jibe('name: a, path: a', 'name: b, path: b'),
      'a/a.yaml': configMap('a'),
      'b/b.yaml': `${configMap('b')}${hook('sleep 2')}`,
    });
    expect(done(await run())).toEqual(
      ['unchanged a', 'created b', 'skipped bye PostDelete'].map((line) => line.replace('unchanged a', 'created a')),
    );
    embedded.write({ 'jibe.yaml': jibe('name: a, path: a') });
    const result = await run();
    expect(done(result)).toEqual(['unchanged a', 'created bye PostDelete', 'pruned b']);
    expect(states(result)).toEqual(['a synced Healthy', 'b withdrawn Healthy']);
    expect((await embedded.engine.client.list('batch/v1/Job', {})).items).toEqual([]);
    expect(states(await run())).toEqual(['a synced Healthy']);
  });

  test('is remembered as long as one of them fails', async () => {
    const hook = `---
apiVersion: v1
kind: Pod
metadata: {name: bye, annotations: {argocd.argoproj.io/hook: PostDelete}}
spec: {restartPolicy: Never, containers: [{name: main, image: x, command: [sh, -c, "exit 1"]}]}
`;
    embedded.write({
      'jibe.yaml': jibe('name: a, path: a', 'name: b, path: b'),
      'a/a.yaml': configMap('a'),
      'b/b.yaml': `${configMap('b')}${hook}`,
    });
    await run();
    embedded.write({ 'jibe.yaml': jibe('name: a, path: a') });
    expect(states(await run())[1]).toMatch(/^b failed/);
    expect(states(await run())[1], 'tried again').toMatch(/^b failed/);
  });

  test('stays where another source of the same name has defined it', async () => {
    embedded.write({
      'x/jibe.yaml': jibe('name: a, path: x/a'),
      'y/jibe.yaml': jibe('name: b, path: y/b'),
      'x/a/a.yaml': configMap('a'),
      'y/b/b.yaml': configMap('b'),
    });
    await run({}, 'x');
    expect(states(await run({}, 'y'))).toEqual(['b synced Healthy']);
  });
});
