// How many replicas a metric asks for. Pods that are not ready, and those of which nothing is known, are counted so that they never make
// the answer bolder than what is known would. Pure; follows replica_calculator.go of pkg/controller/podautoscaler.
import type { Pod } from '#api/core/v1';
import { isPodReady, podCondition } from '../../../apimachinery/core/pod.ts';
import { parseQuantity, quantityMilliValue } from '../../../apimachinery/quantity.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { MetricError, type PodMetric, type PodMetrics } from './metrics-client.ts';

/** How far from its target a metric may be before anything is done, as a share: 0.1. */
export interface Tolerances {
  readonly scaleUp: number;
  readonly scaleDown: number;
}

export interface Situation {
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** On average of a pod, in thousandths; of what is measured as a whole, all of it. */
  readonly value: number;
  /** Percent of what was requested. */
  readonly utilization?: number;
}

/** For so long after a pod's start its use of processors may still be that of its start. */
const CPU_INITIALIZATION_MS = 5 * 60_000;
/** A pod that was never ready became unready within so long after its start. */
const INITIAL_READINESS_MS = 30_000;

interface Groups {
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

/** @param resource only what `cpu` tells depends on the readiness */
export function groupPods(pods: readonly Pod[], metrics: PodMetrics, resource: string, now: number): Groups {
  let ready = 0;
  const [unready, missing, ignored] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp || pod.status?.phase === 'Failed') ignored.add(name);
    else if (pod.status?.phase === 'Pending') unready.add(name);
    else if (!metric) missing.add(name);
    else if (resource === 'cpu' && tellsOfItsStart(pod, metric, now)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

function tellsOfItsStart(pod: Pod, metric: PodMetric, now: number): boolean {
  const condition = podCondition(pod, 'Ready');
  const startTime = pod.status?.startTime;
  if (!condition || startTime === undefined) return true;
  const startedAt = timeMs(startTime);
  const changedAt = timeMs(condition.lastTransitionTime ?? '1970-01-01T00:00:00Z');
  if (startedAt + CPU_INITIALIZATION_MS > now) return condition.status === 'False' || metric.atMs < changedAt + metric.windowMs;
  return condition.status === 'False' && startedAt + INITIAL_READINESS_MS > changedAt;
}

/** In thousandths, by name of the pod. Throws a MetricError where a container requests nothing. */
export function podRequests(pods: readonly Pod[], container: string, resource: string): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const { metadata, spec } of pods) {
    const ofPod = container ? undefined : spec.resources?.requests?.[resource];
    if (ofPod !== undefined) {
      requests.set(metadata.name, Number(quantityMilliValue(parseQuantity(ofPod))));
      continue;
    }
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
    let sum = 0;
    for (const { name, resources } of [...spec.containers, ...sidecars]) {
      if (container && container !== name) continue;
      const request = resources?.requests?.[resource];
      if (request === undefined) throw new MetricError(`missing request for ${resource} in container ${name} of Pod ${metadata.name}`);
      sum += Number(quantityMilliValue(parseQuantity(request)));
    }
    requests.set(metadata.name, sum);
  }
  return requests;
}

const isWithin = (ratio: number, { scaleUp, scaleDown }: Tolerances): boolean => 1 - scaleDown <= ratio && ratio <= 1 + scaleUp;

/** What a set of metrics means for a target. Throws a MetricError. */
type Ratio = (metrics: PodMetrics) => Proposal & { readonly ratio: number };

/** What a pod of which nothing is known counts as when there would be fewer. */
type Fallback = (pod: string) => number;

function fromPods(
  { pods, currentReplicas, tolerances, now }: Situation,
  all: PodMetrics,
  resource: string,
  ratioOf: Ratio,
  full: Fallback,
): Proposal {
  const { ready, unready, missing, ignored } = groupPods(pods, all, resource, now);
  const metrics = new Map([...all].filter(([name]) => !ignored.has(name) && !unready.has(name)));
  if (metrics.size === 0) throw new MetricError('did not receive metrics for any ready pods');
  const { ratio, ...told } = ratioOf(metrics);
  const unchanged: Proposal = { ...told, replicas: currentReplicas };
  const rebalances = unready.size > 0 && ratio > 1;
  if (!rebalances && missing.size === 0) return isWithin(ratio, tolerances) ? unchanged : { ...told, replicas: Math.ceil(ratio * ready) };
  if (ratio !== 1) for (const name of missing) metrics.set(name, { atMs: 0, windowMs: 0, value: ratio < 1 ? full(name) : 0 });
  if (rebalances) for (const name of unready) metrics.set(name, { atMs: 0, windowMs: 0, value: 0 });
  const again = ratioOf(metrics).ratio;
  // with all pods counted it would go the other way
  if (isWithin(again, tolerances) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return unchanged;
  const replicas = Math.ceil(again * metrics.size);
  if ((again < 1 && replicas > currentReplicas) || (again > 1 && replicas < currentReplicas)) return unchanged;
  return { ...told, replicas };
}

function requirePods(pods: readonly Pod[]): void {
  if (pods.length === 0) throw new MetricError('no pods returned by selector while calculating replica count');
}

/** @param target percent of the requests */
export function utilizationReplicas(
  situation: Situation,
  metrics: PodMetrics,
  { resource, container, target }: { readonly resource: string; readonly container: string; readonly target: number },
): Proposal {
  requirePods(situation.pods);
  const requests = podRequests(situation.pods, container, resource);
  const ratioOf: Ratio = (some) => {
    let [used, requested, count] = [0, 0, 0];
    for (const [name, { value }] of some) {
      const request = requests.get(name);
      if (request === undefined) continue;
      used += value;
      requested += request;
      count++;
    }
    if (requested === 0) throw new MetricError('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / target, utilization, value: Math.trunc(used / count), replicas: 0 };
  };
  return fromPods(situation, metrics, resource, ratioOf, (name) => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target)) / 100));
}

/** @param target thousandths a pod. @param resource empty for what is no resource */
export function averageValueReplicas(situation: Situation, metrics: PodMetrics, target: number, resource: string): Proposal {
  requirePods(situation.pods);
  const ratioOf: Ratio = (some) => {
    const value = Math.trunc([...some.values()].reduce((sum, one) => sum + one.value, 0) / some.size);
    return { ratio: value / target, value, replicas: 0 };
  };
  return fromPods(situation, metrics, resource, ratioOf, () => target);
}

/** Of something that is measured as a whole, against a value for the whole. */
export function valueReplicas({ pods, currentReplicas, tolerances }: Situation, value: number, target: number): Proposal {
  const ratio = value / target;
  if (currentReplicas === 0) return { replicas: Math.ceil(ratio), value };
  if (isWithin(ratio, tolerances)) return { replicas: currentReplicas, value };
  if (pods.length === 0)
    throw new MetricError('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod)).length;
  return { replicas: Math.ceil(ratio * ready), value };
}

/** Of something that is measured as a whole, against a value a pod. @param statusReplicas how many there are */
export function perPodReplicas(statusReplicas: number, tolerances: Tolerances, value: number, target: number): Proposal {
  const ratio = value / (target * statusReplicas);
  const replicas = isWithin(ratio, tolerances) ? statusReplicas : Math.ceil(value / target);
  return { replicas, value: Math.ceil(value / statusReplicas) };
}
