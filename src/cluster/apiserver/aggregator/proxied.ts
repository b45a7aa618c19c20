// What a proxy makes of headers: whoever answers is told who asks, and connections' own headers stay with the connection. Follows
// SetAuthProxyHeaders of k8s.io/client-go/transport and net/http/httputil's ReverseProxy.
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { bodyText, type HttpExchangeResponse, type HttpHeaderValues } from '../../../apimachinery/http-exchange.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';

const HOP_BY_HOP = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** What said who the client is has done its work. */
const CREDENTIALS = /^(?:authorization$|impersonate-|x-remote-)/;
const MAX_DOCUMENT_BYTES = 16 * 2 ** 20;

/** Headers of a request as they are passed on. @param user absent: nobody is told who asks */
export function forwardedHeaders(headers: HttpHeaderValues, user: UserInfo | undefined): HttpHeaderValues {
  const kept = Object.entries(headers).filter(
    ([name]) =>
      !name.startsWith(':') && !HOP_BY_HOP.includes(name) && !CREDENTIALS.test(name) && name !== 'host' && name !== 'content-length',
  );
  return { ...Object.fromEntries(kept), ...(user ? identityHeaders(user) : {}) };
}

function identityHeaders({ username, uid, groups, extra = {} }: UserInfo): HttpHeaderValues {
  const extras = Object.entries(extra).map(([key, values]) => [`x-remote-extra-${escapedKey(key)}`, values] as const);
  return {
    'x-remote-user': username,
    ...(uid ? { 'x-remote-uid': uid } : {}),
    ...(groups.length ? { 'x-remote-group': groups } : {}),
    ...Object.fromEntries(extras),
  };
}

/** In lower case, and what may not stand in a header's name as percent codes. */
const escapedKey = (key: string): string =>
  key
    .toLowerCase()
    .replace(/[^\w!#$&'*+.^`|~-]/g, (c) =>
      Array.from(Buffer.from(c), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );

/** Headers of an answer as they are passed back. */
export function withoutHopHeaders(headers: HttpExchangeResponse['headers']): HttpExchangeResponse['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(':') && !HOP_BY_HOP.includes(name) && name !== 'content-length'),
  );
}

/** The JSON object that an answer is; undefined where it is none, or a refusal. */
export async function readProxied({ code, body }: HttpExchangeResponse): Promise<JsonObject | undefined> {
  if (code < 200 || code > 299) {
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) body.cancel();
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(await bodyText(body, MAX_DOCUMENT_BYTES));
    return isObject(value) ? value : undefined;
  } catch (error) {
    // another server's nonsense is not a failure of this one
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
