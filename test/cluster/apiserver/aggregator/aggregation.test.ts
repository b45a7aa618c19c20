// An aggregated API server: an HTTPS server of this process behind an ExternalName Service.
import fs from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { APIService } from '#api/apiregistration/v1';
import type { UserInfo } from '../../../../src/apimachinery/api-request.ts';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { bodyText } from '../../../../src/apimachinery/http-exchange.ts';
import type { JsonObject, KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { handleHttp, type HttpResponse } from '../../../../src/cluster/apiserver/http/http-api.ts';
import { ADMIN, Cluster } from '../../../../src/cluster/cluster.ts';
import { dialOutside } from '../../../../src/cluster/outside.ts';
import { clusterCertificates, issueCertificate, type ClusterCertificates } from '../../../../src/cluster/pki.ts';

let directory: string;
let certificates: ClusterCertificates;
let server: https.Server;
let port: number;
let caBundle: string;
let cluster: Cluster;
let clock: VirtualClock;
let asked: { method: string; url: string; headers: IncomingMessage['headers']; client: string; body: string }[];

const ROOT = '/apis/flunders.test/v1';
const RESOURCES = [
  {
    name: 'flunders',
    singularName: 'flunder',
    namespaced: true,
    kind: 'Flunder',
    verbs: ['get', 'list', 'watch', 'create'],
    shortNames: ['fl'],
  },
  { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
];
const flunder = (name: string): JsonObject => ({
  apiVersion: 'flunders.test/v1',
  kind: 'Flunder',
  metadata: { name, namespace: 'default', resourceVersion: '5' },
});

function serve({ url = '' }: IncomingMessage, answer: ServerResponse): void {
  const json = (value: unknown, code = 200): void => {
    answer.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (url === ROOT) json({ kind: 'APIResourceList', groupVersion: 'flunders.test/v1', resources: RESOURCES });
  else if (url === '/openapi/v3')
    json({ paths: { 'apis/flunders.test/v1': { serverRelativeURL: '/openapi/v3/apis/flunders.test/v1?hash=1' } } });
  else if (url.startsWith('/openapi/v3/')) json({ openapi: '3.0.0', info: { title: 'flunders' } });
  else if (url.includes('watch=true')) {
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.write(`${JSON.stringify({ type: 'ADDED', object: flunder('one') })}\n`);
    answer.write(`${JSON.stringify({ type: 'DELETED', object: flunder('one') })}\n`);
  } else if (url.endsWith('/missing'))
    json({ kind: 'Status', status: 'Failure', message: 'no such flunder', reason: 'NotFound', code: 404 }, 404);
  else json({ kind: 'FlunderList', apiVersion: 'flunders.test/v1', metadata: { resourceVersion: '5' }, items: [flunder('one')] });
}

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-aggregation-'));
  certificates = await clusterCertificates(path.join(directory, 'pki'), Date.now(), []);
  const { authority, frontProxyAuthority } = certificates;
  caBundle = Buffer.from(authority.cert).toString('base64');
  const pair = await issueCertificate(
    authority,
    { commonName: 'flunders', dnsNames: ['flunders.default.svc'], usage: 'server' },
    Date.now(),
  );
  const options = { ...pair, ca: frontProxyAuthority.cert, requestCert: true, rejectUnauthorized: false };
  server = https.createServer(options, (request, answer) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { authorized } = request.socket as TLSSocket;
      const client = authorized ? [(request.socket as TLSSocket).getPeerCertificate().subject.CN].flat().join() : '';
      asked.push({ method: request.method!, url: request.url!, headers: request.headers, client, body });
      serve(request, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  asked = [];
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const frontProxy = { client: certificates.frontProxyClient, authority: certificates.frontProxyAuthority.cert };
  cluster = await Cluster.start({ clock, random: new Random(1), components: [], dial: dialOutside, frontProxy });
  const metadata = { name: 'default' };
  await cluster
    .client()
    .create('v1/Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata })
    .catch(() => undefined);
});
afterEach(() => cluster.stop());

const NAME = 'v1.flunders.test';
const service = (spec: JsonObject): Manifest<KubernetesObject> =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'flunders', namespace: 'default' }, spec }) as Manifest<KubernetesObject>;
const external = (): Manifest<KubernetesObject> => service({ type: 'ExternalName', externalName: 'localhost' });

const apiService = (more: Partial<APIService['spec']> = {}): Manifest<APIService> => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: NAME },
  spec: {
    group: 'flunders.test',
    version: 'v1',
    groupPriorityMinimum: 2000,
    versionPriority: 10,
    caBundle,
    service: { name: 'flunders', namespace: 'default', port },
    ...more,
  },
});

async function condition(): Promise<string> {
  await clock.advance(10);
  const told = await cluster.client().get('apiregistration.k8s.io/v1/APIService', NAME);
  const { status, reason, message } = told.status?.conditions?.find(({ type }) => type === 'Available') ?? {};
  return status === undefined ? '' : `${status} ${reason}: ${message}`;
}

/** The check is on its way. */
async function checked(): Promise<string> {
  await expect.poll(condition, { interval: 5 }).not.toBe('');
  return condition();
}

async function available(): Promise<void> {
  await cluster.client().create('v1/Service', external());
  await cluster.client().create('apiregistration.k8s.io/v1/APIService', apiService());
  expect(await checked()).toBe('True Passed: all checks passed');
  asked.length = 0;
}

const send = (
  url: string,
  more: { user?: UserInfo; headers?: Record<string, string>; method?: string; body?: Uint8Array } = {},
): Promise<HttpResponse> => handleHttp(cluster.server, { method: 'GET', url, headers: {}, body: undefined, user: ADMIN, ...more });
const sendJson = async (url: string, headers: Record<string, string> = {}): Promise<JsonObject> =>
  JSON.parse(await bodyText((await send(url, { headers })).body, 1e6)) as JsonObject;

describe('availability', () => {
  test.each<
    readonly [
      rule: string,
      objects: () => readonly Manifest<KubernetesObject>[],
      spec: () => Partial<APIService['spec']>,
      expected: string | RegExp,
    ]
  >([
    ['no Service', () => [], () => ({}), 'False ServiceNotFound: service/flunders in "default" is not present'],
    [
      'no such port',
      () => [service({ ports: [{ port: 8443 }] })],
      () => ({ service: { name: 'flunders', namespace: 'default', port: 443 } }),
      'False ServicePortError: service/flunders in "default" is not listening on port 443',
    ],
    [
      'no endpoints',
      () => [service({ ports: [{ port: 443, name: 'https' }] })],
      () => ({ service: { name: 'flunders', namespace: 'default', port: 443 } }),
      'False EndpointsNotFound: cannot find endpointslices for service/flunders in "default"',
    ],
    [
      'a certificate that nobody trusts',
      () => [external()],
      () => ({ caBundle: undefined as unknown as string }),
      /^False FailedDiscoveryCheck: failing or missing response from https:\/\/localhost:\d+\/apis\/flunders.test\/v1: Get "https:\/\/localhost:\d+\/apis\/flunders.test\/v1": tls: failed to verify certificate: x509: /,
    ],
    [
      'a certificate that is not looked at',
      () => [external()],
      () => ({ caBundle: undefined as unknown as string, insecureSkipTLSVerify: true }),
      'True Passed: all checks passed',
    ],
    [
      'nobody there',
      () => [external()],
      () => ({ service: { name: 'flunders', namespace: 'default', port: 1 } }),
      /^False FailedDiscoveryCheck: .*connect: connection refused$/,
    ],
  ])('%s', async (_, objects, spec, expected) => {
    for (const object of objects()) await cluster.client().create(`${object.apiVersion}/${object.kind}`, object);
    const { caBundle: ca, ...rest } = apiService(spec()).spec!;
    await cluster.client().create('apiregistration.k8s.io/v1/APIService', {
      ...apiService(),
      spec: { ...rest, ...(ca ? { caBundle: ca } : {}) },
    } as Manifest<APIService>);
    if (typeof expected === 'string') expect(await checked()).toBe(expected);
    else expect(await checked()).toMatch(expected);
    const { code } = await send(`${ROOT}/flunders`);
    expect(code).toBe(expected.toString().startsWith('True') ? 200 : 503);
  });

  test('a Service that comes later is found', async () => {
    await cluster.client().create('apiregistration.k8s.io/v1/APIService', apiService());
    expect(await checked()).toMatch(/^False ServiceNotFound/);
    const refused = await send(`${ROOT}/flunders`);
    expect([refused.code, refused.body]).toEqual([503, 'service unavailable\n']);
    await cluster.client().create('v1/Service', external());
    await expect.poll(condition, { interval: 5 }).toBe('True Passed: all checks passed');
  });
});

describe('requests', () => {
  test('are passed on with who asks, under the certificate of the front proxy, and without what clients claim', async () => {
    await available();
    const user = { username: 'jane', uid: '7', groups: ['system:masters', 'dev'], extra: { 'example.com/scopes': ['a', 'b'] } };
    const headers = { 'x-remote-user': 'root', 'x-remote-group': 'root', authorization: 'Bearer secret', 'x-own': 'kept' };
    const { code, headers: told } = await send(`${ROOT}/namespaces/default/flunders?limit=5&fieldSelector=a%3Db`, { user, headers });
    expect([code, told['content-type']]).toEqual([200, 'application/json']);
    const [request] = asked;
    expect(request).toMatchObject({
      method: 'GET',
      url: `${ROOT}/namespaces/default/flunders?limit=5&fieldSelector=a%3Db`,
      client: 'front-proxy-client',
    });
    expect(request!.headers).toMatchObject({
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': 'system:masters, dev',
      'x-remote-extra-example.com%2fscopes': 'a, b',
      'x-own': 'kept',
      host: `flunders.default.svc:${port}`,
    });
    expect(request!.headers['authorization']).toBeUndefined();
  });

  test('bodies, and refusals, go through as they are', async () => {
    await available();
    await send(`${ROOT}/namespaces/default/flunders`, {
      method: 'POST',
      body: Buffer.from('any bytes'),
      headers: { 'content-type': 'text/x' },
    });
    expect(asked[0]).toMatchObject({ method: 'POST', body: 'any bytes', headers: { 'content-type': 'text/x' } });
    const { code, body } = await send(`${ROOT}/namespaces/default/flunders/missing`);
    expect([code, JSON.parse(await bodyText(body, 1e6))]).toMatchObject([404, { message: 'no such flunder' }]);
  });

  test('are authorized here first', async () => {
    await available();
    const { code } = await send(`${ROOT}/flunders`, { user: { username: 'nobody', groups: [] } });
    expect([code, asked]).toEqual([403, []]);
  });

  test('of clients in this process: lists, watches, and what is refused', async () => {
    await available();
    const client = cluster.client();
    expect((await client.list('flunders.test/v1/Flunder', { namespace: 'default' })).items).toEqual([flunder('one')]);
    const watch = await client.watch('flunders.test/v1/Flunder', { namespace: 'default', resourceVersion: '4' });
    expect([await watch.next(), await watch.next()]).toMatchObject([{ type: 'ADDED', object: flunder('one') }, { type: 'DELETED' }]);
    watch.cancel();
    await expect(client.get('flunders.test/v1/Flunder', 'missing', { namespace: 'default' })).rejects.toMatchObject({
      status: { reason: 'NotFound', message: 'no such flunder' },
    });
  });
});

describe('documents', () => {
  test('discovery, old and aggregated, by priority among the groups', async () => {
    await available();
    const groups = (await sendJson('/apis'))['groups'] as { name: string }[];
    expect(groups.at(-1)).toMatchObject({ name: 'flunders.test' });
    expect(await sendJson('/apis/flunders.test')).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'flunders.test/v1' },
    });
    expect(await sendJson(ROOT)).toMatchObject({ kind: 'APIResourceList', resources: RESOURCES });
    const all = await sendJson('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' });
    expect((all['items'] as JsonObject[]).at(-1)).toEqual({
      metadata: { name: 'flunders.test' },
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            {
              resource: 'flunders',
              responseKind: { group: 'flunders.test', version: 'v1', kind: 'Flunder' },
              scope: 'Namespaced',
              singularResource: 'flunder',
              verbs: ['get', 'list', 'watch', 'create'],
              shortNames: ['fl'],
              subresources: [
                { subresource: 'status', responseKind: { group: 'flunders.test', version: 'v1', kind: 'Flunder' }, verbs: ['get'] },
              ],
            },
          ],
        },
      ],
    });
  });

  test('OpenAPI of version 3', async () => {
    await available();
    const { paths } = (await sendJson('/openapi/v3')) as { paths: JsonObject };
    expect(paths['apis/flunders.test/v1']).toEqual({ serverRelativeURL: '/openapi/v3/apis/flunders.test/v1?hash=1' });
    expect(paths['apis/apps/v1']).toBeDefined();
    expect(await sendJson('/openapi/v3/apis/flunders.test/v1?hash=1')).toEqual({ openapi: '3.0.0', info: { title: 'flunders' } });
  });

  test('all of it goes with the APIService', async () => {
    await available();
    await cluster.client().delete('apiregistration.k8s.io/v1/APIService', NAME);
    expect((await send(`${ROOT}/flunders`)).code).toBe(404);
    expect(await cluster.client().resolve('flunders.test/v1/Flunder')).toBeUndefined();
  });

  test('how extension servers know this one', async () => {
    const { data } = await cluster.client().get('v1/ConfigMap', 'extension-apiserver-authentication', { namespace: 'kube-system' });
    expect(data?.['requestheader-client-ca-file']).toBe(certificates.frontProxyAuthority.cert);
    expect(data?.['requestheader-username-headers']).toBe('["X-Remote-User"]');
  });
});
