// The questions that clients may ask about permissions: may this user (or I) do that, and what may I do at all. Follows
// pkg/registry/authorization.
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '#api/authorization/v1';
import type { UserInfo } from '../../../apimachinery/api-request.ts';
import { parseFieldSelector, type FieldTerm } from '../../../apimachinery/field-selector.ts';
import { LabelSelector, requirement, SelectorError, type SelectorOperator } from '../../../apimachinery/label-selector.ts';
import type { JsonObject } from '../../../apimachinery/object.ts';
import { badRequest, invalidError } from '../../../apimachinery/status-error.ts';
import type { FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { Access } from '../access.ts';
import { aggregate } from '../admission/admission.ts';
import { nodeOf } from '../authentication/node-names.ts';
import type { RequestContext } from '../generic/context.ts';
import type { Draft } from '../generic/resource-definition.ts';
import { validateAccessReview, validateLocalAccessReview } from '../validation/access-review.ts';
import type { Attributes } from './authorizer.ts';

const GROUP = 'authorization.k8s.io';

function refuseInvalid(errors: readonly FieldError[]): void {
  if (errors.length) throw invalidError({ group: GROUP, kind: '' }, '', errors);
}

const specOf = (review: Draft): SubjectAccessReviewSpec => (review['spec'] ?? {}) as SubjectAccessReviewSpec;

export async function subjectAccessReview(review: Draft, access: Access): Promise<JsonObject> {
  refuseInvalid(validateAccessReview(review, false));
  return { ...review, status: await statusOf(specOf(review), userOf(specOf(review)), access) };
}

export async function localSubjectAccessReview(review: Draft, context: RequestContext, access: Access): Promise<JsonObject> {
  refuseInvalid(validateLocalAccessReview(review));
  const { namespace } = context;
  const named = specOf(review).resourceAttributes?.namespace ?? '';
  if (namespace !== named) throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  return { ...review, status: await statusOf(specOf(review), userOf(specOf(review)), access) };
}

export async function selfSubjectAccessReview(review: Draft, { user }: RequestContext, access: Access): Promise<JsonObject> {
  refuseInvalid(validateAccessReview(review, true));
  return { ...review, status: await statusOf(specOf(review), user, access) };
}

function userOf({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): UserInfo {
  return { username: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

async function statusOf(spec: SubjectAccessReviewSpec, user: UserInfo, access: Access): Promise<SubjectAccessReviewStatus> {
  const faults: string[] = [];
  const { allowed, reason } = await access.authorizer.authorize(attributesOf(spec, user, faults));
  return { allowed, ...(reason ? { reason } : {}), ...(faults.length ? { evaluationError: faults.join('; ') } : {}) };
}

/** @param faults what of the selectors does not count */
function attributesOf(
  { resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec,
  user: UserInfo,
  faults: string[],
): Attributes {
  if (!resourceAttributes) return { user, verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = resourceAttributes;
  const fieldSelector = fieldTerms(resourceAttributes.fieldSelector, faults);
  checkLabels(resourceAttributes.labelSelector, faults);
  return { user, verb, group, version: version || '*', resource, subresource, namespace, name, fieldSelector };
}

const ignored = (which: string, some: boolean): string =>
  `spec.resourceAttributes.${which} ${some ? 'partially ' : ''}ignored due to parse error`;

function fieldTerms(selector: FieldSelectorAttributes | undefined, faults: string[]): readonly FieldTerm[] {
  if (selector?.requirements?.length) {
    const terms: FieldTerm[] = [];
    for (const { key, operator, values = [] } of selector.requirements)
      if ((operator === 'In' || operator === 'NotIn') && values.length === 1)
        terms.push({ field: key, operator: operator === 'In' ? '=' : '!=', value: values[0]! });
    if (terms.length < selector.requirements.length) faults.push(ignored('fieldSelector', terms.length > 0));
    return terms;
  }
  if (!selector?.rawSelector) return [];
  try {
    return parseFieldSelector(selector.rawSelector);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    faults.push(ignored('fieldSelector', false));
    return [];
  }
}

const OPERATORS: Readonly<Record<string, SelectorOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** No authorizer here goes by labels; but the client is told where they cannot be read. */
function checkLabels(selector: LabelSelectorAttributes | undefined, faults: string[]): void {
  const readable = (read: () => unknown): boolean => {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      return false;
    }
  };
  if (selector?.requirements?.length) {
    const good = selector.requirements.filter(({ key, operator, values = [] }) => {
      const known = OPERATORS[operator];
      return known !== undefined && readable(() => requirement(key, known, values));
    });
    if (good.length < selector.requirements.length) faults.push(ignored('labelSelector', good.length > 0));
  } else if (selector?.rawSelector && !readable(() => LabelSelector.parse(selector.rawSelector ?? '')))
    faults.push(ignored('labelSelector', false));
}

/** All that the roles of the asker allow in a namespace. */
export async function selfSubjectRulesReview(review: Draft, { user }: RequestContext, access: Access): Promise<JsonObject> {
  const namespace = (review['spec'] as { readonly namespace?: string } | undefined)?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  await access.roles?.ready();
  const { grants, errors } = access.roles?.grantsOf(user, namespace) ?? { grants: [], errors: [] };
  const rules = grants.map(({ rule }) => rule);
  const resourceRules = rules
    .filter(({ resources }) => resources?.length)
    .map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs,
      ...(apiGroups?.length ? { apiGroups } : {}),
      resources,
      ...(resourceNames?.length ? { resourceNames } : {}),
    }));
  const nonResourceRules = rules
    .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
  // without roles, everything is allowed: that cannot be told in rules
  const whyIncomplete = access.roles ? incompleteness(user, errors) : ['AlwaysAllow does not support user rule resolution'];
  const status = {
    resourceRules,
    nonResourceRules,
    incomplete: whyIncomplete.length > 0,
    ...(whyIncomplete.length ? { evaluationError: aggregate(whyIncomplete) } : {}),
  };
  return { kind: review.kind, apiVersion: review.apiVersion, metadata: {}, spec: {}, status };
}

function incompleteness(user: UserInfo, errors: readonly string[]): readonly string[] {
  return nodeOf(user) === undefined ? errors : ['node authorizer does not support user rule resolution', ...errors];
}
