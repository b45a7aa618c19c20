// Clients that take their time, or send more than they may: each is answered or cut off, and those beside it are served meanwhile.
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealClock } from '../../../../src/apimachinery/clock.ts';
import { Random } from '../../../../src/apimachinery/random.ts';
import { listen, type ListeningServer } from '../../../../src/cluster/apiserver/http/socket-server.ts';
import { Cluster } from '../../../../src/cluster/cluster.ts';
import { clusterCertificates, type ClusterCertificates } from '../../../../src/cluster/pki.ts';

const host = '127.0.0.1';
const NAMESPACES = '/api/v1/namespaces';
const failures: unknown[] = [];
let directory: string;
let certificates: ClusterCertificates;
let server: ListeningServer;

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'jibe-slow-'));
  certificates = await clusterCertificates(directory, Date.now(), []);
  const cluster = await Cluster.start({ clock: new RealClock(), random: new Random(1), components: [] });
  server = await listen({
    server: cluster.server,
    host,
    port: 0,
    key: certificates.server.key,
    cert: certificates.server.cert,
    clientCA: certificates.authority.cert,
    onError: (error) => failures.push(error),
    patience: { handshake: 200, headers: 200, request: 300, idle: 400 },
  });
});
afterAll(async () => {
  await server.close();
  fs.rmSync(directory, { recursive: true });
  expect(failures).toEqual([]);
});

/** What the server sends until it hangs up, while `drip` is sent again and again after `start`. */
function dripping(start: string, drip: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host, port: server.port, ca: certificates.authority.cert, ALPNProtocols: ['http/1.1'] });
    let got = '';
    const timer = setInterval(() => drip && socket.write(drip), 20);
    socket.on('secureConnect', () => start && socket.write(start));
    socket.on('data', (data) => (got += data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(got);
    });
  });
}

test('who never begins the handshake is cut off', async () => {
  const socket = net.connect(server.port, host);
  await new Promise((resolve) => socket.on('close', resolve));
});

test('who never asks is cut off', async () => {
  expect(await dripping('', '')).toMatch(/^HTTP\/1\.1 408 /);
});

test('headers that come line by line end with 408', async () => {
  expect(await dripping('GET /version HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n')).toMatch(/^HTTP\/1\.1 408 /);
});

test('a body that comes byte by byte ends with 504, as a Status', async () => {
  const got = await dripping(`POST ${NAMESPACES} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`, ' ');
  expect(got).toMatch(/^HTTP\/1\.1 504 /);
  expect(got).toContain('"message":"Timeout: request did not complete within the allotted timeout"');
});

test('over HTTP/2 too; and a connection on which nothing is open ends', async () => {
  const session = http2.connect(`https://${host}:${server.port}`, { ca: certificates.authority.cert });
  const closed = new Promise((resolve) => session.on('close', resolve));
  const stream = session.request({ ':method': 'POST', ':path': NAMESPACES });
  const timer = setInterval(() => stream.destroyed || stream.write(' '), 20);
  stream.on('error', () => undefined);
  const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
  clearInterval(timer);
  expect(status).toBe(504);
  await closed;
});

test('a watch on which nothing happens goes on for longer than an idle connection', async () => {
  const { cert, key } = certificates.admin;
  const session = http2.connect(`https://${host}:${server.port}`, { ca: certificates.authority.cert, cert, key });
  const stream = session.request({ ':path': `${NAMESPACES}?watch=1&timeoutSeconds=1` });
  let closedEarly = false;
  session.on('close', () => (closedEarly = true));
  stream.resume();
  await new Promise((resolve) => stream.on('end', resolve));
  expect(closedEarly).toBe(false);
  session.destroy();
});

test('a body that is too long is answered with 413 before the connection is reset', async () => {
  const { cert, key } = certificates.admin;
  const answer = await new Promise<string>((resolve, reject) => {
    const request = https.request({
      host,
      port: server.port,
      method: 'POST',
      path: NAMESPACES,
      ca: certificates.authority.cert,
      cert,
      key,
    });
    request.setHeader('content-type', 'application/json');
    request.on('error', reject);
    request.on('response', (response) => {
      let text = `${response.statusCode} `;
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => resolve(text));
    });
    request.end(' '.repeat(3 * 2 ** 20 + 1));
  });
  expect(answer).toMatch(/^413 .*limit is 3145728/);
});

test('a body that goes on after its answer is cut off', async () => {
  const head = `POST ${NAMESPACES} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n`;
  expect(await dripping(head + ' '.repeat(3 * 2 ** 20 + 1), ' '.repeat(65536))).toMatch(/^HTTP\/1\.1 (413|401|403) /);
});
