// Requests and responses as values: what comes off a socket, and what goes back. Nothing here knows what they mean.
import type { Upgrade, UserInfo } from '../../../apimachinery/api-request.ts';
import type { ByteStream } from '../../../apimachinery/node-api.ts';

/** Of a client, signed by the authority that the server trusts. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array | undefined;
  /** Who asks, where the caller knows. */
  readonly user?: UserInfo;
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Where the connection comes from: an IP address. */
  readonly remoteAddress?: string | undefined;
}

export type HttpHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface HttpResponse {
  readonly code: number;
  readonly headers: HttpHeaders;
  /** All of it, or a stream of chunks. */
  readonly body: string | Uint8Array | ByteStream;
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
