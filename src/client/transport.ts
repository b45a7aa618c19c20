// The way from a client to an API server: the server in this process, or one behind HTTPS. What they exchange is the same.
import type { ResourceRequest, ResourceResponse } from '../apimachinery/api-request.ts';

/** Where the objects of a kind are found. */
export interface ResourceMapping {
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** A kind that the server has at this moment, in the version that it prefers. */
export interface ServedKind extends ResourceMapping {
  /** `apps/v1/Deployment` */
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** A request before it is known who makes it: the transport says. */
export type TransportRequest = Omit<ResourceRequest, 'user' | 'userAgent'>;

export interface Transport {
  /** Throws a StatusError where the server refuses, and an Error where it cannot be reached. */
  serve(request: TransportRequest): Promise<ResourceResponse>;
  /** @param kind `apps/v1/Deployment`. Undefined where the server has no such kind. */
  resolve(kind: string): Promise<ResourceMapping | undefined>;
  /** All kinds, as discovery tells them: custom ones come and go. */
  servedKinds(): Promise<readonly ServedKind[]>;
}
