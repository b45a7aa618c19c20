// What a fresh API server holds before anyone has asked it for anything: the namespaces of the system and the priority classes of its
// components. And what clusters are usually given besides: a default storage class.
import type { Namespace } from '#api/core/v1';
import type { StorageClass } from '#api/storage/v1';
import type { PriorityClass } from '#api/scheduling/v1';
import type { Manifest } from '../../apimachinery/object.ts';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export function bootstrapNamespaces(): Manifest<Namespace>[] {
  return NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} }));
}

export function bootstrapPriorityClasses(): Manifest<PriorityClass>[] {
  const systemClass = (name: string, value: number, whom: string): Manifest<PriorityClass> => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    description: `Used for system critical pods that must ${whom}`,
    preemptionPolicy: 'PreemptLowerPriority',
  });
  return [
    systemClass('system-node-critical', 2_000_001_000, 'not be moved from their current node.'),
    systemClass('system-cluster-critical', 2_000_000_000, 'run in the cluster, but can be moved to another node if necessary.'),
  ];
}

/** Volumes of the default class are made by the simulation, on the node of their first consumer. */
const PROVISIONER = 'jibe.dev/simulated';

export function defaultStorageClass(): Manifest<StorageClass> {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}
