// Conversion between versions of custom resources by a webhook: an HTTPS server of this process that moves a field.
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { dialOutside } from '../../../../src/cluster/outside.ts';
import { clusterCertificates } from '../../../../src/cluster/pki.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';
import { createNamespaces } from '../../namespaces.ts';
import { WITHOUT_CONTROLLERS } from '../../without-controllers.ts';

type Loose = Record<string, unknown>;
type Review = { request: { uid: string; desiredAPIVersion: string; objects: Loose[] } };
type Answer = (review: Review) => unknown;

let directory: string;
let server: https.Server;
let url: string;
let caBundle: string;
let answer: Answer;
let reviews: Review[];

/** v1 has `spec.hostPort`, v2 `spec.host` and `spec.port`. */
function convert(object: Loose, apiVersion: string): Loose {
  const spec = object['spec'] as Record<string, string>;
  if (apiVersion.endsWith('/v2')) {
    const [host, port] = (spec['hostPort'] ?? '').split(':');
    return { ...object, apiVersion, spec: { host, port } };
  }
  return { ...object, apiVersion, spec: { hostPort: `${spec['host']}:${spec['port']}` } };
}

const response = ({ request }: Review, more: Loose = {}): Loose => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'ConversionReview',
  response: {
    uid: request.uid,
    result: { status: 'Success' },
    convertedObjects: request.objects.map((object) => convert(object, request.desiredAPIVersion)),
    ...more,
  },
});

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-conversion-'));
  const certificates = await clusterCertificates(path.join(directory, 'pki'), Date.now(), []);
  caBundle = Buffer.from(certificates.authority.cert).toString('base64');
  server = https.createServer(certificates.server, (asked, answered) => {
    let body = '';
    asked.on('data', (part: Buffer) => (body += part.toString()));
    asked.on('end', () => {
      const review = JSON.parse(body) as Review;
      reviews.push(review);
      answered.end(JSON.stringify(answer(review)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/convert`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
  answer = response;
  reviews = [];
});

const version = (name: string, properties: Loose, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
});
const TEXT = { type: 'string' };

const definition = (stored: string, at = url): Manifest<CustomResourceDefinition> =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'links.example.test' },
    spec: {
      group: 'example.test',
      scope: 'Namespaced',
      names: { plural: 'links', kind: 'Link' },
      versions: [
        version('v1', { hostPort: TEXT }, stored === 'v1'),
        version('v2', { host: TEXT, port: { ...TEXT, default: '80' } }, stored === 'v2'),
      ],
      conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: at, caBundle }, conversionReviewVersions: ['v1'] } },
    },
  }) as Manifest<CustomResourceDefinition>;

const V1 = 'example.test/v1/Link';
const V2 = 'example.test/v2/Link';
const link = (name: string, apiVersion = 'example.test/v1', spec: Loose = { hostPort: 'a:1' }): Manifest<KubernetesObject> =>
  ({ apiVersion, kind: 'Link', metadata: { name, namespace: 'default' }, spec }) as Manifest<KubernetesObject>;
const inDefault = { namespace: 'default' };

async function begun(stored = 'v1', at?: string) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const store = new MemoryStore(clock);
  const api = standaloneApiServer({ clock, random: new Random(1), store, dial: dialOutside, ...WITHOUT_CONTROLLERS });
  const client = new Client(new InProcessTransport(api, { username: 'admin', groups: ['system:masters'] }, 'test'));
  await createNamespaces(client);
  await client.create('apiextensions.k8s.io/v1/CustomResourceDefinition', definition(stored, at));
  const inStore = async (name: string): Promise<Loose> =>
    (await store.get(`/registry/example.test/links/default/${name}`))!.value as unknown as Loose;
  return { client, inStore, clock };
}

const specOf = (object: KubernetesObject): unknown => (object as unknown as Loose)['spec'];

test('the stored version needs no webhook', async () => {
  const { client } = await begun();
  await client.create(V1, link('a'));
  expect(specOf(await client.get(V1, 'a', inDefault))).toEqual({ hostPort: 'a:1' });
  expect(reviews).toEqual([]);
});

test('get, list and watch in another version; a stored object is converted once', async () => {
  const { client } = await begun();
  await client.create(V1, link('a'));
  await client.create(V1, link('b', 'example.test/v1', { hostPort: 'b:2' }));
  const list = await client.list(V2, inDefault);
  expect(list.items.map(specOf)).toEqual([
    { host: 'a', port: '1' },
    { host: 'b', port: '2' },
  ]);
  expect(reviews).toHaveLength(1);
  expect(reviews[0]!.request).toMatchObject({ desiredAPIVersion: 'example.test/v2', objects: [{ apiVersion: 'example.test/v1' }, {}] });
  expect(specOf(await client.get(V2, 'b', inDefault))).toEqual({ host: 'b', port: '2' });
  expect(reviews).toHaveLength(1);
  const watch = await client.watch(V2, { ...inDefault, resourceVersion: list.resourceVersion });
  await client.create(V1, link('c', 'example.test/v1', { hostPort: 'c:3' }));
  await client.patch(V1, 'a', { spec: { hostPort: 'a:9' } }, { type: 'merge', ...inDefault });
  await client.delete(V1, 'b', inDefault);
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    const event = (await watch.next())!;
    seen.push([event.type, event.object.apiVersion, specOf(event.object)]);
  }
  watch.cancel();
  expect(seen).toEqual([
    ['ADDED', 'example.test/v2', { host: 'c', port: '3' }],
    ['MODIFIED', 'example.test/v2', { host: 'a', port: '9' }],
    ['DELETED', 'example.test/v2', { host: 'b', port: '2' }],
  ]);
});

test('writes in another version are stored in the storage version, with the defaults of the one they came in', async () => {
  const { client, inStore } = await begun();
  const created = await client.create(V2, link('a', 'example.test/v2', { host: 'x' }));
  expect(specOf(created)).toEqual({ host: 'x', port: '80' });
  expect(await inStore('a')).toMatchObject({ apiVersion: 'example.test/v1', spec: { hostPort: 'x:80' } });
  const { object } = await client.patch(V2, 'a', { spec: { port: '81' } }, { type: 'merge', ...inDefault });
  expect(specOf(object)).toEqual({ host: 'x', port: '81' });
  expect(await inStore('a')).toMatchObject({ spec: { hostPort: 'x:81' }, metadata: { generation: 2 } });
});

test('the storage version changes: what was stored stays readable, and the next write moves it', async () => {
  const { client, inStore } = await begun();
  await client.create(V1, link('a'));
  const kind = 'apiextensions.k8s.io/v1/CustomResourceDefinition';
  const crd = await client.get(kind, 'links.example.test');
  await client.update(kind, { ...crd, spec: definition('v2').spec });
  expect((await client.get(kind, 'links.example.test')).status?.storedVersions).toEqual(['v1', 'v2']);
  expect(specOf(await client.get(V1, 'a', inDefault))).toEqual({ hostPort: 'a:1' });
  await client.patch(V1, 'a', { metadata: { labels: { moved: 'yes' } } }, { type: 'merge', ...inDefault });
  expect(await inStore('a')).toMatchObject({ apiVersion: 'example.test/v2', spec: { host: 'a', port: '1' } });
});

test('labels and annotations may change, other metadata is as it was', async () => {
  const { client } = await begun();
  await client.create(V1, link('a'));
  answer = (review) => {
    const [object] = review.request.objects as [Loose];
    const metadata = { ...(object['metadata'] as Loose), labels: { by: 'hook' }, finalizers: ['mine'], generation: 77 };
    return response(review, { convertedObjects: [{ ...convert(object, review.request.desiredAPIVersion), metadata }] });
  };
  const { metadata } = await client.get(V2, 'a', inDefault);
  expect(metadata).toMatchObject({ labels: { by: 'hook' }, generation: 1 });
  expect(metadata.finalizers).toBeUndefined();
});

const GVK = 'conversion webhook for example.test/v1, Kind=Link';
const changed =
  (change: (object: Loose) => unknown): Answer =>
  (review) =>
    response(review, {
      convertedObjects: review.request.objects.map((object) => change(convert(object, review.request.desiredAPIVersion))),
    });
const withMetadata = (more: Loose): Answer => changed((object) => ({ ...object, metadata: { ...(object['metadata'] as Loose), ...more } }));

describe('answers that are refused', () => {
  test.each<readonly [rule: string, answer: Answer, message: string]>([
    [
      'another kind of review',
      () => ({ kind: 'Review', apiVersion: 'v1' }),
      `${GVK} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got v1, Kind=Review`,
    ],
    ['no response', () => ({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1' }), `${GVK} failed: no response provided`],
    [
      'a failure with a message',
      (review) => response(review, { result: { status: 'Failure', message: 'not today' } }),
      `${GVK} failed: not today`,
    ],
    [
      'a failure without',
      (review) => response(review, { result: { status: 'Failure' } }),
      `${GVK} failed: response.result.status was 'Failure', not 'Success'`,
    ],
    ['too few objects', (review) => response(review, { convertedObjects: [] }), `${GVK} returned 0 objects, expected 1`],
    [
      'another version',
      changed((object) => ({ ...object, apiVersion: 'example.test/v3' })),
      `${GVK} returned invalid object at index 0: invalid groupVersion (expected example.test/v2, received example.test/v3)`,
    ],
    [
      'another kind',
      changed((object) => ({ ...object, kind: 'Chain' })),
      `${GVK} returned invalid object at index 0: invalid kind (expected Link, received Chain)`,
    ],
    ['another name', withMetadata({ name: 'b' }), `${GVK} returned invalid object: must have the same name: a != b`],
    [
      'another namespace',
      withMetadata({ namespace: 'other' }),
      `${GVK} returned invalid object: must have the same namespace: default != other`,
    ],
    [
      'a label that is no string',
      withMetadata({ labels: { a: 1 } }),
      `${GVK} returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object`,
    ],
  ])('%s', async (_, given, message) => {
    const { client } = await begun();
    await client.create(V1, link('a'));
    answer = given;
    const refused = { status: { code: 500, message } };
    await expect(client.get(V2, 'a', inDefault)).rejects.toMatchObject(refused);
    await expect(client.list(V2, inDefault)).rejects.toMatchObject(refused);
  });

  test('another uid of the request', async () => {
    const { client } = await begun();
    await client.create(V1, link('a'));
    answer = (review) => response(review, { uid: 'other' });
    await expect(client.get(V2, 'a', inDefault)).rejects.toThrow(/failed: expected response\.uid="[\da-f-]{36}", got "other"/);
  });

  test('nobody there: reads and writes of other versions fail, those of the stored one do not', async () => {
    const { client } = await begun('v1', 'https://127.0.0.1:1/convert');
    await client.create(V1, link('a'));
    const message = `Post "https://127.0.0.1:1/convert?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`;
    await expect(client.get(V2, 'a', inDefault)).rejects.toThrow(`${GVK} failed: ${message}`);
    await expect(client.create(V2, link('b', 'example.test/v2', {}))).rejects.toThrow(
      `conversion webhook for example.test/v2, Kind=Link failed: ${message}`,
    );
    expect(specOf(await client.get(V1, 'a', inDefault))).toEqual({ hostPort: 'a:1' });
    const watch = await client.watch(V2, { ...inDefault, resourceVersion: (await client.list(V1, inDefault)).resourceVersion });
    await client.create(V1, link('c'));
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 500, message: `${GVK} failed: ${message}` } });
    expect(await watch.next()).toBeUndefined();
  });
});
