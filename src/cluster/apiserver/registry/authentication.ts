// The resources of API group authentication.k8s.io: who I am, and whose a token is. They are answered and not stored.
import type { Access } from '../access.ts';
import { selfSubjectReview, tokenReview } from '../authentication/reviews.ts';
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

export function authenticationResources(access: Access): ResourceDefinition[] {
  return [
    define('authentication.k8s.io', 'selfsubjectreviews', { strategy: {}, review: async (_, context) => selfSubjectReview(context) }),
    define('authentication.k8s.io', 'tokenreviews', { strategy: {}, review: (review) => tokenReview(review, access) }),
  ];
}
