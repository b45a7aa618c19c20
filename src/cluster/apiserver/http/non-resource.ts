// Paths that are no resources: discovery, OpenAPI, version, health, metrics, and the list of them all.
import type { JsonObject } from '../../../apimachinery/object.ts';
import type { ApiServer } from '../api-server.ts';
import { issuerDiscovery } from '../authentication/issuer-discovery.ts';
import { aggregatedDiscovery } from './discovery/aggregated.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery/legacy.ts';
import { servedGroups, type ServedGroup, type ServedVersion } from './discovery/served-groups.ts';
import { encodeBody } from './encode.ts';
import { answerHealth, healthPaths } from './health.ts';
import { header, plainNotFound, type HttpRequest, type HttpResponse } from './http-message.ts';
import { checkRoute, negotiate, type Convertible } from './negotiate.ts';
import { methodNotAllowed } from './request-path.ts';
import { VERSION } from './version.ts';

/** Throws a StatusError. */
export async function answerNonResource(
  server: ApiServer,
  request: HttpRequest,
  path: string,
  query: URLSearchParams,
): Promise<HttpResponse> {
  // health may be asked with any method
  const health = await answerHealth(server.healthChecks, path, query);
  if (health) return health;
  if (request.method === 'GET' && path.startsWith('/openapi/')) {
    // most servers are never asked
    const { answerOpenApi } = await import('./openapi/openapi-api.ts');
    const openApi = await answerOpenApi(server, servedGroups(server), request, path, query);
    if (openApi) return openApi;
  }
  if (request.method === 'GET') {
    const issuer = await issuerDiscovery(request, path, addressOf(request), server.access.serviceAccountTokens);
    if (issuer) return issuer;
  }
  const document = documentAt(server, request, path.length > 1 ? path.replace(/\/$/, '') : path);
  if (!document) return plainNotFound();
  if (request.method !== 'GET') throw methodNotAllowed();
  return document();
}

/** Where the client reaches this server. */
const addressOf = (request: HttpRequest): string => header(request, 'host') ?? header(request, ':authority') ?? '127.0.0.1:6443';

type Answer = () => HttpResponse | Promise<HttpResponse>;

/** @param path without a slash at its end. @returns undefined where there is nothing */
function documentAt(server: ApiServer, request: HttpRequest, path: string): Answer | undefined {
  const groups = servedGroups(server);
  switch (path) {
    case '/':
      return () => json(request, { paths: paths(server, groups) });
    case '/version':
      return () => json(request, VERSION);
    case '/metrics':
      return () => ({
        code: 200,
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        body: server.metrics.text(server.now()),
      });
    case '/api':
      return () => discovery(request, groups, true, () => apiVersions(addressOf(request)));
    case '/apis':
      return () => discovery(request, groups, false, () => apiGroupList(groups));
  }
  const [, root, ...parts] = path.split('/');
  const [group, version] = root === 'api' ? ['', ...parts] : root === 'apis' ? parts : [];
  const found = group === undefined ? undefined : groups.find((g) => g.group === group);
  if (!found || parts.length > (root === 'api' ? 1 : 2)) return undefined;
  if (version === undefined) return () => document(request, found, apiGroup(found));
  const served = found.versions.find((v) => v.version === version);
  return served && (() => document(request, found, resourceList(found, served)));
}

const lists = new WeakMap<ServedVersion, JsonObject>();

function resourceList(group: ServedGroup, version: ServedVersion): JsonObject {
  const known = lists.get(version);
  if (known) return known;
  const list = apiResourceList(group, version);
  lists.set(version, list);
  return list;
}

const isAggregated: Convertible = (kind, version, group) =>
  kind === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1');

/** All at once where the client knows that form, else one document of several. */
function discovery(request: HttpRequest, groups: readonly ServedGroup[], core: boolean, legacy: () => JsonObject): HttpResponse {
  const accepted = negotiate(request, isAggregated);
  if (!accepted.convert) return { ...object(request, legacy()), code: 200 };
  const { kind, version, group } = accepted.convert;
  const { document: all, etag } = aggregatedDiscovery(groups, core, version);
  const headers = { etag, vary: 'Accept', 'cache-control': 'public' };
  if (header(request, 'if-none-match') === etag) return { code: 304, headers, body: '' };
  return {
    code: 200,
    headers: { ...headers, 'content-type': `${accepted.mediaType};g=${group};v=${version};as=${kind}` },
    body: encodeBody(all, accepted, true),
  };
}

/** Groups of custom resources are answered past the routes of the others. */
function document(request: HttpRequest, { versions }: ServedGroup, value: JsonObject): HttpResponse {
  if (!versions.some(({ resources }) => resources.some(({ version }) => version.custom))) checkRoute(request, false);
  return object(request, value);
}

function object(request: HttpRequest, value: JsonObject): HttpResponse {
  const accepted = negotiate(request);
  // the core group's documents leave their apiVersion out, but in the envelope of protobuf it stands
  const told = accepted.mediaType === 'application/vnd.kubernetes.protobuf' ? { apiVersion: 'v1', ...value } : value;
  return { code: 200, headers: { 'content-type': accepted.mediaType }, body: encodeBody(told, accepted, true) };
}

const json = (_request: HttpRequest, value: JsonObject): HttpResponse => ({
  code: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value, undefined, 2),
});

function paths(server: ApiServer, groups: readonly ServedGroup[]): string[] {
  const ofGroups = groups.flatMap(({ group, versions }) =>
    group === ''
      ? versions.map(({ version }) => `/api/${version}`)
      : [`/apis/${group}`, ...versions.map(({ version }) => `/apis/${group}/${version}`)],
  );
  return [
    '/api',
    '/apis',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/version',
    ...ofGroups,
    ...healthPaths(server.healthChecks),
  ].sort();
}
