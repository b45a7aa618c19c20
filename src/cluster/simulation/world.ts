// What invariants look at: a cluster at one moment, as its API server and its machines have it.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { CronJob, Job } from '#api/batch/v1';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, Service } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import type { Client } from '../../client/client.ts';
import type { Lifecycle } from '../kubelet/stages/lifecycle.ts';

export interface World {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly statefulSets: readonly StatefulSet[];
  readonly daemonSets: readonly DaemonSet[];
  readonly jobs: readonly Job[];
  readonly cronJobs: readonly CronJob[];
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** Pods that have a container running on some machine, whether or not the API server knows of them. */
  readonly running: readonly Pod[];
  /** Absent: no pod lives as Stages tell. */
  readonly stages?: Lifecycle;
}

/** No container of it is run, and it uses nothing. */
export const livesByStages = (pod: Pod, { stages }: World): boolean => stages?.mayPlay('Pod', pod) ?? false;

export async function observeWorld(client: Client, running: readonly Pod[], stages?: Lifecycle): Promise<World> {
  const all = async <K extends string>(kind: K) => (await client.list(kind)).items;
  return {
    nodes: await all('v1/Node'),
    pods: await all('v1/Pod'),
    deployments: await all('apps/v1/Deployment'),
    replicaSets: await all('apps/v1/ReplicaSet'),
    statefulSets: await all('apps/v1/StatefulSet'),
    daemonSets: await all('apps/v1/DaemonSet'),
    jobs: await all('batch/v1/Job'),
    cronJobs: await all('batch/v1/CronJob'),
    autoscalers: await all('autoscaling/v2/HorizontalPodAutoscaler'),
    services: await all('v1/Service'),
    claims: await all('v1/PersistentVolumeClaim'),
    volumes: await all('v1/PersistentVolume'),
    endpointSlices: await all('discovery.k8s.io/v1/EndpointSlice'),
    running,
    ...(stages ? { stages } : {}),
  };
}

type Named = { readonly metadata: { readonly namespace?: string; readonly name: string } };

/** `shop/web`, for what is said of an object. */
export const nameOf = ({ metadata }: Named): string => (metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name);
