// What a StatefulSet does next, in which order, and where it has to wait. Pure.
// Follows stateful_set_control.go of kube-controller-manager.
import type { StatefulSet, StatefulSetStatus } from '#api/apps/v1';
import type { Pod } from '#api/core/v1';
import {
  identityMatches,
  inRange,
  isHealthy,
  isRunningAndAvailable,
  isRunningAndReady,
  isTerminating,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOrdinal,
} from './pods.ts';

export interface SetRevisions {
  /** Names: which revision pods below the partition have, and which the others get. */
  readonly current: string;
  readonly update: string;
}

export type Step =
  | { readonly do: 'create'; readonly ordinal: number; readonly revision: string }
  | { readonly do: 'delete'; readonly pod: Pod }
  /** Its labels, claims or their owners are not what they should be. */
  | { readonly do: 'repair'; readonly pod: Pod }
  /** Whom the claims of a pod belong to that is going to be scaled away. */
  | { readonly do: 'own'; readonly pod: Pod }
  /** The claims of a pod that waits for them. */
  | { readonly do: 'claim'; readonly pod: Pod };

export interface Observed {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly revisions: SetRevisions;
  /** Whether a claim of this ordinal still belongs to a pod that is gone: the new one must wait until it goes too. */
  readonly hasStaleClaim: (ordinal: number) => boolean;
  /** Whether the claims of the pod are owned as the retention policy says. */
  readonly claimsInOrder: (pod: Pod) => boolean;
}

interface Split {
  /** By index: ordinal minus the first ordinal. */
  readonly replicas: readonly (Pod | undefined)[];
  /** Beyond the range; the highest ordinal first. */
  readonly condemned: readonly Pod[];
}

function split(set: StatefulSet, pods: readonly Pod[]): Split {
  const replicas: (Pod | undefined)[] = Array.from({ length: replicasOf(set) });
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (inRange(set, ordinal)) replicas[ordinal - startOrdinal(set)] = pod;
    else if (ordinal >= 0) condemned.push(pod);
  }
  return { replicas, condemned: condemned.sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a)) };
}

/** A sequence of steps; it ends where the next one must wait for something to happen. */
export function planSteps(observed: Observed, now: number): readonly Step[] {
  const { set, pods, revisions } = observed;
  if (set.metadata.deletionTimestamp) return [];
  const { replicas, condemned } = split(set, pods);
  const monotonic = set.spec.podManagementPolicy !== 'Parallel';
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const steps: Step[] = [];
  for (const [index, pod] of replicas.entries()) {
    const goesOn = planReplica(observed, index, pod, monotonic, now, steps);
    if (!goesOn && monotonic) return steps;
  }
  for (const pod of condemned) if (!observed.claimsInOrder(pod)) steps.push({ do: 'own', pod });
  const firstUnhealthy = replicas.find((pod) => pod && !isHealthy(pod)) ?? [...condemned].reverse().find((pod) => !isHealthy(pod));
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (monotonic) return steps;
      continue;
    }
    const waits = !isRunningAndReady(pod) || !isRunningAndAvailable(pod, minReadySeconds, now);
    if (monotonic && waits && pod !== firstUnhealthy) return steps;
    steps.push({ do: 'delete', pod });
    if (monotonic) return steps;
  }
  if (steps.some((s) => s.do === 'create' || s.do === 'delete') || set.spec.updateStrategy?.type === 'OnDelete') return steps;
  const outdated = nextOutdated(set, replicas, revisions, minReadySeconds, now);
  return outdated ? [...steps, { do: 'delete', pod: outdated }] : steps;
}

/** @returns whether the pods after this one may be looked at */
function planReplica(
  { set, revisions, hasStaleClaim, claimsInOrder }: Observed,
  index: number,
  pod: Pod | undefined,
  monotonic: boolean,
  now: number,
  steps: Step[],
): boolean {
  const ordinal = startOrdinal(set) + index;
  if (!pod) {
    if (hasStaleClaim(ordinal)) return false;
    steps.push({ do: 'create', ordinal, revision: isOfCurrent(set, ordinal) ? revisions.current : revisions.update });
    return false;
  }
  if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
    // it is made anew once it is gone
    if (!isTerminating(pod)) steps.push({ do: 'delete', pod });
    return false;
  }
  if ((pod.status?.phase ?? 'Pending') === 'Pending' && (set.spec.volumeClaimTemplates ?? []).length > 0) steps.push({ do: 'claim', pod });
  if (monotonic) {
    if (isTerminating(pod) || !isRunningAndReady(pod)) return false;
    if (!isRunningAndAvailable(pod, set.spec.minReadySeconds ?? 0, now)) return false;
  }
  if (!identityMatches(set, pod) || !claimsInOrder(pod)) steps.push({ do: 'repair', pod });
  return true;
}

/** Whether a pod that is missing comes back with the revision from before the update. */
function isOfCurrent(set: StatefulSet, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return false;
  const bound = rollingUpdate ? (rollingUpdate.partition ?? 0) : (set.status?.currentReplicas ?? 0);
  return ordinal < startOrdinal(set) + bound;
}

/** The highest pod of another revision, once all above it are well. */
function nextOutdated(
  set: StatefulSet,
  replicas: readonly (Pod | undefined)[],
  { update }: SetRevisions,
  minReadySeconds: number,
  now: number,
): Pod | undefined {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let target = replicas.length - 1; target >= partition; target--) {
    const pod = replicas[target];
    if (!pod) return undefined;
    if (revisionOf(pod) !== update && !isTerminating(pod)) return pod;
    if (!isHealthy(pod) || !isRunningAndAvailable(pod, minReadySeconds, now)) return undefined;
  }
  return undefined;
}

/** @param now milliseconds since 1970 */
export function setStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: SetRevisions,
  collisionCount: number,
  now: number,
): StatefulSetStatus {
  const counted = pods.filter((pod) => ordinalOf(set, pod) >= 0);
  const ready = counted.filter(isRunningAndReady);
  const living = counted.filter((pod) => !isTerminating(pod));
  const updated = living.filter((pod) => revisionOf(pod) === revisions.update).length;
  const wanted = replicasOf(set);
  const rolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const complete = rolling && updated === wanted && ready.length === wanted && counted.length === wanted;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: counted.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isRunningAndAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: complete ? updated : living.filter((pod) => revisionOf(pod) === revisions.current).length,
    updatedReplicas: updated,
    currentRevision: complete ? revisions.update : revisions.current,
    updateRevision: revisions.update,
    collisionCount,
  };
}
