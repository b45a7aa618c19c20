// The API as HTTP has it, on values: a method, a URL, headers and bytes in; a code, headers and text out. Sockets are not this file's
// affair, so that the same code answers a server's connections and a caller in this process.
import { parseJson } from '../../../apimachinery/json/parse.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { statusError, StatusError } from '../../../apimachinery/status-error.ts';
import type { ApiServer } from '../api-server.ts';
import type { ClientCertificate } from '../authentication/authenticator.ts';
import type {
  RequestBody,
  ResourceRequest,
  ResourceResponse,
  UserInfo,
  WatchEvent,
  WatchStream,
} from '../../../apimachinery/api-request.ts';
import { issuerDiscovery } from '../authentication/issuer-discovery.ts';
import { convertObject, eventConverter, isConvertible, type Conversion } from './convert-response.ts';
import { isList, listText, objectText } from './encode.ts';
import { identify } from './identify.ts';
import { contentTypeOf, negotiate } from './negotiate.ts';
import { deleteOptions, queryOptions } from './query-options.ts';
import { readObject, readPatch } from './read-body.ts';
import { requestInfo, type RequestInfo } from './request-info.ts';

export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array | undefined;
  /** Who the connection has shown to be at its other end, by a certificate. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Who asks, where that is known; otherwise the request's credentials tell. */
  readonly user?: UserInfo;
}

/** Somebody has sent it. */
type IdentifiedRequest = HttpRequest & { readonly user: UserInfo };

export interface HttpResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** All of it, or a stream of chunks. */
  readonly body: string | WatchBody;
}

/** The events of a watch as text, a line each. */
export interface WatchBody {
  next(): Promise<string | undefined>;
  cancel(): void;
}

const header = (request: HttpRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(',');
};

/** Never throws: what goes wrong is answered. */
export async function handleHttp(server: ApiServer, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await answer(server, request);
  } catch (error) {
    if (error instanceof StatusError) return statusAnswer(error);
    throw error;
  }
}

async function answer(server: ApiServer, sent: HttpRequest): Promise<HttpResponse> {
  const pending = server.ready();
  if (pending) await pending;
  const { url } = sent;
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const info = requestInfo(sent.method, path, query);
  const request: IdentifiedRequest = { ...sent, user: await identify(server.access, sent, info, query) };
  const discovery = info.isResourceRequest ? undefined : await issuerDiscovery(path, server.access.serviceAccountTokens);
  if (discovery) return discovery;
  if (!info.isResourceRequest) return server.answerNonResource(request.method, path, header(request, 'accept'));
  if (!server.catalog.hasGroup(info.group) || !server.catalog.hasGroupVersion(info.group, info.version)) return plainNotFound();
  const served = server.catalog.find(info.group, info.version, info.resource);
  const absent = served
    ? served.version.custom && !fitsScope(info, served.definition.namespaced)
    : server.catalog.isCustomGroup(info.group);
  if (absent) return plainNotFound();
  if (!served)
    throw statusError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });
  if (!allowed(info, request.method))
    throw statusError({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
      details: {},
    });
  const accepted = negotiate(header(request, 'accept'), isConvertible);
  const typed = served.version.type !== undefined;
  const response = await server.serveAllowed(await resourceRequest(server, info, query, request, served.version.kind, typed));
  const conversion = accepted.convert && { convert: accepted.convert, definition: served.definition, query, now: server.now() };
  return encode(response, typed, conversion);
}

/** Custom resources are found only where they are: of a namespaced kind, at most lists go over all namespaces. */
function fitsScope({ namespace, name, verb }: RequestInfo, namespaced: boolean): boolean {
  if (!namespaced) return namespace === '';
  return namespace !== '' || (name === '' && (verb === 'list' || verb === 'watch' || verb === 'deletecollection'));
}

/** Names stand in the path for some verbs, and must not for others. */
function allowed(info: RequestInfo, method: string): boolean {
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  if (info.subresource) return true;
  if (info.verb === 'create') return info.name === '';
  return info.name !== '' || (info.verb !== 'update' && info.verb !== 'patch');
}

async function resourceRequest(
  server: ApiServer,
  info: RequestInfo,
  query: URLSearchParams,
  request: IdentifiedRequest,
  kind: string,
  builtin: boolean,
): Promise<ResourceRequest> {
  const verb = info.verb as ResourceRequest['verb'];
  const body = await readBody(server, info, request, kind, builtin);
  const options = queryOptions(verb, query);
  return {
    verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.resource === 'namespaces' && info.group === '' ? '' : info.namespace,
    name: info.name,
    options: verb === 'delete' || verb === 'deletecollection' ? deleteOptions(options, body) : options,
    ...(body ? { body } : {}),
    user: request.user,
    userAgent: header(request, 'user-agent') ?? '',
    query,
  };
}

async function readBody(
  server: ApiServer,
  info: RequestInfo,
  request: HttpRequest,
  kind: string,
  builtin: boolean,
): Promise<RequestBody | undefined> {
  const bytes = request.body ?? new Uint8Array();
  const type = header(request, 'content-type');
  switch (info.verb) {
    case 'create':
    case 'update':
      return readObject(bytes, type, server.kindOfSubresource(info) ?? kind);
    case 'patch':
      return readPatch(bytes, type, builtin);
    case 'delete':
    case 'deletecollection':
      return bytes.length ? readObject(bytes, type, 'DeleteOptions') : undefined;
    default:
      return undefined;
  }
}

function warningHeaders(warnings: readonly string[]): Record<string, readonly string[]> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((w) => `299 - "${w.replace(/[\\"]/g, '\\$&')}"`) };
}

function encode(response: ResourceResponse, typed: boolean, conversion: Conversion | undefined): HttpResponse {
  const headers = { 'content-type': 'application/json', ...warningHeaders(response.warnings) };
  switch (response.is) {
    case 'watch':
      return { code: 200, headers, body: new WatchText(response.watch, conversion && eventConverter(conversion)) };
    case 'text':
      return { code: response.code, headers: { ...headers, 'content-type': 'text/plain' }, body: response.text };
    case 'object': {
      const { code } = response;
      const object = conversion ? convertObject(response.object as JsonObject, conversion) : response.object;
      const body = object['kind'] === 'Status' && object['code'] === undefined && code !== 200 ? { ...object, code } : object;
      return { code, headers, body: isList(body) ? listText(body, typed) : objectText(body) };
    }
  }
}

class WatchText implements WatchBody {
  private readonly watch: WatchStream;

  private readonly convert: ((object: JsonObject) => JsonObject) | undefined;

  constructor(watch: WatchStream, convert: ((object: JsonObject) => JsonObject) | undefined) {
    this.watch = watch;
    this.convert = convert;
  }

  async next(): Promise<string | undefined> {
    const event = await this.watch.next();
    if (!event) return undefined;
    return `${eventText(this.convert ? { ...event, object: this.convert(event.object as JsonObject) } : event)}\n`;
  }

  cancel(): void {
    this.watch.cancel();
  }
}

const eventText = ({ type, object }: WatchEvent): string => `{"type":"${type}","object":${objectText(object)}}`;

export function statusAnswer(error: StatusError): HttpResponse {
  return {
    code: error.code || 500,
    headers: { 'content-type': 'application/json', ...warningHeaders(error.warnings) },
    body: objectText(error.status as JsonObject),
  };
}

/** A path that nothing is registered for is not a Status. */
export function plainNotFound(): HttpResponse {
  return { code: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' };
}

export { contentTypeOf, isObject, parseJson };
