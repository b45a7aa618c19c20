// Whether a user may do what a request asks for, as the handlers see it.
import type { ResourceRequest } from '../../apimachinery/api-request.ts';

export interface Decision {
  readonly allowed: boolean;
  /** Why not, for the message; often empty. */
  readonly reason: string;
}

export interface Authorizer {
  authorize(
    request: Pick<ResourceRequest, 'user' | 'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'>,
  ): Decision | Promise<Decision>;
}

/** Everyone may do everything: `--authorization-mode=AlwaysAllow`. */
export const alwaysAllow: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };
