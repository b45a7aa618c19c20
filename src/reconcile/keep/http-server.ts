// A small HTTP server: handlers are functions from a request to an answer, or write a stream of their own. It bounds what is sent to it and
// what waits to be read, and asks the guard before any handler. On this machine's loopback address unless told otherwise.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { isIPv6, type AddressInfo } from 'node:net';
import { problem, type Answer, type Asked, type Handler, type Streaming } from './answer.ts';
import { corsHeaders, refusal, type GuardRules } from './request-guard.ts';

export interface HttpServerOptions extends Omit<GuardRules, 'isLoopback'> {
  /** 0 for any that is free. */
  readonly port: number;
  /** An IP address. Default: 127.0.0.1. */
  readonly address?: string;
  /** Of what is sent to a path. */
  readonly maxBodyBytes: (path: string) => number;
  /** In PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Told of what no handler foresaw; who asked learns only that it happened. */
  readonly onError?: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  /** `http://127.0.0.1:8420` */
  readonly url: string;
  /** Ends what is under way too. */
  close(): Promise<void>;
}

export const LOOPBACK = '127.0.0.1';

/** How long a request may take to arrive. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Of all that is being sent at one moment. */
const MAX_BODIES_BYTES = 64 * 2 ** 20;
/** Connections at once; more are turned away. */
const MAX_CONNECTIONS = 256;
/** Of a stream, what its reader has not read: one that is further behind is cut off. */
export const MAX_UNREAD_BYTES = 1 << 20;

/** Rejects with the system's error where it cannot listen. */
export async function serveHttp(options: HttpServerOptions, handle: Handler): Promise<HttpServer> {
  const { port, address = LOOPBACK, maxBodyBytes, tls, onError } = options;
  const rules: GuardRules = { ...options, isLoopback: isLoopbackAddress(address) };
  const bodies = new Bodies(maxBodyBytes);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const question = asked(request);
    const work =
      refusal(question, rules) ??
      bodies.receive(request, question.path).then((body) => ('status' in body ? body : handle({ ...question, body })));
    void Promise.resolve(work)
      .catch((error: unknown) => {
        onError?.(error);
        return INTERNAL;
      })
      .then((given) => {
        // what is sent all the same is not looked at
        request.resume();
        answer(request, response, given, rules);
      });
  };
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS };
  const server: Server = tls ? createSecureServer({ ...timeouts, ...tls }, listener) : createServer(timeouts, listener);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    port: listening,
    url: `${tls ? 'https' : 'http'}://${isIPv6(address) ? `[${address}]` : address}:${listening}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const isLoopbackAddress = (address: string): boolean => /^127\.|^::1$/.test(address);

const TOO_LARGE = problem(413, 'TooLarge', 'the body is too large', 'send less');
const TOO_MUCH = problem(503, 'TooMuch', 'too much is being sent at once', 'try again', { 'retry-after': '10' });
const INTERNAL = problem(500, 'InternalError', 'this could not be answered', 'the log of the server says more');

/** What is sent, bounded for each request and for all together. */
class Bodies {
  private readonly maxBytes: (path: string) => number;
  private bytes = 0;

  constructor(maxBytes: (path: string) => number) {
    this.maxBytes = maxBytes;
  }

  /** @returns the body, or what to answer where there is more than may be */
  receive(request: IncomingMessage, path: string): Promise<Uint8Array | Answer> {
    const most = this.maxBytes(path);
    const parts: Buffer[] = [];
    let size = 0;
    let isRefused = false;
    request.on('close', () => (this.bytes -= size));
    return new Promise((resolve, reject) => {
      const refuse = (why: Answer): void => {
        isRefused = true;
        parts.length = 0;
        resolve(why);
      };
      request.on('data', (part: Buffer) => {
        size += part.length;
        this.bytes += part.length;
        if (size > most) refuse(TOO_LARGE);
        else if (this.bytes > MAX_BODIES_BYTES) refuse(TOO_MUCH);
        else if (!isRefused) parts.push(part);
      });
      request.on('end', () => resolve(Buffer.concat(parts)));
      request.on('error', reject);
    });
  }
}

function asked({ method = 'GET', url = '/', headers }: IncomingMessage): Omit<Asked, 'body'> {
  const [path = '/', query = ''] = url.split('?');
  const single = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return { method, path, query: new URLSearchParams(query), headers: Object.fromEntries(single) as Asked['headers'] };
}

function answer(request: IncomingMessage, response: ServerResponse, given: Answer | Streaming, rules: GuardRules): void {
  const shared = { ...SAFE, ...corsHeaders({ origin: request.headers.origin }, rules) };
  if (typeof given !== 'function') {
    const { status, type, body, headers = {} } = given;
    response.writeHead(status, { ...shared, 'content-type': type, ...(headers as Record<string, string | string[]>) });
    response.end(body);
    return;
  }
  response.writeHead(200, { ...shared, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.flushHeaders();
  given((part) => {
    if (response.destroyed) return;
    response.write(part);
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  }, gone.signal);
}

/** Nothing is kept by caches, guessed at, or shown inside other pages. */
const SAFE = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};
