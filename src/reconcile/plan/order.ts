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

const PHASES: readonly Phase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'Skip'];

export interface Ordered {
  readonly id: ResourceId;
  readonly phase: Phase;
  readonly wave: number;
}

export function inApplyOrder<T extends Ordered>(items: readonly T[]): T[] {
  return [...items].sort(
    (a, b) =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) ||
      a.wave - b.wave ||
      kindRank(a.id.kind) - kindRank(b.id.kind) ||
      compare(resourceKey(a.id), resourceKey(b.id)),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
