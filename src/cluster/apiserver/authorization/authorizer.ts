// Whether a user may do what is asked: what authorizers are told, what they answer, and the words of a refusal. Follows
// authorization/authorizer of k8s.io/apiserver.
import type { RequestAudit, ResourceRequest, UserInfo } from '../../../apimachinery/api-request.ts';
import { parseFieldSelector, type FieldTerm } from '../../../apimachinery/field-selector.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { SelectorError } from '../../../apimachinery/label-selector.ts';
import { forbiddenError, type StatusError } from '../../../apimachinery/status-error.ts';

/** What somebody wants to do with a resource. */
export interface ResourceAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Of namespaces, their own name. */
  readonly namespace: string;
  /** Also of a list or watch that selects one name. */
  readonly name: string;
  /** Empty where there is none, or where it cannot be read. */
  readonly fieldSelector: readonly FieldTerm[];
}

/** The same for a path that is no resource: `/healthz`. */
export interface PathAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export const isPath = (attributes: Attributes): attributes is PathAttributes => 'path' in attributes;

export interface Decision {
  readonly allowed: boolean;
  /** Of a refusal, why not, for the message; often empty. Of a permission, what gives it. */
  readonly reason: string;
}

export interface Authorizer {
  /** Whoever says no only has no opinion: another authorizer may allow it. */
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

export const NO_OPINION: Decision = { allowed: false, reason: '' };
export const noOpinion = (reason: string): Decision => ({ allowed: false, reason });
export const ALLOWED: Decision = { allowed: true, reason: '' };

/** Everyone may do everything: `--authorization-mode=AlwaysAllow`. */
export const alwaysAllow: Authorizer = { authorize: () => ALLOWED };

/** The first that allows it decides; where none does, all their reasons are told. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  const from = (attributes: Attributes, start: number, told: readonly string[]): Decision | Promise<Decision> => {
    const reasons = [...told];
    for (let i = start; i < authorizers.length; i++) {
      const pending = authorizers[i]!.authorize(attributes);
      if (pending instanceof Promise)
        return pending.then((d) => (d.allowed ? d : from(attributes, i + 1, d.reason ? [...reasons, d.reason] : reasons)));
      if (pending.allowed) return pending;
      if (pending.reason) reasons.push(pending.reason);
    }
    return reasons.length ? noOpinion(reasons.join('\n')) : NO_OPINION;
  };
  return { authorize: (attributes) => from(attributes, 0, []) };
}

type Asked = Pick<ResourceRequest, 'user' | 'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'> &
  Partial<Pick<ResourceRequest, 'options'>>;

const NO_TERMS: readonly FieldTerm[] = [];

/** What a request of this process asks for. */
export function attributesOf({ user, verb, group, version, resource, subresource, namespace, name, options }: Asked): ResourceAttributes {
  const fieldSelector = options?.fieldSelector ? termsOf(verb, options.fieldSelector) : NO_TERMS;
  return {
    user,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace: resource === 'namespaces' && group === '' ? name : namespace,
    name: name || selectedName(fieldSelector),
    fieldSelector,
  };
}

/** A selector that cannot be read selects nothing that an authorizer could go by: it is refused later, in its own words. */
export function termsOf(verb: string, fieldSelector: string): readonly FieldTerm[] {
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return NO_TERMS;
  try {
    return parseFieldSelector(fieldSelector);
  } catch (error) {
    if (error instanceof SelectorError) return NO_TERMS;
    throw error;
  }
}

export const selectedName = (terms: readonly FieldTerm[]): string =>
  terms.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value ?? '';

/** `User "x" cannot create resource "pods" in API group "" in the namespace "default"` */
export function denial(attributes: Attributes, reason: string): string {
  const why = reason ? `: ${reason}` : '';
  if (isPath(attributes)) return `User ${quote(attributes.user.username)} cannot ${attributes.verb} path ${quote(attributes.path)}${why}`;
  const { user, verb, group, resource, subresource, namespace } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? ` in the namespace ${quote(namespace)}` : ' at the cluster scope';
  return `User ${quote(user.username)} cannot ${verb} resource ${quote(what)} in API group ${quote(group)}${where}${why}`;
}

export function denied(attributes: Attributes, reason: string): StatusError {
  const resource = isPath(attributes) ? { group: '', resource: '' } : { group: attributes.group, resource: attributes.resource };
  return forbiddenError(resource, isPath(attributes) ? '' : attributes.name, denial(attributes, reason));
}

/** Throws a StatusError (403) unless it is allowed. @param audit is told what was decided, and why */
export function requireAllowed(
  authorizer: Authorizer,
  attributes: Attributes,
  audit?: Pick<RequestAudit, 'annotate'>,
): void | Promise<void> {
  const check = (decision: Decision): void => {
    audit?.annotate('authorization.k8s.io/decision', decision.allowed ? 'allow' : 'forbid');
    audit?.annotate('authorization.k8s.io/reason', decision.reason);
    if (!decision.allowed) throw denied(attributes, decision.reason);
  };
  const decision = authorizer.authorize(attributes);
  return decision instanceof Promise ? decision.then(check) : check(decision);
}
