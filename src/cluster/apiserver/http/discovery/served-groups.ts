// What the server has at this moment, as discovery tells it: groups by their importance, their versions by preference, and the resources
// of each by name. Made anew only when the catalog has changed.
import { byVersionPriority } from '../../custom/version-priority.ts';
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

const cached = new WeakMap<ResourceCatalog, { readonly generation: number; readonly groups: readonly ServedGroup[] }>();

export function servedGroups(catalog: ResourceCatalog): readonly ServedGroup[] {
  const known = cached.get(catalog);
  if (known?.generation === catalog.generation) return known.groups;
  const groups = group(catalog.served());
  cached.set(catalog, { generation: catalog.generation, groups });
  return groups;
}

function group(served: readonly Served[]): ServedGroup[] {
  const byGroup = new Map<string, Map<string, Served[]>>();
  for (const one of served) {
    const { group: name } = one.definition;
    const versions = byGroup.get(name) ?? new Map<string, Served[]>();
    byGroup.set(name, versions);
    const resources = versions.get(one.version.version) ?? [];
    versions.set(one.version.version, resources);
    resources.push(one);
  }
  const rank = (name: string): number => (RANKED.includes(name) ? RANKED.indexOf(name) : RANKED.length);
  return [...byGroup]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, versions]) => ({
      group: name,
      versions: [...versions]
        .sort(([a], [b]) => byVersionPriority(a, b))
        .map(([version, resources]) => ({
          version,
          resources: resources.sort((a, b) => (a.definition.resource < b.definition.resource ? -1 : 1)),
        })),
    }));
}
