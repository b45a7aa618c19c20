// PodDisruptionBudgets: how many of the pods that a budget covers may be evicted now. Follows pkg/controller/disruption of
// kube-controller-manager.
import type { Pod } from '#api/core/v1';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '#api/policy/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { isPodReady, isPodTerminal, podCondition } from '../../apimachinery/core/pod.ts';
import { goLabelSelector, quote } from '../../apimachinery/go-text.ts';
import { scaledValue } from '../../apimachinery/int-or-string.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual, type KubernetesObject } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime, timeMs } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { indexByLabel, indexBySelector, selectedBy, selecting } from './shared/by-label.ts';

const WORKERS = 1;
const KIND = 'policy/v1/PodDisruptionBudget';
/** An eviction that was granted and not carried out so long counts no more. */
const EVICTION_TIMEOUT_MS = 120_000;

/** A pod that was marked as one that goes, and does not go within this time, is no longer taken for one. */
const STALE_MARK_MS = 120_000;
/** Keys of pods in the queue, among those of budgets. */
const POD = 'pod:';

/**
 * How long the mark of a pod that does not go may still stand, in milliseconds. Kubelets take their time: their marks are never stale.
 * @returns undefined where there is no such mark
 */
export function staleInMs(pod: Pod, now: number): number | undefined {
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined;
  const mark = podCondition(pod, 'DisruptionTarget');
  if (mark?.status !== 'True' || mark.reason === 'TerminationByKubelet') return undefined;
  return Math.max(0, (mark.lastTransitionTime === undefined ? 0 : timeMs(mark.lastTransitionTime)) + STALE_MARK_MS - now);
}

/** How many pods there should be, and how many of them must be healthy. */
export interface Expected {
  readonly expected: number;
  readonly desired: number;
}

export function disruptionController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const budgets = informers.of(KIND);
  const pods = informers.of('v1/Pod');
  const owners = {
    ReplicaSet: informers.of('apps/v1/ReplicaSet'),
    Deployment: informers.of('apps/v1/Deployment'),
    StatefulSet: informers.of('apps/v1/StatefulSet'),
    ReplicationController: informers.of('v1/ReplicationController'),
  };
  indexByLabel(pods);
  indexBySelector(budgets, selectorOf);

  return controller({
    name: 'disruption-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const enqueue = (budget: PodDisruptionBudget): void => queue.add(objectKey(budget));
      budgets.addHandler({ added: enqueue, updated: enqueue });
      const covering = (pod: Pod): void => {
        for (const budget of selecting(budgets, pod.metadata.namespace ?? '', pod.metadata.labels, selectorOf)) enqueue(budget);
      };
      const marked = (pod: Pod): void => {
        if (staleInMs(pod, clock.now()) !== undefined) queue.add(POD + objectKey(pod));
      };
      pods.addHandler({
        added(pod) {
          covering(pod);
          marked(pod);
        },
        deleted: covering,
        updated(pod, old) {
          if (!deepEqual(pod.metadata.labels, old.metadata.labels)) covering(old);
          covering(pod);
          marked(pod);
        },
      });
    },
    reconcile,
  });

  async function reconcile(key: string): Promise<void | number> {
    if (key.startsWith(POD)) return reviewMark(key.slice(POD.length));
    const { namespace, name } = splitKey(key);
    const budget = budgets.get(namespace, name);
    if (!budget) return undefined;
    const covered = selectedBy(pods, namespace, selectorOf(budget));
    if (covered.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    let status: PodDisruptionBudgetStatus;
    try {
      const { expected, unmanaged } = await expectedPods(budget, covered);
      if (unmanaged.length > 0) tellUnmanaged(budget);
      status = budgetStatus(budget, covered, expected, clock.now());
    } catch (error) {
      events.event(
        budget,
        'Warning',
        'CalculateExpectedPodCountFailed',
        `Failed to calculate the number of expected pods: ${(error as Error).message}`,
      );
      status = failedStatus(budget, (error as Error).message, clock.now());
    }
    const wanted = canonical('policy/v1.PodDisruptionBudgetStatus', status);
    if (!deepEqual(budget.status ?? {}, wanted)) await client.updateStatus(KIND, { ...budget, status: wanted });
    return nextExpiry(status, clock.now());
  }

  /** A pod was marked as one that goes, and does not: it is no longer. */
  async function reviewMark(podKey: string): Promise<void | number> {
    const { namespace, name } = splitKey(podKey);
    const pod = pods.get(namespace, name);
    const staleMs = pod && staleInMs(pod, clock.now());
    if (!pod || staleMs === undefined) return undefined;
    if (staleMs > 0) return staleMs;
    const mark = { type: 'DisruptionTarget', status: 'False', reason: null, message: null, lastTransitionTime: formatTime(clock.now()) };
    const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: [mark] } };
    try {
      await client.patch('v1/Pod', name, patch, { type: 'strategic', namespace, subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return undefined;
  }

  async function expectedPods(
    { spec }: PodDisruptionBudget,
    covered: readonly Pod[],
  ): Promise<{ readonly expected: Expected; readonly unmanaged: readonly Pod[] }> {
    const { maxUnavailable, minAvailable } = spec ?? {};
    if (maxUnavailable !== undefined) {
      const { scale, unmanaged } = await scaleOf(covered);
      return { expected: { expected: scale, desired: Math.max(0, scale - scaledValue(maxUnavailable, scale, true)) }, unmanaged };
    }
    if (typeof minAvailable === 'string') {
      const { scale, unmanaged } = await scaleOf(covered);
      return { expected: { expected: scale, desired: scaledValue(minAvailable, scale, true) }, unmanaged };
    }
    return { expected: { expected: covered.length, desired: minAvailable ?? 0 }, unmanaged: [] };
  }

  /** The sizes of all workloads that the pods are of, added up. */
  async function scaleOf(covered: readonly Pod[]): Promise<{ readonly scale: number; readonly unmanaged: readonly Pod[] }> {
    const scales = new Map<string, number>();
    const unmanaged: Pod[] = [];
    for (const pod of covered) {
      const ref = controllerOf(pod);
      if (!ref) unmanaged.push(pod);
      else {
        const owner = await scaledOwner(pod.metadata.namespace ?? '', ref);
        if (!owner) throw new Error(`found no controllers for pod ${quote(pod.metadata.name)}`);
        scales.set(owner.uid, owner.replicas);
      }
    }
    return { scale: [...scales.values()].reduce((sum, n) => sum + n, 0), unmanaged };
  }

  async function scaledOwner(
    namespace: string,
    ref: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string },
  ): Promise<{ readonly uid: string; readonly replicas: number } | undefined> {
    const informer = owners[ref.kind as keyof typeof owners] as { get(ns: string, name: string): KubernetesObject | undefined } | undefined;
    if (!informer) return scaleSubresource(namespace, ref);
    const owner = informer.get(namespace, ref.name);
    if (!owner || owner.metadata.uid !== ref.uid) return undefined;
    const above = ref.kind === 'ReplicaSet' ? controllerOf(owner) : undefined;
    if (above?.kind === 'Deployment') return scaledOwner(namespace, above);
    return { uid: ref.uid, replicas: (owner['spec'] as { replicas?: number }).replicas ?? 1 };
  }

  /** Of other kinds, their scale subresource tells. */
  async function scaleSubresource(
    namespace: string,
    { apiVersion, kind, name, uid }: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string },
  ): Promise<{ readonly uid: string; readonly replicas: number }> {
    try {
      const scale = (await client.get(`${apiVersion}/${kind}` as 'example.test/v1/Any', name, {
        namespace,
        subresource: 'scale',
      })) as KubernetesObject;
      return { uid, replicas: (scale['spec'] as { replicas?: number } | undefined)?.replicas ?? 0 };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new Error(`${kind}.${apiVersion} does not implement the scale subresource`, { cause: error });
    }
  }

  function tellUnmanaged(budget: PodDisruptionBudget): void {
    const selector = goLabelSelector(budget.spec?.selector ?? {});
    events.event(
      budget,
      'Warning',
      'UnmanagedPods',
      `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    );
  }
}

const selectors = new WeakMap<object, LabelSelector>();
const NOTHING = LabelSelector.nothing;

function selectorOf({ spec }: PodDisruptionBudget): LabelSelector {
  const { selector } = spec ?? {};
  if (!selector) return NOTHING;
  let known = selectors.get(selector);
  if (!known) selectors.set(selector, (known = LabelSelector.fromSpec(selector)));
  return known;
}

/** @param now milliseconds since 1970 */
export function budgetStatus(
  budget: PodDisruptionBudget,
  covered: readonly Pod[],
  { expected, desired }: Expected,
  now: number,
): PodDisruptionBudgetStatus {
  const disrupted = stillDisrupted(budget, covered, now);
  const healthy = covered.filter(
    (pod) => !pod.metadata.deletionTimestamp && disrupted[pod.metadata.name] === undefined && isPodReady(pod),
  ).length;
  const allowed = expected <= 0 || healthy < desired ? 0 : healthy - desired;
  const { generation = 0 } = budget.metadata;
  const sufficient = allowed > 0;
  const told = {
    type: 'DisruptionAllowed',
    status: sufficient ? 'True' : 'False',
    reason: sufficient ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: generation,
  };
  return {
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration: generation,
    conditions: withCondition(budget, told, now),
  };
}

function failedStatus(budget: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  const { generation = 0 } = budget.metadata;
  const told = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message, observedGeneration: generation };
  const before = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  return { ...before, disruptionsAllowed: 0, conditions: withCondition(budget, told, now) };
}

type Conditions = NonNullable<PodDisruptionBudgetStatus['conditions']>;

function withCondition({ status }: PodDisruptionBudget, told: Omit<Conditions[number], 'lastTransitionTime'>, now: number): Conditions {
  const known = status?.conditions?.find((c) => c.type === told.type);
  const lastTransitionTime = known?.status === told.status ? known.lastTransitionTime : formatTime(now);
  return [...(status?.conditions ?? []).filter((c) => c !== known), { ...told, lastTransitionTime }];
}

/** Evictions that were granted: pods that are still there and not yet marked. */
function stillDisrupted({ status }: PodDisruptionBudget, covered: readonly Pod[], now: number): Readonly<Record<string, string>> {
  const disrupted: Record<string, string> = {};
  for (const pod of covered) {
    const since = status?.disruptedPods?.[pod.metadata.name];
    if (since === undefined || pod.metadata.deletionTimestamp || isPodTerminal(pod)) continue;
    if (timeMs(since) + EVICTION_TIMEOUT_MS > now) disrupted[pod.metadata.name] = since;
  }
  return disrupted;
}

function nextExpiry({ disruptedPods = {} }: PodDisruptionBudgetStatus, now: number): number | undefined {
  const times = Object.values(disruptedPods).map((since) => timeMs(since) + EVICTION_TIMEOUT_MS - now);
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
}
