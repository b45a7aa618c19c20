// Which pods go first when there are too many: those not assigned before assigned, pending before running, not ready before ready,
// cheaper before dearer, on crowded nodes before alone, younger before older. Follows ActivePodsWithRanks of kube-controller-manager.
import type { Pod } from '#api/core/v1';
import { isPodActive, isPodReady, maxContainerRestarts, podCondition } from '../../../apimachinery/core/pod.ts';
import { timeMs } from '../../../apimachinery/time.ts';

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  readonly pod: Pod;
  readonly ready: boolean;
  readonly cost: number;
  /** Related pods on the same node. */
  readonly crowd: number;
  readonly readyAtMs: number | undefined;
  readonly restarts: { readonly regular: number; readonly sidecar: number };
  readonly createdAtMs: number;
}

/**
 * The `count` pods that are to go.
 * @param related pods of the same workload, this controller's and its siblings': they tell how crowded a node is
 */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, now: number): readonly Pod[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const pod of related) if (isPodActive(pod)) onNode.set(pod.spec.nodeName ?? '', (onNode.get(pod.spec.nodeName ?? '') ?? 0) + 1);
  const ranked = pods.map((pod): Ranked => {
    const ready = isPodReady(pod);
    const since = ready ? podCondition(pod, 'Ready')?.lastTransitionTime : undefined;
    return {
      pod,
      ready,
      cost: deletionCost(pod),
      crowd: onNode.get(pod.spec.nodeName ?? '') ?? 0,
      readyAtMs: since === undefined ? undefined : timeMs(since),
      restarts: maxContainerRestarts(pod),
      createdAtMs: timeMs(pod.metadata.creationTimestamp),
    };
  });
  return ranked
    .sort((a, b) => compare(a, b, now))
    .slice(0, count)
    .map((r) => r.pod);
}

function compare(a: Ranked, b: Ranked, now: number): number {
  const assigned = (r: Ranked): number => (r.pod.spec.nodeName ? 1 : 0);
  const phase = (r: Ranked): number => PHASES[r.pod.status?.phase ?? ''] ?? 0;
  return (
    assigned(a) - assigned(b) ||
    phase(a) - phase(b) ||
    Number(a.ready) - Number(b.ready) ||
    a.cost - b.cost ||
    b.crowd - a.crowd ||
    (a.ready && b.ready ? younger(a.readyAtMs, b.readyAtMs, a, b, now) : 0) ||
    b.restarts.regular - a.restarts.regular ||
    b.restarts.sidecar - a.restarts.sidecar ||
    younger(a.createdAtMs, b.createdAtMs, a, b, now)
  );
}

/** Ages count on a logarithmic scale: of pods of nearly the same age any may go, and the uid decides. */
function younger(a: number | undefined, b: number | undefined, x: Ranked, y: Ranked, now: number): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const rank = (t: number): number => (now - t > 0 ? Math.trunc(Math.log2((now - t) * 1e6)) : -1);
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  return x.pod.metadata.uid < y.pod.metadata.uid ? -1 : 1;
}

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : 0;
}
