// ReplicaSet and ReplicationController: keep as many pods of a template running as are asked for, adopting orphans that match the
// selector and letting go of what no longer does. The two kinds differ in name and selector only, so one controller serves each.
// Follows pkg/controller/replicaset of kube-controller-manager.
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '#api/apps/v1';
import type { Pod, PodTemplateSpec, ReplicationController } from '#api/core/v1';
import type { OwnerReference } from '#api/meta/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { isPodActive, isPodAvailable, isPodReady, isPodTerminating, podCondition } from '../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual, parseKind } from '../../apimachinery/object.ts';
import { controllerOf, isControlledBy, newControllerRef } from '../../apimachinery/owner-reference.ts';
import { isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime, timeMs } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey, type Informer } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { claim } from './shared/claim.ts';
import { Expectations } from './shared/expectations.ts';
import { indexByController, orphansIn, ownedBy } from './shared/owned.ts';
import { createPod, deletePod, podFromTemplate, slowStart } from './shared/pod-control.ts';
import { podsToDelete } from './shared/pod-ranking.ts';

/** At most so many pods are made or deleted at once. */
const BURST_REPLICAS = 500;
const WORKERS = 5;

/** What the two kinds have in common, read the same way. */
interface ReplicaOwner {
  readonly object: ReplicaSet | ReplicationController;
  readonly replicas: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly minReadySeconds: number;
  readonly status: ReplicaSetStatus;
}

interface OwnerKind {
  readonly kind: 'apps/v1/ReplicaSet' | 'v1/ReplicationController';
  readonly controllerName: string;
  readonly statusType: string;
  /** ReplicationControllers do not count terminating pods. */
  readonly countsTerminating: boolean;
  read(object: ReplicaSet | ReplicationController): ReplicaOwner;
}

const emptyStatus: ReplicaSetStatus = { replicas: 0 };

const REPLICA_SET: OwnerKind = {
  kind: 'apps/v1/ReplicaSet',
  controllerName: 'replicaset-controller',
  statusType: 'apps/v1.ReplicaSetStatus',
  countsTerminating: true,
  read(object) {
    const { spec, status } = object as ReplicaSet;
    return {
      object,
      replicas: spec.replicas ?? 1,
      selector: LabelSelector.fromSpec(spec.selector),
      template: spec.template ?? {},
      minReadySeconds: spec.minReadySeconds ?? 0,
      status: status ?? emptyStatus,
    };
  },
};

const REPLICATION_CONTROLLER: OwnerKind = {
  kind: 'v1/ReplicationController',
  controllerName: 'replication-controller',
  statusType: 'core/v1.ReplicationControllerStatus',
  countsTerminating: false,
  read(object) {
    const { spec, status } = object as ReplicationController;
    return {
      object,
      replicas: spec.replicas ?? 1,
      selector: LabelSelector.fromSet(spec.selector),
      template: spec.template ?? {},
      minReadySeconds: spec.minReadySeconds ?? 0,
      status: status ?? emptyStatus,
    };
  },
};

export const replicaSetController = (deps: ControllerDeps): Controller => replicaController(deps, REPLICA_SET);
export const replicationController = (deps: ControllerDeps): Controller => replicaController(deps, REPLICATION_CONTROLLER);

/** What to do about the pods, and what to say of them. */
export interface ReplicaPlan {
  readonly create: number;
  readonly delete: readonly Pod[];
}

/** @param related pods of the workload's other ReplicaSets: crowded nodes are cleared first */
export function planReplicas(replicas: number, active: readonly Pod[], related: readonly Pod[], now: number): ReplicaPlan {
  const surplus = active.length - replicas;
  if (surplus < 0) return { create: Math.min(-surplus, BURST_REPLICAS), delete: [] };
  return { create: 0, delete: surplus === 0 ? [] : podsToDelete(active, related, Math.min(surplus, BURST_REPLICAS), now) };
}

export interface ReplicaObservation {
  readonly owner: ReplicaOwner;
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[] | undefined;
  /** Why pods could not be made or deleted. */
  readonly failure: string | undefined;
}

/** The status that the observation amounts to. @param now milliseconds since 1970 */
export function replicaStatus({ owner, active, terminating, failure }: ReplicaObservation, now: number): ReplicaSetStatus {
  const templateLabels = LabelSelector.fromSet(owner.template.metadata?.labels);
  const ready = active.filter(isPodReady);
  const available = ready.filter((pod) => isPodAvailable(pod, owner.minReadySeconds, now));
  const conditions = failureConditions(owner, active, failure, now);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => templateLabels.matches(pod.metadata.labels)).length,
    readyReplicas: ready.length,
    availableReplicas: available.length,
    ...(terminating ? { terminatingReplicas: terminating.length } : {}),
    observedGeneration: owner.object.metadata.generation ?? 0,
    ...(conditions.length ? { conditions } : {}),
  };
}

function failureConditions(
  owner: ReplicaOwner,
  active: readonly Pod[],
  failure: string | undefined,
  now: number,
): readonly ReplicaSetCondition[] {
  const conditions = owner.status.conditions ?? [];
  const known = conditions.some((c) => c.type === 'ReplicaFailure');
  if (failure === undefined) return known ? conditions.filter((c) => c.type !== 'ReplicaFailure') : conditions;
  if (known) return conditions;
  const reason = active.length < owner.replicas ? 'FailedCreate' : active.length > owner.replicas ? 'FailedDelete' : '';
  return [...conditions, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: formatTime(now), reason, message: failure }];
}

/** The time until the next pod has been ready for long enough, in milliseconds. */
export function nextAvailability(active: readonly Pod[], minReadySeconds: number, now: number): number | undefined {
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of active) {
    const since = isPodReady(pod) ? podCondition(pod, 'Ready')?.lastTransitionTime : undefined;
    if (since === undefined || isPodAvailable(pod, minReadySeconds, now)) continue;
    const left = timeMs(since) + minReadySeconds * 1000 - now;
    next = next === undefined ? left : Math.min(next, left);
  }
  return next;
}

function replicaController(deps: ControllerDeps, ownerKind: OwnerKind): Controller {
  const { client, informers, clock, events } = deps;
  const { kind } = ownerKind;
  const owners = informers.of(kind) as unknown as Informer<ReplicaSet | ReplicationController>;
  const pods = informers.of('v1/Pod');
  const expectations = new Expectations(clock);
  indexByController(pods);
  indexByController(owners);

  return controller({ name: ownerKind.controllerName, deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    owners.addHandler({
      added: (owner) => queue.add(objectKey(owner)),
      updated: (owner) => queue.add(objectKey(owner)),
      deleted: (owner) => {
        expectations.forget(objectKey(owner));
        queue.add(objectKey(owner));
      },
    });
    pods.addHandler({
      added: (pod) => (pod.metadata.deletionTimestamp ? podGone(pod) : podAdded(pod)),
      updated: (pod, old) => podChanged(pod, old),
      deleted: podGone,
    });

    function podAdded(pod: Pod): void {
      const owner = ownerOf(controllerOf(pod), pod.metadata.namespace);
      if (owner) {
        expectations.creationObserved(objectKey(owner));
        queue.add(objectKey(owner));
      } else if (!controllerOf(pod)) enqueueAdopters(pod);
    }

    function podChanged(pod: Pod, old: Pod): void {
      const [ref, oldRef] = [controllerOf(pod), controllerOf(old)];
      if (pod.metadata.deletionTimestamp) {
        podGone(pod);
        return;
      }
      if (oldRef && oldRef.uid !== ref?.uid) {
        const former = ownerOf(oldRef, old.metadata.namespace);
        if (former) queue.add(objectKey(former));
      }
      const owner = ownerOf(ref, pod.metadata.namespace);
      if (owner) queue.add(objectKey(owner));
      else if (!ref && (oldRef || !deepEqual(pod.metadata.labels, old.metadata.labels))) enqueueAdopters(pod);
    }

    /** Deleted, or on its way: the kubelet will see to the rest. */
    function podGone(pod: Pod): void {
      const owner = ownerOf(controllerOf(pod), pod.metadata.namespace);
      if (!owner) return;
      expectations.deletionObserved(objectKey(owner), objectKey(pod));
      queue.add(objectKey(owner));
    }

    function enqueueAdopters(orphan: Pod): void {
      for (const owner of owners.list(orphan.metadata.namespace)) {
        const { selector } = ownerKind.read(owner);
        if (!selector.empty && selector.matches(orphan.metadata.labels)) queue.add(objectKey(owner));
      }
    }
  }

  function ownerOf(ref: OwnerReference | undefined, namespace = ''): ReplicaSet | ReplicationController | undefined {
    if (!ref || ref.kind !== parseKind(kind).kind) return undefined;
    const owner = owners.get(namespace, ref.name);
    return owner?.metadata.uid === ref.uid ? owner : undefined;
  }

  async function reconcile(key: string, _queue: WorkQueue): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const object = owners.get(namespace, name);
    if (!object) {
      expectations.forget(key);
      return undefined;
    }
    const mayAct = expectations.satisfied(key);
    const owner = ownerKind.read(object);
    const candidates = [...ownedBy(pods, object.metadata.uid), ...orphansIn(pods, namespace)];
    const active = await claim(candidates.filter(isPodActive), {
      client,
      kind: 'v1/Pod',
      owner: object,
      ownerKind: kind,
      matches: (pod) => owner.selector.matches(pod.metadata.labels),
    });
    const failure = mayAct && !object.metadata.deletionTimestamp ? await act(key, owner, active) : undefined;
    const terminating = ownerKind.countsTerminating ? terminatingOf(owner, candidates) : undefined;
    await writeStatus(
      owner,
      replicaStatus({ owner, active, terminating, failure: failure === undefined ? undefined : (failure as Error).message }, clock.now()),
    );
    if (failure !== undefined) throw failure as Error;
    return nextAvailability(active, owner.minReadySeconds, clock.now());
  }

  function terminatingOf(owner: ReplicaOwner, candidates: readonly Pod[]): Pod[] {
    return candidates.filter(
      (pod) => isPodTerminating(pod) && isControlledBy(pod, owner.object) && owner.selector.matches(pod.metadata.labels),
    );
  }

  /** Makes or deletes pods. @returns what went wrong */
  async function act(key: string, owner: ReplicaOwner, active: readonly Pod[]): Promise<unknown> {
    const plan = planReplicas(owner.replicas, active, relatedPods(owner), clock.now());
    if (plan.create > 0) return createPods(key, owner, plan.create);
    if (plan.delete.length > 0) return deletePods(key, owner, plan.delete);
    return undefined;
  }

  async function createPods(key: string, owner: ReplicaOwner, count: number): Promise<unknown> {
    expectations.expectCreations(key, count);
    const manifest = podFromTemplate(owner.template, owner.object, newControllerRef(owner.object));
    const { succeeded, error } = await slowStart(count, async () => {
      try {
        await createPod({ client, events }, manifest, owner.object);
      } catch (failure) {
        // the namespace is going, and its pods with it: trying again would be in vain
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let i = succeeded; i < count; i++) expectations.creationObserved(key);
    return error;
  }

  async function deletePods(key: string, owner: ReplicaOwner, doomed: readonly Pod[]): Promise<unknown> {
    expectations.expectDeletions(key, doomed.map(objectKey));
    const results = await Promise.allSettled(doomed.map((pod) => deletePod({ client, events }, pod, owner.object)));
    let failure: unknown;
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      expectations.deletionObserved(key, objectKey(doomed[i]!));
      if (!isNotFound(result.reason)) failure ??= result.reason;
    }
    return failure;
  }

  function relatedPods(owner: ReplicaOwner): Pod[] {
    const ref = controllerOf(owner.object);
    if (!ref) return [];
    return ownedBy(owners, ref.uid).flatMap((sibling) => ownedBy(pods, sibling.metadata.uid));
  }

  async function writeStatus(owner: ReplicaOwner, status: ReplicaSetStatus): Promise<void> {
    const wanted = canonical(ownerKind.statusType, status);
    if (deepEqual(owner.status, wanted)) return;
    const changed = { ...owner.object, status: wanted } as ReplicaSet & ReplicationController;
    await client.updateStatus(kind, changed);
  }
}
