// URLs as values. Follows urls.go of k8s.io/apiserver's CEL library, and of Go's net/url as much as it takes to tell a URL's parts.
import { structType } from '../cel-type.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { ArrayList, CelError, OpaqueValue, type Value, ValueMap } from '../values.ts';

export interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

export class UrlValue extends OpaqueValue {
  readonly type = structType('kubernetes.URL');
  readonly text: string;
  readonly parts: UrlParts;
  constructor(text: string, parts: UrlParts) {
    super();
    this.text = text;
    this.parts = parts;
  }
  equals(other: OpaqueValue): boolean {
    return this.text === (other as UrlValue).text;
  }
}

const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;

/** An absolute URL or an absolute path: url.ParseRequestURI. A text says what is wrong. */
export function parseRequestURI(text: string): UrlParts | string {
  const failed = (why: string): string => `parse ${JSON.stringify(text)}: ${why}`;
  if (text === '') return failed('empty url');
  if (/[\x00-\x1f\x7f]/.test(text)) return failed('net/url: invalid control character in URL');
  if (text.startsWith(':')) return failed('missing protocol scheme');
  const [, scheme = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text) ?? [];
  const rest = scheme ? text.slice(scheme.length + 1) : text;
  if (!rest.startsWith('/'))
    return scheme && rest !== '' && !rest.startsWith('/') ? failed('invalid URI for request') : failed('invalid URI for request');
  const withoutFragment = rest.split('#', 1)[0]!;
  const question = withoutFragment.indexOf('?');
  const query = question < 0 ? '' : withoutFragment.slice(question + 1);
  const before = question < 0 ? withoutFragment : withoutFragment.slice(0, question);
  const hasAuthority = before.startsWith('//') && (scheme !== '' || !before.startsWith('///'));
  const slash = hasAuthority ? before.indexOf('/', 2) : 0;
  const authority = hasAuthority ? before.slice(2, slash < 0 ? undefined : slash) : '';
  const path = hasAuthority ? (slash < 0 ? '' : before.slice(slash)) : before;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const wrongHost = checkHost(host);
  if (wrongHost) return failed(wrongHost);
  const escape = BAD_ESCAPE.exec(path);
  if (escape) return failed(`invalid URL escape ${JSON.stringify(path.slice(escape.index, escape.index + 3))}`);
  return { scheme: scheme.toLowerCase(), host, path, query };
}

function checkHost(host: string): string {
  if (host.startsWith('[')) {
    const end = host.indexOf(']');
    if (end < 0) return "missing ']' in host";
    return /^(?::\d*)?$/.test(host.slice(end + 1)) ? '' : `invalid port ${JSON.stringify(host.slice(end + 1))} after host`;
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${JSON.stringify(host.slice(colon))} after host`;
  const bad = /[ "<>\\^`{|}]/.exec(host);
  return bad ? `invalid character ${JSON.stringify(bad[0])} in host name` : '';
}

const hostname = (host: string): string => /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
const port = (host: string): string => /:(\d*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? '';

/** As a path is escaped when it is written. */
const escapedPath = (path: string): string => path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (c) => encodeURIComponent(c));

function query(text: string): Value {
  const values = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const [key = '', ...rest] = pair.split('=');
    const [k, v] = [unescapeQuery(key), unescapeQuery(rest.join('='))];
    if (k !== undefined && v !== undefined) values.set(k, [...(values.get(k) ?? []), v]);
  }
  return ValueMap.of([...values].map(([key, list]) => [key, new ArrayList(list)] as const));
}

const unescapeQuery = (text: string): string | undefined => {
  if (BAD_ESCAPE.test(text)) return undefined;
  const plain = text.replaceAll('+', ' ');
  return Buffer.from(
    plain.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    /[^\x00-\xff]/.test(plain) ? 'utf8' : 'latin1',
  ).toString();
};

function toUrl(text: string): Value {
  const parts = parseRequestURI(text);
  return typeof parts === 'string' ? new CelError(`URL parse error during conversion from string: ${parts}`) : new UrlValue(text, parts);
}

const onUrl =
  (f: (parts: UrlParts) => Value): Implementation =>
  (url) =>
    f((url as UrlValue).parts);

export const urls: readonly FunctionDeclaration[] = [
  declare('url', { 'string_to_url: (string) -> kubernetes.URL': (text) => toUrl(text as string) }),
  declare('isURL', { 'is_url_string: (string) -> bool': (text) => typeof parseRequestURI(text as string) !== 'string' }),
  declare('getScheme', { 'url_get_scheme: kubernetes.URL.() -> string': onUrl(({ scheme }) => scheme) }),
  declare('getHost', { 'url_get_host: kubernetes.URL.() -> string': onUrl(({ host }) => host) }),
  declare('getHostname', { 'url_get_hostname: kubernetes.URL.() -> string': onUrl(({ host }) => hostname(host)) }),
  declare('getPort', { 'url_get_port: kubernetes.URL.() -> string': onUrl(({ host }) => port(host)) }),
  declare('getEscapedPath', { 'url_get_escaped_path: kubernetes.URL.() -> string': onUrl(({ path }) => escapedPath(path)) }),
  declare('getQuery', { 'url_get_query: kubernetes.URL.() -> map(string, list(string))': onUrl(({ query: text }) => query(text)) }),
];
