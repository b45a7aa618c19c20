// What conformance tests ask of discovery, of the OpenAPI documents of custom resources, and of field validation, over HTTP.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/apimachinery/object.ts';
import { CRDS, gadgets, httpServer, type HttpServer } from '../apiserver/http/http-server.ts';

const SPEC = { type: 'object', properties: { size: { type: 'integer' } } };
const SCHEMA = { type: 'object', properties: { spec: SPEC } };
const PRESERVE = { 'x-kubernetes-preserve-unknown-fields': true };

type Definitions = Readonly<Record<string, JsonObject & { readonly properties?: JsonObject }>>;

async function published(server: HttpServer): Promise<Definitions> {
  const { definitions } = (await server.json('/openapi/v2')) as { readonly definitions: Definitions };
  return Object.fromEntries(Object.entries(definitions).filter(([name]) => name.includes('example')));
}
const names = async (server: HttpServer): Promise<string[]> =>
  Object.keys(await published(server))
    .filter((name) => !name.endsWith('List'))
    .sort();
const define = (server: HttpServer, definition: object) => server.json(CRDS, { method: 'POST', body: definition });
const change = (server: HttpServer, body: object) =>
  server.json(`${CRDS}/gadgets.example.com`, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body });
const version = (name: string, more: object = {}) => ({ name, served: true, storage: false, schema: { openAPIV3Schema: SCHEMA }, ...more });

function named(group: string, kind: string): object {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced', names: { plural, kind }, versions: [version('v1', { storage: true })] },
  };
}

describe('OpenAPI of custom resources', () => {
  test('a schema is published as it is', async () => {
    const server = await httpServer();
    await define(server, gadgets(['v1'], SCHEMA));
    expect((await published(server))['com.example.v1.Gadget']?.properties).toMatchObject({
      spec: SPEC,
      metadata: {},
      kind: {},
      apiVersion: {},
    });
  });

  test.each([
    { where: 'at the root', schema: { type: 'object', ...PRESERVE }, left: {} },
    {
      where: 'in an object',
      schema: { type: 'object', properties: { spec: { type: 'object', ...PRESERVE } } },
      left: { properties: { spec: { type: 'object', ...PRESERVE } } },
    },
    {
      where: 'in an embedded object',
      schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-embedded-resource': true, ...PRESERVE } } },
      left: { properties: { spec: { type: 'object', 'x-kubernetes-embedded-resource': true, ...PRESERVE } } },
    },
  ])('unknown fields that are preserved $where are said to be', async ({ schema, left }) => {
    const server = await httpServer();
    await define(server, gadgets(['v1'], schema));
    expect((await published(server))['com.example.v1.Gadget']).toMatchObject(left);
  });

  test('several groups, several kinds of a group, several versions of a kind', async () => {
    const server = await httpServer();
    for (const definition of [
      named('one.example', 'Gadget'),
      named('two.example', 'Gadget'),
      named('two.example', 'Widget'),
      gadgets(['v1', 'v2'], SCHEMA),
    ])
      await define(server, definition);
    expect(await names(server)).toEqual([
      'com.example.v1.Gadget',
      'com.example.v2.Gadget',
      'example.one.v1.Gadget',
      'example.two.v1.Gadget',
      'example.two.v1.Widget',
    ]);
  });

  test('a version that is renamed is there under its new name only', async () => {
    const server = await httpServer();
    await define(server, gadgets(['v1', 'v2'], SCHEMA));
    await change(server, { spec: { versions: [version('v1', { storage: true }), version('v3')] } });
    expect(await names(server)).toEqual(['com.example.v1.Gadget', 'com.example.v3.Gadget']);
  });

  test('a version that is no longer served is gone from the documents', async () => {
    const server = await httpServer();
    await define(server, gadgets(['v1', 'v2'], SCHEMA));
    await change(server, { spec: { versions: [version('v1', { storage: true }), version('v2', { served: false })] } });
    expect(await names(server)).toEqual(['com.example.v1.Gadget']);
  });
});

describe('discovery', () => {
  test('every resource that a group version tells of is served', async () => {
    const server = await httpServer();
    const { groups } = (await server.json('/apis')) as unknown as {
      groups: { versions: { groupVersion: string }[]; preferredVersion: { groupVersion: string } }[];
    };
    const roots = ['/api/v1', ...groups.flatMap((g) => g.versions.map((v) => `/apis/${v.groupVersion}`))];
    for (const root of roots) {
      const { resources } = (await server.json(root)) as unknown as { resources: { name: string; namespaced: boolean; verbs: string[] }[] };
      for (const { name, namespaced, verbs } of resources.filter((r) => !r.name.includes('/') && r.verbs.includes('list')))
        expect([verbs, name, (await server.ask(`${root}${namespaced ? '/namespaces/default' : ''}/${name}`)).code]).toEqual([
          verbs,
          name,
          200,
        ]);
    }
  });

  test('the preferred version of a group is one of its versions', async () => {
    const server = await httpServer();
    const { groups } = (await server.json('/apis')) as unknown as { groups: { versions: object[]; preferredVersion: object }[] };
    for (const { versions, preferredVersion } of groups) expect(versions).toContainEqual(preferredVersion);
  });
});

describe('fieldValidation=Strict', () => {
  const GADGETS = '/apis/example.com/v1/namespaces/default/gadgets';
  const gadget = (more: string): string => `{"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"g"}${more}}`;
  const schemaless = { type: 'object', ...PRESERVE };
  const strictMetadata = '{"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"g","nope":1}}';
  const ROWS: readonly {
    readonly rule: string;
    readonly schema: object;
    readonly url: string;
    readonly body: string;
    readonly expected: string | RegExp;
  }[] = [
    {
      rule: 'a custom resource without a schema may have anything',
      schema: schemaless,
      url: GADGETS,
      body: gadget(',"spec":{"any":1}'),
      expected: '201',
    },
    { rule: 'a custom resource that fits its schema', schema: SCHEMA, url: GADGETS, body: gadget(',"spec":{"size":1}'), expected: '201' },
    {
      rule: 'a custom resource with a field more',
      schema: SCHEMA,
      url: GADGETS,
      body: gadget(',"spec":{"size":1,"more":2}'),
      expected: /^400 .*strict decoding error: unknown field "spec\.more"/,
    },
    {
      rule: 'a custom resource with a field twice',
      schema: SCHEMA,
      url: GADGETS,
      body: gadget(',"spec":{"size":1,"size":2}'),
      expected: /^400 .*duplicate field "spec\.size"/,
    },
    {
      rule: 'metadata of a custom resource with a field more',
      schema: SCHEMA,
      url: GADGETS,
      body: strictMetadata,
      expected: /^400 .*unknown field "metadata\.nope"/,
    },
    {
      rule: 'a typed object with a field more and one twice',
      schema: SCHEMA,
      url: '/api/v1/namespaces/default/configmaps',
      body: '{"metadata":{"name":"c"},"data":{"a":"b"},"more":1,"data":{}}',
      expected: /^400 .*(unknown field "more".*duplicate field "data"|duplicate field "data".*unknown field "more")/,
    },
    {
      rule: 'metadata of a typed object with a field more',
      schema: SCHEMA,
      url: '/api/v1/namespaces/default/configmaps',
      body: '{"metadata":{"name":"c","nope":1}}',
      expected: /^400 .*unknown field "metadata\.nope"/,
    },
  ];
  test.each(ROWS)('$rule', async ({ schema, url, body, expected }) => {
    const server = await httpServer();
    await define(server, gadgets(['v1'], schema));
    const answer = await server.ask(`${url}?fieldValidation=Strict`, { method: 'POST', body });
    const message = (JSON.parse(Buffer.from(answer.body as Uint8Array).toString()) as { message?: string }).message;
    if (typeof expected === 'string') expect(String(answer.code)).toBe(expected);
    else expect(`${answer.code} ${message}`).toMatch(expected);
  });
});

test('definitions can be watched, and so can their objects as soon as they are defined', async () => {
  const server = await httpServer();
  const made = (await define(server, gadgets(['v1'], SCHEMA))) as { metadata: { uid: string } };
  const seen = async (url: string): Promise<string> => {
    const { body } = await server.ask(`${url}?watch=1`);
    const stream = body as { next(): Promise<string | Uint8Array | undefined>; cancel(): void };
    const chunk = Buffer.from((await stream.next())!).toString();
    stream.cancel();
    return chunk;
  };
  expect(await seen(CRDS)).toContain(made.metadata.uid);
  const GADGETS = '/apis/example.com/v1/namespaces/default/gadgets';
  await server.json(GADGETS, { method: 'POST', body: { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g' } } });
  expect(await seen(GADGETS)).toContain('"name":"g"');
});
