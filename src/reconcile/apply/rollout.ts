// The rollouts of a sync: for each workload how many pods it wants and has, and what holds it up, as people would find it out with
// `kubectl describe`.
import type { DaemonSet, Deployment, StatefulSet } from '#api/apps/v1';
import type { Pod } from '#api/core/v1';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isPodReady } from '../../apimachinery/core/pod.ts';
import { findCondition } from '../health/conditions.ts';
import { stuckContainer, waiting } from '../health/pod.ts';
import type { Health } from '../health/verdict.ts';
import type { ResourceId } from '../plan/resource-id.ts';

export interface Rollout {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly desired: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  /** Of a Deployment its number, of others the name of their ControllerRevision; empty where it is not known. */
  readonly revision: string;
  readonly status: 'complete' | 'progressing' | 'failed' | 'paused';
  readonly message: string;
}

/** The pods of a namespace that may have some labels: others may be among them. */
type PodsOf = (namespace: string, labels: Readonly<Record<string, string>>) => Iterable<Pod>;

const ROLLS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

export const hasRollout = ({ group, kind }: ResourceId): boolean => group === 'apps' && ROLLS.has(kind);

/** @param pods those of a namespace that may have these labels */
export function rolloutOf(
  { kind, namespace, name }: ResourceId,
  object: KubernetesObject | undefined,
  health: Health,
  pods: PodsOf,
): Rollout {
  const counts = object ? countsOf(object) : { desired: 0, updated: 0, ready: 0, available: 0, revision: '' };
  const status =
    health.status === 'Healthy'
      ? 'complete'
      : health.status === 'Degraded'
        ? 'failed'
        : health.status === 'Suspended'
          ? 'paused'
          : 'progressing';
  const held = status === 'complete' || !object ? undefined : obstacle(object, pods);
  return { kind, namespace, name, ...counts, status, message: [health.message, held].filter(Boolean).join('; ') };
}

/** For people, on one line. */
export const rolloutText = ({ kind, namespace, name, status, message, available, desired }: Rollout): string =>
  `${kind} ${namespace}/${name} ${status}: ${message || `${available} of ${desired} available`}`;

type Counts = Pick<Rollout, 'desired' | 'updated' | 'ready' | 'available' | 'revision'>;

function countsOf(object: KubernetesObject): Counts {
  if (object.kind === 'DaemonSet') {
    const { status } = object as unknown as DaemonSet;
    const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberReady = 0, numberAvailable = 0 } = status ?? {};
    return {
      desired: desiredNumberScheduled,
      updated: updatedNumberScheduled,
      ready: numberReady,
      available: numberAvailable,
      revision: '',
    };
  }
  const { spec, status, metadata } = object as unknown as Deployment | StatefulSet;
  const { updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const revision =
    object.kind === 'StatefulSet'
      ? ((status as StatefulSet['status'])?.updateRevision ?? '')
      : (metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '');
  return { desired: spec.replicas ?? 1, updated: updatedReplicas, ready: readyReplicas, available: availableReplicas, revision };
}

/** What the first pod that is not ready waits for. */
function obstacle(object: KubernetesObject, pods: PodsOf): string | undefined {
  const selector = (object as unknown as Deployment).spec.selector.matchLabels ?? {};
  for (const pod of pods(object.metadata.namespace ?? '', selector)) {
    if (pod.metadata.deletionTimestamp || isPodReady(pod) || !matches(selector, pod)) continue;
    const stuck = stuckContainer(pod);
    if (stuck) return `${pod.metadata.name}: ${waiting(stuck)}`;
    const scheduled = findCondition(pod.status?.conditions, 'PodScheduled');
    if (scheduled?.status === 'False') return `${pod.metadata.name}: ${scheduled.message ?? scheduled.reason ?? 'not scheduled'}`;
  }
  return undefined;
}

const matches = (labels: Readonly<Record<string, string>>, pod: Pod): boolean =>
  Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
