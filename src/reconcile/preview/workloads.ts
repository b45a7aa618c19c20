// The workloads of a cluster at one moment: what keeps pods running or runs them once, how many it wants, and how it is.
import type { DaemonSet, Deployment } from '#api/apps/v1';
import type { CronJob, Job } from '#api/batch/v1';
import type { Pod, PodTemplateSpec } from '#api/core/v1';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { healthOf } from '../health/health.ts';
import type { Health } from '../health/verdict.ts';
import { idOf, type ResourceId } from '../plan/resource-id.ts';
import type { Snapshot } from './snapshot.ts';

/** `Deployment/shop/web`: the outermost owner of a pod, or the pod itself. */
export type WorkloadKey = string;

export interface Workload {
  readonly key: WorkloadKey;
  readonly id: ResourceId;
  readonly uid: string;
  readonly object: KubernetesObject;
  readonly template: Pick<PodTemplateSpec, 'metadata' | 'spec'>;
  /** Pods; of a DaemonSet one for each node that suits, of a Job those that run at once. */
  readonly desired: number;
  readonly health: Health;
}

const KINDS = [
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/CronJob',
  'batch/Job',
  'apps/ReplicaSet',
  '/ReplicationController',
  '/Pod',
];

export const workloadKey = ({ kind, namespace, name }: Pick<ResourceId, 'kind' | 'namespace' | 'name'>): WorkloadKey =>
  `${kind}/${namespace}/${name}`;

/** Those that no other one controls. */
export function workloadsOf(snapshot: Snapshot): ReadonlyMap<WorkloadKey, Workload> {
  const found = new Map<WorkloadKey, Workload>();
  for (const kind of KINDS)
    for (const object of snapshot.ofGroupKind(kind)) {
      if (controllerOf(object)) continue;
      const id = idOf(object);
      const template = templateOf(object);
      if (!template?.spec) continue;
      const key = workloadKey(id);
      found.set(key, { key, id, uid: object.metadata.uid, object, template, desired: desiredOf(object), health: healthOf(object) });
    }
  return found;
}

/** The pods that a workload makes; undefined where an object makes none. */
export function templateOf(object: KubernetesObject): Pick<PodTemplateSpec, 'metadata' | 'spec'> | undefined {
  if (object.kind === 'Pod') return object as unknown as Pod;
  if (object.kind === 'CronJob') return (object as unknown as CronJob).spec.jobTemplate.spec?.template;
  return (object as unknown as Deployment).spec.template;
}

function desiredOf(object: KubernetesObject): number {
  switch (object.kind) {
    case 'Pod':
      return 1;
    case 'CronJob':
      return 0;
    case 'DaemonSet':
      return (object as unknown as DaemonSet).status?.desiredNumberScheduled ?? 0;
    case 'Job': {
      const { suspend, parallelism = 1 } = (object as unknown as Job).spec;
      return suspend ? 0 : parallelism;
    }
    default:
      return (object as unknown as Deployment).spec.replicas ?? 1;
  }
}

/** Pods that run to an end are no rollout. */
export const keepsRunning = ({ id }: Workload): boolean => id.kind !== 'Job' && id.kind !== 'CronJob';
