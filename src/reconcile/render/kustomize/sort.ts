// The order of the output: as the resources came (`fifo`), or kustomize's legacy order, which is also the default: by kind, then group,
// version, namespace and name.
import type { SortOptions } from './kustomization.ts';
import { KustomizeError } from './kustomize-error.ts';
import type { ResourceId } from './resource-id.ts';
import type { Resource } from './resource.ts';

const FIRST = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

export function sortResources(resources: readonly Resource[], options: SortOptions | undefined): readonly Resource[] {
  if (options) check(options);
  if (options?.order === 'fifo') return resources;
  const { orderFirst, orderLast } = options?.legacySortOptions ?? { orderFirst: FIRST, orderLast: LAST };
  const ranks = new Map<string, number>();
  for (const [i, kind] of orderFirst.entries()) ranks.set(kind, i - orderFirst.length);
  for (const [i, kind] of orderLast.entries()) ranks.set(kind, i + 1);
  return resources
    .map((resource) => {
      const { id } = resource;
      return { resource, id, rank: ranks.get(id.kind) ?? 0, byKind: kindText(id), byName: nameText(id, resource.namespace) };
    })
    .sort((a, b) => {
      if (a.rank !== b.rank) return a.rank - b.rank;
      // the Namespaces of other groups stand behind those of the core
      const mirrored = a.id.kind === 'Namespace' && b.id.kind === 'Namespace' && (a.id.group === '' || b.id.group === '');
      if (a.byKind !== b.byKind) return a.byKind < b.byKind !== mirrored ? -1 : 1;
      return a.byName < b.byName ? -1 : a.byName > b.byName ? 1 : 0;
    })
    .map(({ resource }) => resource);
}

function check({ order, legacySortOptions }: SortOptions): void {
  if (order !== 'fifo' && order !== 'legacy')
    throw new KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]", { at: ['sortOptions', 'order'] });
  if (order === 'fifo' && legacySortOptions)
    throw new KustomizeError("the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'", {
      at: ['sortOptions', 'legacySortOptions'],
    });
}

const kindText = ({ group, version, kind }: ResourceId): string => `${group || '~G'}_${version || '~V'}_${kind || '~K'}`;

const nameText = ({ group, version, kind, name }: ResourceId, namespace: string): string =>
  `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}|${namespace || '~X'}|${name || '~N'}`;
