// Priority and fairness over HTTP: what answers tell of it, who is turned away, and how the configuration is looked after.
import { describe, expect, test } from 'vitest';
import type { FlowSchema } from '#api/flowcontrol/v1';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { UserInfo } from '../../../../src/apimachinery/api-request.ts';
import type { Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import { bootstrap } from '../../../../src/cluster/apiserver/bootstrap/bootstrap.ts';
import { handleHttp, type HttpResponse } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { MemoryStore } from '../../../../src/cluster/storage/memory-store.ts';

const ADMIN: UserInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
const ANN: UserInfo = { username: 'ann', groups: ['system:authenticated'] };
const ACCOUNT: UserInfo = {
  username: 'system:serviceaccount:web:app',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:web', 'system:authenticated'],
};
const SCHEMA = 'flowcontrol.apiserver.k8s.io/v1/FlowSchema';
const LEVEL = 'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration';

async function server(maxRequestsInFlight?: number) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const random = new Random(1);
  const store = new MemoryStore(clock);
  await bootstrap({ store, clock, random });
  const api = standaloneApiServer({
    clock,
    random,
    store,
    ...(maxRequestsInFlight === undefined ? {} : { maxRequestsInFlight }),
  });
  const client = new Client(new InProcessTransport(api, ADMIN, 'test'));
  const get = (url: string, user: UserInfo): Promise<HttpResponse> =>
    handleHttp(api, { method: 'GET', url, headers: {}, body: undefined, user });
  return { client, get, clock, store, api };
}

const flowSchema = (name: string, level: string, matchingPrecedence = 50): Manifest<FlowSchema> => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'FlowSchema',
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'ann' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
      },
    ],
  },
});

describe('an answer names the FlowSchema and the priority level', () => {
  test.each([
    ['an administrator', ADMIN, '/api/v1/namespaces', 'exempt', 'exempt'],
    ['a probe', ANN, '/readyz', 'probes', 'exempt'],
    ['anybody', ANN, '/api/v1/namespaces', 'global-default', 'global-default'],
    ['a ServiceAccount', ACCOUNT, '/api/v1/namespaces', 'service-accounts', 'workload-low'],
  ])('of %s', async (_, user, url, schema, level) => {
    const { client, get } = await server();
    const { headers } = await get(url, user);
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe((await client.get(SCHEMA, schema)).metadata.uid);
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBe((await client.get(LEVEL, level)).metadata.uid);
  });

  test('by precedence, as soon as it is there, and not while its level is missing', async () => {
    const { client, get } = await server();
    const uid = async (): Promise<unknown> => (await get('/api/v1/namespaces', ANN)).headers['x-kubernetes-pf-flowschema-uid'];
    await client.create(SCHEMA, flowSchema('nowhere', 'none', 40));
    const own = await client.create(SCHEMA, flowSchema('own', 'workload-high'));
    expect(await uid()).toBe(own.metadata.uid);
  });
});

const level = (limitResponse: object): object => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'PriorityLevelConfiguration',
  metadata: { name: 'narrow' },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse } },
});

test('where all seats are taken a request is told to come again', async () => {
  const { client, get } = await server(10);
  await client.create(LEVEL, level({ type: 'Reject' }) as never);
  await client.create(SCHEMA, flowSchema('own', 'narrow'));
  const answers = await Promise.all([1, 2, 3].map(() => get('/api/v1/namespaces', ANN)));
  expect(answers.map(({ code }) => code).sort()).toEqual([200, 429, 429]);
  const refused = answers.find(({ code }) => code === 429)!;
  expect(refused).toMatchObject({ headers: { 'retry-after': '1' }, body: 'Too many requests, please try again later.\n' });
  expect(refused.headers['x-kubernetes-pf-flowschema-uid']).toBeTypeOf('string');
  expect((await get('/api/v1/namespaces', ANN)).code).toBe(200);
  // others have seats of their own
  expect((await Promise.all([1, 2, 3].map(() => get('/api/v1/namespaces', ADMIN)))).map(({ code }) => code)).toEqual([200, 200, 200]);
});

test('with queues all of them are served, one after the other', async () => {
  const { client, get } = await server(10);
  await client.create(LEVEL, level({ type: 'Queue', queuing: { queues: 4, handSize: 1, queueLengthLimit: 10 } }) as never);
  await client.create(SCHEMA, flowSchema('own', 'narrow'));
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => get('/api/v1/namespaces', ANN)));
  expect(answers.map(({ code }) => code)).toEqual([200, 200, 200, 200, 200]);
});

test('a watch gives its seat back once it has begun', async () => {
  const { client, get } = await server(10);
  await client.create(LEVEL, level({ type: 'Reject' }) as never);
  await client.create(SCHEMA, flowSchema('own', 'narrow'));
  const watch = await get('/api/v1/namespaces?watch=1', ANN);
  expect((await get('/api/v1/namespaces', ANN)).code).toBe(200);
  (watch.body as { cancel(): void }).cancel();
});

test('levels that have nothing to do lend seats', async () => {
  const { get } = await server(20);
  // global-default has two seats of its own
  const answers = await Promise.all(Array.from({ length: 9 }, () => get('/api/v1/namespaces', ANN)));
  expect(answers.every(({ code }) => code === 200)).toBe(true);
});

describe('the condition Dangling', () => {
  const world = async () => {
    const { client, clock } = await server();
    const condition = async (): Promise<unknown> => {
      await clock.advance(1);
      const { status } = await client.get(SCHEMA, 'own');
      return status?.conditions?.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
    };
    return { client, condition };
  };

  test('tells whether the priority level is there, and follows it', async () => {
    const { client, condition } = await world();
    expect((await client.create(SCHEMA, flowSchema('own', 'narrow'))).status).toEqual({});
    expect(await condition()).toEqual(['Dangling=True NotFound']);
    await client.create(LEVEL, level({ type: 'Reject' }) as never);
    expect(await condition()).toEqual(['Dangling=False Found']);
    await client.delete(LEVEL, 'narrow');
    expect(await condition()).toEqual(['Dangling=True NotFound']);
    const { managedFields } = (await client.get(SCHEMA, 'own')).metadata;
    expect(managedFields?.map((entry) => [entry.manager, entry.operation, entry.subresource])).toContainEqual([
      'api-priority-and-fairness-config-consumer-v1',
      'Apply',
      'status',
    ]);
  });

  test('is told after the answer, and before anybody writes again', async () => {
    const { client } = await world();
    const made = await client.create(SCHEMA, flowSchema('own', 'narrow'));
    expect((await client.get(SCHEMA, 'own')).status).toEqual({});
    const { object } = await client.patch(SCHEMA, 'own', { metadata: { labels: { a: 'b' } } }, { type: 'merge' });
    expect(object.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(['Dangling=True']);
    expect(object.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
  });
});

describe('what the server comes with', () => {
  const patch = { type: 'merge' } as const;

  test.each([
    ['the mandatory comes back', 'catch-all'],
    ['the suggested comes back', 'service-accounts'],
  ])('%s when it is deleted', async (_, name) => {
    const { client, clock } = await server();
    await client.delete(SCHEMA, name);
    await clock.advance(61_000);
    expect((await client.get(SCHEMA, name)).metadata.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' });
  });

  test.each([
    ['the mandatory is what it was', 'catch-all', {}, 10000],
    ['the suggested is what it was', 'service-accounts', {}, 9000],
    ['the suggested stays as somebody wants it', 'service-accounts', { 'apf.kubernetes.io/autoupdate-spec': 'false' }, 8000],
  ])('%s after a change', async (_, name, annotations, expected) => {
    const { client, clock } = await server();
    await client.patch(SCHEMA, name, { metadata: { annotations }, spec: { matchingPrecedence: 8000 } }, patch).catch(() => undefined);
    await clock.advance(61_000);
    expect((await client.get(SCHEMA, name)).spec?.matchingPrecedence).toBe(expected);
  });

  test('nothing is written while nothing is changed', async () => {
    const { get, clock, store } = await server();
    await get('/readyz', ANN);
    const { revision } = store;
    await clock.advance(600_000);
    expect(store.revision).toBe(revision);
  });
});
