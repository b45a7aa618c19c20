// /openapi/v3, its documents, and /openapi/v2 over HTTP: hashes in addresses, so that clients keep what does not change. Follows
// kube-openapi's handlers.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import { header, plainNotFound, type HttpRequest, type HttpResponse } from '../http-message.ts';
import type { ServedGroup } from '../discovery/served-groups.ts';
import { documentNamed, documentNames } from './documents.ts';
import { swagger, swaggerBytes } from './swagger.ts';

const PROTOBUF_V2 = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];

/** @param now milliseconds since 1970. @returns undefined where the path is not one of these */
export function answerOpenApi(
  groups: readonly ServedGroup[],
  request: HttpRequest,
  path: string,
  query: URLSearchParams,
  now: number,
): HttpResponse | undefined {
  if (path === '/openapi/v2') return answerV2(groups, request);
  if (path === '/openapi/v3') return index(groups, request);
  if (path.startsWith('/openapi/v3/')) return answerV3(groups, request, path.slice('/openapi/v3/'.length), query, now);
  return undefined;
}

const address = (name: string, hash: string): string => `/openapi/v3/${name}?hash=${hash}`;

function index(groups: readonly ServedGroup[], request: HttpRequest): HttpResponse {
  const known = knownIndexes.get(groups) ?? makeIndex(groups);
  knownIndexes.set(groups, known);
  return kept(request, known, 'application/json', {});
}

const knownIndexes = new WeakMap<readonly ServedGroup[], { readonly text: string; readonly hash: string }>();

function makeIndex(groups: readonly ServedGroup[]): { readonly text: string; readonly hash: string } {
  const documents = documentNames(groups).flatMap((name) => {
    const document = documentNamed(groups, name);
    return document ? [[name, document] as const] : [];
  });
  const paths = Object.fromEntries(documents.map(([name, { hash }]) => [name, { serverRelativeURL: address(name, hash) }]));
  return { text: encodeJson({ paths }), hash: hashOf(documents.map(([, { hash }]) => hash).join()) };
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
