// The way from a client to an API server: the server in this process, or one behind HTTPS. What they exchange is the same.
import type { ResourceMapping, ResourceRequest, ResourceResponse, ServedResource } from '../apimachinery/api-request.ts';

/** A request before it is known who makes it: the transport says. */
export type TransportRequest = Omit<ResourceRequest, 'user' | 'userAgent'>;

export interface Transport {
  /** So many objects at most are asked for at a time, where answers come over a network. */
  readonly pageSize?: number;
  /** Throws a StatusError where the server refuses, and an Error where it cannot be reached. */
  serve(request: TransportRequest): Promise<ResourceResponse>;
  /** @param kind `apps/v1/Deployment`. Undefined where the server has no such kind. */
  resolve(kind: string): Promise<ResourceMapping | undefined>;
  /** All resources at this moment, without subresources; of several versions of one the preferred first. */
  resources(): Promise<readonly ServedResource[]>;
  /** The server's release, `v1.36.3`; absent where it is that of this program. */
  gitVersion?(): Promise<string>;
}

/** No answer of an API server came, whether or not the request reached one. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}
