// The API over TLS: HTTP/2 and HTTP/1.1 on one port. Reads requests off the wire, hands them to the pipeline as values, and writes what it
// answers; who asks, and what the answer is, is decided there.
import { STATUS_CODES, ServerResponse, type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { RealClock } from '../../../apimachinery/clock.ts';
import { timeoutError } from '../../../apimachinery/status-error.ts';
import type { ApiServer } from '../api-server.ts';
import { handleHttp, statusAnswer, type ClientCertificate, type HttpResponse } from './http-api.ts';

/** The most that a body may have, in bytes; the pipeline refuses one that is longer. */
const MAX_BODY_BYTES = 3 * 2 ** 20;
const MAX_HEADER_BYTES = 1 << 20;
/** How long a client may take, in milliseconds. */
export interface Patience {
  /** For the handshake of TLS. */
  readonly handshake: number;
  /** For the headers of a request of HTTP/1.1. */
  readonly headers: number;
  /** For the whole of a request, body and all. */
  readonly request: number;
  /** With a connection on which nothing is asked. */
  readonly idle: number;
}
const CHECK_MS = 5_000;
const PATIENCE: Patience = { handshake: 10_000, headers: 32_000, request: 60_000, idle: 90_000 };
/** How much of a body that is too long, and for how long, a client may go on sending after it was answered. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 500;
/** Streams that one HTTP/2 connection may have open at a time, as kube-apiserver has it. */
const MAX_CONCURRENT_STREAMS = 100;

/** The network's time goes on whatever the cluster's clock shows. */
const CLOCK = new RealClock();
const TOO_SLOW = Symbol('too slow');
const TIMED_OUT = 'request did not complete within the allotted timeout';

export interface SocketServerOptions {
  readonly server: ApiServer;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM: who signs the certificates of clients. */
  readonly clientCA: string;
  readonly patience?: Patience;
  /** Told of failures of the server itself; the client is answered with 500. */
  readonly onError: (error: unknown) => void;
}

export interface ListeningServer {
  readonly port: number;
  /** Ends all connections, watches too. */
  close(): Promise<void>;
}

/** Rejects where the address cannot be had (`EADDRINUSE`, `EACCES`). */
export async function listen(options: SocketServerOptions): Promise<ListeningServer> {
  const { key, cert, clientCA, host, port, patience = PATIENCE } = options;
  const listener = http2.createSecureServer({
    key,
    cert,
    ca: clientCA,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    // who has no certificate may still have a token, and be told so if not
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: patience.handshake,
    maxHeaderListPairs: 200,
    settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES },
  });
  Object.assign(listener, {
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    keepAliveTimeout: patience.idle,
    connectionsCheckingInterval: Math.min(CHECK_MS, patience.headers),
  });
  const sockets = new Set<Socket>();
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // a client that hangs up is no failure
    socket.on('error', () => socket.destroy());
  });
  listener.on('tlsClientError', (_, socket) => socket.destroy());
  listener.on('sessionError', () => undefined);
  listener.on('session', (session) => hangUpWhenIdle(session, patience.idle));
  listener.on('request', (request, response) => void serve(options, request, response));
  listener.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void serveUpgrade(options, request, socket, head));
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, host, () => {
      listener.off('error', reject);
      resolve();
    });
  });
  listener.on('error', options.onError);
  return {
    port: (listener.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A connection of HTTP/2 on which nothing is open ends; a watch on which nothing happens does not. */
function hangUpWhenIdle(session: http2.ServerHttp2Session, idleMs: number): void {
  let open = 0;
  session.on('stream', (stream) => {
    open++;
    // the timer does not begin anew by itself when it has run out
    stream.once('close', () => --open || session.setTimeout(idleMs));
  });
  session.setTimeout(idleMs);
  session.on('timeout', () => {
    if (open === 0) session.close();
  });
}

async function serve(
  { server, onError, patience = PATIENCE }: SocketServerOptions,
  request: http2.Http2ServerRequest,
  response: http2.Http2ServerResponse,
): Promise<void> {
  try {
    const headers = headersOf(request.rawHeaders);
    const body = await readBody(request, patience.request);
    if (body === TOO_SLOW) {
      await write(statusAnswer(timeoutError(TIMED_OUT, 0), { url: request.url, headers }), response);
      return discardRest(request);
    }
    const clientCertificate = certificateOf(request);
    const answer = await handleHttp(server, {
      method: request.method,
      url: request.url,
      headers,
      body,
      ...(clientCertificate ? { clientCertificate } : {}),
      remoteAddress: (request.stream?.session?.socket ?? request.socket)?.remoteAddress,
    });
    await write(answer, response);
    if (!request.readableEnded) discardRest(request);
  } catch (error) {
    if (response.destroyed || request.aborted) return;
    onError(error);
    if (response.headersSent) response.destroy();
    else response.writeHead(500, { 'content-type': 'text/plain' }).end('internal error\n');
  }
}

/** A connection that is to become one of another kind; where that is refused, the answer is written as HTTP has it. */
async function serveUpgrade(
  { server, onError }: SocketServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  try {
    const clientCertificate = certificateIn(socket as TLSSocket);
    const { method = 'GET', url = '/' } = request;
    const headers = headersOf(request.rawHeaders);
    const { remoteAddress } = socket as TLSSocket;
    const certificate = clientCertificate ? { clientCertificate } : {};
    const answer = await handleHttp(server, { method, url, headers, body: undefined, ...certificate, remoteAddress });
    if (answer.upgrade) {
      if (answer.ended) socket.once('close', answer.ended);
      const { upgradeConnection } = await import('./upgrade/upgrade.ts');
      return await upgradeConnection(request, socket, head, answer.upgrade);
    }
    const lines = Object.entries(answer.headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`));
    socket.write(`HTTP/1.1 ${answer.code} ${STATUS_CODES[answer.code] ?? ''}\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`);
    if (typeof answer.body === 'string' || answer.body instanceof Uint8Array) socket.end(answer.body);
    else {
      for (let chunk = await answer.body.next(); chunk !== undefined; chunk = await answer.body.next()) socket.write(chunk);
      socket.end();
    }
  } catch (error) {
    onError(error);
    socket.destroy();
  }
}

/**
 * What is left of a body that was too long is thrown away for a while, so that the client comes to read its answer before the connection
 * is reset, as Go's server has it; one that sends on regardless is cut off.
 */
function discardRest(request: http2.Http2ServerRequest): void {
  // the stream of HTTP/2 alone, not what else goes on with the connection
  const cut = (): void => (request.httpVersionMajor === 2 ? request.stream.close() : void request.destroy());
  const cutOff = CLOCK.schedule(LINGER_MS, cut, { background: true });
  let left = LINGER_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) cut();
  });
  for (const over of ['end', 'close'] as const) request.once(over, () => cutOff.cancel());
}

/** All of it, or a little more than a body may have: the rest is not looked at. */
function readBody(request: http2.Http2ServerRequest, patienceMs: number): Promise<Uint8Array | undefined | typeof TOO_SLOW> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const deadline = CLOCK.schedule(patienceMs, () => resolve(TOO_SLOW), { background: true });
    const done = (): void => {
      deadline.cancel();
      resolve(length === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length));
    };
    request.on('data', (chunk: Buffer) => {
      if (length > MAX_BODY_BYTES) return;
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BODY_BYTES) done();
    });
    request.once('end', done);
    request.once('error', reject);
    request.once('close', () => {
      deadline.cancel();
      reject(new Error('the client hung up'));
    });
  });
}

/** Names in lower case. What is given several times stays apart: groups that are impersonated, say. */
function headersOf(raw: readonly string[]): Record<string, string | string[]> {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (typeof known === 'string') headers[name] = [known, value];
    else known.push(value);
  }
  return headers;
}

/** Undefined where there is none that the clients' authority has signed. */
function certificateOf(request: http2.Http2ServerRequest): ClientCertificate | undefined {
  return certificateIn((request.stream?.session?.socket ?? request.socket) as TLSSocket);
}

function certificateIn(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (!subject) return undefined;
  const all = (value: string | readonly string[] | undefined): readonly string[] =>
    value === undefined ? [] : typeof value === 'string' ? [value] : value;
  return { commonName: all(subject.CN)[0] ?? '', organizations: all(subject.O) };
}

async function write({ code, headers, body }: HttpResponse, response: http2.Http2ServerResponse): Promise<void> {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) } as http2.OutgoingHttpHeaders);
    response.end(body);
    return;
  }
  response.on('close', () => body.cancel());
  response.writeHead(code, headers as http2.OutgoingHttpHeaders);
  // HTTP/1.1 would keep them until there is a body
  if (response instanceof ServerResponse) response.flushHeaders();
  for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
    if (response.destroyed) break;
    // who reads slowly waits here; the watch behind ends when too much has come up meanwhile
    if (!response.write(chunk)) await drained(response);
  }
  body.cancel();
  response.end();
}

const drained = (response: http2.Http2ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
