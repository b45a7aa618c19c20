// Which daemons are missing, which are too many, which are to be replaced by newer ones; and the status. Pure.
// Follows daemon_controller.go and update.go of kube-controller-manager.
import type { DaemonSet, DaemonSetStatus } from '#api/apps/v1';
import type { Node, Pod } from '#api/core/v1';
import { isPodAvailable, isPodReady } from '../../../apimachinery/core/pod.ts';
import { scaledValue } from '../../../apimachinery/int-or-string.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { isUpdated, placementOn, targetNode } from './placement.ts';

export interface DaemonPlan {
  /** Names of nodes that need a daemon. */
  readonly create: readonly string[];
  readonly delete: readonly Pod[];
  /** Daemons that ended, each to be told of. */
  readonly ended: readonly Pod[];
  /** A failed daemon that must wait is looked at again after so many milliseconds. */
  readonly againMs?: number;
}

export interface Daemons {
  readonly ds: DaemonSet;
  readonly nodes: readonly Node[];
  /** By the node where they are or are to be; also nodes that are gone. */
  readonly podsOn: ReadonlyMap<string, readonly Pod[]>;
  /** Label of the newest revision. */
  readonly hash: string;
}

export function groupByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const groups = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = targetNode(pod);
    if (node === undefined) continue;
    const group = groups.get(node);
    if (group) group.push(pod);
    else groups.set(node, [pod]);
  }
  return groups;
}

const isDeleted = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Bound before unbound, then older before younger. */
function byAge(a: Pod, b: Pod): number {
  const bound = (pod: Pod): number => (pod.spec.nodeName ? 0 : 1);
  return (
    bound(a) - bound(b) ||
    timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

const available = (ds: DaemonSet, pod: Pod, now: number): boolean => isPodAvailable(pod, ds.spec.minReadySeconds ?? 0, now);

/** @param backoffMs how long a failed daemon of this node must stay before it may be replaced */
export function planDaemons(daemons: Daemons, backoffMs: (node: string) => number, now: number): DaemonPlan {
  const { ds, nodes, podsOn } = daemons;
  const create: string[] = [];
  const doomed: Pod[] = [];
  const ended: Pod[] = [];
  let againMs: number | undefined;
  for (const node of nodes) {
    const { name } = node.metadata;
    const { shouldRun, mayStay } = placementOn(node, ds);
    const pods = (podsOn.get(name) ?? []).filter((pod) => !isDeleted(pod));
    if (shouldRun && !podsOn.has(name)) create.push(name);
    else if (!mayStay) doomed.push(...pods);
    else {
      const running: Pod[] = [];
      for (const pod of pods) {
        const phase = pod.status?.phase;
        if (phase !== 'Failed' && phase !== 'Succeeded') running.push(pod);
        else {
          const wait = phase === 'Failed' ? backoffMs(name) : 0;
          if (wait > 0) againMs = Math.min(againMs ?? Infinity, wait);
          else ended.push(pod);
        }
      }
      doomed.push(...surplusOn(daemons, running, now));
    }
  }
  const known = new Set(nodes.map((n) => n.metadata.name));
  // pods for a node that is gone will never be scheduled
  for (const [name, pods] of podsOn) if (!known.has(name)) doomed.push(...pods.filter((pod) => !pod.spec.nodeName && !isDeleted(pod)));
  return { create, delete: [...ended, ...doomed], ended, ...(againMs === undefined ? {} : { againMs }) };
}

function surplusOn({ ds, hash }: Daemons, running: readonly Pod[], now: number): readonly Pod[] {
  if (running.length <= 1) return [];
  const sorted = [...running].sort(byAge);
  if (!ds.spec.updateStrategy?.rollingUpdate?.maxSurge) return sorted.slice(1);
  // while surging, the oldest of the new pods may stand beside the oldest of the old ones until it can take over
  const newest = sorted.find((pod) => isUpdated(ds, pod, hash));
  const oldest = sorted.find((pod) => !isUpdated(ds, pod, hash));
  const surplus = sorted.filter((pod) => pod !== newest && pod !== oldest);
  if (newest && oldest && (!isPodReady(oldest) || available(ds, newest, now))) surplus.push(oldest);
  return surplus;
}

interface Bounds {
  readonly desired: number;
  readonly surge: number;
  readonly unavailable: number;
}

export function bounds(ds: DaemonSet, desired: number): Bounds {
  const { maxSurge = 0, maxUnavailable = 1 } = ds.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, true);
  const unavailable = scaledValue(maxUnavailable, desired, true);
  return { desired, surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

interface OnNode {
  readonly node: string;
  readonly updated?: Pod;
  readonly outdated?: Pod;
  /** More than one of a kind: to be cleared up first. */
  readonly confused: boolean;
}

/** The next daemons to be replaced in a rolling update. */
export function planRollingUpdate(daemons: Daemons, now: number): Pick<DaemonPlan, 'create' | 'delete'> {
  const { ds, nodes, podsOn, hash } = daemons;
  const shouldRun = nodes.filter((node) => placementOn(node, ds).shouldRun);
  const limits = bounds(ds, shouldRun.length);
  const names = new Set([...podsOn.keys(), ...shouldRun.map((n) => n.metadata.name)]);
  const all = [...names].map((node): OnNode => {
    const pods = (podsOn.get(node) ?? []).filter((pod) => !isDeleted(pod));
    const updated = pods.filter((pod) => isUpdated(ds, pod, hash));
    const outdated = pods.filter((pod) => !isUpdated(ds, pod, hash));
    const confused = updated.length > 1 || outdated.length > 1;
    return { node, confused, ...(updated[0] ? { updated: updated[0] } : {}), ...(outdated[0] ? { outdated: outdated[0] } : {}) };
  });
  return limits.surge > 0 ? surging(ds, all, limits, now) : replacing(ds, all, limits, now);
}

function replacing(ds: DaemonSet, all: readonly OnNode[], { unavailable }: Bounds, now: number): Pick<DaemonPlan, 'create' | 'delete'> {
  let down = 0;
  const unhealthy: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { updated, outdated, confused } of all) {
    if (confused || (updated === undefined) === (outdated === undefined)) down++;
    else if (updated) down += available(ds, updated, now) ? 0 : 1;
    else if (!available(ds, outdated!, now)) unhealthy.push(outdated!);
    else candidates.push(outdated!);
  }
  return { create: [], delete: [...unhealthy, ...candidates.slice(0, Math.max(0, unavailable - down))] };
}

function surging(ds: DaemonSet, all: readonly OnNode[], { surge }: Bounds, now: number): Pick<DaemonPlan, 'create' | 'delete'> {
  let surged = 0;
  const replaced: Pod[] = [];
  const urgent: string[] = [];
  const candidates: string[] = [];
  for (const { node, updated, outdated, confused } of all) {
    if (confused) surged++;
    else if (!outdated) continue;
    else if (!updated) (available(ds, outdated, now) ? candidates : urgent).push(node);
    else if (available(ds, updated, now)) replaced.push(outdated);
    else surged++;
  }
  return { create: [...urgent, ...candidates.slice(0, Math.max(0, surge - surged))], delete: replaced };
}

/** @param now milliseconds since 1970 */
export function daemonStatus({ ds, nodes, podsOn, hash }: Daemons, now: number): DaemonSetStatus {
  let [desired, current, misscheduled, ready, available_, updated] = [0, 0, 0, 0, 0, 0];
  for (const node of nodes) {
    const [pod] = [...(podsOn.get(node.metadata.name) ?? [])].sort(byAge);
    if (!placementOn(node, ds).shouldRun) {
      if (pod) misscheduled++;
      continue;
    }
    desired++;
    if (!pod) continue;
    current++;
    if (isPodReady(pod)) ready++;
    if (available(ds, pod, now)) available_++;
    if (isUpdated(ds, pod, hash)) updated++;
  }
  const { collisionCount, conditions } = ds.status ?? {};
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: ds.metadata.generation ?? 0,
    updatedNumberScheduled: updated,
    numberAvailable: available_,
    numberUnavailable: desired - available_,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions ? { conditions } : {}),
  };
}
