// /openapi/v3, its documents, and /openapi/v2 over HTTP: hashes in addresses, so that clients keep what does not change. Follows
// kube-openapi's handlers.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import { header, plainNotFound, type HttpRequest, type HttpResponse } from '../http-message.ts';
import type { JsonObject } from '../../../../apimachinery/object.ts';
import type { Aggregator } from '../../aggregator/aggregator.ts';
import type { ServedGroup } from '../discovery/served-groups.ts';
import { documentNamed, documentNames } from './documents.ts';
import { swagger, swaggerBytes } from './swagger.ts';

const PROTOBUF_V2 = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];

export interface OpenApiServer {
  readonly aggregator: Aggregator;
  /** Milliseconds since 1970. */
  now(): number;
}

/** @returns undefined where the path is not one of these */
export async function answerOpenApi(
  server: OpenApiServer,
  groups: readonly ServedGroup[],
  request: HttpRequest,
  path: string,
  query: URLSearchParams,
): Promise<HttpResponse | undefined> {
  // DEVIATION: version 2 leaves out what other servers have
  if (path === '/openapi/v2') return answerV2(groups, request);
  if (path === '/openapi/v3') return index(server, groups, request);
  if (!path.startsWith('/openapi/v3/')) return undefined;
  const name = path.slice('/openapi/v3/'.length);
  const [root, group = '', version = ''] = name.split('/');
  const aggregated = root === 'apis' ? server.aggregator.find(group, version) : undefined;
  // whoever has the kinds describes them
  if (aggregated) return server.aggregator.proxy(aggregated, request, { username: 'system:aggregator', groups: ['system:masters'] });
  return answerV3(groups, request, name, query, server.now());
}

const address = (name: string, hash: string): string => `/openapi/v3/${name}?hash=${hash}`;

async function index({ aggregator }: OpenApiServer, groups: readonly ServedGroup[], request: HttpRequest): Promise<HttpResponse> {
  const known = knownIndexes.get(groups) ?? makeIndex(groups);
  knownIndexes.set(groups, known);
  const others = aggregator.all();
  if (others.length === 0) return kept(request, known, 'application/json', {});
  const paths = { ...known.paths };
  for (const one of others) {
    const { group = '', version = '' } = one.service.spec!;
    const name = `apis/${group}/${version}`;
    const theirs = (await aggregator.document(one, '/openapi/v3'))?.['paths'] as Readonly<Record<string, JsonObject>> | undefined;
    if (theirs?.[name]) paths[name] = theirs[name];
  }
  const text = encodeJson({ paths });
  return kept(request, { text, hash: hashOf(text) }, 'application/json', {});
}

interface Index {
  readonly paths: JsonObject;
  readonly text: string;
  readonly hash: string;
}

const knownIndexes = new WeakMap<readonly ServedGroup[], Index>();

function makeIndex(groups: readonly ServedGroup[]): Index {
  const documents = documentNames(groups).flatMap((name) => {
    const document = documentNamed(groups, name);
    return document ? [[name, document] as const] : [];
  });
  const paths = Object.fromEntries(documents.map(([name, { hash }]) => [name, { serverRelativeURL: address(name, hash) }]));
  return { paths, text: encodeJson({ paths }), hash: hashOf(documents.map(([, { hash }]) => hash).join()) };
}

function answerV3(groups: readonly ServedGroup[], request: HttpRequest, name: string, query: URLSearchParams, now: number): HttpResponse {
  if (!accepts(request, 'application/json')) return notAcceptable();
  const document = documentNamed(groups, name);
  if (!document) return plainNotFound();
  const hash = query.get('hash');
  if (hash && hash !== document.hash) {
    const location = address(name, document.hash);
    return {
      code: 301,
      headers: { location, 'content-type': 'text/html; charset=utf-8' },
      body: `<a href="${location}">Moved Permanently</a>.\n\n`,
    };
  }
  // what is asked for by its hash never changes
  const forGood = { 'cache-control': 'public, immutable', expires: new Date(now + YEAR_MS).toUTCString() };
  return kept(request, document, 'application/json', { vary: 'Accept', ...(hash ? forGood : {}) });
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

function answerV2(groups: readonly ServedGroup[], request: HttpRequest): HttpResponse {
  const wanted = (header(request, 'accept') ?? '').split(',').map((part) => part.split(';')[0]!.trim());
  const protobuf = PROTOBUF_V2.find((type) => wanted.includes(type));
  const json = accepts(request, 'application/json');
  if (protobuf && (!json || wanted.indexOf(protobuf) < wanted.indexOf('application/json') || !wanted.includes('application/json')))
    return kept(request, { ...swagger(groups), text: swaggerBytes(groups) }, PROTOBUF_V2[1]!, { vary: 'Accept' });
  return json ? kept(request, swagger(groups), 'application/json', { vary: 'Accept' }) : notAcceptable();
}

function accepts(request: HttpRequest, type: string): boolean {
  const accept = header(request, 'accept') ?? '';
  if (accept.trim() === '') return true;
  const wanted = accept.split(',').map((part) => part.split(';')[0]!.trim());
  return wanted.some((one) => one === '*/*' || one === 'application/*' || one === type);
}

const notAcceptable = (): HttpResponse => ({ code: 406, headers: {}, body: '' });

function kept(
  request: HttpRequest,
  { text, hash }: { readonly text: string | Uint8Array; readonly hash: string },
  type: string,
  more: Readonly<Record<string, string>>,
): HttpResponse {
  const etag = `"${hash}"`;
  const headers = { ...more, etag };
  const known = (header(request, 'if-none-match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { code: 304, headers, body: '' };
  return { code: 200, headers: { ...headers, 'content-type': type }, body: text };
}

const hashOf = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();
