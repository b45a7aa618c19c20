// DaemonSet: one pod on every node that fits, replaced by newer ones at the pace of the update strategy. Follows pkg/controller/daemon of
// kube-controller-manager.
import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '#api/apps/v1';
import type { Node, Pod } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { podTemplateHash } from '../../apimachinery/hash/template-hash.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { placementOn, newDaemonPod, targetNode } from './daemon-set/placement.ts';
import { daemonStatus, groupByNode, planDaemons, planRollingUpdate, type DaemonPlan, type Daemons } from './daemon-set/plan.ts';
import { Backoff } from './shared/backoff.ts';
import { claim } from './shared/claim.ts';
import { Expectations } from './shared/expectations.ts';
import { indexByController, orphansIn, ownedBy } from './shared/owned.ts';
import { createPod, deletePod, slowStart } from './shared/pod-control.ts';
import {
  claimRevisions,
  createRevision,
  nextRevision,
  renumber,
  REVISION_HASH,
  templatePatch,
  truncateHistory,
} from './shared/revisions.ts';

const WORKERS = 2;
const KIND = 'apps/v1/DaemonSet';
/** At most so many pods are made or deleted at once. */
const BURST = 250;
/** First and longest pause before a failed daemon is replaced. */
const FAILED_PAUSE_MS = 1000;
const LONGEST_FAILED_PAUSE_MS = 15 * 60_000;
const BY_TARGET_NODE = 'target-node';

export function daemonSetController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const sets = informers.of(KIND);
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  const revisions = informers.of('apps/v1/ControllerRevision');
  const expectations = new Expectations(clock);
  const failed = new Backoff(FAILED_PAUSE_MS, LONGEST_FAILED_PAUSE_MS);
  indexByController(pods);
  indexByController(revisions);
  pods.addIndex(BY_TARGET_NODE, (pod) => {
    const node = controllerOf(pod)?.kind === 'DaemonSet' ? targetNode(pod) : undefined;
    return node === undefined ? [] : [node];
  });

  return controller({ name: 'daemonset-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const enqueue = (ds: DaemonSet): void => queue.add(objectKey(ds));
    sets.addHandler({
      added: enqueue,
      updated: enqueue,
      deleted(ds) {
        expectations.forget(objectKey(ds));
        enqueue(ds);
      },
    });
    pods.addHandler({
      added(pod) {
        if (pod.metadata.deletionTimestamp) return podGone(pod);
        const owner = ownerOf(pod);
        if (owner) {
          expectations.creationObserved(objectKey(owner));
          enqueue(owner);
        } else if (!controllerOf(pod)) adopters(pod).forEach(enqueue);
      },
      updated(pod, old) {
        const former = controllerOf(old)?.uid === controllerOf(pod)?.uid ? undefined : ownerOf(old);
        if (former) enqueue(former);
        const owner = ownerOf(pod);
        if (owner) enqueue(owner);
        else if (!controllerOf(pod) && (former || !deepEqual(pod.metadata.labels, old.metadata.labels))) adopters(pod).forEach(enqueue);
      },
      deleted: podGone,
    });
    nodes.addHandler({
      added: (node) => nodeChanged(node),
      updated(node, old) {
        if (!sameForDaemons(node, old)) nodeChanged(node);
      },
      deleted(node) {
        for (const pod of pods.byIndex(BY_TARGET_NODE, node.metadata.name)) {
          const owner = ownerOf(pod);
          if (owner) enqueue(owner);
        }
      },
    });

    function podGone(pod: Pod): void {
      const owner = ownerOf(pod);
      if (!owner) return;
      expectations.deletionObserved(objectKey(owner), objectKey(pod));
      enqueue(owner);
    }

    /** Only sets that have something to do there are woken. */
    function nodeChanged(node: Node): void {
      const there = new Set([...pods.byIndex(BY_TARGET_NODE, node.metadata.name)].map((pod) => controllerOf(pod)?.uid));
      for (const ds of sets.list()) {
        const { shouldRun, mayStay } = placementOn(node, ds);
        const runs = there.has(ds.metadata.uid);
        // where a daemon runs that should not, it may count as well placed from now on
        if ((shouldRun && !runs) || (!mayStay && runs) || (runs && (ds.status?.numberMisscheduled ?? 0) > 0)) enqueue(ds);
      }
    }
  }

  function adopters(pod: Pod): DaemonSet[] {
    return [...sets.list(pod.metadata.namespace)].filter((ds) => {
      const selector = LabelSelector.fromSpec(ds.spec.selector);
      return !selector.empty && selector.matches(pod.metadata.labels);
    });
  }

  function ownerOf(pod: Pod): DaemonSet | undefined {
    const ref = controllerOf(pod);
    const ds = ref?.kind === 'DaemonSet' ? sets.get(pod.metadata.namespace ?? '', ref.name) : undefined;
    return ds?.metadata.uid === ref?.uid ? ds : undefined;
  }

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const ds = sets.get(namespace, name);
    if (!ds || ds.metadata.deletionTimestamp) return undefined;
    const selector = LabelSelector.fromSpec(ds.spec.selector);
    if (selector.empty) {
      events.event(ds, 'Warning', 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
      return undefined;
    }
    const mayAct = expectations.satisfied(key);
    const { current, old } = await revise(ds, selector);
    const hash = current.metadata.labels?.[REVISION_HASH] ?? '';
    const observe = async (): Promise<Daemons> => ({
      ds,
      nodes: [...nodes.list()],
      podsOn: groupByNode(await claimPods(ds, selector)),
      hash,
    });
    let again: number | undefined;
    if (mayAct) {
      const daemons = await observe();
      const plan = planDaemons(daemons, (node) => failed.remaining(`${key}/${node}`, clock.now()), clock.now());
      again = plan.againMs;
      tellEnded(ds, key, plan);
      await carryOut(ds, key, hash, plan);
      const rolling = (ds.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
      if (rolling && expectations.satisfied(key)) await carryOut(ds, key, hash, planRollingUpdate(daemons, clock.now()));
      await cleanUp(ds, current, old);
    }
    const status = daemonStatus(await observe(), clock.now());
    await writeStatus(ds, status);
    const { minReadySeconds = 0 } = ds.spec;
    if (minReadySeconds > 0 && status.numberReady !== status.numberAvailable) again = Math.min(again ?? Infinity, minReadySeconds * 1000);
    return again;
  }

  function claimPods(ds: DaemonSet, selector: LabelSelector): Promise<Pod[]> {
    const orphans = [...orphansIn(pods, ds.metadata.namespace ?? '')].filter((pod) => selector.matches(pod.metadata.labels));
    return claim([...ownedBy(pods, ds.metadata.uid), ...orphans], {
      client,
      kind: 'v1/Pod',
      owner: ds,
      ownerKind: KIND,
      matches: (pod) => selector.matches(pod.metadata.labels),
    });
  }

  /** The revision of the template as it is, found or made. */
  async function revise(
    ds: DaemonSet,
    selector: LabelSelector,
  ): Promise<{ readonly current: ControllerRevision; readonly old: readonly ControllerRevision[] }> {
    const all = await claimRevisions(client, revisions, ds, KIND, selector);
    const data = templatePatch(ds.spec.template);
    const known = all.findLast((r) => deepEqual(r.data, data));
    const old = all.filter((r) => r !== known);
    if (known) {
      const newest = nextRevision(old);
      return { current: known.revision < newest ? await renumber(client, known, newest) : known, old };
    }
    const { revision, collisionCount } = await createRevision(client, ds, ds.status?.collisionCount ?? 0, {
      data,
      revision: nextRevision(old),
      labels: ds.spec.template.metadata?.labels ?? {},
      ...(ds.metadata.annotations ? { annotations: ds.metadata.annotations } : {}),
      hashLabel: REVISION_HASH,
      hash: (count) => podTemplateHash(ds.spec.template, count === 0 ? undefined : count),
    });
    if (collisionCount !== (ds.status?.collisionCount ?? 0))
      await client.updateStatus(KIND, {
        ...ds,
        status: { ...daemonStatus({ ds, nodes: [], podsOn: new Map(), hash: '' }, clock.now()), ...ds.status, collisionCount },
      });
    return { current: revision, old };
  }

  function tellEnded(ds: DaemonSet, key: string, { ended }: DaemonPlan): void {
    for (const pod of ended) {
      const node = targetNode(pod) ?? '';
      const what = `daemon pod ${objectKey(pod)} on node ${node}, will try to`;
      if (pod.status?.phase === 'Failed') {
        failed.next(`${key}/${node}`, clock.now());
        events.event(ds, 'Warning', 'FailedDaemonPod', `Found failed ${what} kill it`);
      } else events.event(ds, 'Normal', 'SucceededDaemonPod', `Found succeeded ${what} delete it`);
    }
  }

  async function carryOut(ds: DaemonSet, key: string, hash: string, plan: Pick<DaemonPlan, 'create' | 'delete'>): Promise<void> {
    const missing = plan.create.slice(0, BURST);
    const doomed = plan.delete.slice(0, BURST);
    if (missing.length + doomed.length === 0) return;
    expectations.expect(key, missing.length, doomed.map(objectKey));
    let at = 0;
    const { succeeded, error } = await slowStart(missing.length, async () => {
      try {
        await createPod({ client, events }, newDaemonPod(ds, missing[at++]!, hash), ds);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let i = succeeded; i < missing.length; i++) expectations.creationObserved(key);
    const results = await Promise.allSettled(doomed.map((pod) => deletePod({ client, events }, pod, ds)));
    let failure: unknown = error;
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      expectations.deletionObserved(key, objectKey(doomed[i]!));
      if (!isNotFound(result.reason)) failure ??= result.reason;
    }
    if (failure !== undefined) throw failure as Error;
  }

  async function cleanUp(ds: DaemonSet, current: ControllerRevision, old: readonly ControllerRevision[]): Promise<void> {
    const limit = ds.spec.revisionHistoryLimit ?? 10;
    if (old.length <= limit) return;
    const used = new Set(ownedBy(pods, ds.metadata.uid).map((pod) => pod.metadata.labels?.[REVISION_HASH]));
    const live = old.filter((r) => used.has(r.metadata.labels?.[REVISION_HASH]));
    // those that pods still have count towards the limit, and stay
    const names = new Set([...live, current].map((r) => r.metadata.name));
    await truncateHistory(client, old, names, Math.max(0, limit - live.length));
  }

  async function writeStatus(ds: DaemonSet, status: DaemonSetStatus): Promise<void> {
    const wanted = canonical('apps/v1.DaemonSetStatus', status);
    if (!deepEqual(ds.status ?? {}, wanted)) await client.updateStatus(KIND, { ...ds, status: wanted });
  }
}

/** Heartbeats do not concern daemons. */
const sameForDaemons = (node: Node, old: Node): boolean =>
  deepEqual(node.metadata.labels, old.metadata.labels) && deepEqual(node.spec?.taints, old.spec?.taints);
