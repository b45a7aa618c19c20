// The proxy subresources of pods, services and nodes: a request is passed on as it came, and so is the answer. Follows UpgradeAwareHandler
// and Transport of k8s.io/apimachinery/pkg/util/proxy.
//
// DEVIATION: links in HTML are not rewritten, and connections are not upgraded.
import type { ProxiedRequest, ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { HttpExchangeResponse } from '../../../apimachinery/http-exchange.ts';
import { badRequest, serviceUnavailable } from '../../../apimachinery/status-error.ts';
import type { Backends, Place } from '../aggregator/backends.ts';
import { forwardedHeaders, withoutHopHeaders } from '../aggregator/proxied.ts';
import type { RequestContext } from '../generic/context.ts';

/** `scheme:name:port`, of which scheme and port may be missing. */
export interface Target {
  /** Empty: in the clear. */
  readonly scheme: string;
  readonly name: string;
  /** A number, or the name of a Service's port. */
  readonly port: string;
}

/** Throws a StatusError (400). @param kind for messages: `pod` */
export function targetOf(id: string, kind: string): Target {
  const parts = id.split(':');
  const [scheme, name, port] = parts.length === 3 ? parts : ['', parts[0], parts[1] ?? ''];
  if (parts.length > 3 || !['', 'http', 'https'].includes(scheme!) || !name)
    throw badRequest(`invalid ${kind} request ${JSON.stringify(id)}`);
  return { scheme: scheme!, name, port: port! };
}

/** The request as it came; only HTTP has it. */
export function proxiedOf({ request }: RequestContext): ProxiedRequest {
  if (!request.proxied) throw badRequest('a proxy is asked over HTTP');
  return request.proxied;
}

/** Undefined: the request may be passed on. */
export function redirectToRoot({ method, url, rest }: ProxiedRequest): HttpExchangeResponse | undefined {
  if (rest !== '' || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const [path, query] = url.split(/\?(.*)/s, 2);
  const headers = { location: `${path}/${query ? `?${query}` : ''}` };
  return { code: 301, headers, body: '' };
}

/** Passes the request on to where it is for. Throws a StatusError (503) where nobody answers. */
export async function passOn(context: RequestContext, backends: Backends, place: Place): Promise<ResourceResponse> {
  const request = proxiedOf(context);
  const redirect = redirectToRoot(request);
  if (redirect) return { is: 'proxied', answer: redirect, warnings: [] };
  const { method, url, rest, headers, body } = request;
  const [path = '', query] = url.split(/\?(.*)/s, 2);
  const prefix = path.slice(0, path.length - rest.length);
  const forwarded = { ...forwardedHeaders(headers, undefined), 'x-forwarded-uri': path };
  const target = `${rest || '/'}${query ? `?${query}` : ''}`;
  try {
    const answer = await backends.send(place, { method, url: target, headers: forwarded, body });
    return { is: 'proxied', answer: { ...answer, headers: rewritten(answer, place, prefix) }, warnings: [] };
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`);
  }
}

/** Who is sent elsewhere on the same server is sent there through the proxy. */
function rewritten(
  { headers }: HttpExchangeResponse,
  { destination: { host, port } }: Place,
  prefix: string,
): HttpExchangeResponse['headers'] {
  const kept = withoutHopHeaders(headers);
  const { location } = kept;
  if (typeof location !== 'string') return kept;
  const [, authority, path = ''] = /^(?:https?:\/\/([^/?#]*))?(.*)$/s.exec(location)!;
  const elsewhere = authority !== undefined && authority !== host && authority !== `${host}:${port}`;
  if (elsewhere || !path.startsWith('/') || path.startsWith(prefix)) return kept;
  return { ...kept, location: `${prefix}${path}` };
}
