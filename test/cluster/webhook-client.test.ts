// Calls of webhooks over real connections.
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import fs from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { Backends } from '../../src/cluster/apiserver/aggregator/backends.ts';
import { webhookClient } from '../../src/cluster/apiserver/webhook-client.ts';
import { dialOutside } from '../../src/cluster/outside.ts';
import { clusterCertificates, issueCertificate, type ClusterCertificates } from '../../src/cluster/pki.ts';
import { MemoryStore } from '../../src/cluster/storage/memory-store.ts';

let directory: string;
let certificates: ClusterCertificates;
let server: https.Server;
let base: string;
let port: number;
/** Known by the name of a Service. */
let named: https.Server;
let namedPort: number;

const store = new MemoryStore(new VirtualClock(0));
const client = webhookClient(store, new Backends(dialOutside));

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-webhooks-'));
  certificates = await clusterCertificates(path.join(directory, 'pki'), Date.now(), []);
  const { key, cert } = certificates.server;
  const answering = (asked: IncomingMessage, answer: ServerResponse): void => {
    const url = asked.url!;
    if (url.startsWith('/slow')) return;
    asked.setEncoding('utf8');
    let body = '';
    asked.on('data', (part: string) => (body += part));
    asked.on('end', () => {
      answer.statusCode = url.startsWith('/broken') ? 500 : 200;
      answer.end(url.startsWith('/broken') ? 'oh no' : JSON.stringify({ url, body: JSON.parse(body) as unknown }));
    });
  };
  server = https.createServer({ key, cert }, answering);
  const request = { commonName: 'hooks', dnsNames: ['hooks.default.svc'], usage: 'server' } as const;
  named = https.createServer(await issueCertificate(certificates.authority, request, Date.now()), answering);
  const listening = (one: https.Server): Promise<number> =>
    new Promise((resolve) => one.listen(0, '127.0.0.1', () => resolve((one.address() as AddressInfo).port)));
  [port, namedPort] = await Promise.all([listening(server), listening(named)]);
  base = `https://127.0.0.1:${port}`;
  await stored('services/specs/default/hooks', { spec: { type: 'ExternalName', externalName: 'localhost' } });
  await stored('services/specs/default/mute', { spec: { ports: [{ port: 443, name: 'https' }] } });
  await stored('services/specs/default/pods', { spec: { selector: { app: 'hooks' }, ports: [{ port: 443 }] } });
  await stored('services/specs/default/by-hand', { spec: { ports: [{ port: 443, name: 'https' }] } });
  await stored('endpointslices/default/by-hand', {
    metadata: { namespace: 'default', name: 'by-hand', labels: { 'kubernetes.io/service-name': 'by-hand' } },
    ports: [{ name: 'https', port }],
    endpoints: [{ addresses: ['127.0.0.1'] }],
  });
});
const stored = (key: string, object: object): Promise<unknown> =>
  store.create(`/registry/${key}`, () => ({ metadata: {}, ...object }) as unknown as KubernetesObject);

afterAll(() => {
  named.closeAllConnections();
  named.close();
  server.closeAllConnections();
  server.close();
  fs.rmSync(directory, { recursive: true });
});

type Config = Parameters<typeof client.call>[0]['config'];

const call = (target: string | Config, trusted = true): Promise<unknown> =>
  client.call({
    config: {
      ...(typeof target === 'string' ? { url: target } : target),
      ...(trusted ? { caBundle: Buffer.from(certificates.authority.cert).toString('base64') } : {}),
    },
    body: { a: 1 },
    timeoutSeconds: 1,
  });

it('sends the review, and how long it waits', async () => {
  expect(await call(`${base}/hook?a=b`)).toEqual({ url: '/hook?a=b&timeout=1s', body: { a: 1 } });
});

it('says why there is no answer', async () => {
  await expect(call(`${base}/broken`)).rejects.toThrow('an error on the server ("oh no") has prevented the request from succeeding');
  await expect(call(`${base}/slow`)).rejects.toThrow(`Post "${base}/slow?timeout=1s": context deadline exceeded`);
  await expect(call(`${base}/hook`, false)).rejects.toThrow(`Post "${base}/hook?timeout=1s": tls: failed to verify certificate: x509:`);
  await expect(call('https://127.0.0.1:1/hook')).rejects.toThrow('dial tcp 127.0.0.1:1: connect: connection refused');
});

const service = (name: string, at = 443): Config => ({ service: { namespace: 'default', name, port: at, path: '/hook' } });

it('calls what a Service stands for, under the name of the Service', async () => {
  expect(await call(service('hooks', namedPort))).toEqual({ url: '/hook?timeout=1s', body: { a: 1 } });
});

it.each([
  ['no Service', service('none'), 'Post "https://none.default.svc:443/hook?timeout=1s": services "none" not found'],
  ['no such port', service('mute', 80), 'Post "https://mute.default.svc:80/hook?timeout=1s": no service port 80 found for service "mute"'],
  ['no endpoints', service('mute'), 'Post "https://mute.default.svc:443/hook?timeout=1s": no endpoints available for service "mute"'],
  [
    'a certificate that names somebody else',
    service('by-hand'),
    /^Post "https:\/\/by-hand\.default\.svc:443\/hook\?timeout=1s": tls: failed to verify certificate: x509: /,
  ],
])('%s: says why there is no answer', async (_, config, message) => {
  await expect(call(config)).rejects.toThrow(message);
});

it.each([
  ['a URL', { url: 'https://example.test' }, true],
  ['an ExternalName', service('hooks'), true],
  ['endpoints that somebody wrote', service('by-hand'), true],
  ['simulated pods', service('pods'), false],
])('%s: whether it can be reached', async (_, config, reached) => {
  expect(await client.reaches(config)).toBe(reached);
});
