// Rollouts that do not come to their end, those that are paused half-way, and Jobs that fail.
import type { Deployment } from '#api/apps/v1';
import { rolloutOf } from '../../apply/rollout.ts';
import { findCondition } from '../../health/conditions.ts';
import { stuckContainer } from '../../health/pod.ts';
import { resourceText } from '../../plan/resource-id.ts';
import type { Finding } from '../consequence.ts';
import { changedFields, isHook, type Evidence, type Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';
import { keepsRunning, type Workload } from '../workloads.ts';

export const stuckRollouts: Rule = (evidence) => {
  const { before, after } = evidence.workloads;
  return [...after.values()].flatMap((is) => {
    const was = before.get(is.key);
    const { status } = is.health;
    if (status === 'Healthy' || is.id.kind === 'CronJob' || isHook(evidence, is.id)) return [];
    // what was so before is no consequence, unless there is something that does not get through
    const changed = was?.uid !== is.uid || was.health.status !== status || isChanged(evidence, is);
    if (!changed) return [];
    if (status === 'Suspended') return paused(is);
    return is.id.kind === 'Job' ? [jobFails(is)] : [endless(evidence, is)];
  });
};

const isChanged = (evidence: Evidence, { id }: Workload): boolean => changedFields(evidence, id).some((path) => path.startsWith('spec.'));

function paused(is: Workload): Finding[] {
  const { updatedReplicas = 0 } = (is.object as unknown as Deployment).status ?? {};
  if (is.id.kind !== 'Deployment' || updatedReplicas >= is.desired) return [];
  return [
    {
      severity: 'warning',
      type: 'RolloutPaused',
      reason: 'Paused',
      object: is.id,
      message: `${resourceText(is.id)} is paused: ${is.desired - updatedReplicas} of its ${is.desired} pods stay as they are`,
      remedy: 'take spec.paused away to let the change through',
      fields: ['spec.paused'],
    },
  ];
}

function jobFails({ id, object, health }: Workload): Finding {
  const failed = findCondition((object as unknown as { status?: { conditions?: never[] } }).status?.conditions, 'Failed');
  return {
    severity: 'error',
    type: 'JobFailed',
    reason: failed ? 'Failed' : 'NotComplete',
    object: id,
    message: failed ? `${resourceText(id)} fails` : `${resourceText(id)} does not end: ${health.message}`,
    cause: (failed as { readonly message?: string } | undefined)?.message ?? '',
    remedy: 'see why its pods do not succeed',
  };
}

function endless(evidence: Evidence, is: Workload): Finding {
  const { after, observed } = evidence;
  const pods = (namespace: string) => after.of('v1/Pod').filter((pod) => pod.metadata.namespace === namespace);
  const message = keepsRunning(is) && is.object.kind !== 'Pod' ? rolloutOf(is.id, is.object, is.health, pods).message : is.health.message;
  return {
    severity: 'error',
    type: 'DeadlineExceeded',
    reason: is.health.status === 'Degraded' ? 'Failed' : 'Progressing',
    object: is.id,
    message: `the rollout of ${resourceText(is.id)} does not end: ${message}`,
    cause:
      observed.events.findLast(({ reason, workload }) => workload === is.key && reason === 'FailedCreate')?.message ??
      podTrouble(after, is),
    remedy: 'see why its pods do not become ready',
    fields: changedFields(evidence, is.id),
  };
}

/** What the first of its pods that is not ready says itself. */
function podTrouble(after: Snapshot, { uid }: Workload): string {
  for (const pod of after.podsOf(uid)) {
    const told = stuckContainer(pod)?.state?.waiting?.message ?? findCondition(pod.status?.conditions, 'PodScheduled')?.message;
    if (told) return told;
  }
  return '';
}
