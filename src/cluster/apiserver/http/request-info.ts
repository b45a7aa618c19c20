// What a URL asks for. Follows RequestInfoFactory of k8s.io/apiserver.
import type { Verb } from '../../../apimachinery/api-request.ts';

export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly path: string;
  /** For what is no resource, the method in lower case. */
  readonly verb: Verb | string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  /** The path names a namespace, and the name is empty. */
  readonly emptyNamespace: boolean;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the namespace, split at slashes: subresources such as proxy take paths of their own. */
  readonly parts: readonly string[];
}

const VERBS: Readonly<Record<string, Verb>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  // an escaped slash is a slash
  let parts = unescape(path)
    .replace(/^\/+|\/+$/g, '')
    .split('/');
  const none = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    emptyNamespace: false,
    resource: '',
    subresource: '',
    name: '',
    parts: [],
  };
  if (parts.length < 3 || (parts[0] !== 'api' && parts[0] !== 'apis')) return none;
  if (parts[0] === 'apis' && parts.length < 4) return none;
  const group = parts[0] === 'apis' ? parts[1]! : '';
  parts = parts.slice(parts[0] === 'apis' ? 2 : 1);
  const version = parts.shift()!;
  // the old form of a watch: /api/v1/watch/namespaces/...
  const watchPrefix = parts[0] === 'watch' && parts.length > 1;
  if (watchPrefix) parts.shift();
  let namespace = '';
  let emptyNamespace = false;
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1]!;
    emptyNamespace = namespace === '';
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.includes(parts[2]!)) parts = parts.slice(2);
  }
  const [resource = '', name = '', subresource = ''] = parts;
  let verb: string = watchPrefix ? 'watch' : (VERBS[method] ?? '');
  if (!watchPrefix && name === '' && verb === 'get') verb = isTrue(query.get('watch')) ? 'watch' : 'list';
  else if (verb === 'get' && isTrue(query.get('watch')) && subresource === '') verb = 'watch';
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  return { isResourceRequest: true, path, verb, group, version, namespace, emptyNamespace, resource, subresource, name, parts };
}

/** Anything but `false` and `0` is true, as Kubernetes reads booleans in URLs. */
export const isTrue = (text: string | null): boolean => text !== null && !['false', '0'].includes(text.toLowerCase());

/** Bytes that are no UTF-8 stand as lone surrogates (U+DC80 to U+DCFF), so that messages can tell them. */
function unescape(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replace(/(?:%[\da-fA-F]{2})+/g, (escapes) => {
      try {
        return decodeURIComponent(escapes);
      } catch {
        const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex');
        return Array.from(bytes, (byte) => String.fromCharCode(byte < 128 ? byte : 0xdc00 + byte)).join('');
      }
    });
  }
}
