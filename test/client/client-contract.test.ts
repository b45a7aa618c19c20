// What every Client does, whatever lies between it and the API server: one suite for the in-process transport and the one over HTTPS.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealClock } from '../../src/apimachinery/clock.ts';
import { isConflict, isNotFound, StatusError } from '../../src/apimachinery/status-error.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { UnreachableError } from '../../src/client/transport.ts';
import { Informer } from '../../src/client/informer.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';
import { startProxy } from './proxy.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-contract-'));
const clock = new RealClock();
let served: ServedCluster;
let transport: HttpTransport;

beforeAll(async () => {
  served = await serveCluster({ home, name: 'contract', port: 0, components: [], inMemory: true, onError: () => undefined });
  transport = new HttpTransport(loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] }), clock, 'contract');
});
afterAll(async () => {
  await transport.close();
  await served.stop();
  fs.rmSync(home, { recursive: true });
});

const settings = (name: string, data: Record<string, string> = { a: 'b' }): never =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels: { app: name } }, data }) as never;

const CLIENTS: readonly (readonly [string, () => Client])[] = [
  ['in process', () => served.cluster.client(undefined, 'contract')],
  ['over HTTPS', () => new Client(transport)],
];

describe.each(CLIENTS)('%s', (kind, make) => {
  const scope = { namespace: 'default' };
  const name = kind.replaceAll(' ', '-').toLowerCase();

  test('an object is created, read, updated and deleted', async () => {
    const client = make();
    const created = await client.create('v1/ConfigMap', settings(name));
    expect(created).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: 'b' } });
    const updated = await client.update('v1/ConfigMap', { ...created, data: { a: 'c' } });
    expect((await client.get('v1/ConfigMap', name, scope)).data).toEqual({ a: 'c' });
    await expect(client.update('v1/ConfigMap', { ...created, data: { a: 'd' } })).rejects.toSatisfy(isConflict);
    expect(updated.metadata?.resourceVersion).not.toBe(created.metadata?.resourceVersion);
    await client.delete('v1/ConfigMap', name, scope);
    await expect(client.get('v1/ConfigMap', name, scope)).rejects.toSatisfy(isNotFound);
  });

  test('lists are whole, however long they are', { timeout: 30_000 }, async () => {
    const client = make();
    const names = Array.from({ length: 1_100 }, (_, i) => `${name}-many-${i}`);
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(
        names.slice(i, i + 50).map((one) =>
          client.create('v1/ConfigMap', {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: one, namespace: 'default', labels: { many: name } },
          }),
        ),
      );
    const { items, resourceVersion } = await client.list('v1/ConfigMap', { ...scope, labelSelector: `many=${name}` });
    expect(new Set(items.map(({ metadata }) => metadata.name))).toEqual(new Set(names));
    expect(Number(resourceVersion)).toBeGreaterThan(0);
    const page = await client.list('v1/ConfigMap', { ...scope, labelSelector: `many=${name}`, limit: 10 });
    expect(page.items).toHaveLength(10);
  });

  test('items of lists say what they are', async () => {
    const client = make();
    await client.create('v1/ConfigMap', settings(`${name}-list`));
    const { items } = await client.list('v1/ConfigMap', { ...scope, labelSelector: `app=${name}-list` });
    expect(items).toMatchObject([{ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `${name}-list` } }]);
  });

  test('a list is read in chunks', async () => {
    const client = make();
    for (const i of [1, 2, 3]) await client.create('v1/ConfigMap', settings(`${name}-chunk-${i}`));
    const first = await client.list('v1/ConfigMap', { ...scope, limit: 2 });
    expect(first.items).toHaveLength(2);
    const rest = await client.list('v1/ConfigMap', { ...scope, continue: first.continue });
    expect(rest.items.length).toBeGreaterThan(0);
    expect(rest.continue).toBe('');
  });

  test('server-side apply says whether it made the object, and who is in conflict', async () => {
    const client = make();
    const apply = (manager: string, data: Record<string, string>) =>
      client.patch('v1/ConfigMap', `${name}-apply`, settings(`${name}-apply`, data), { type: 'apply', fieldManager: manager, ...scope });
    expect((await apply('one', { a: '1' })).created).toBe(true);
    expect((await apply('one', { a: '2' })).created).toBe(false);
    const refused = await apply('two', { a: '3' }).catch((error: unknown) => error);
    expect(isConflict(refused)).toBe(true);
    expect((refused as StatusError).status.details?.causes?.[0]?.message).toBe('conflict with "one"');
  });

  test('a dry run leaves nothing behind', async () => {
    const client = make();
    await client.create('v1/ConfigMap', settings(`${name}-dry`), { dryRun: true });
    await expect(client.get('v1/ConfigMap', `${name}-dry`, scope)).rejects.toSatisfy(isNotFound);
  });

  test('warnings are told', async () => {
    const warnings: string[] = [];
    const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: `${name}-warned`, namespace: 'default' } };
    await make().create('v1/Endpoints', endpoints as never, { onWarning: (text) => warnings.push(text) });
    expect(warnings.join()).toMatch(/Endpoints is deprecated/);
  });

  test('what is invalid is refused with its causes', async () => {
    const refused = await make()
      .create('v1/ConfigMap', settings('Not A Name'))
      .catch((error: unknown) => error as StatusError);
    expect(refused).toBeInstanceOf(StatusError);
    expect((refused as StatusError).code).toBe(422);
    expect((refused as StatusError).status.details?.causes?.[0]?.field).toBe('metadata.name');
  });

  test('an informer sees what changes', async () => {
    const client = make();
    const informer = new Informer('v1/ConfigMap', client, clock);
    await informer.start();
    const seen = new Promise<string>((resolve) => {
      informer.addHandler({ deleted: (object) => object.metadata.name === `${name}-watched` && resolve(object.metadata.name) });
    });
    await client.create('v1/ConfigMap', settings(`${name}-watched`));
    await client.delete('v1/ConfigMap', `${name}-watched`, scope);
    expect(await seen).toBe(`${name}-watched`);
    await informer.stop();
  });

  test('a kind that comes later is found', async () => {
    const client = make();
    const group = `${name}.example.com`;
    expect(await client.resolve(`${group}/v1/Thing`)).toBeUndefined();
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await client.create('apiextensions.k8s.io/v1/CustomResourceDefinition', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    } as never);
    expect(await client.resolve(`${group}/v1/Thing`)).toMatchObject({ resource: 'things', namespaced: true });
  });
});

test('a server that is not there is told as such', async () => {
  const config = { ...loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] }), server: 'https://127.0.0.1:1' };
  const nobody = new HttpTransport(config, clock, 'contract');
  await expect(new Client(nobody).get('v1/Namespace', 'default')).rejects.toThrow(UnreachableError);
  await nobody.close();
});

test('a proxy that the environment names is asked for what is not on this machine', async () => {
  const { url, asked } = await startProxy();
  const config = loadKubeconfig({ env: { HTTPS_PROXY: url }, files: [served.serving.kubeconfig] });
  expect(config.proxyUrl).toBeUndefined();
  const { port } = new URL(config.server);
  const file = path.join(home, 'elsewhere');
  const elsewhere = fs.readFileSync(served.serving.kubeconfig, 'utf8').replace(config.server, `https://cluster.test:${port}`);
  fs.writeFileSync(file, elsewhere.replace(/^( *)server:/m, '$1tls-server-name: localhost\n$1server:'));
  const through = new HttpTransport(loadKubeconfig({ env: { HTTPS_PROXY: url }, files: [file] }), clock, 'contract');
  try {
    expect((await new Client(through).get('v1/Namespace', 'default')).metadata?.name).toBe('default');
    expect(asked).toContain(`cluster.test:${port}`);
  } finally {
    await through.close();
  }
});
