// What the server has at this moment, as discovery tells it: groups by their importance, their versions by preference, and the resources
// of each by name. Made anew only when the catalog has changed.
import { byVersionPriority } from '../../custom/version-priority.ts';
import type { Aggregated, Aggregator } from '../../aggregator/aggregator.ts';
import type { ResourceCatalog, Served } from '../../generic/catalog.ts';

export interface ServedGroup {
  /** Empty for the core group. */
  readonly group: string;
  /** The preferred one first. */
  readonly versions: readonly ServedVersion[];
}

export interface ServedVersion {
  readonly version: string;
  readonly resources: readonly Served[];
  /** Another server has it; then there are no resources of this one's. */
  readonly aggregated?: Aggregated;
}

/** The order in which Kubernetes ranks its own groups; those of custom resources follow by name. */
const RANKED = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'storagemigration.k8s.io',
];

/** Of custom resources, as APIServices of theirs have it. */
const CUSTOM_PRIORITY = 1000;

interface Known {
  readonly catalog: number;
  readonly aggregator: number;
  readonly groups: readonly ServedGroup[];
}

const cached = new WeakMap<ResourceCatalog, Known>();

export function servedGroups({ catalog, aggregator }: Parts): readonly ServedGroup[] {
  const known = cached.get(catalog);
  if (known?.catalog === catalog.generation && known.aggregator === aggregator.generation) return known.groups;
  const groups = group(catalog.served(), aggregator.all());
  cached.set(catalog, { catalog: catalog.generation, aggregator: aggregator.generation, groups });
  return groups;
}

export interface Parts {
  readonly catalog: ResourceCatalog;
  readonly aggregator: Aggregator;
}

/** An APIService takes the place of what this server has itself. */
function group(served: readonly Served[], aggregated: readonly Aggregated[]): ServedGroup[] {
  const byGroup = new Map<string, Map<string, Served[] | Aggregated>>();
  const priorities = new Map<string, number>();
  const versionsOf = (name: string): Map<string, Served[] | Aggregated> => {
    const versions = byGroup.get(name) ?? new Map<string, Served[] | Aggregated>();
    byGroup.set(name, versions);
    return versions;
  };
  for (const one of aggregated) {
    const { group: name = '', version = '', groupPriorityMinimum } = one.service.spec!;
    versionsOf(name).set(version, one);
    priorities.set(name, Math.max(groupPriorityMinimum, priorities.get(name) ?? 0));
  }
  for (const one of served) {
    const versions = versionsOf(one.definition.group);
    const resources = versions.get(one.version.version) ?? [];
    if (!Array.isArray(resources)) continue;
    versions.set(one.version.version, resources);
    resources.push(one);
  }
  const rank = (name: string): number => (RANKED.includes(name) ? RANKED.indexOf(name) : RANKED.length);
  const priority = (name: string): number => priorities.get(name) ?? CUSTOM_PRIORITY;
  return [...byGroup]
    .sort(([a], [b]) => rank(a) - rank(b) || priority(b) - priority(a) || (a < b ? -1 : 1))
    .map(([name, versions]) => ({
      group: name,
      versions: [...versions].sort(([a], [b]) => byVersionPriority(a, b)).map(([version, has]) => servedVersion(version, has)),
    }));
}

function servedVersion(version: string, has: Served[] | Aggregated): ServedVersion {
  if (!Array.isArray(has)) return { version, resources: [], aggregated: has };
  return { version, resources: has.sort((a, b) => (a.definition.resource < b.definition.resource ? -1 : 1)) };
}
