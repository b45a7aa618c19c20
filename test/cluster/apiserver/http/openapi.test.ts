// OpenAPI documents against facts of a real API server's, and how they are sent.
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Reader, BYTES } from '../../../../src/apimachinery/codec/protobuf/wire.ts';
import { isObject, type JsonObject } from '../../../../src/apimachinery/object.ts';
import { CRDS, gadgets, httpServer } from './http-server.ts';

const RECORDED = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'openapi.json'), 'utf8')) as {
  readonly schemas: Readonly<Record<string, JsonObject>>;
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly pathNames: readonly string[];
};

interface Document {
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

/** Prose is not compared. */
const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : isObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([key, v]) => key !== 'description' || isObject(v))
            .map(([key, v]) => [key, plain(v)]),
        )
      : value;

const server = await httpServer();
const APPS = '/openapi/v3/apis/apps/v1';
let apps: Document;
beforeAll(async () => {
  apps = (await server.json(APPS)) as unknown as Document;
});

test.each(Object.entries(RECORDED.schemas))('schema %s', (name, schema) => {
  expect(plain(apps.components.schemas[name])).toEqual(schema);
});

test.each(Object.entries(RECORDED.paths))('path %s', (name, item) => {
  expect(plain(apps.paths[name])).toEqual(item);
});

test('a document has the paths of its group version, and every schema that it refers to', () => {
  expect(Object.keys(apps.paths)).toEqual(RECORDED.pathNames);
  const referred = JSON.stringify(apps).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  expect([...new Set([...referred].map(([, name]) => name!))].filter((name) => !apps.components.schemas[name])).toEqual([]);
});

test('enums name their values where people read them', () => {
  const { protocol } = apps.components.schemas['io.k8s.api.core.v1.ContainerPort']!['properties'] as Readonly<Record<string, JsonObject>>;
  expect(protocol!['description']).toMatch(/\n\nPossible enum values:\n - `"SCTP"`\n - `"TCP"`\n - `"UDP"`$/);
});

test('the index leads to documents by their hash, which are kept for a year', async () => {
  const { paths } = (await server.json('/openapi/v3')) as {
    readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
  };
  const url = paths['apis/apps/v1']!.serverRelativeURL;
  const { code, headers } = await server.ask(url);
  expect([code, headers['cache-control'], headers['expires']]).toEqual([200, 'public, immutable', 'Fri, 01 Jan 2027 00:00:00 GMT']);
  expect(url).toBe(`${APPS}?hash=${String(headers['etag']).slice(1, -1)}`);
});

test('who asks for a hash that is no more is sent to the one that is', async () => {
  const { code, headers } = await server.ask(`${APPS}?hash=0`);
  expect([code, headers['location']]).toEqual([301, `${APPS}?hash=${String((await server.ask(APPS)).headers['etag']).slice(1, -1)}`]);
});

const HOW: readonly (readonly [
  situation: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  code: number,
  type: string | undefined,
])[] = [
  ['without Accept', APPS, {}, 200, 'application/json'],
  ['protobuf of version 3', APPS, { accept: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf' }, 406, undefined],
  ['a group version that is not there', '/openapi/v3/apis/apps/v7', {}, 404, 'text/plain; charset=utf-8'],
  ['a group version that is off', '/openapi/v3/apis/storage.k8s.io/v1beta1', {}, 404, 'text/plain; charset=utf-8'],
  ['version 2', '/openapi/v2', { accept: 'application/json' }, 200, 'application/json'],
  [
    'version 2 in protobuf',
    '/openapi/v2',
    { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
    200,
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  ],
  ['version 2 as text', '/openapi/v2', { accept: 'text/html' }, 406, undefined],
];

test.each(HOW)('%s', async (_, url, headers, code, type) => {
  const response = await server.ask(url, { headers });
  expect([response.code, response.headers['content-type']]).toEqual([code, type]);
});

test('what the client has is not sent again', async () => {
  for (const url of ['/openapi/v3', APPS, '/openapi/v2']) {
    const { headers } = await server.ask(url);
    expect((await server.ask(url, { headers: { 'if-none-match': String(headers['etag']) } })).code).toBe(304);
  }
});

/** The fields of a protobuf message, by number. */
function fields(bytes: Uint8Array): Map<number, Buffer[]> {
  const reader = new Reader(bytes);
  const found = new Map<number, Buffer[]>();
  while (reader.at < reader.end) {
    const { field, wireType } = reader.tag('message');
    if (wireType !== BYTES) reader.skip(wireType);
    else found.set(field, [...(found.get(field) ?? []), reader.slice()]);
  }
  return found;
}

test('version 2 in protobuf holds the definitions of the same document', async () => {
  const { definitions } = (await server.json('/openapi/v2')) as { readonly definitions: Readonly<Record<string, JsonObject>> };
  const { body } = await server.ask('/openapi/v2', { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } });
  const document = fields(body as Uint8Array);
  expect(document.get(1)!.toString()).toBe('2.0');
  const named = fields(document.get(9)![0]!).get(1)!.map(fields);
  expect(named.map((one) => one.get(1)!.toString())).toEqual(Object.keys(definitions));
  const pod = fields(named.find((one) => one.get(1)!.toString() === 'io.k8s.api.core.v1.Pod')!.get(2)![0]!);
  expect(pod.get(4)!.toString()).toBe(definitions['io.k8s.api.core.v1.Pod']!['description']);
  const properties = fields(pod.get(25)![0]!)
    .get(1)!
    .map((one) => fields(one).get(1)!.toString());
  expect(properties).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  const [extension] = pod.get(31)!.map(fields);
  expect(extension!.get(1)!.toString()).toBe('x-kubernetes-group-version-kind');
  expect(JSON.parse(fields(extension!.get(2)![0]!).get(2)!.toString())).toEqual([{ group: '', kind: 'Pod', version: 'v1' }]);
});

const SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['n'],
      properties: {
        n: { type: 'integer', minimum: 1, description: 'How many.' },
        port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      },
    },
  },
};

test('custom resources have documents as soon as their definition is there', async () => {
  const own = await httpServer();
  const index = async (): Promise<string[]> => Object.keys((await own.json('/openapi/v3'))['paths'] as object);
  expect(await index()).not.toContain('apis/example.com/v1');
  await own.ask(CRDS, { method: 'POST', body: gadgets(['v1'], SCHEMA) });
  expect(await index()).toContain('apis/example.com/v1');
  const document = (await own.json('/openapi/v3/apis/example.com/v1')) as unknown as Document;
  const collection = '/apis/example.com/v1/namespaces/{namespace}/gadgets';
  expect(Object.keys(document.paths)).toEqual([
    '/apis/example.com/v1/gadgets',
    collection,
    `${collection}/{name}`,
    `${collection}/{name}/scale`,
    `${collection}/{name}/status`,
  ]);
  expect(document.paths[collection]!['post']).toMatchObject({
    operationId: 'createExampleComV1NamespacedGadget',
    description: 'create a Gadget',
    'x-kubernetes-group-version-kind': { group: 'example.com', version: 'v1', kind: 'Gadget' },
    requestBody: {
      content: { 'application/json': { schema: { $ref: '#/components/schemas/com.example.v1.Gadget' } }, 'application/yaml': {} },
    },
  });
  const gadget = document.components.schemas['com.example.v1.Gadget']!;
  expect(gadget).toMatchObject({ properties: { ...SCHEMA.properties, metadata: {}, kind: { type: 'string' } } });
  const { definitions } = (await own.json('/openapi/v2')) as { readonly definitions: Readonly<Record<string, JsonObject>> };
  expect(definitions['com.example.v1.Gadget']).toMatchObject({
    properties: { spec: { required: ['n'], properties: { port: { 'x-kubernetes-int-or-string': true } } } },
  });
  expect(JSON.stringify(definitions['com.example.v1.Gadget'])).not.toContain('anyOf');
  await own.ask(`${CRDS}/gadgets.example.com`, { method: 'DELETE' });
  expect(await index()).not.toContain('apis/example.com/v1');
});
