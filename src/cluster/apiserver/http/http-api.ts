// The API as HTTP has it, on values: a method, a URL, headers and bytes in; a code, headers and bytes out. Sockets are not this file's
// affair, so that the same code answers a server's connections and a caller in this process.
import { groupVersion, type JsonObject } from '../../../apimachinery/object.ts';
import { badRequest, notAcceptable, StatusError } from '../../../apimachinery/status-error.ts';
import type { Aggregated } from '../aggregator/aggregator.ts';
import type { ApiServer } from '../api-server.ts';
import type { Served } from '../generic/catalog.ts';
import type { ProxiedRequest, RequestBody, ResourceRequest, ResourceResponse, UserInfo } from '../../../apimachinery/api-request.ts';
import type { AuditRecord } from '../audit/audit-log.ts';
import { HttpAudit } from '../audit/http-audit.ts';
import { TooManyRequests, type Turn } from '../flow-control/fairness.ts';
import { compressed } from './compress.ts';
import { convertObject, eventConverter, isConvertible, type Conversion } from './convert-response.ts';
import { timeoutOf, within } from './deadline.ts';
import { encodeBody } from './encode.ts';
import { identify } from './identify.ts';
import { header, plainNotFound, plainText, type HttpRequest, type HttpResponse } from './http-message.ts';
import { checkRoute, negotiate, negotiateError, negotiateStream, SUPPORTED, type Accepted } from './negotiate.ts';
import { answerNonResource } from './non-resource.ts';
import { deleteOptions, parseQuery, queryOptions } from './query-options.ts';
import { readDeleteOptions, readObject, readPatch } from './read-body.ts';
import { checkPath, noSuchResource } from './request-path.ts';
import { requestInfo, type RequestInfo } from './request-info.ts';
import { watchBody } from './watch-body.ts';

export type { ClientCertificate, HttpRequest, HttpResponse } from './http-message.ts';
export { plainNotFound } from './http-message.ts';

/** Never throws what is the client's fault: that is answered. */
export async function handleHttp(server: ApiServer, request: HttpRequest): Promise<HttpResponse> {
  const began = server.now();
  const [path, query] = split(request.url);
  const info = requestInfo(request.method, path, query);
  const auditID = header(request, 'audit-id') || server.newAuditID();
  const audit = server.audit && new HttpAudit(server.audit, auditID, request, info);
  const place: Place = { turn: undefined };
  let response: HttpResponse;
  try {
    response = await answer(server, request, { path, query, info, audit, place });
  } catch (error) {
    if (error instanceof TooManyRequests) response = tooManyRequests(error);
    else if (error instanceof StatusError) {
      audit?.record?.failed(error.status);
      response = statusAnswer(error, request);
    } else {
      audit?.record?.panicked(error);
      throw error;
    }
  } finally {
    place.turn?.release();
  }
  // what clients make up is not counted by its name
  const served = info.isResourceRequest && server.catalog.find(info.group, info.version, info.resource) ? info : undefined;
  const dryRun = query.getAll('dryRun');
  server.metrics.observe(request.method, served, { code: response.code, seconds: (server.now() - began) / 1000, dryRun });
  // nothing but documents that say so themselves may be kept
  const headers = { 'audit-id': auditID, 'cache-control': 'no-cache, private', ...place.turn?.headers, ...response.headers };
  const told = { ...response, headers };
  return compressed(request, audit ? audit.answered(told) : told);
}

const CONNECTIONS = ['attach', 'exec', 'log', 'portforward', 'proxy'];
const isConnection = ({ isResourceRequest, subresource }: RequestInfo): boolean => isResourceRequest && CONNECTIONS.includes(subresource);

function split(url: string): [path: string, query: URLSearchParams] {
  const at = url.indexOf('?');
  return at < 0 ? [url, new URLSearchParams()] : [url.slice(0, at), parseQuery(url.slice(at + 1))];
}

/** Somebody has sent it. */
interface IdentifiedRequest extends HttpRequest {
  readonly user: UserInfo;
  readonly audit: AuditRecord | undefined;
}

/** Where a request has its turn, once it is known whose it is. */
interface Place {
  turn: Turn | undefined;
}

interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly audit: HttpAudit | undefined;
  readonly place: Place;
}

const tooManyRequests = ({ message }: TooManyRequests): HttpResponse => {
  const response = plainText(429, `${message}\n`);
  return { ...response, headers: { ...response.headers, 'retry-after': '1' } };
};

async function answer(server: ApiServer, sent: HttpRequest, { path, query, info, audit, place }: Received): Promise<HttpResponse> {
  const pending = server.ready();
  if (pending) await pending;
  // connections that stay open would keep their places for ever
  const enter = isConnection(info)
    ? undefined
    : (asking: UserInfo): void | Promise<void> => (place.turn = server.fairness.turn({ ...info, user: asking }))?.take();
  const user = await identify(server.access, sent, info, query, audit, enter);
  const request: IdentifiedRequest = { ...sent, user, audit: audit?.record };
  if (path.startsWith('//')) return plainNotFound();
  const aggregated = aggregatedAt(server, path);
  if (aggregated) return server.aggregator.proxy(aggregated, request, request.user);
  if (!info.isResourceRequest) return answerNonResource(server, request, path, query);
  if (!server.catalog.hasGroup(info.group) || !server.catalog.hasGroupVersion(info.group, info.version)) return plainNotFound();
  const served = server.catalog.find(info.group, info.version, info.resource);
  if (!served) {
    if (server.catalog.isCustomGroup(info.group)) return plainNotFound();
    throw noSuchResource();
  }
  const fits = checkPath(info, request.method, served);
  if (fits === 'plain not found') return plainNotFound();
  return answerResource(server, request, info, query, served);
}

/** Below the path of a group's version all is the other server's. */
function aggregatedAt({ aggregator }: ApiServer, path: string): Aggregated | undefined {
  const [, root, group, version] = path.split('/', 4);
  return root === 'apis' && group && version ? aggregator.find(group, version) : undefined;
}

async function answerResource(
  server: ApiServer,
  request: IdentifiedRequest,
  info: RequestInfo,
  query: URLSearchParams,
  served: Served,
): Promise<HttpResponse> {
  const { verb } = info;
  const typed = served.version.type !== undefined;
  // what is connected to takes its time, and its parameters are not for this server
  const timeoutMs = verb === 'watch' || isProxy(info, served) ? undefined : timeoutOf(query);
  const accepted = acceptedForm(request, info, served);
  const asked = await resourceRequest(info, query, request, served).catch((error: unknown) => {
    const { deprecation } = served.version;
    if (error instanceof StatusError && deprecation !== undefined) error.warnings = [deprecation];
    throw error;
  });
  const response = await within(server.clock, timeoutMs, server.serveAllowed(asked));
  if (response.is === 'upgrade' && !header(request, 'upgrade')) throw badRequest('Upgrade request required');
  const conversion = accepted.convert && { convert: accepted.convert, definition: served.definition, query, now: server.now() };
  return encode(response, accepted, typed, conversion);
}

/** Throws a StatusError (406): told before anything is done. */
function acceptedForm(request: HttpRequest, info: RequestInfo, { definition, version }: Served): Accepted {
  const { verb } = info;
  const subresource = definition.subresources[info.subresource];
  // what is connected to answers in whatever form it likes
  if (subresource?.verbs.includes('connect')) return { mediaType: 'application/json', convert: undefined, pretty: false };
  const collection = info.name === '' && (verb === 'list' || verb === 'watch');
  if (version.type) checkRoute(request, collection, info.subresource === 'log' ? ['text/plain'] : []);
  if (verb === 'watch') return inJson(negotiateStream(request, isConvertible), version.custom !== undefined);
  return inJson(negotiate(request, isConvertible), version.custom !== undefined && !subresource?.kind);
}

/** Custom resources have no form in protobuf; their metadata and their scale do. */
function inJson(accepted: Accepted, custom: boolean): Accepted {
  if (!custom || accepted.mediaType !== 'application/vnd.kubernetes.protobuf' || accepted.convert) return accepted;
  throw notAcceptable(`only the following media types are accepted: ${SUPPORTED.join(', ')}`);
}

async function resourceRequest(
  info: RequestInfo,
  query: URLSearchParams,
  request: IdentifiedRequest,
  served: Served,
): Promise<ResourceRequest> {
  const verb = info.verb as ResourceRequest['verb'];
  // what is connected to says in its query what it wants
  const connects = served.definition.subresources[info.subresource]?.verbs.includes('connect');
  const body = connects ? undefined : await readBody(info, request, served);
  const proxied = isProxy(info, served) ? proxiedRequest(request, info) : undefined;
  const options = proxied ? {} : queryOptions(verb, query);
  return {
    verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.resource === 'namespaces' && info.group === '' ? '' : info.namespace,
    // a custom resource may be posted to where it is going to be
    name: verb === 'create' && info.subresource === '' ? '' : info.name,
    options: verb === 'delete' || verb === 'deletecollection' ? deleteOptions(options, body) : options,
    ...(body ? { body } : {}),
    user: request.user,
    userAgent: header(request, 'user-agent') ?? '',
    query,
    ...(proxied ? { proxied } : {}),
    ...(request.audit ? { audit: request.audit } : {}),
  };
}

const isProxy = ({ subresource }: RequestInfo, { definition }: Served): boolean =>
  subresource === 'proxy' && definition.subresources[subresource]?.verbs.includes('connect') === true;

/** What follows `proxy` in the path is for the other one, as it was written. */
function proxiedRequest({ method, url, headers, body }: HttpRequest, { namespace }: RequestInfo): ProxiedRequest {
  const [path = ''] = url.split('?', 1);
  // /api/v1/nodes/NAME/proxy, /api/v1/namespaces/NAMESPACE/pods/NAME/proxy
  const before = path.split('/', namespace ? 8 : 6).join('/');
  return { method, url, headers, body, rest: path.slice(before.length) };
}

async function readBody(info: RequestInfo, request: HttpRequest, { definition, version }: Served): Promise<RequestBody | undefined> {
  const bytes = request.body ?? new Uint8Array();
  const type = header(request, 'content-type');
  const subresource = definition.subresources[info.subresource];
  // what is sent over a connection is not for the API server
  if (subresource?.verbs.includes('connect')) return undefined;
  switch (info.verb) {
    case 'create':
    case 'update': {
      const own = { group: info.group, version: info.version, kind: version.kind };
      const { kind, ...gv } = subresource?.kind ?? own;
      const custom = version.custom !== undefined && !subresource?.kind;
      return readObject(bytes, type, { kind, apiVersion: groupVersion(gv), custom });
    }
    case 'patch':
      return readPatch(bytes, type, version.custom === undefined);
    case 'delete':
    case 'deletecollection':
      return bytes.length ? readDeleteOptions(bytes, type) : undefined;
    default:
      return undefined;
  }
}

function warningHeaders(warnings: readonly string[]): Record<string, readonly string[]> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((w) => `299 - "${w.replace(/[\\"]/g, '\\$&')}"`) };
}

function encode(response: ResourceResponse, accepted: Accepted, typed: boolean, conversion: Conversion | undefined): HttpResponse {
  const { mediaType } = accepted;
  const headers = warningHeaders(response.warnings);
  switch (response.is) {
    case 'watch': {
      const protobuf = mediaType === 'application/vnd.kubernetes.protobuf';
      const type = protobuf ? `${mediaType};stream=watch` : mediaType;
      const body = watchBody(response.watch, protobuf, conversion && eventConverter(conversion));
      return { code: 200, headers: { ...headers, 'content-type': type }, body };
    }
    case 'stream':
      return { code: 200, headers: { ...headers, 'content-type': 'text/plain' }, body: response.stream };
    case 'proxied':
      return response.answer;
    case 'upgrade':
      return { code: 101, headers, body: '', upgrade: response.upgrade };
    case 'text':
      return { code: response.code, headers: { ...headers, 'content-type': 'text/plain' }, body: response.text };
    case 'object': {
      const { code } = response;
      const object = conversion ? convertObject(response.object as JsonObject, conversion) : response.object;
      const body = object['kind'] === 'Status' && object['code'] === undefined && code !== 200 ? { ...object, code } : object;
      return { code, headers: { ...headers, 'content-type': mediaType }, body: encodeBody(body, accepted, typed && !conversion) };
    }
  }
}

export function statusAnswer(error: StatusError, request: Pick<HttpRequest, 'headers' | 'url'>): HttpResponse {
  const accepted = negotiateError(request);
  return {
    code: error.code || 500,
    headers: { 'content-type': accepted.mediaType, ...warningHeaders(error.warnings) },
    body: encodeBody(error.status as JsonObject, accepted, true),
  };
}
