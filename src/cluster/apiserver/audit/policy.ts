// Which requests are logged, and how much of them: the Policy of audit.k8s.io/v1. The first rule that fits decides. Follows audit/policy of
// k8s.io/apiserver.
import type { ResourceAttributes } from '../authorization/authorizer.ts';

/** Each tells what the one before it tells, and more. */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];

export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

export interface GroupResources {
  /** Empty: the core group. */
  readonly group?: string;
  /** `pods`, `pods/log`, `pods/*`, with any resource's subresource as in `*` + `/scale`, or `*`. Empty: all. */
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What is absent, or empty, fits everything. */
export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  /** The empty name: what is in no namespace. */
  readonly namespaces?: readonly string[];
  /** `*`, or paths, of which the last character may be `*`. */
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface Policy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** Who did what to which object is told of every request but those after the server's health; what objects hold is not. */
export const DEFAULT_POLICY: Policy = {
  omitStages: ['RequestReceived'],
  rules: [{ level: 'None', nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/version'] }, { level: 'Metadata' }],
};

/** What a request is judged by. */
export interface AuditAttributes extends Omit<ResourceAttributes, 'fieldSelector'> {
  readonly isResourceRequest: boolean;
  readonly path: string;
}

/** How one request is logged. */
export interface Evaluated {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

/** Nothing is logged where no rule fits. */
export function evaluate({ rules, omitStages = [], omitManagedFields = false }: Policy, attributes: AuditAttributes): Evaluated {
  const rule = rules.find((r) => fits(r, attributes));
  return {
    level: rule?.level ?? 'None',
    omitStages: new Set([...omitStages, ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? omitManagedFields,
  };
}

const has = <T>(list: readonly T[] | undefined, value: T): boolean => !list?.length || list.includes(value);

function fits(rule: PolicyRule, attributes: AuditAttributes): boolean {
  const { user, verb, isResourceRequest, namespace } = attributes;
  if (!has(rule.users, user.username) || !has(rule.verbs, verb)) return false;
  if (rule.userGroups?.length && !rule.userGroups.some((group) => user.groups.includes(group))) return false;
  if (rule.namespaces?.length || rule.resources?.length)
    return isResourceRequest && has(rule.namespaces, namespace) && fitsResource(rule.resources, attributes);
  if (rule.nonResourceURLs?.length) return !isResourceRequest && rule.nonResourceURLs.some((spec) => fitsPath(spec, attributes.path));
  return true;
}

function fitsResource(all: readonly GroupResources[] | undefined, attributes: AuditAttributes): boolean {
  if (!all?.length) return true;
  const { group, resource, subresource, name } = attributes;
  const combined = subresource ? `${resource}/${subresource}` : resource;
  return all.some((one) => {
    if ((one.group ?? '') !== group) return false;
    if (!one.resources?.length) return true;
    if (!has(one.resourceNames, name)) return false;
    return one.resources.some(
      (spec) => spec === combined || spec === '*' || (subresource !== '' && spec === `*/${subresource}`) || spec === `${resource}/*`,
    );
  });
}

const fitsPath = (spec: string, path: string): boolean =>
  spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.slice(0, -1)));
