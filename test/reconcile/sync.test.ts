// Whole syncs against an embedded cluster on its virtual clock.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isNotFound } from '../../src/apimachinery/status-error.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { MemoryStore } from '../../src/cluster/storage/memory-store.ts';
import { diff } from '../../src/reconcile/difference.ts';
import type { Engine } from '../../src/reconcile/engine.ts';
import { prepare, type Prepared } from '../../src/reconcile/prepare.ts';
import { status } from '../../src/reconcile/status.ts';
import { sync, type SyncOptions } from '../../src/reconcile/sync.ts';
import type { SyncResult } from '../../src/reconcile/report/result.ts';
import { Embedded } from './embedded.ts';

let embedded: Embedded;
let directory: string;
let cluster: Cluster;
let engine: Engine;
let store: MemoryStore;
beforeEach(async () => {
  embedded = await Embedded.start();
  ({ directory, cluster, engine, store } = embedded);
});
afterEach(() => embedded.stop());

const write = (files: Readonly<Record<string, string>>): void => embedded.write(files);
const read = (): Promise<Prepared> => prepare({ location: directory }, embedded.deps);
const options = (more: Partial<SyncOptions> = {}): SyncOptions => ({
  app: 'shop',
  namespace: 'default',
  prune: 'safe',
  timeoutMs: 300_000,
  signal: new AbortController().signal,
  ...more,
});
const run = async (more: Partial<SyncOptions> = {}): Promise<SyncResult> => cluster.run(sync(engine, await read(), options(more)));
const actions = ({ resources }: SyncResult): string[] => resources.map(({ action, kind, name }) => `${action} ${kind}/${name}`);

const deployment = (name: string, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: web, image: "nginx:1"}]
${more}`;
const service = (name: string): string => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80}]}
`;
const configMap = (name: string, value: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {value: "${value}"}
`;

describe('a sync', () => {
  test('rolls out and says so', async () => {
    write({ 'web.yaml': `${deployment('web')}---\n${service('web')}` });
    const result = await run();
    expect(result).toMatchObject({ sync: 'Synced', health: 'Healthy', errors: [], timedOut: false });
    expect(actions(result)).toEqual(['created Service/web', 'created Deployment/web']);
    expect(result.rollouts).toMatchObject([
      { kind: 'Deployment', name: 'web', desired: 2, available: 2, revision: '1', status: 'complete' },
    ]);
    expect(result.resources[1]!.origin).toEqual({ file: 'web.yaml', line: 1 });
  });

  test('that is repeated writes nothing', async () => {
    write({ 'web.yaml': `${deployment('web')}---\n${service('web')}---\n${configMap('settings', 'a')}` });
    await run();
    await cluster.run(engine.clock.sleep(60_000));
    const before = store.revision;
    const leases = (await engine.client.list('coordination.k8s.io/v1/Lease')).resourceVersion;
    const again = await run();
    expect(actions(again).every((action) => action.startsWith('unchanged'))).toBe(true);
    expect(again).toMatchObject({ sync: 'Synced', health: 'Healthy' });
    // but for heartbeats, nobody has written anything
    expect({ leases, revision: store.revision }).toEqual({ leases, revision: before });
  });

  test('heals what was done by hand, and status tells who did it', async () => {
    write({ 'web.yaml': `${deployment('web')}---\n${service('web')}` });
    await run();
    const person = cluster.client(undefined, 'kubectl-edit');
    await person.delete('v1/Service', 'web', { namespace: 'default' });
    await person.patch('apps/v1/Deployment', 'web', { spec: { replicas: 5 } }, { type: 'merge', namespace: 'default' });
    const { apps } = await cluster.run(status(engine, 'shop'));
    expect(apps[0]).toMatchObject({ sync: 'OutOfSync', health: 'Missing' });
    expect(apps[0]!.drift).toMatchObject([
      { kind: 'Service', name: 'web', type: 'missing' },
      { kind: 'Deployment', type: 'changed', fields: [{ path: 'spec.replicas', live: 5, desired: 2, manager: 'kubectl-edit' }] },
    ]);
    const healed = await run();
    expect(actions(healed)).toEqual(['created Service/web', 'configured Deployment/web']);
    expect((await cluster.run(status(engine))).apps[0]).toMatchObject({ sync: 'Synced', health: 'Healthy', drift: [] });
  });

  test('prunes what the source has no longer, but nothing precious and nothing of others', async () => {
    write({
      'a.yaml': configMap('a', '1'),
      'b.yaml': configMap('b', '1'),
      'ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: extra}\n',
    });
    await run();
    await engine.client.create('v1/ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'foreign', namespace: 'default' },
    });
    fs.rmSync(path.join(directory, 'b.yaml'));
    fs.rmSync(path.join(directory, 'ns.yaml'));
    const result = await run();
    expect(actions(result)).toEqual(['unchanged ConfigMap/a', 'pruned ConfigMap/b', 'skipped Namespace/extra']);
    expect(result.sync).toBe('OutOfSync');
    await expect(engine.client.get('v1/ConfigMap', 'b', { namespace: 'default' })).rejects.toSatisfy(isNotFound);
    await engine.client.get('v1/ConfigMap', 'foreign', { namespace: 'default' });
    const all = await run({ prune: 'all' });
    expect(actions(all)).toEqual(['unchanged ConfigMap/a', 'pruned Namespace/extra']);
  });

  test('with a broken file applies nothing; a partial one applies what is sound and prunes nothing', async () => {
    write({ 'a.yaml': configMap('a', '1'), 'b.yaml': configMap('b', '1') });
    await run();
    write({ 'a.yaml': configMap('a', '2'), 'b.yaml': 'kind: {' });
    const refused = await run();
    expect(refused).toMatchObject({ sync: 'OutOfSync', resources: [] });
    expect(refused.errors).toMatchObject([{ file: 'b.yaml' }]);
    const partial = await run({ partial: true });
    expect(actions(partial)).toEqual(['configured ConfigMap/a', 'skipped ConfigMap/b']);
    expect((await engine.client.get('v1/ConfigMap', 'b', { namespace: 'default' })).data).toEqual({ value: '1' });
  });

  test('that the server would refuse in part applies nothing', async () => {
    write({ 'a.yaml': configMap('a', '1'), 'web.yaml': deployment('web').replace('image: "nginx:1"', 'image: ""') });
    const result = await run();
    expect(actions(result)).toEqual(['skipped ConfigMap/a', 'failed Deployment/web']);
    expect(result.errors).toMatchObject([{ file: 'web.yaml', path: 'spec.template.spec.containers[0].image' }]);
    await expect(engine.client.get('v1/ConfigMap', 'a', { namespace: 'default' })).rejects.toSatisfy(isNotFound);
  });

  test('makes namespaces before what goes into them', async () => {
    write({
      'all.yaml': `${configMap('a', '1').replace('{name: a}', '{name: a, namespace: team}')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n`,
    });
    expect(actions(await run())).toEqual(['created Namespace/team', 'created ConfigMap/a']);
  });

  test('waits for each wave before the next', async () => {
    const wave = (n: number, text: string): string =>
      text.replace('metadata: {name', `metadata: {annotations: {argocd.argoproj.io/sync-wave: "${n}"}, name`);
    write({ 'all.yaml': `${wave(1, configMap('second', '1'))}---\n${deployment('first', '')}` });
    const told: string[] = [];
    const result = await run({
      onProgress: (event) => {
        if (event.type === 'applied') told.push(`${event.outcome.action} ${event.outcome.planned.id.name}`);
        if (event.type === 'waiting') told.push(`waiting for ${event.ids.map(({ name }) => name).join(', ')}`);
      },
    });
    expect(told).toEqual(['created first', 'waiting for first', 'created second']);
    expect(result.resources.map(({ name, wave: w }) => [name, w])).toEqual([
      ['first', 0],
      ['second', 1],
    ]);
  });

  test('runs out of time where nothing gets better, and says why', async () => {
    write({ 'web.yaml': deployment('web').replace('spec:\n      containers', 'spec:\n      nodeSelector: {no: where}\n      containers') });
    const result = await run({ timeoutMs: 60_000 });
    expect(result).toMatchObject({ sync: 'Synced', health: 'Progressing', timedOut: true });
    expect(result.rollouts[0]!.message).toMatch(
      /0 of 2 updated replicas are available; web-.*: 0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector/,
    );
  });

  test('that is interrupted ends between two writes, and goes on the next time', async () => {
    const controller = new AbortController();
    write({ 'all.yaml': `${configMap('a', '1')}---\n${service('web')}---\n${deployment('web')}` });
    const result = await run({
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'applied' && event.outcome.planned.id.kind === 'ConfigMap') controller.abort(new Error('interrupted'));
      },
    });
    expect(result.interrupted).toBe(true);
    expect(actions(result)).toEqual(['created ConfigMap/a', 'skipped Service/web', 'skipped Deployment/web']);
    expect(actions(await run())).toEqual(['unchanged ConfigMap/a', 'created Service/web', 'created Deployment/web']);
  });

  test('refuses an object that belongs to another app', async () => {
    write({ 'a.yaml': configMap('a', '1') });
    await run();
    const other = await run({ app: 'other' });
    expect(other).toMatchObject({ sync: 'OutOfSync' });
    expect(other.errors[0]!.message).toContain('belongs to');
  });

  test('leaves fields of others alone', async () => {
    write({ 'web.yaml': deployment('web').replace('  replicas: 2\n', '') });
    await run();
    await engine.client.patch(
      'apps/v1/Deployment',
      'web',
      { spec: { replicas: 4 } },
      { type: 'merge', namespace: 'default', fieldManager: 'autoscaler' },
    );
    expect((await cluster.run(diff(engine, await read(), { app: 'shop', namespace: 'default' }))).differences).toEqual([]);
    expect(actions(await run())).toEqual(['unchanged Deployment/web']);
    expect((await engine.client.get('apps/v1/Deployment', 'web', { namespace: 'default' })).spec.replicas).toBe(4);
  });

  test('gives no object the defaults of one that was made before it', async () => {
    write({ 'all.yaml': `${deployment('a')}---\n${deployment('b', '  strategy: {type: Recreate}\n')}` });
    expect(actions(await run())).toEqual(['created Deployment/a', 'created Deployment/b']);
    expect((await engine.client.get('apps/v1/Deployment', 'b', { namespace: 'default' })).spec.strategy).toEqual({ type: 'Recreate' });
  });

  test('masks Secrets in what it tells', async () => {
    const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: "${value}"}\n`;
    write({ 's.yaml': secret('hunter2') });
    await run();
    write({ 's.yaml': secret('hunter3') });
    const { differences } = await cluster.run(diff(engine, await read(), { app: 'shop', namespace: 'default' }));
    expect(differences).toMatchObject([{ kind: 'Secret', change: 'modified', fields: [{ path: 'data.password' }] }]);
    const text = JSON.stringify(differences);
    for (const word of ['hunter2', 'hunter3', Buffer.from('hunter2').toString('base64'), Buffer.from('hunter3').toString('base64')])
      expect(text).not.toContain(word);
  });
});
