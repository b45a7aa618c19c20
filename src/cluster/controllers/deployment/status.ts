// What a Deployment says of itself: counts, and the conditions Available, Progressing and ReplicaFailure. Pure.
// Follows sync.go and progress.go of kube-controller-manager.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '#api/apps/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { formatTime, timeMs } from '../../../apimachinery/time.ts';
import {
  actualReplicas,
  allOf,
  availableReplicas,
  maxUnavailable,
  replicasOf,
  sumOf,
  wantedReplicas,
  type Rollout,
} from './replica-sets.ts';

export type Conditions = readonly DeploymentCondition[];

export const conditionOf = (status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined =>
  status?.conditions?.find((c) => c.type === type);

export function condition(type: string, status: string, reason: string, message: string, now: number): DeploymentCondition {
  const at = formatTime(now);
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message };
}

/** The newest at the end. What has the same status and reason already stays as it is. */
export function withCondition(conditions: Conditions, next: DeploymentCondition): Conditions {
  const current = conditions.find((c) => c.type === next.type);
  if (current && current.status === next.status && current.reason === next.reason) return conditions;
  const kept =
    current?.status === next.status && current.lastTransitionTime !== undefined
      ? { ...next, lastTransitionTime: current.lastTransitionTime }
      : next;
  return [...withoutCondition(conditions, next.type), kept];
}

export const withoutCondition = (conditions: Conditions, type: string): Conditions => conditions.filter((c) => c.type !== type);

/** The largest number stands for "never": no deadline is watched. */
const NO_DEADLINE = 2 ** 31 - 1;

/** Undefined where progress is not watched. */
export function progressDeadlineSeconds({ spec }: Deployment): number | undefined {
  const seconds = spec.progressDeadlineSeconds ?? 600;
  return seconds === NO_DEADLINE ? undefined : seconds;
}

export function countStatus(rollout: Rollout, now: number): DeploymentStatus {
  const { deployment, newRS } = rollout;
  const sets = allOf(rollout);
  const available = availableReplicas(sets);
  const unavailable = Math.max(0, wantedReplicas(sets) - available);
  const terminating = sets.every((rs) => rs.status?.terminatingReplicas !== undefined)
    ? sumOf(sets, (rs) => rs.status?.terminatingReplicas)
    : undefined;
  const { collisionCount, conditions = [] } = deployment.status ?? {};
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const availability = enough
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
    : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: actualReplicas(sets),
    updatedReplicas: newRS ? actualReplicas([newRS]) : 0,
    readyReplicas: sumOf(sets, (rs) => rs.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: unavailable,
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, availability),
  };
}

/** All pods are of the new template, and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing({ status: old = {} }: Deployment, status: DeploymentStatus): boolean {
  const oldPods = (s: DeploymentStatus): number => (s.replicas ?? 0) - (s.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldPods(status) < oldPods(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, status: DeploymentStatus, now: number): boolean {
  const deadline = progressDeadlineSeconds(deployment);
  const progress = conditionOf(status, 'Progressing');
  if (deadline === undefined || !progress || progress.reason === 'NewReplicaSetAvailable') return false;
  if (progress.reason === 'ProgressDeadlineExceeded') return true;
  return timeMs(progress.lastUpdateTime ?? '') + deadline * 1000 < now;
}

/** The status at the end of a step of a rollout. @param now milliseconds since 1970 */
export function rolloutStatus(rollout: Rollout, now: number): DeploymentStatus {
  const { deployment, newRS } = rollout;
  const status = countStatus(rollout, now);
  let conditions = status.conditions ?? [];
  const current = conditionOf(deployment.status, 'Progressing');
  if (progressDeadlineSeconds(deployment) === undefined) conditions = withoutCondition(conditions, 'Progressing');
  else if (!(status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable')) {
    const what = newRS ? `ReplicaSet ${quote(newRS.metadata.name)}` : `Deployment ${quote(deployment.metadata.name)}`;
    const progress = (value: string, reason: string, does: string): DeploymentCondition =>
      condition('Progressing', value, reason, `${what} ${does}.`, now);
    if (isComplete(deployment, status))
      conditions = withCondition(conditions, progress('True', 'NewReplicaSetAvailable', 'has successfully progressed'));
    else if (isProgressing(deployment, status)) {
      // written even where nothing but its time changes: the deadline counts from the last progress
      const next = progress('True', 'ReplicaSetUpdated', 'is progressing');
      const since = current?.status === 'True' ? current.lastTransitionTime : undefined;
      conditions = [
        ...withoutCondition(conditions, 'Progressing'),
        { ...next, ...(since === undefined ? {} : { lastTransitionTime: since }) },
      ];
    } else if (isTimedOut(deployment, status, now))
      conditions = withCondition(conditions, progress('False', 'ProgressDeadlineExceeded', 'has timed out progressing'));
  }
  const failure = failures(rollout)[0];
  conditions = failure ? withCondition(conditions, failure) : withoutCondition(conditions, 'ReplicaFailure');
  return { ...status, conditions };
}

/** The new ReplicaSet's troubles come before those of the old ones. */
function failures({ newRS, oldRSs }: Rollout): readonly DeploymentCondition[] {
  const of = (rs: ReplicaSet): DeploymentCondition[] =>
    (rs.status?.conditions ?? [])
      .filter((c) => c.type === 'ReplicaFailure')
      .map((c) => ({ ...c, ...(c.lastTransitionTime === undefined ? {} : { lastUpdateTime: c.lastTransitionTime }) }));
  const own = newRS ? of(newRS) : [];
  return own.length > 0 ? own : oldRSs.flatMap(of);
}

/** Milliseconds until the deadline must be looked at again; undefined where nothing is due. */
export function nextProgressCheck(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadlineSeconds(deployment);
  const progress = conditionOf(deployment.status, 'Progressing');
  if (deadline === undefined || !progress) return undefined;
  if (isComplete(deployment, status) || progress.reason === 'ProgressDeadlineExceeded') return undefined;
  return Math.max(timeMs(progress.lastUpdateTime ?? '') + deadline * 1000 - now, 0) + 1000;
}

/** Notes that the Deployment is paused or goes on; undefined where that is known. */
export function pausedCondition(deployment: Deployment, now: number): DeploymentCondition | undefined {
  if (progressDeadlineSeconds(deployment) === undefined) return undefined;
  const current = conditionOf(deployment.status, 'Progressing');
  if (current?.reason === 'ProgressDeadlineExceeded') return undefined;
  const known = current?.reason === 'DeploymentPaused';
  if (deployment.spec.paused && !known) return condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now);
  if (!deployment.spec.paused && known) return condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now);
  return undefined;
}
