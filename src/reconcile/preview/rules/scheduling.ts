// Pods that find no node, in the scheduler's words; and pods of others that have to go for those of head.
import type { Pod } from '#api/core/v1';
import { isPodActive } from '../../../apimachinery/core/pod.ts';
import { findCondition } from '../../health/conditions.ts';
import { idOf, resourceText, type ResourceId } from '../../plan/resource-id.ts';
import { counted, type Finding } from '../consequence.ts';
import { changedFields, type Evidence, type Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';
import { workloadKey } from '../workloads.ts';

export const unschedulable: Rule = (evidence) => {
  const known = new Set(unplaced(evidence.before).map(({ metadata }) => metadata.uid));
  const byOwner = new Map<string, Pod[]>();
  for (const pod of unplaced(evidence.after)) {
    if (known.has(pod.metadata.uid)) continue;
    const key = workloadKey(idOf(evidence.after.outermost(pod)));
    byOwner.set(key, [...(byOwner.get(key) ?? []), pod]);
  }
  return [...byOwner.values()].map((pods) => {
    const object = idOf(evidence.after.outermost(pods[0]!));
    return {
      severity: 'error',
      type: 'Unschedulable',
      reason: 'Unschedulable',
      object,
      message: `${counted(pods.length, 'pod')} of ${resourceText(object)} ${pods.length === 1 ? 'finds' : 'find'} no node`,
      cause: findCondition(pods[0]!.status?.conditions, 'PodScheduled')?.message ?? '',
      remedy: 'lower what its pods ask for, loosen their constraints, or add nodes',
      fields: placementFields(evidence, object),
    };
  });
};

const unplaced = (snapshot: Snapshot): readonly Pod[] =>
  snapshot.of('v1/Pod').filter((pod) => {
    const scheduled = findCondition(pod.status?.conditions, 'PodScheduled');
    return isPodActive(pod) && scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
  });

const PLACEMENT = /replicas|resources|nodeSelector|affinity|tolerations|topologySpread|nodeName|volumes|priority|hostPort/i;

const placementFields = (evidence: Evidence, id: ResourceId): string[] =>
  changedFields(evidence, id).filter((path) => PLACEMENT.test(path));

export const preemption: Rule = ({ observed, before, workloads }) => {
  const byVictim = new Map<string, { count: number; cause: string }>();
  for (const { reason, workload, message, count } of observed.events) {
    if (reason !== 'Preempted') continue;
    byVictim.set(workload, { count: (byVictim.get(workload)?.count ?? 0) + count, cause: message });
  }
  return [...byVictim].flatMap(([key, { count, cause }]): Finding[] => {
    const victim = workloads.before.get(key) ?? workloads.after.get(key);
    if (!victim || !before) return [];
    return [
      {
        severity: 'warning',
        type: 'Preemption',
        reason: 'Preempted',
        object: victim.id,
        message: `${counted(count, 'pod')} of ${resourceText(victim.id)} ${count === 1 ? 'has' : 'have'} to make room for pods of a higher priority`,
        cause,
        remedy: 'give the new pods a lower priority, or add nodes',
      },
    ];
  });
};
