// StatefulSet: pods with names, claims and an order, made and updated one after the other. Follows pkg/controller/statefulset of
// kube-controller-manager.
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '#api/apps/v1';
import type { PersistentVolumeClaim, Pod } from '#api/core/v1';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { claim } from './shared/claim.ts';
import { indexByController, orphansIn, ownedBy } from './shared/owned.ts';
import {
  claimRevisions,
  createRevision,
  nextRevision,
  renumber,
  revisionHash,
  templateOf,
  templatePatch,
  truncateHistory,
} from './shared/revisions.ts';
import { isStaleClaim, withRetention } from './stateful-set/claims.ts';
import { planSteps, setStatus, type SetRevisions, type Step } from './stateful-set/plan.ts';
import {
  claimName,
  claimsOf,
  identityMatches,
  newPod,
  ordinalOf,
  podName,
  replicasOf,
  revisionOf,
  withIdentity,
} from './stateful-set/pods.ts';

const WORKERS = 5;
const KIND = 'apps/v1/StatefulSet';
const HASH_LABEL = 'controller.kubernetes.io/hash';

interface History {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
  readonly collisionCount: number;
}

export function statefulSetController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const sets = informers.of(KIND);
  const pods = informers.of('v1/Pod');
  const claims = informers.of('v1/PersistentVolumeClaim');
  const revisions = informers.of('apps/v1/ControllerRevision');
  indexByController(pods);
  indexByController(revisions);

  return controller({ name: 'statefulset-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const enqueue = (set: StatefulSet): void => queue.add(objectKey(set));
    sets.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
    const changed = (pod: Pod, old?: Pod): void => {
      const former = old && controllerOf(old)?.uid !== controllerOf(pod)?.uid ? ownerOf(old) : undefined;
      if (former) enqueue(former);
      const owner = ownerOf(pod);
      if (owner) enqueue(owner);
      else if (!controllerOf(pod) && !pod.metadata.deletionTimestamp)
        for (const set of sets.list(pod.metadata.namespace))
          if (ordinalOf(set, pod) >= 0 && LabelSelector.fromSpec(set.spec.selector).matches(pod.metadata.labels)) enqueue(set);
    };
    pods.addHandler({ added: changed, updated: changed, deleted: changed });
  }

  function ownerOf(pod: Pod): StatefulSet | undefined {
    const ref = controllerOf(pod);
    const set = ref?.kind === 'StatefulSet' ? sets.get(pod.metadata.namespace ?? '', ref.name) : undefined;
    return set?.metadata.uid === ref?.uid ? set : undefined;
  }

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const set = sets.get(namespace, name);
    if (!set) return undefined;
    const selector = LabelSelector.fromSpec(set.spec.selector);
    if (selector.empty) return undefined;
    const orphans = [...orphansIn(pods, namespace)].filter((pod) => ordinalOf(set, pod) >= 0);
    const own = await claim([...ownedBy(pods, set.metadata.uid), ...orphans], {
      client,
      kind: 'v1/Pod',
      owner: set,
      ownerKind: KIND,
      matches: (pod) => selector.matches(pod.metadata.labels) && ordinalOf(set, pod) >= 0,
    });
    const history = await revise(set, selector);
    const names: SetRevisions = { current: history.current.metadata.name, update: history.update.metadata.name };
    const steps = planSteps(
      {
        set,
        pods: own,
        revisions: names,
        hasStaleClaim: (ordinal) => claimsThere(set, ordinal).some((c) => isStaleClaim(set, c, podName(set, ordinal))),
        claimsInOrder: (pod) => claimsThere(set, ordinalOf(set, pod)).every((c) => withRetention(set, pod, c) === c),
      },
      clock.now(),
    );
    let after: readonly Pod[] = own;
    let failure: unknown;
    try {
      for (const step of steps) after = await carryOut(set, history, step, after);
    } catch (error) {
      failure = error;
    }
    const status = setStatus(set, after, names, history.collisionCount, clock.now());
    await writeStatus(set, status);
    if (failure !== undefined) throw failure as Error;
    const live = new Set([names.current, names.update, ...own.map(revisionOf)]);
    await truncateHistory(client, history.all, live, set.spec.revisionHistoryLimit ?? 10);
    const { minReadySeconds = 0 } = set.spec;
    return minReadySeconds > 0 && status.availableReplicas !== replicasOf(set) ? minReadySeconds * 1000 : undefined;
  }

  function claimsThere(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
    return (set.spec.volumeClaimTemplates ?? []).flatMap((template) => {
      const there = claims.get(set.metadata.namespace ?? '', claimName(set, template, ordinal));
      return there ? [there] : [];
    });
  }

  /** The revision that the template asks for, found or made, and the one from before the update. */
  async function revise(set: StatefulSet, selector: LabelSelector): Promise<History> {
    const all = await claimRevisions(client, revisions, set, KIND, selector);
    const data = templatePatch(set.spec.template);
    const { collisionCount = 0, currentRevision } = set.status ?? {};
    const equal = all.findLast((r) => deepEqual(r.data, data));
    let update: ControllerRevision;
    let collisions = collisionCount;
    if (equal) update = equal === all.at(-1) ? equal : await renumber(client, equal, nextRevision(all));
    else {
      const made = await createRevision(client, set, collisionCount, {
        data,
        revision: nextRevision(all),
        labels: set.spec.template.metadata?.labels ?? {},
        ...(set.metadata.annotations ? { annotations: set.metadata.annotations } : {}),
        hashLabel: HASH_LABEL,
        hash: (count) => revisionHash(data, count),
      });
      update = made.revision;
      collisions = made.collisionCount;
    }
    const current = all.find((r) => r.metadata.name === currentRevision) ?? update;
    const known = all.filter((r) => r.metadata.name !== update.metadata.name);
    return { current, update, all: [...known, update], collisionCount: collisions };
  }

  /** @returns the pods as they are then */
  async function carryOut(set: StatefulSet, history: History, step: Step, before: readonly Pod[]): Promise<readonly Pod[]> {
    switch (step.do) {
      case 'create': {
        const made = await create(set, history, step.ordinal, step.revision);
        return [...before, made];
      }
      case 'delete':
        await remove(set, step.pod);
        return before.map((pod) => (pod === step.pod ? asTerminating(pod) : pod));
      case 'claim':
        await createClaims(set, ordinalOf(set, step.pod));
        return before;
      case 'own':
        await ownClaims(set, step.pod);
        return before;
      case 'repair':
        await repair(set, step.pod);
        return before;
    }
  }

  /** As it will be seen shortly. */
  function asTerminating(pod: Pod): Pod {
    const deletionTimestamp = pod.metadata.deletionTimestamp ?? formatTime(clock.now());
    return { ...pod, metadata: { ...pod.metadata, deletionTimestamp } };
  }

  async function create(set: StatefulSet, { current, update }: History, ordinal: number, revision: string): Promise<Pod> {
    await createClaims(set, ordinal);
    const template = revision === update.metadata.name ? set.spec.template : templateOf(current);
    const manifest = newPod(set, template, revision, ordinal);
    const pod = await told(set, 'Create', podName(set, ordinal), () => client.create('v1/Pod', manifest));
    await ownClaims(set, pod);
    return pod;
  }

  async function remove(set: StatefulSet, pod: Pod): Promise<void> {
    const { name, namespace = '' } = pod.metadata;
    try {
      await told(set, 'Delete', name, () => client.delete('v1/Pod', name, { namespace }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function repair(set: StatefulSet, pod: Pod): Promise<void> {
    await told(set, 'Update', pod.metadata.name, async () => {
      await createClaims(set, ordinalOf(set, pod));
      await ownClaims(set, pod);
      if (!identityMatches(set, pod)) await client.update('v1/Pod', withIdentity(set, pod));
    });
  }

  async function createClaims(set: StatefulSet, ordinal: number): Promise<void> {
    for (const manifest of claimsOf(set, ordinal)) {
      const { name = '', namespace = '' } = manifest.metadata;
      const there = claims.get(namespace, name);
      if (there?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
      if (there) continue;
      const what = `Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
      try {
        await client.create('v1/PersistentVolumeClaim', manifest);
        events.event(set, 'Normal', 'SuccessfulCreate', `Create ${what} success`);
      } catch (error) {
        events.event(set, 'Warning', 'FailedCreate', `Create ${what} failed error: ${(error as Error).message}`);
        throw error;
      }
    }
  }

  async function ownClaims(set: StatefulSet, pod: Pod): Promise<void> {
    const { namespace = '' } = set.metadata;
    for (const { metadata } of claimsOf(set, ordinalOf(set, pod))) {
      const { name = '' } = metadata;
      let held: PersistentVolumeClaim;
      try {
        held = claims.get(namespace, name) ?? (await client.get('v1/PersistentVolumeClaim', name, { namespace }));
      } catch (error) {
        if (isNotFound(error)) continue;
        throw error;
      }
      const wanted = withRetention(set, pod, held);
      if (wanted !== held) await client.update('v1/PersistentVolumeClaim', wanted);
    }
  }

  async function told<T>(set: StatefulSet, verb: 'Create' | 'Delete' | 'Update', name: string, act: () => Promise<T>): Promise<T> {
    const what = `${verb} Pod ${name} in StatefulSet ${set.metadata.name}`;
    try {
      const result = await act();
      events.event(set, 'Normal', `Successful${verb}`, `${what} successful`);
      return result;
    } catch (error) {
      events.event(set, 'Warning', `Failed${verb}`, `${what} failed error: ${(error as Error).message}`);
      throw error;
    }
  }

  async function writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    const wanted = canonical('apps/v1.StatefulSetStatus', { ...status, ...conditionsOf(set) });
    if (!deepEqual(set.status ?? {}, wanted)) await client.updateStatus(KIND, { ...set, status: wanted });
  }
}

const conditionsOf = ({ status }: StatefulSet): Pick<StatefulSetStatus, 'conditions'> =>
  status?.conditions ? { conditions: status.conditions } : {};
