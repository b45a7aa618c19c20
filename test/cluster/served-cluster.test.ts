// A served cluster as other processes meet it: over TLS, with the kubeconfig that it leaves behind.
import fs from 'node:fs';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { serveCluster, type ServedCluster } from '../../src/cluster/served-cluster.ts';
import { findServing } from '../../src/cluster/serving.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-served-'));
const onError = (_component: string, _key: string, error: unknown): void => void failures.push(error);
const start = (name: string, port = 0): Promise<ServedCluster> =>
  serveCluster({ home, name, port, components: [], inMemory: true, onError });

const failures: unknown[] = [];
afterAll(() => expect(failures).toEqual([]));

let served: ServedCluster;
let agent: Agent;
beforeAll(async () => {
  served = await start('one');
  const { ca, clientCertificate: cert, clientKey: key } = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  agent = new Agent({ connect: { ca: ca!, cert: cert!, key: key! } });
});
afterAll(async () => {
  await agent.destroy();
  await served.stop();
  fs.rmSync(home, { recursive: true });
});

async function ask(method: 'GET' | 'POST' | 'DELETE', url: string, body?: unknown): Promise<{ code: number; body: unknown }> {
  const answer = await request(served.serving.url + url, {
    dispatcher: agent,
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  return { code: answer.statusCode, body: await answer.body.json() };
}

const configMap = (name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });

test('what is created over HTTPS is there', async () => {
  expect((await ask('POST', '/api/v1/namespaces/default/configmaps', configMap('one'))).code).toBe(201);
  expect(await ask('GET', '/api/v1/namespaces/default/configmaps/one')).toMatchObject({ code: 200, body: { data: { a: 'b' } } });
});

test('a watch is a stream of lines, each as soon as it happens', async () => {
  const { body } = await request(`${served.serving.url}/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0`, {
    dispatcher: agent,
  });
  const events: string[] = [];
  const seen = (async () => {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      events.push(...chunk.toString().split('\n').filter(Boolean));
      if (events.some((line) => line.includes('"watched"'))) break;
    }
  })();
  await ask('POST', '/api/v1/namespaces/default/configmaps', configMap('watched'));
  await seen;
  expect(events.map((line) => (JSON.parse(line) as { type: string }).type)).toContain('ADDED');
});

test('HTTP/2 is spoken on the same port', async () => {
  const { ca, clientCertificate: cert, clientKey: key } = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  const session = http2.connect(served.serving.url, { ca: ca!, cert: cert!, key: key! });
  const stream = session.request({ ':path': '/api/v1/namespaces/default' });
  const [headers] = await new Promise<[http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader]>((resolve) =>
    stream.on('response', (...all) => resolve([all[0]])),
  );
  expect(headers[':status']).toBe(200);
  session.destroy();
});

test('its certificate is signed by its own authority, and it listens on loopback only', async () => {
  const { ca } = loadKubeconfig({ env: {}, files: [served.serving.kubeconfig] });
  const socket = tls.connect({ host: '127.0.0.1', port: Number(new URL(served.serving.url).port), ca: ca! });
  await new Promise((resolve) => socket.on('secureConnect', resolve));
  expect(socket.authorized).toBe(true);
  expect(socket.remoteAddress).toBe('127.0.0.1');
  socket.destroy();
});

test('files with keys are for their owner only', () => {
  const directory = path.dirname(served.serving.kubeconfig);
  const all = ['kubeconfig', 'serving.json', ...fs.readdirSync(path.join(directory, 'pki')).map((name) => `pki/${name}`)];
  expect(all.filter((name) => fs.statSync(path.join(directory, name)).mode & 0o077)).toEqual([]);
});

test('a cluster that is served is found, and no longer when it has stopped; it comes back on its port with its authority', async () => {
  const first = await start('two');
  expect(findServing(home, 'two')).toMatchObject({ url: first.serving.url, pid: process.pid });
  const ca = loadKubeconfig({ env: {}, files: [first.serving.kubeconfig] }).ca;
  await first.stop();
  expect(findServing(home, 'two')).toBeUndefined();
  const second = await start('two');
  expect(second.serving.url).toBe(first.serving.url);
  expect(loadKubeconfig({ env: {}, files: [second.serving.kubeconfig] }).ca).toBe(ca);
  await second.stop();
});

test('who comes with a token of --token-auth-file is whom its line names', async () => {
  const tokenAuthFile = path.join(home, 'tokens.csv');
  fs.writeFileSync(tokenAuthFile, 'secret,jane,u1,"devs, ops"\n');
  const tokens = await serveCluster({
    home,
    name: 'tokens',
    port: 0,
    components: [],
    inMemory: true,
    tokenAuthFile,
    onError: onError,
  });
  const ca = loadKubeconfig({ env: {}, files: [tokens.serving.kubeconfig] }).ca!;
  const dispatcher = new Agent({ connect: { ca } });
  const answer = await request(`${tokens.serving.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
    dispatcher,
    method: 'POST',
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
  });
  expect(await answer.body.json()).toMatchObject({
    status: { userInfo: { username: 'jane', uid: 'u1', groups: ['devs', 'ops', 'system:authenticated'] } },
  });
  await dispatcher.destroy();
  await tokens.stop();
});

test('requests are told to the audit log, which is for its owner only', async () => {
  const log = path.join(home, 'audit.log');
  const audited = await serveCluster({ home, name: 'told', port: 0, components: [], inMemory: true, audit: { log }, onError });
  const { ca, clientCertificate: cert, clientKey: key } = loadKubeconfig({ env: {}, files: [audited.serving.kubeconfig] });
  const own = new Agent({ connect: { ca: ca!, cert: cert!, key: key! } });
  const answer = await request(`${audited.serving.url}/api/v1/namespaces`, { dispatcher: own });
  await answer.body.dump();
  await own.destroy();
  await audited.stop();
  const events = fs.readFileSync(log, 'utf8').trim().split('\n');
  const told = events
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find(({ auditID }) => auditID === answer.headers['audit-id']);
  expect(told).toMatchObject({ stage: 'ResponseComplete', verb: 'list', sourceIPs: ['127.0.0.1'], responseStatus: { code: 200 } });
  expect(fs.statSync(log).mode & 0o777).toBe(0o600);
});

test('a policy that is wrong is told before anything is served', async () => {
  const policy = path.join(home, 'policy.yaml');
  fs.writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\n');
  const audit = { log: path.join(home, 'none.log'), policy };
  await expect(serveCluster({ home, name: 'wrong', port: 0, inMemory: true, audit, onError })).rejects.toThrow(
    `audit policy ${policy}: rules: there are none`,
  );
});
