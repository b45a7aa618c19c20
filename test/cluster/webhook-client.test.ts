// Calls of webhooks over real connections.
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import fs from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterCertificates, type ClusterCertificates } from '../../src/cluster/pki.ts';
import { webhookClient } from '../../src/cluster/webhook-client.ts';

let directory: string;
let certificates: ClusterCertificates;
let server: https.Server;
let base: string;

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-webhooks-'));
  certificates = await clusterCertificates(path.join(directory, 'pki'), Date.now(), []);
  const { key, cert } = certificates.server;
  server = https.createServer({ key, cert }, (asked, answer) => {
    const url = asked.url!;
    if (url.startsWith('/slow')) return;
    asked.setEncoding('utf8');
    let body = '';
    asked.on('data', (part: string) => (body += part));
    asked.on('end', () => {
      answer.statusCode = url.startsWith('/broken') ? 500 : 200;
      answer.end(url.startsWith('/broken') ? 'oh no' : JSON.stringify({ url, body: JSON.parse(body) as unknown }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(directory, { recursive: true });
});

const call = (url: string, trusted = true): Promise<unknown> =>
  webhookClient.call({
    config: { url, ...(trusted ? { caBundle: Buffer.from(certificates.authority.cert).toString('base64') } : {}) },
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

it('does not reach services', () => {
  expect(webhookClient.reaches({ service: { namespace: 'default', name: 'hooks' } })).toBe(false);
});
