import { afterEach, expect, test } from 'vitest';
import type { Pod } from '#api/core/v1';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { JsonObject, Manifest } from '../../../src/apimachinery/object.ts';
import { Random } from '../../../src/apimachinery/random.ts';
import { handleHttp } from '../../../src/cluster/apiserver/http/http-api.ts';
import { ADMIN, Cluster, type BehaviourDocument } from '../../../src/cluster/cluster.ts';

let cluster: Cluster;
let clock: VirtualClock;
afterEach(() => cluster.stop());

async function started(behaviour?: BehaviourDocument): Promise<void> {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), nodes: 1, ...(behaviour ? { behaviour } : {}) });
  await clock.advance(3000);
}

async function create(name: string, metadata: Partial<Pod['metadata']> = {}, containers: readonly string[] = ['app']): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { containers: containers.map((c) => ({ name: c, image: 'img', resources: { requests: { cpu: '200m', memory: '64Mi' } } })) },
  };
  await cluster.client().create('v1/Pod', pod as Manifest<Pod>);
}

async function get(url: string, accept = 'application/json'): Promise<{ code: number; body: JsonObject }> {
  const { code, body } = await handleHttp(cluster.server, { method: 'GET', url, headers: { accept }, body: undefined, user: ADMIN });
  return { code, body: JSON.parse(String(body)) as JsonObject };
}

const ROOT = '/apis/metrics.k8s.io/v1beta1';
const POD = `${ROOT}/namespaces/default/pods/web`;
const usageOf = async (url = POD): Promise<unknown> => {
  const { body } = await get(url);
  return body['containers'] ?? body['message'];
};

test('a pod has metrics once it has run for one reading, on average over fifteen seconds', async () => {
  await started();
  await create('web');
  await clock.advance(6000);
  expect(await usageOf()).toBe('podmetrics.metrics.k8s.io "default/web" not found');
  await clock.advance(30_000);
  expect(await get(POD)).toMatchObject({
    code: 200,
    body: {
      kind: 'PodMetrics',
      timestamp: '2026-01-01T00:00:30Z',
      window: '15s',
      containers: [{ name: 'app', usage: { cpu: '100m', memory: '32Mi' } }],
    },
  });
});

test.each<{
  readonly situation: string;
  readonly behaviour?: BehaviourDocument;
  readonly annotations?: Record<string, string>;
  readonly usage: object;
}>([
  {
    situation: 'an annotation',
    annotations: { 'jibe.dev/behaviour-cpu': '130m', 'jibe.dev/behaviour-memory': '25%' },
    usage: { cpu: '130m', memory: '16Mi' },
  },
  {
    situation: 'a rule for an image',
    behaviour: { rules: [{ when: { image: 'img' }, then: { usage: { cpu: '1' } } }] },
    usage: { cpu: '1', memory: '32Mi' },
  },
  {
    situation: 'a curve, which is in its middle between 15 and 30 seconds',
    behaviour: {
      rules: [
        {
          then: {
            start: '0s',
            pull: { duration: '0s' },
            usage: {
              cpu: {
                points: [
                  { after: '0s', value: '0' },
                  { after: '60s', value: '600m' },
                ],
              },
            },
          },
        },
      ],
    },
    usage: { cpu: '195m', memory: '32Mi' },
  },
])('usage by $situation', async ({ behaviour, annotations = {}, usage }) => {
  await started(behaviour);
  await create('web', { annotations });
  await clock.advance(30_000);
  expect(await usageOf()).toEqual([{ name: 'app', usage }]);
});

test('an annotation that comes later changes what is used from then on', async () => {
  await started();
  await create('web');
  await clock.advance(37_000);
  await cluster
    .client()
    .patch('v1/Pod', 'web', { metadata: { annotations: { 'jibe.dev/behaviour-cpu': '400m' } } }, { type: 'merge', namespace: 'default' });
  expect(await usageOf()).toEqual([{ name: 'app', usage: { cpu: '100m', memory: '32Mi' } }]);
  await clock.advance(5000);
  // of the window that ends at 45 s the last third
  expect(await usageOf()).toMatchObject([{ usage: { cpu: '200m' } }]);
  await clock.advance(15_000);
  expect(await usageOf()).toMatchObject([{ usage: { cpu: '400m' } }]);
});

test('lists: selectors, all namespaces, nodes, and tables with the columns of metrics-server', async () => {
  await started();
  await create('web', { labels: { app: 'web' } }, ['app', 'sidecar']);
  await create('db', { labels: { app: 'db' } });
  await clock.advance(40_000);
  const names = async (url: string): Promise<string[]> =>
    ((await get(url)).body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  expect(await names(`${ROOT}/namespaces/default/pods`)).toEqual(['db', 'web']);
  expect(await names(`${ROOT}/pods?labelSelector=app%3Dweb`)).toEqual(['web']);
  expect(await names(`${ROOT}/pods?fieldSelector=metadata.name%3Ddb`)).toEqual(['db']);
  expect((await get(`${ROOT}/nodes/node-1`)).body).toMatchObject({ kind: 'NodeMetrics', usage: { cpu: '350m', memory: '352Mi' } });
  const table = (await get(`${ROOT}/namespaces/default/pods`, 'application/json;as=Table;v=v1;g=meta.k8s.io')).body;
  expect((table['columnDefinitions'] as { name: string }[]).map(({ name }) => name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
  expect((table['rows'] as { cells: unknown }[]).map(({ cells }) => cells)).toEqual([
    ['db', '100m', '32Mi', '15s'],
    ['web', '200m', '64Mi', '15s'],
  ]);
  expect((await get(`${ROOT}/pods?labelSelector=%2B%2B`)).code).toBe(400);
});

test('it is an APIService like any other: available, in discovery, and gone with its Service', async () => {
  await started();
  const client = cluster.client();
  const condition = async (): Promise<unknown> =>
    (await client.get('apiregistration.k8s.io/v1/APIService', 'v1beta1.metrics.k8s.io')).status?.conditions?.[0];
  expect(await condition()).toMatchObject({ type: 'Available', status: 'True', reason: 'Passed', message: 'all checks passed' });
  const groups = (await get('/apis')).body['groups'] as { name: string }[];
  expect(groups.at(-1)).toMatchObject({ name: 'metrics.k8s.io', preferredVersion: { version: 'v1beta1' } });
  const all = await get('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  const told = (all.body['items'] as { metadata: { name: string } }[]).at(-1);
  expect(told).toMatchObject({
    metadata: { name: 'metrics.k8s.io' },
    versions: [{ version: 'v1beta1', freshness: 'Current', resources: [{ resource: 'nodes' }, { resource: 'pods', scope: 'Namespaced' }] }],
  });
  expect(await client.servedKinds()).toContainEqual(expect.objectContaining({ kind: 'metrics.k8s.io/v1beta1/PodMetrics' }));
  await client.delete('v1/Service', 'metrics-server', { namespace: 'kube-system' });
  await clock.advance(1000);
  expect(await condition()).toMatchObject({
    status: 'False',
    reason: 'ServiceNotFound',
    message: 'service/metrics-server in "kube-system" is not present',
  });
  const refused = await handleHttp(cluster.server, { method: 'GET', url: `${ROOT}/pods`, headers: {}, body: undefined, user: ADMIN });
  expect([refused.code, refused.body]).toEqual([503, 'service unavailable\n']);
});
