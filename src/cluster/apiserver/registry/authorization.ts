// The resources of API group authorization.k8s.io: questions, which are answered and not stored.
import type { Access } from '../access.ts';
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from '../authorization/access-reviews.ts';
import { define } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';

const GROUP = 'authorization.k8s.io';

export function authorizationResources(access: Access): ResourceDefinition[] {
  return [
    define(GROUP, 'localsubjectaccessreviews', {
      strategy: {},
      review: (review, context) => localSubjectAccessReview(review, context, access),
    }),
    define(GROUP, 'selfsubjectaccessreviews', {
      strategy: {},
      review: (review, context) => selfSubjectAccessReview(review, context, access),
    }),
    define(GROUP, 'selfsubjectrulesreviews', {
      strategy: {},
      review: (review, context) => selfSubjectRulesReview(review, context, access),
    }),
    define(GROUP, 'subjectaccessreviews', { strategy: {}, review: (review) => subjectAccessReview(review, access) }),
  ];
}
