// Whether a FlowSchema is about a request, and which of its flows the request belongs to. Follows util/flowcontrol/rule.go of k8s.io/apiserver.
import type { FlowSchema, FlowSchemaSpec } from '#api/flowcontrol/v1';
import type { UserInfo } from '../../../apimachinery/api-request.ts';

/** What a request is sorted by. */
export interface RequestDigest {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
}

type Rule = NonNullable<FlowSchemaSpec['rules']>[number];
type Subject = Rule['subjects'][number];
type ResourceRule = NonNullable<Rule['resourceRules']>[number];
type NonResourceRule = NonNullable<Rule['nonResourceRules']>[number];

const has = (list: readonly string[] | undefined, value: string): boolean => list?.[0] === '*' || (list?.includes(value) ?? false);

export function matchesFlowSchema({ spec }: FlowSchema, digest: RequestDigest): boolean {
  return (spec?.rules ?? []).some((rule) => {
    if (!rule.subjects.some((subject) => isSubject(subject, digest.user))) return false;
    if (digest.isResourceRequest) return rule.resourceRules?.some((one) => matchesResource(one, digest)) ?? false;
    return rule.nonResourceRules?.some((one) => matchesPath(one, digest)) ?? false;
  });
}

function isSubject({ kind, user, group, serviceAccount }: Subject, { username, groups }: UserInfo): boolean {
  switch (kind) {
    case 'User':
      return user !== undefined && (user.name === '*' || user.name === username);
    case 'Group':
      return group !== undefined && (group.name === '*' || groups.includes(group.name));
    case 'ServiceAccount': {
      if (!serviceAccount) return false;
      const prefix = `system:serviceaccount:${serviceAccount.namespace}:`;
      return serviceAccount.name === '*' ? username.startsWith(prefix) : username === prefix + serviceAccount.name;
    }
    default:
      return false;
  }
}

function matchesResource(rule: ResourceRule, { verb, group, resource, subresource, namespace }: RequestDigest): boolean {
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group)) return false;
  if (!has(rule.resources, subresource ? `${resource}/${subresource}` : resource)) return false;
  return namespace === '' ? (rule.clusterScope ?? false) : has(rule.namespaces, namespace);
}

function matchesPath({ verbs, nonResourceURLs }: NonResourceRule, { verb, path }: RequestDigest): boolean {
  if (!has(verbs, verb)) return false;
  return nonResourceURLs.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))));
}

/** Requests that share it share a place in the queues. Empty where the schema does not tell its flows apart. */
export function flowDistinguisher({ spec }: FlowSchema, { user, namespace }: RequestDigest): string {
  switch (spec?.distinguisherMethod?.type) {
    case 'ByUser':
      return user.username;
    case 'ByNamespace':
      return namespace;
    default:
      return '';
  }
}
