// What the audit log tells of a request, stage by stage.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import type { UserInfo } from '../../../../src/apimachinery/api-request.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { Client } from '../../../../src/client/client.ts';
import { InProcessTransport } from '../../../../src/client/in-process.ts';
import type { PolicyRule } from '../../../../src/cluster/apiserver/audit/policy.ts';
import { handleHttp, type HttpResponse } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { standaloneApiServer } from '../../../../src/cluster/apiserver/standalone.ts';
import { WITHOUT_CONTROLLERS } from '../../without-controllers.ts';

type Told = Record<string, unknown> & { readonly annotations?: Record<string, string> };

const admin: UserInfo = { username: 'admin', uid: '7', groups: ['system:masters', 'system:authenticated'] };
const nobody: UserInfo = { username: 'nobody', groups: ['system:authenticated'] };

async function logged(...rules: PolicyRule[]) {
  const events: Told[] = [];
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const server = standaloneApiServer({
    clock,
    random: new Random(1),
    ...WITHOUT_CONTROLLERS,
    access: { authorization: 'Node,RBAC' },
    audit: { policy: { rules }, sink: (line) => void events.push(JSON.parse(line) as Told) },
  });
  const client = new Client(new InProcessTransport(server, admin, 'test'));
  await client.create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  events.length = 0;
  const ask = (method: string, url: string, body?: unknown, more: { user?: UserInfo; headers?: Record<string, string> } = {}) =>
    handleHttp(server, {
      method,
      url,
      headers: { 'user-agent': 'kubectl/v1', 'content-type': 'application/json', ...more.headers },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      remoteAddress: '127.0.0.1',
      ...(more.user === undefined && more.headers?.['authorization'] ? {} : { user: more.user ?? admin }),
    });
  return { ask, client, events };
}

const SECRETS = '/api/v1/namespaces/default/secrets';
const secret = { metadata: { name: 's' }, data: { key: 'c2VjcmV0' } };
const idOf = (response: HttpResponse): unknown => response.headers['audit-id'];

test('a request is told when it is received and when it is answered', async () => {
  const { ask, events } = await logged({ level: 'Metadata' });
  const response = await ask('POST', `${SECRETS}?fieldManager=x`, secret);
  const received = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: idOf(response),
    stage: 'RequestReceived',
    requestURI: `${SECRETS}?fieldManager=x`,
    verb: 'create',
    user: { username: 'admin', uid: '7', groups: ['system:masters', 'system:authenticated'] },
    sourceIPs: ['127.0.0.1'],
    userAgent: 'kubectl/v1',
    objectRef: { resource: 'secrets', namespace: 'default', apiVersion: 'v1' },
    requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
    stageTimestamp: '2026-01-01T00:00:00.000000Z',
  };
  expect(events).toEqual([
    received,
    {
      ...received,
      stage: 'ResponseComplete',
      objectRef: { ...received.objectRef, name: 's' },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    },
  ]);
  expect(Object.keys(events[1]!).join()).toBe(
    'kind,apiVersion,level,auditID,stage,requestURI,verb,user,sourceIPs,userAgent,objectRef,responseStatus,' +
      'requestReceivedTimestamp,stageTimestamp,annotations',
  );
});

test.each<[PolicyRule['level'], boolean, boolean]>([
  ['Metadata', false, false],
  ['Request', true, false],
  ['RequestResponse', true, true],
])('at level %s bodies are told: request %s, response %s', async (level, request, response) => {
  const { ask, events } = await logged({ level, omitStages: ['RequestReceived'] });
  await ask('POST', SECRETS, secret);
  await ask('PATCH', `${SECRETS}/s`, { data: { key: null } }, { headers: { 'content-type': 'application/merge-patch+json' } });
  const [created, patched] = events;
  expect(created?.['requestObject'] !== undefined).toBe(request);
  expect(created?.['responseObject'] !== undefined).toBe(response);
  if (request) expect(created?.['requestObject']).toMatchObject({ kind: 'Secret', apiVersion: 'v1', ...secret, type: 'Opaque' });
  if (request) expect(patched?.['requestObject']).toEqual({ data: { key: null } });
  if (response) expect(patched?.['responseObject']).toMatchObject({ kind: 'Secret', metadata: { name: 's' } });
});

test('managed fields are left out where the policy says so', async () => {
  const { ask, events } = await logged({ level: 'RequestResponse', omitManagedFields: true, omitStages: ['RequestReceived'] });
  await ask('POST', SECRETS, secret);
  await ask('GET', SECRETS);
  expect(events.map((event) => JSON.stringify(event).includes('managedFields'))).toEqual([false, false]);
});

test('a refusal tells why', async () => {
  const { ask, events } = await logged({ level: 'Metadata', omitStages: ['RequestReceived'] });
  await ask('GET', `${SECRETS}/none`);
  await ask('GET', SECRETS, undefined, { user: nobody });
  expect(events).toMatchObject([
    { responseStatus: { status: 'Failure', reason: 'NotFound', message: 'secrets "none" not found', code: 404 } },
    {
      responseStatus: { reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
    },
  ]);
});

test('who is impersonated stands beside who asks', async () => {
  const { ask, events } = await logged({ level: 'Metadata', users: ['admin'], omitStages: ['RequestReceived'] });
  await ask('GET', SECRETS, undefined, { headers: { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' } });
  expect(events).toMatchObject([
    { user: { username: 'admin' }, impersonatedUser: { username: 'ann', groups: ['system:masters', 'system:authenticated'] } },
  ]);
});

test('credentials that are not valid are told', async () => {
  const { ask, events } = await logged({ level: 'Metadata' });
  expect((await ask('GET', SECRETS, undefined, { headers: { authorization: 'Bearer wrong' } })).code).toBe(401);
  expect(events).toMatchObject([
    { stage: 'ResponseStarted', user: {}, responseStatus: { message: 'Authentication failed, attempted: bearer', code: 401 } },
  ]);
});

test('a watch is told when it begins and when it ends', async () => {
  const { ask, events } = await logged({ level: 'Metadata' });
  const { body } = await ask('GET', `${SECRETS}?watch=1`);
  const stages = (): unknown[] => events.map(({ stage }) => stage);
  expect(stages()).toEqual(['RequestReceived', 'ResponseStarted']);
  (body as { cancel(): void }).cancel();
  expect(stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
});

test('an ID that the client gives is kept, and is in the answer whether there is a log or not', async () => {
  const { ask, events } = await logged({ level: 'None', verbs: ['list'] }, { level: 'Metadata' });
  expect(idOf(await ask('GET', SECRETS, undefined, { headers: { 'audit-id': 'mine' } }))).toBe('mine');
  expect(idOf(await ask('GET', '/version'))).toMatch(/^[0-9a-f-]{36}$/);
  expect(events.map(({ verb }) => verb)).toEqual(['get', 'get']);
});

test('what admission says is told', async () => {
  const { ask, events } = await logged({ level: 'Metadata', omitStages: ['RequestReceived'], verbs: ['create'] });
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/audit': 'restricted' };
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'strict', labels } });
  await ask('POST', '/api/v1/namespaces/strict/serviceaccounts', { metadata: { name: 'default' } });
  await ask('POST', '/api/v1/namespaces/strict/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  expect(events.at(-1)?.annotations).toMatchObject({
    'pod-security.kubernetes.io/enforce-policy': 'baseline:latest',
    'pod-security.kubernetes.io/audit-violations': expect.stringContaining('would violate PodSecurity "restricted:latest"') as string,
  });
});

test('components of the same process are told like any client', async () => {
  const { client, events } = await logged({ level: 'Metadata' });
  await client.get('v1/Namespace', 'default');
  expect(events).toMatchObject([
    { stage: 'RequestReceived', requestURI: '/api/v1/namespaces/default', verb: 'get', user: { username: 'admin' }, userAgent: 'test' },
    {
      stage: 'ResponseComplete',
      objectRef: { resource: 'namespaces', namespace: 'default', name: 'default' },
      responseStatus: { code: 200 },
    },
  ]);
});

test('a failure of the server itself is told as a panic', async () => {
  const { ask, events } = await logged({ level: 'Metadata', omitStages: ['RequestReceived'] });
  const broken = { toString: () => 'nothing of it can be read' } as unknown as string;
  await expect(ask('GET', SECRETS, undefined, { headers: { accept: broken } })).rejects.toThrow();
  expect(events).toMatchObject([{ stage: 'Panic', responseStatus: { reason: 'InternalError', code: 500 } }]);
});
