// What rules of RBAC say: whether one allows a request, and whether some together cover another. Follows pkg/apis/rbac/v1's
// evaluation helpers and component-helpers' auth/rbac/validation.
import type { PolicyRule } from '#api/rbac/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { isPath, type Attributes } from './authorizer.ts';

const ALL = '*';

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes(value) || list.includes(ALL));

/** Rules may name `pods/log`, everything, or that subresource of any resource. */
function resourceMatches(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (!resources) return false;
  const combined = subresource ? `${resource}/${subresource}` : resource;
  for (const one of resources) {
    if (one === ALL || one === combined) return true;
    if (subresource && one === `*/${subresource}`) return true;
  }
  return false;
}

const pathMatches = (patterns: readonly string[] | undefined, path: string): boolean =>
  (patterns ?? []).some((pattern) => pattern === ALL || pattern === path || (pattern.endsWith('*') && path.startsWith(trimStars(pattern))));

const trimStars = (pattern: string): string => pattern.replace(/\*+$/, '');

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (isPath(attributes)) return has(rule.verbs, attributes.verb) && pathMatches(rule.nonResourceURLs, attributes.path);
  return (
    has(rule.verbs, attributes.verb) &&
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources, attributes.resource, attributes.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  );
}

/** Each part of the rule by itself: one verb, one group, one resource, at most one name; or one verb and one path. */
function broken(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const parts: PolicyRule[] = [];
  for (const group of apiGroups)
    for (const resource of resources)
      for (const verb of verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) parts.push(part);
        else for (const name of resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
  for (const url of nonResourceURLs) for (const verb of verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
  return parts;
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  if (!has(owner.verbs, part.verbs[0]!)) return false;
  const [url] = part.nonResourceURLs ?? [];
  if (url !== undefined) return pathMatches(owner.nonResourceURLs, url);
  const [resource = '', subresource] = part.resources![0]!.split(/\/(.*)/s);
  if (!has(owner.apiGroups, part.apiGroups![0]!)) return false;
  const byResource =
    has(owner.resources, part.resources![0]!) || (subresource !== undefined && Boolean(owner.resources?.includes(`*/${subresource}`)));
  if (!byResource || resource === undefined) return false;
  if (!owner.resourceNames?.length) return true;
  return part.resourceNames !== undefined && owner.resourceNames.includes(part.resourceNames[0]!);
}

/** What of the wanted rules the owner's do not cover, compacted: what differs only in its verb is one rule. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap(broken).filter((part) => !owned.some((rule) => covers(rule, part)));
  const compact = new Map<string, PolicyRule & { verbs: string[] }>();
  const other: PolicyRule[] = [];
  for (const part of missing) {
    if (part.nonResourceURLs) {
      other.push(part);
      continue;
    }
    const key = JSON.stringify([part.apiGroups, part.resources, part.resourceNames]);
    const known = compact.get(key);
    if (!known) compact.set(key, { ...part, verbs: [...part.verbs] });
    else if (!known.verbs.includes(part.verbs[0]!)) known.verbs.push(part.verbs[0]!);
  }
  return [...compact.values(), ...other];
}

const goStrings = (list: readonly string[]): string => `[${list.map(quote).join(' ')}]`;

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}` */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const;
  return `{${parts.flatMap(([name, list]) => (list?.length ? [`${name}:${goStrings(list)}`] : [])).join(', ')}}`;
}
