// Discovery against what a real API server told, and custom resources coming and going in it.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CRDS, gadgets, httpServer, text } from './http-server.ts';

interface Group {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly { readonly version: string; readonly resources: readonly { readonly resource: string }[] }[];
}

const RECORDED = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'discovery.json'), 'utf8')) as {
  readonly order: readonly string[];
  readonly groups: readonly Group[];
  readonly core: readonly { readonly resource: string }[];
  readonly apps: object;
};

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const server = await httpServer();
const itemsOf = (list: Record<string, unknown>): readonly Group[] => list['items'] as readonly Group[];

test('groups stand in the order of their importance', async () => {
  const list = await server.json('/apis', { headers: { accept: AGGREGATED } });
  expect(itemsOf(list).map((g) => g.metadata.name)).toEqual(RECORDED.order);
});

test.each(RECORDED.groups)('group $metadata.name is told as Kubernetes tells it', async (group) => {
  const list = await server.json('/apis', { headers: { accept: AGGREGATED } });
  expect(itemsOf(list).find((g) => g.metadata.name === group.metadata.name)).toEqual(group);
});

test.each(RECORDED.core)('so is $resource', async (resource) => {
  const list = await server.json('/api', { headers: { accept: AGGREGATED } });
  expect(itemsOf(list)[0]!.versions[0]!.resources.find((r) => r.resource === resource.resource)).toEqual(resource);
});

test('a group version tells its resources, with the hash of how they are stored', async () => {
  expect(await server.json('/apis/apps/v1')).toEqual(RECORDED.apps);
});

const FORMS: readonly (readonly [accept: string, type: string, kind: string])[] = [
  [AGGREGATED, AGGREGATED, 'APIGroupDiscoveryList'],
  [`${AGGREGATED.replace('v=v2', 'v=v2beta1')},application/json`, AGGREGATED.replace('v=v2', 'v=v2beta1'), 'APIGroupDiscoveryList'],
  ['application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json', 'application/json', 'APIGroupList'],
  ['application/json', 'application/json', 'APIGroupList'],
  ['*/*', 'application/json', 'APIGroupList'],
];

test.each(FORMS)('who accepts %s gets %s', async (accept, type, kind) => {
  const response = await server.ask('/apis', { headers: { accept } });
  expect(response.headers['content-type']).toBe(type);
  expect(JSON.parse(text(response))).toMatchObject({ kind });
});

test('what has not changed is not sent again', async () => {
  const { headers } = await server.ask('/apis', { headers: { accept: AGGREGATED } });
  const again = await server.ask('/apis', { headers: { accept: AGGREGATED, 'if-none-match': String(headers['etag']) } });
  expect([again.code, again.body]).toEqual([304, '']);
});

test('custom resources are there as soon as their definition is, and gone with it', async () => {
  const own = await httpServer();
  const before = await own.ask('/apis', { headers: { accept: AGGREGATED } });
  await own.ask(CRDS, { method: 'POST', body: gadgets(['v1beta1', 'v1']) });
  const known = { accept: AGGREGATED, 'if-none-match': String(before.headers['etag']) };
  const list = await own.json('/apis', { headers: known });
  const gvk = { group: 'example.com', version: 'v1', kind: 'Gadget' };
  const verbs = ['get', 'patch', 'update'];
  expect(itemsOf(list).at(-1)).toMatchObject({
    metadata: { name: 'example.com' },
    versions: [
      {
        version: 'v1',
        resources: [
          {
            resource: 'gadgets',
            responseKind: gvk,
            scope: 'Namespaced',
            singularResource: 'gadget',
            shortNames: ['gd'],
            categories: ['all'],
            subresources: [
              { subresource: 'status', responseKind: gvk, verbs },
              { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs },
            ],
          },
        ],
      },
      { version: 'v1beta1' },
    ],
  });
  expect((await own.json('/apis/example.com'))['preferredVersion']).toEqual({ groupVersion: 'example.com/v1', version: 'v1' });
  await own.ask(`${CRDS}/gadgets.example.com`, { method: 'DELETE' });
  expect((await own.ask('/apis', { headers: known })).code).toBe(304);
  expect((await own.ask('/apis/example.com')).code).toBe(404);
});
