// Who the asker is, and whose a token is. Follows pkg/registry/authentication.
import type { TokenReviewSpec } from '#api/authentication/v1';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';
import { badRequest } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Access } from '../access.ts';
import type { RequestContext } from '../generic/context.ts';
import type { Draft } from '../generic/resource-definition.ts';

export function selfSubjectReview({ user, now, served }: RequestContext): JsonObject {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: `authentication.k8s.io/${served.version.version}`,
    metadata: { creationTimestamp: formatTime(now) },
    status: { userInfo: asObject(user) },
  };
}

const asObject = ({ username, uid, groups, extra }: UserInfo): JsonObject => ({
  username,
  ...(uid ? { uid } : {}),
  ...(groups.length ? { groups } : {}),
  ...(extra && Object.keys(extra).length ? { extra } : {}),
});

export async function tokenReview(review: Draft, access: Access): Promise<JsonObject> {
  const { token, audiences } = (review['spec'] ?? {}) as TokenReviewSpec;
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const answer = await access.authenticator.authenticateToken(token, audiences?.length ? audiences : undefined);
  const status = answer
    ? { authenticated: true, user: asObject(answer.user), ...(answer.audiences?.length ? { audiences: answer.audiences } : {}) }
    : { user: {}, error: 'invalid bearer token' };
  return { ...review, status };
}
