// In which order Helm puts what a chart gives: by kind, those first that others need. Facts of pkg/releaseutil/kind_sorter.go.

const KINDS = [
  'PriorityClass',
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

const PLACES = new Map(KINDS.map((kind, i) => [kind, i]));

/** Kinds that Helm does not know come last, by their names; what has the same place keeps its order. */
export function inInstallOrder<T extends { readonly kind: string }>(all: readonly T[]): readonly T[] {
  return [...all].sort((a, b) => {
    const [first, second] = [PLACES.get(a.kind) ?? KINDS.length, PLACES.get(b.kind) ?? KINDS.length];
    if (first !== second) return first - second;
    return first < KINDS.length || a.kind === b.kind ? 0 : a.kind < b.kind ? -1 : 1;
  });
}
