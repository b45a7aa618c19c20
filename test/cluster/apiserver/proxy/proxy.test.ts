// The proxy subresources, to simulated pods and to a server outside.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, Service } from '#api/core/v1';
import type { UserInfo } from '../../../../src/apimachinery/api-request.ts';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { bodyText } from '../../../../src/apimachinery/http-exchange.ts';
import type { JsonObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { handleHttp } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { targetOf } from '../../../../src/cluster/apiserver/proxy/proxy.ts';
import { ADMIN, Cluster } from '../../../../src/cluster/cluster.ts';
import { dialOutside } from '../../../../src/cluster/outside.ts';

let cluster: Cluster;
let clock: VirtualClock;
let outside: http.Server;
let ip: string | undefined;

beforeAll(async () => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  cluster = await Cluster.start({ clock, random: new Random(1), nodes: 1, dial: dialOutside });
  const client = cluster.client();
  await clock.advance(1000);
  const metadata = { name: 'web', namespace: 'default', labels: { app: 'web' } };
  const ports = [{ name: 'http', containerPort: 8080 }];
  const resources = { requests: { cpu: '200m', memory: '64Mi' } };
  await client.create('v1/Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, annotations: { 'jibe.dev/behaviour': '{"logs":["hello"]}' } },
    spec: { containers: [{ name: 'app', image: 'img', ports, resources }] },
  } as Manifest<Pod>);
  const pending = { name: 'pending', namespace: 'default', annotations: { 'jibe.dev/behaviour-pending': 'true' } };
  await client.create('v1/Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: pending,
    spec: { containers: [{ name: 'app', image: 'img' }] },
  } as Manifest<Pod>);
  const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] };
  await client.create('v1/Service', { apiVersion: 'v1', kind: 'Service', metadata, spec } as Manifest<Service>);
  await client.create('v1/Service', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'none', namespace: 'default' },
    spec: { ports: [{ port: 80 }] },
  } as Manifest<Service>);
  await clock.advance(20_000);

  outside = http.createServer((asked, answer) => {
    const at = asked.url!;
    if (at.startsWith('/redirect')) answer.writeHead(302, { location: at.includes('away') ? 'http://example.test/x' : '/login?a=b' }).end();
    else {
      let body = '';
      asked.on('data', (part: Buffer) => (body += part.toString()));
      asked.on('end', () =>
        answer.writeHead(201, { 'x-own': 'yes' }).end(JSON.stringify({ method: asked.method, url: at, headers: asked.headers, body })),
      );
    }
  });
  await new Promise<void>((resolve) => outside.listen(0, '0.0.0.0', resolve));
  ip = Object.values(os.networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
});
afterAll(async () => {
  outside.closeAllConnections();
  outside.close();
  await cluster.stop();
});

interface Answered {
  readonly code: number;
  readonly headers: JsonObject;
  readonly text: string;
}

async function send(
  url: string,
  method = 'GET',
  more: { readonly body?: string; readonly headers?: Record<string, string>; readonly user?: UserInfo } = {},
): Promise<Answered> {
  const { headers = {}, body, user = ADMIN } = more;
  const answer = await handleHttp(cluster.server, { method, url, headers, body: body === undefined ? undefined : Buffer.from(body), user });
  return { code: answer.code, headers: answer.headers as JsonObject, text: await bodyText(answer.body, 1e6) };
}

const POD = '/api/v1/namespaces/default/pods';
const SERVICE = '/api/v1/namespaces/default/services';
const NODE = '/api/v1/nodes/node-1/proxy';
const said = (line: string): string => `${line} HTTP/1.1\nanswered by pod default/web on port 8080 (simulated)\n`;

test.each([
  ['web', { scheme: '', name: 'web', port: '' }],
  ['web:http', { scheme: '', name: 'web', port: 'http' }],
  ['https:web:', { scheme: 'https', name: 'web', port: '' }],
  ['ftp:web:80', undefined],
  ['http:a:b:c', undefined],
  [':80', undefined],
])('targetOf %s', (id, target) => {
  if (target) expect(targetOf(id, 'service')).toEqual(target);
  else expect(() => targetOf(id, 'service')).toThrow(`invalid service request ${JSON.stringify(id)}`);
});

describe('to simulated pods', () => {
  test.each<readonly [rule: string, url: string, method: string, code: number, text: string]>([
    ['the first port that is declared', `${POD}/web/proxy/a/b?c=d&timeout=x`, 'GET', 200, said('GET /a/b?c=d&timeout=x')],
    ['a port by number', `${POD}/web:8080/proxy/`, 'GET', 200, said('GET /')],
    ['what is written in the path stays as it is', `${POD}/web/proxy/a%2Fb//c/`, 'GET', 200, said('GET /a%2Fb//c/')],
    ['any method', `${POD}/web/proxy/x`, 'DELETE', 200, said('DELETE /x')],
    ['OPTIONS too', `${POD}/web/proxy/x`, 'OPTIONS', 200, said('OPTIONS /x')],
    ['a Service by the number of its port', `${SERVICE}/web:80/proxy/x`, 'GET', 200, said('GET /x')],
    ['a Service by the name of its port', `${SERVICE}/http:web:http/proxy/x`, 'GET', 200, said('GET /x')],
  ])('%s', async (_, url, method, code, text) => {
    expect(await send(url, method)).toMatchObject({ code, text });
  });

  test('a body goes along, and what follows is another request', async () => {
    expect((await send(`${POD}/web/proxy/x`, 'POST', { body: 'GET / HTTP/1.1\r\n\r\n' })).text).toBe(said('POST /x'));
    expect((await send(`${POD}/web/proxy/x`, 'HEAD')).code).toBe(200);
  });

  test('a path without a slash is sent to the one with it', async () => {
    expect(await send(`${POD}/web/proxy?a=b`)).toMatchObject({ code: 301, text: '', headers: { location: `${POD}/web/proxy/?a=b` } });
    expect((await send(`${POD}/web/proxy`, 'POST')).text).toBe(said('POST /'));
  });

  test.each<readonly [rule: string, url: string, code: number, message: string | RegExp]>([
    ['no such pod', `${POD}/no/proxy/`, 404, 'pods "no" not found'],
    ['a pod without an address', `${POD}/pending/proxy/`, 400, 'address not allowed'],
    ['nobody listens', `${POD}/web:9999/proxy/`, 503, /^error trying to reach service: dial tcp [\d.]+:9999: connect: connection refused$/],
    [
      'TLS to a server without',
      `${POD}/https:web:8080/proxy/`,
      503,
      'error trying to reach service: http: server gave HTTP response to HTTPS client',
    ],
    ['no such request', `${POD}/a:b:c:d/proxy/`, 400, 'invalid pod request "a:b:c:d"'],
    ['no such Service', `${SERVICE}/no/proxy/`, 404, 'services "no" not found'],
    ['no such port', `${SERVICE}/web:81/proxy/`, 503, 'no service port 81 found for service "web"'],
    ['a port that has a name and is not named', `${SERVICE}/web/proxy/`, 503, 'no endpoints available for service "web"'],
    ['no endpoints', `${SERVICE}/none:80/proxy/`, 503, 'no endpoints available for service "none"'],
  ])('%s', async (_, url, code, message) => {
    const { text, ...answer } = await send(url);
    const status = JSON.parse(text) as JsonObject;
    expect(answer.code).toBe(code);
    if (typeof message === 'string') expect(status['message']).toBe(message);
    else expect(status['message']).toMatch(message);
  });

  test('nobody may who may not', async () => {
    expect((await send(`${POD}/web/proxy/`, 'GET', { user: { username: 'nobody', groups: [] } })).code).toBe(403);
  });
});

describe('to a server outside', () => {
  const url = (rest: string): string => `${SERVICE}/outside/proxy/${rest}`;

  beforeAll(async () => {
    if (ip === undefined) return;
    const { port } = outside.address() as AddressInfo;
    const metadata = { name: 'outside', namespace: 'default' };
    const client = cluster.client();
    await client.create('v1/Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ port: 80 }] },
    } as Manifest<Service>);
    await client.create('discovery.k8s.io/v1/EndpointSlice', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'outside' } },
      addressType: 'IPv4',
      ports: [{ name: '', port }],
      endpoints: [{ addresses: [ip] }],
    });
  });

  test('headers and bodies go both ways, credentials do not', async () => {
    // a machine without a network has no address to give
    if (ip === undefined) return;
    const headers = { authorization: 'Bearer secret', 'content-type': 'text/x', 'x-mine': 'yes' };
    const { code, text, headers: told } = await send(url('x?a=b'), 'PUT', { body: 'payload', headers });
    expect([code, told['x-own']]).toEqual([201, 'yes']);
    const asked = JSON.parse(text) as { headers: JsonObject };
    expect(asked).toMatchObject({
      method: 'PUT',
      url: '/x?a=b',
      body: 'payload',
      headers: { 'content-type': 'text/x', 'x-mine': 'yes', 'x-forwarded-uri': url('x') },
    });
    expect(asked.headers['authorization']).toBeUndefined();
  });

  test('redirects stay behind the proxy, unless they lead elsewhere', async () => {
    if (ip === undefined) return;
    expect((await send(url('redirect'))).headers['location']).toBe(url('login?a=b'));
    expect((await send(url('redirect/away'))).headers['location']).toBe('http://example.test/x');
  });
});

describe('to kubelets', () => {
  test.each([
    ['/healthz', 'ok'],
    ['/healthz/syncloop', 'ok'],
  ])('%s', async (path, text) => {
    expect(await send(`${NODE}${path}`)).toMatchObject({ code: 200, text });
  });

  const json = async (path: string): Promise<JsonObject> => JSON.parse((await send(`${NODE}${path}`)).text) as JsonObject;

  test('its pods', async () => {
    const { kind, items } = (await json('/pods')) as { kind: string; items: Pod[] };
    expect([kind, items.map(({ metadata }) => metadata.name).sort()]).toEqual(['PodList', ['pending', 'web']]);
  });

  test('what they use, summed up', async () => {
    const summary = await json('/stats/summary');
    const used = { cpu: { usageNanoCores: 100_000_000 }, memory: { workingSetBytes: 32 * 2 ** 20 } };
    expect(summary).toMatchObject({
      node: { nodeName: 'node-1', ...used },
      pods: [{ podRef: { name: 'web', namespace: 'default' }, ...used, containers: [{ name: 'app', ...used }] }],
    });
  });

  test('and for Prometheus', async () => {
    const { text, headers } = await send(`${NODE}/metrics/resource`);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const [seconds] = /container_cpu_usage_seconds_total\{container="app",namespace="default",pod="web"\} ([\d.]+) \d+/
      .exec(text)!
      .slice(1);
    expect(Number(seconds)).toBeGreaterThan(1);
    expect(text).toContain(`pod_memory_working_set_bytes{namespace="default",pod="web"} ${32 * 2 ** 20} `);
    expect(text).toContain('resource_scrape_error 0\n');
    expect((await send(`${NODE}/metrics`)).text).toContain('kubelet_running_pods 1\n');
  });

  test('its configuration, logs, and what it does not know', async () => {
    expect(await json('/configz')).toMatchObject({ kubeletconfig: { kind: 'KubeletConfiguration', port: 10250 } });
    expect((await send(`${NODE}/containerLogs/default/web/app`)).text).toBe('hello\n');
    expect(await send(`${NODE}/nothing`)).toMatchObject({ code: 404, text: '404 page not found\n' });
    expect((await send('/api/v1/nodes/no/proxy/healthz')).code).toBe(404);
    expect((await send('/api/v1/nodes/node-1:10250/proxy/healthz')).text).toBe('ok');
    expect((await send(NODE)).headers['location']).toBe(`${NODE}/`);
  });
});
