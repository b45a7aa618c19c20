// The transport to an API server behind HTTPS, as a kubeconfig says. What is asked and answered is the same as in this process; this file
// only writes it as HTTP and reads it back. Follows k8s.io/client-go/rest: 429 and `Retry-After` are obeyed, lost reads are tried again.
import { Agent, errors, ProxyAgent, request, type Dispatcher } from 'undici';
import type { Clock } from '../apimachinery/clock.ts';
import type { ResourceMapping, ResourceResponse, ServedResource, WatchEvent, WatchStream } from '../apimachinery/api-request.ts';
import { KUBERNETES_VERSION } from '../apimachinery/kubernetes-version.ts';
import { groupVersion, isObject, type JsonObject } from '../apimachinery/object.ts';
import { deleteBody, METHODS, PATCH_TYPES, requestPath, withKinds } from '../apimachinery/request-form.ts';
import { StatusError, statusError } from '../apimachinery/status-error.ts';
import { Credentials, type TlsIdentity } from './credentials.ts';
import { parseDiscovery } from './discovery.ts';
import type { ConnectionConfig } from './kubeconfig.ts';
import { UnreachableError, type Transport, type TransportRequest } from './transport.ts';

const MAX_CONNECTIONS = 32;
const CONNECT_TIMEOUT_MS = 10_000;
/** Of headers, and between two pieces of a body that is no watch. */
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 6;
/** Of them at answers of 500. */
const ATTEMPTS_AT_FAILURES = 3;
const FIRST_PAUSE_MS = 100;
/** Servers end watches by themselves after an hour at most. */
const LONGEST_LINE = 64 * 2 ** 20;

interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** As client-go's pager has it. */
const PAGE_SIZE = 500;

export class HttpTransport implements Transport {
  readonly pageSize = PAGE_SIZE;
  private readonly config: ConnectionConfig;
  private readonly clock: Clock;
  private readonly userAgent: string;
  private readonly credentials: Credentials;
  private agent: { readonly identity: TlsIdentity; readonly dispatcher: Dispatcher } | undefined;
  private served: Promise<readonly ServedResource[]> | undefined;
  private byKind = new Map<string, ResourceMapping>();

  /** @param userAgent names the field manager of what is written */
  constructor(config: ConnectionConfig, clock: Clock, userAgent: string) {
    this.config = config;
    this.clock = clock;
    this.userAgent = userAgent;
    this.credentials = new Credentials(config, clock);
  }

  async serve(asked: TransportRequest): Promise<ResourceResponse> {
    const watching = asked.verb === 'watch';
    const answer = await this.send(METHODS[asked.verb], requestPath(asked), {
      ...(asked.body
        ? { body: JSON.stringify(asked.body.value), type: asked.body.patchType ? PATCH_TYPES[asked.body.patchType] : 'application/json' }
        : isDelete(asked)
          ? { body: JSON.stringify(deleteBody(asked.options)), type: 'application/json' }
          : {}),
      watching,
      // what may be done twice without harm is tried again when the connection is lost
      repeatable: ['get', 'list', 'watch'].includes(asked.verb) || asked.body?.patchType === 'apply',
    });
    const warnings = warningsOf(answer.headers['warning']);
    if (watching) return { is: 'watch', watch: new LineStream(answer.body), warnings };
    const object = parse(await read(answer, this.config.server), this.config.server);
    if (asked.resource === 'customresourcedefinitions' && asked.verb !== 'get' && asked.verb !== 'list') this.forget();
    return { is: 'object', code: answer.code, object: asked.verb === 'list' ? withKinds(object) : object, warnings };
  }

  async resolve(kind: string): Promise<ResourceMapping | undefined> {
    await this.resources();
    const known = this.byKind.get(kind);
    if (known) return known;
    // it may have come in the meantime
    this.forget();
    await this.resources();
    return this.byKind.get(kind);
  }

  resources(): Promise<readonly ServedResource[]> {
    this.served ??= this.discover().catch((error: unknown) => {
      this.served = undefined;
      throw error;
    });
    return this.served;
  }

  async gitVersion(): Promise<string> {
    const { server } = this.config;
    const { gitVersion } = parse(await read(await this.send('GET', '/version', { repeatable: true }), server), server);
    return typeof gitVersion === 'string' ? gitVersion : KUBERNETES_VERSION;
  }

  async close(): Promise<void> {
    await this.agent?.dispatcher.destroy();
  }

  private forget(): void {
    this.served = undefined;
  }

  private async discover(): Promise<readonly ServedResource[]> {
    const ask = async (path: string, aggregated: boolean): Promise<JsonObject> => {
      const accept = aggregated
        ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
        : 'application/json';
      return parse(await read(await this.send('GET', path, { accept, repeatable: true }), this.config.server), this.config.server);
    };
    const served = await parseDiscovery(ask);
    this.byKind = new Map(served.map((one) => [`${groupVersion(one)}/${one.kind}`, one]));
    return served;
  }

  /** Throws a StatusError where the server refuses. */
  private async send(
    method: Dispatcher.HttpMethod,
    path: string,
    options: {
      readonly body?: string;
      readonly type?: string;
      readonly accept?: string;
      readonly watching?: boolean;
      readonly repeatable: boolean;
    },
  ): Promise<Answer> {
    let pauseMs = FIRST_PAUSE_MS;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const last = attempt === MAX_ATTEMPTS;
      let answer: Answer;
      try {
        answer = await this.once(method, path, options);
      } catch (error) {
        if (last || !options.repeatable || !isLost(error)) throw unreachable(this.config.server, error);
        await this.clock.sleep(pauseMs);
        pauseMs *= 2;
        continue;
      }
      if (answer.code < 400) return answer;
      const retryAfter = Number(answer.headers['retry-after']);
      if (!last && (answer.code === 429 || answer.code >= 500) && Number.isFinite(retryAfter)) {
        await answer.body.dump();
        await this.clock.sleep(Math.min(Math.max(retryAfter * 1000, FIRST_PAUSE_MS), ANSWER_TIMEOUT_MS));
        continue;
      }
      // a failure of the server's own may be over the next time; some of its refusals look the same, so it is not asked often
      if (answer.code === 500 && options.repeatable && attempt < ATTEMPTS_AT_FAILURES) {
        await answer.body.dump();
        await this.clock.sleep(pauseMs);
        pauseMs *= 2;
        continue;
      }
      if (answer.code === 401 && !renewed && this.credentials.renewable) {
        await answer.body.dump();
        this.credentials.forget();
        renewed = true;
        continue;
      }
      throw refusal(answer.code, await read(answer, this.config.server), warningsOf(answer.headers['warning']));
    }
  }

  private async once(
    method: Dispatcher.HttpMethod,
    path: string,
    { body, type, accept = 'application/json', watching = false }: Parameters<HttpTransport['send']>[2],
  ): Promise<Answer> {
    const { headers, identity } = await this.credentials.get();
    const {
      statusCode,
      headers: answered,
      body: stream,
    } = await request(this.config.server + path, {
      dispatcher: this.dispatcherFor(identity),
      method,
      headers: { accept, 'user-agent': this.userAgent, ...(type === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: watching ? 0 : ANSWER_TIMEOUT_MS,
    });
    return { code: statusCode, headers: answered, body: stream };
  }

  private dispatcherFor(identity: TlsIdentity): Dispatcher {
    if (this.agent && this.agent.identity.cert === identity.cert) return this.agent.dispatcher;
    void this.agent?.dispatcher.close();
    const { ca, insecureSkipTlsVerify, tlsServerName, proxyUrl } = this.config;
    const connect = {
      ...(ca === undefined ? {} : { ca }),
      ...identity,
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      rejectUnauthorized: !insecureSkipTlsVerify,
      timeout: CONNECT_TIMEOUT_MS,
    };
    const dispatcher = proxyUrl
      ? new ProxyAgent({ uri: proxyUrl, requestTls: connect, connections: MAX_CONNECTIONS })
      : new Agent({ connect, connections: MAX_CONNECTIONS });
    this.agent = { identity, dispatcher };
    return dispatcher;
  }
}

const isDelete = ({ verb }: TransportRequest): boolean => verb === 'delete' || verb === 'deletecollection';

function parse(text: string, server: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new UnreachableError(`${server} does not answer as a Kubernetes API server does`, { cause: error });
  }
  throw new UnreachableError(`${server} does not answer as a Kubernetes API server does`);
}

async function read({ body }: Answer, server: string): Promise<string> {
  try {
    return await body.text();
  } catch (error) {
    throw unreachable(server, error);
  }
}

function refusal(code: number, text: string, warnings: readonly string[]): StatusError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // proxies, and paths that nothing serves, answer with plain text
    value = undefined;
  }
  const error =
    isObject(value) && value['kind'] === 'Status'
      ? new StatusError({ code, ...value })
      : statusError({
          code,
          reason: code === 404 ? 'NotFound' : code === 401 ? 'Unauthorized' : '',
          message: text.trim() || `HTTP ${code}`,
        });
  error.warnings = warnings;
  return error;
}

/** `299 - "text"`, perhaps several in one header. */
function warningsOf(header: string | readonly string[] | undefined): string[] {
  const all = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return all.flatMap((one) => [...one.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) => quoted.replace(/\\(.)/g, '$1')));
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? '');

/** The connection was lost, or not had, for a reason that may pass. */
const isLost = (error: unknown): boolean =>
  error instanceof errors.SocketError || ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_CONNECT_TIMEOUT'].includes(codeOf(error));

function unreachable(server: string, error: unknown): Error {
  if (error instanceof UnreachableError || error instanceof StatusError) return error;
  const { message } = error as Error;
  return new UnreachableError(`${server} cannot be reached: ${message || codeOf(error)}`, { cause: error });
}

/** The events of a watch: a JSON object a line. */
class LineStream implements WatchStream {
  private readonly body: Dispatcher.ResponseData['body'];
  private readonly lines: AsyncGenerator<WatchEvent>;

  constructor(body: Dispatcher.ResponseData['body']) {
    this.body = body;
    // a stream that is cancelled fails; nobody waits for that
    body.on('error', () => undefined);
    this.lines = this.read();
  }

  private async *read(): AsyncGenerator<WatchEvent> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.body as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(chunk, { stream: true });
      if (rest.length > LONGEST_LINE) throw new UnreachableError('an event of a watch is too long');
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as WatchEvent;
    }
  }

  async next(): Promise<WatchEvent | undefined> {
    try {
      const { value, done } = await this.lines.next();
      return done ? undefined : value;
    } catch (error) {
      // a connection that breaks off is the end of the watch: who follows lists again
      if (this.body.destroyed) return undefined;
      throw error;
    }
  }

  /** What has arrived is not known before it is asked for. */
  poll(): WatchEvent | undefined {
    return undefined;
  }

  cancel(): void {
    this.body.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    for (let event = await this.next(); event; event = await this.next()) yield event;
  }
}
