// In which order objects are applied: by phase, then wave, then kind, so that what others need is there before them. Removal goes the
// other way round.
import { resourceKey, type ResourceId } from './resource-id.ts';
import type { Phase } from './sync-annotations.ts';

/** What needs nothing comes first. Kinds that are not named come after all others. */
const KINDS = [
  'Namespace',
  'PriorityClass',
  'StorageClass',
  'VolumeSnapshotClass',
  'CSIDriver',
  'RuntimeClass',
  'CustomResourceDefinition',
  'MutatingAdmissionPolicy',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Endpoints',
  'EndpointSlice',
  'Service',
  'PodDisruptionBudget',
  'DaemonSet',
  'StatefulSet',
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'Pod',
  'Job',
  'CronJob',
  'HorizontalPodAutoscaler',
  'IngressClass',
  'Ingress',
];
const RANKS = new Map(KINDS.map((kind, i) => [kind, i]));
/** What calls into the cluster itself: once it is there, nothing may be written before what it needs is running. */
const LAST = new Map(['APIService', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map((kind, i) => [kind, 1000 + i]));

export const kindRank = (kind: string): number => RANKS.get(kind) ?? LAST.get(kind) ?? KINDS.length;

const PHASES: readonly Phase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'PostDelete', 'Skip'];

export interface Ordered {
  readonly id: ResourceId;
  readonly phase: Phase;
  readonly wave: number;
  /** Within a wave, where single objects wait for each other; 0 where nothing is said. */
  readonly stage?: number;
}

/** Sorted; what others need is moved to the first that needs it, whatever wave it names itself. */
export function inApplyOrder<T extends Ordered>(items: readonly T[]): T[] {
  const sorted = [...items].sort(
    (a, b) =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) ||
      a.wave - b.wave ||
      (a.stage ?? 0) - (b.stage ?? 0) ||
      kindRank(a.id.kind) - kindRank(b.id.kind) ||
      compare(resourceKey(a.id), resourceKey(b.id)),
  );
  const withNamespaces = providersFirst(
    sorted,
    ({ id }) => (id.kind === 'Namespace' && id.group === '' ? id.name : undefined),
    ({ id }) => id.namespace || undefined,
  );
  return [
    ...providersFirst(
      withNamespaces,
      ({ id }) => (id.kind === 'CustomResourceDefinition' ? id.name.replace(/^[^.]*\./, '') : undefined),
      ({ id }) => id.group || undefined,
    ),
  ];
}

/** As Argo CD: a namespace goes before what is in it, a definition before what is of its group. */
function providersFirst<T extends Ordered>(
  sorted: readonly T[],
  provides: (item: T) => string | undefined,
  needs: (item: T) => string | undefined,
): readonly T[] {
  const firstUser = new Map<string, T>();
  const moved = new Map<T, T[]>();
  const stayed: T[] = [];
  for (const item of sorted) {
    const provided = item.phase === 'Skip' ? undefined : provides(item);
    const user = provided === undefined ? undefined : firstUser.get(provided);
    if (user) {
      const { phase, wave, stage = 0 } = user;
      moved.set(user, [...(moved.get(user) ?? []), { ...item, phase, wave, stage }]);
      continue;
    }
    stayed.push(item);
    const needed = provided === undefined ? needs(item) : undefined;
    if (needed !== undefined && !firstUser.has(needed)) firstUser.set(needed, item);
  }
  return moved.size === 0 ? sorted : stayed.flatMap((item) => [...(moved.get(item) ?? []), item]);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
