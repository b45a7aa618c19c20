// What create, patch and delete refuse, and in which words: one row a rule of the endpoints' handlers, the registry or the store.
import { expect, test } from 'vitest';
import { httpServer, text, type Asked } from '../http/http-server.ts';

const server = await httpServer();
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const HPAS = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';

const post = async (url: string, body: object): Promise<void> => {
  expect((await server.ask(url, { method: 'POST', body })).code).toBe(201);
};
await post(CONFIG_MAPS, { metadata: { name: 'c', annotations: { t: 'u' }, labels: { b: '2', a: '1' } }, data: { x: '1' } });
await post(HPAS, {
  metadata: { name: 'h' },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
});
await post(DEPLOYMENTS, {
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

const create = (body: object): Asked => ({ method: 'POST', body });
const remove = (body?: unknown): Asked => ({ method: 'DELETE', ...(body === undefined ? {} : { body }) });
const merge = (body: unknown): Asked => ({ method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body });
const json = (body: unknown): Asked => ({ method: 'PATCH', headers: { 'content-type': 'application/json-patch+json' }, body });

async function answer(url: string, asked: Asked): Promise<string> {
  const response = await server.ask(url, asked);
  const body = JSON.parse(text(response)) as { readonly message?: string };
  return `${response.code} ${body.message ?? ''}`;
}

const ROWS: readonly (readonly [rule: string, url: string, asked: Asked, expected: string | RegExp])[] = [
  [
    'a new object has no resourceVersion',
    CONFIG_MAPS,
    create({ metadata: { name: 'new', resourceVersion: '7' } }),
    '500 resourceVersion should not be set on objects to be created',
  ],
  ['a resourceVersion of 0 is none', CONFIG_MAPS, create({ metadata: { name: 'zero', resourceVersion: '0' } }), '201 '],
  [
    'a dry run does not come to the store',
    `${CONFIG_MAPS}?dryRun=All`,
    create({ metadata: { name: 'dry', resourceVersion: '7' } }),
    '201 ',
  ],
  [
    'a deletion is told its options and nothing else',
    `${CONFIG_MAPS}/c`,
    remove({ kind: 'Nonsense', apiVersion: 'v1' }),
    '400 no kind "Nonsense" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'options without a version are of the group of metadata',
    `${CONFIG_MAPS}/c`,
    remove({ kind: 'Nonsense' }),
    '400 no kind "Nonsense" is registered for version "meta.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'DeleteOptions are of every group',
    `${CONFIG_MAPS}/c`,
    remove({ kind: 'DeleteOptions', apiVersion: 'apps/v1', dryRun: ['All'] }),
    '200 ',
  ],
  [
    'options that are no JSON are not quoted',
    `${CONFIG_MAPS}/c`,
    remove('{bad'),
    "400 couldn't get version/kind; json parse error: invalid character 'b' looking for beginning of object key string",
  ],
  [
    'a namespace checks the precondition by itself',
    '/api/v1/namespaces/default',
    remove({ preconditions: { uid: 'x' } }),
    /^409 Operation cannot be fulfilled on namespaces "default": Precondition failed: UID in precondition: x, UID in object meta: /,
  ],
  [
    'what is not there is told before what is wrong with the patch',
    `${CONFIG_MAPS}/nosuch`,
    merge('{bad'),
    '404 configmaps "nosuch" not found',
  ],
  [
    'a patch to another kind',
    `${CONFIG_MAPS}/c`,
    merge({ kind: 'Secret' }),
    /^422 .*converting \(v1\.Secret\) to \(core\.ConfigMap\): unknown conversion$/,
  ],
  [
    'a patch to a version that nobody knows',
    `${CONFIG_MAPS}/c`,
    json([{ op: 'replace', path: '/apiVersion', value: 'v2' }]),
    /^422 .*no kind "ConfigMap" is registered for version "v2" in scheme "pkg\/runtime\/scheme\.go:111"$/,
  ],
  [
    'a patch that takes the version away',
    `${CONFIG_MAPS}/c`,
    merge({ apiVersion: null, data: { y: '2' } }),
    '400 the name of the object (c based on URL) was undeterminable: name must be provided',
  ],
  ['a patch to another version of the kind', `${HPAS}/h`, merge({ apiVersion: 'autoscaling/v2' }), '200 '],
  [
    'a message quotes what is untouched in the order of Go, and the rest sorted',
    `${DEPLOYMENTS}/d`,
    merge({ spec: { replicas: 'many' } }),
    /^422 {2}"" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"apps\/v1\\",\\"kind\\":\\"Deployment\\",\\"metadata\\":{\\"name\\":\\"d\\",\\"namespace\\":\\"default\\",\\"uid\\":.*\\"generation\\":1,\\"creationTimestamp\\":.*\\"spec\\":{\\"progressDeadlineSeconds\\":600,\\"replicas\\":\\"many\\",/,
  ],
];

test.each(ROWS)('%s', async (_, url, asked, expected) => {
  const got = await answer(url, asked);
  if (typeof expected === 'string') expect(got).toBe(expected);
  else expect(got).toMatch(expected);
});

test('a patch that takes the version away is warned of all that is not known then', async () => {
  const { headers } = await server.ask(`${CONFIG_MAPS}/c`, merge({ apiVersion: null }));
  expect(headers['warning']).toEqual(['299 - "unknown field \\"data\\""', '299 - "unknown field \\"metadata\\""']);
});
