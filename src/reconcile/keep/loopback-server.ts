// A small HTTP server on this machine's loopback address: handlers are functions from a request to an answer, or write a stream of their
// own. Bodies are bounded; nothing is served to other machines.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** Writes on until the other side has gone. */
export type Streaming = (write: (text: string) => void, gone: AbortSignal) => void;

export type Handler = (asked: Asked) => Answer | Streaming;

export interface LoopbackServer {
  readonly port: number;
  close(): Promise<void>;
}

export const text = (body: string, status = 200, type = 'text/plain; charset=utf-8'): Answer => ({ status, type, body });
export const json = (value: unknown, status = 200): Answer => text(`${JSON.stringify(value, undefined, 2)}\n`, status, 'application/json');

/** How long a request may take to arrive. */
const REQUEST_TIMEOUT_MS = 30_000;

/** @param port 0 for any that is free. Rejects with the system's error where it cannot listen. */
export async function serveLoopback(port: number, maxBodyBytes: number, handle: Handler): Promise<LoopbackServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    receive(request, maxBodyBytes, (body) => {
      if (!isLocal(request.headers.host)) send(response, text('only for this machine\n', 403));
      else if (body) answer(response, handle(asked(request, body)));
      else send(response, text('the body is too large\n', 413));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A page of another site whose name leads here must not read what is served. Tunnels and proxies name the address they were told. */
const isLocal = (host: string | undefined): boolean => host === undefined || /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(host);

function receive(request: IncomingMessage, maxBodyBytes: number, done: (body: Uint8Array | undefined) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  request.on('data', (part: Buffer) => {
    size += part.length;
    if (size <= maxBodyBytes) parts.push(part);
  });
  request.on('end', () => done(size <= maxBodyBytes ? Buffer.concat(parts) : undefined));
  request.on('error', () => undefined);
}

function asked({ method = 'GET', url = '/', headers }: IncomingMessage, body: Uint8Array): Asked {
  const [path = '/', query = ''] = url.split('?');
  const single = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return { method, path, query: new URLSearchParams(query), headers: Object.fromEntries(single) as Asked['headers'], body };
}

function answer(response: ServerResponse, given: Answer | Streaming): void {
  if (typeof given !== 'function') {
    send(response, given);
    return;
  }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  given((part) => void response.write(part), gone.signal);
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(body);
}
