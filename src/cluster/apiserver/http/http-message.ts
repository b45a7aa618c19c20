// Requests and responses as values: what comes off a socket, and what goes back. Nothing here knows what they mean.
import type { Upgrade, UserInfo } from '../../../apimachinery/api-request.ts';
import type { HttpExchangeRequest, HttpExchangeResponse } from '../../../apimachinery/http-exchange.ts';

/** Of a client, signed by the authority that the server trusts. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export interface HttpRequest extends HttpExchangeRequest {
  /** Who asks, where the caller knows. */
  readonly user?: UserInfo;
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Where the connection comes from: an IP address. */
  readonly remoteAddress?: string | undefined;
}

export type HttpHeaders = HttpExchangeResponse['headers'];

export interface HttpResponse extends HttpExchangeResponse {
  /** Of a 101: what is to be spoken from here on. */
  readonly upgrade?: Upgrade;
  /** To be told when the connection that was upgraded has ended. */
  readonly ended?: () => void;
}

export function header(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(',');
}

export const plainText = (code: number, body: string): HttpResponse => ({
  code,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body,
});

/** A path that nothing is registered for is not a Status. */
export const plainNotFound = (): HttpResponse => plainText(404, '404 page not found\n');
