// Scaling a Deployment: all to the one active ReplicaSet, or, in the midst of a rollout, to each its share. Pure.
// Follows sync.go and util/deployment_util.go of kube-controller-manager.
import type { Deployment, ReplicaSet } from '#api/apps/v1';
import { desiredReplicas, maxReplicas } from './annotations.ts';
import { allOf, byAge, isActive, isRollingUpdate, maxSurge, replicasOf, wantedReplicas, type Rollout, type Scale } from './replica-sets.ts';

/** Whether the Deployment's own size was changed since its ReplicaSets were last sized. */
export function isScalingEvent(rollout: Rollout): boolean {
  return allOf(rollout).some((rs) => {
    const desired = isActive(rs) ? desiredReplicas(rs) : undefined;
    return desired !== undefined && desired !== replicasOf(rollout.deployment);
  });
}

export function planScale(rollout: Rollout): readonly Scale[] {
  const { deployment, newRS, oldRSs } = rollout;
  const wanted = replicasOf(deployment);
  const active = allOf(rollout).filter(isActive);
  if (active.length <= 1) {
    const only = active[0] ?? newRS ?? [...oldRSs].sort(byAge).at(-1);
    return only && replicasOf(only) !== wanted ? [{ replicaSet: only, replicas: wanted }] : [];
  }
  if (isSaturated(deployment, newRS)) return oldRSs.filter(isActive).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  return isRollingUpdate(deployment) ? proportions(deployment, active) : [];
}

/** The new ReplicaSet has all the pods it needs, and they are available. */
function isSaturated(deployment: Deployment, newRS: ReplicaSet | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    newRS !== undefined && replicasOf(newRS) === wanted && desiredReplicas(newRS) === wanted && newRS.status?.availableReplicas === wanted
  );
}

/** Each active ReplicaSet in proportion to its size; what rounding leaves over goes to the largest. */
function proportions(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scale[] {
  const wanted = replicasOf(deployment);
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - wantedReplicas(active);
  const largestFirst = (a: ReplicaSet, b: ReplicaSet): number => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b));
  let added = 0;
  const scales = [...active].sort(largestFirst).map((replicaSet) => {
    const share = toAdd === 0 || toAdd === added ? 0 : fraction(deployment, replicaSet);
    const proportion = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    added += proportion;
    return { replicaSet, replicas: replicasOf(replicaSet) + proportion };
  });
  const [first] = scales;
  if (first && toAdd !== 0) scales[0] = { ...first, replicas: Math.max(0, first.replicas + toAdd - added) };
  return scales;
}

function fraction(deployment: Deployment, rs: ReplicaSet): number {
  const [wanted, current] = [replicasOf(deployment), replicasOf(rs)];
  if (wanted === 0) return -current;
  const before = maxReplicas(rs) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  return Math.round((current * (wanted + maxSurge(deployment))) / before) - current;
}
