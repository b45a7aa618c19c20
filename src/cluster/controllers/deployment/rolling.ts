// Rolling updates: how far the new ReplicaSet may grow and the old ones may shrink, so that there are never more than maxSurge pods
// too many nor more than maxUnavailable too few. Pure. Follows rolling.go of kube-controller-manager.
import type { ReplicaSet } from '#api/apps/v1';
import { allOf, availableReplicas, byAge, isActive, maxUnavailable, newReplicas, replicasOf, wantedReplicas } from './replica-sets.ts';
import type { Rollout, Scale } from './replica-sets.ts';

/** The next steps; none where the rollout has to wait or is done. Up and down never in the same step. */
export function planRolling(rollout: Rollout & { readonly newRS: ReplicaSet }): readonly Scale[] {
  const up = planNew(rollout);
  return up.length > 0 ? up : planOld(rollout);
}

function planNew({ deployment, newRS, oldRSs }: Rollout & { readonly newRS: ReplicaSet }): readonly Scale[] {
  const [wanted, current] = [replicasOf(deployment), replicasOf(newRS)];
  if (current === wanted) return [];
  const replicas = current > wanted ? wanted : newReplicas(deployment, [...oldRSs, newRS], current);
  return replicas === current ? [] : [{ replicaSet: newRS, replicas }];
}

function planOld(rollout: Rollout & { readonly newRS: ReplicaSet }): readonly Scale[] {
  const { deployment, newRS } = rollout;
  const old = rollout.oldRSs.filter(isActive).sort(byAge);
  if (old.length === 0) return [];
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const newUnavailable = replicasOf(newRS) - (newRS.status?.availableReplicas ?? 0);
  const mayGo = wantedReplicas(allOf(rollout)) - minAvailable - newUnavailable;
  if (mayGo <= 0) return [];
  const left = new Map(old.map((rs) => [rs, replicasOf(rs)]));
  dropUnhealthy(left, mayGo);
  dropHealthy(left, availableReplicas([...old, newRS]) - minAvailable);
  return old.filter((rs) => left.get(rs) !== replicasOf(rs)).map((rs) => ({ replicaSet: rs, replicas: left.get(rs)! }));
}

/** Pods that are not available serve nobody: they go first. */
function dropUnhealthy(left: Map<ReplicaSet, number>, mayGo: number): void {
  let dropped = 0;
  for (const [rs, replicas] of left) {
    if (dropped >= mayGo) return;
    const unhealthy = replicas - (rs.status?.availableReplicas ?? 0);
    const count = Math.min(mayGo - dropped, unhealthy);
    if (count <= 0) continue;
    left.set(rs, replicas - count);
    dropped += count;
  }
}

function dropHealthy(left: Map<ReplicaSet, number>, mayGo: number): void {
  let dropped = 0;
  for (const [rs, replicas] of left) {
    if (dropped >= mayGo) return;
    const count = Math.min(replicas, mayGo - dropped);
    left.set(rs, replicas - count);
    dropped += count;
  }
}
