// Deployment: replaces pods by those of a new template, at the pace of its strategy, through one ReplicaSet for each template; keeps
// former ones so that it can go back. Follows pkg/controller/deployment of kube-controller-manager.
import type { Deployment, DeploymentStatus, ReplicaSet } from '#api/apps/v1';
import type { Pod } from '#api/core/v1';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { actualReplicas, allOf, isActive, isRollingUpdate, replicasOf, rolloutOf, type Rollout } from './deployment/replica-sets.ts';
import { planRolling } from './deployment/rolling.ts';
import { isScalingEvent, planScale } from './deployment/scaling.ts';
import { countStatus, isComplete, nextProgressCheck, pausedCondition, rolloutStatus } from './deployment/status.ts';
import { DeploymentSync, withStatusCondition } from './deployment/sync.ts';
import { claim } from './shared/claim.ts';
import { indexByController, orphansIn, ownedBy } from './shared/owned.ts';

const WORKERS = 5;

/** What a step led to: how things stand, and whether the status tells of a rollout or merely counts. */
interface Step {
  readonly rollout: Rollout;
  readonly rolling: boolean;
}

export function deploymentController(deps: ControllerDeps): Controller {
  const { client, informers, clock, events } = deps;
  const deployments = informers.of('apps/v1/Deployment');
  const replicaSets = informers.of('apps/v1/ReplicaSet');
  const pods = informers.of('v1/Pod');
  const sync = new DeploymentSync(deps);
  indexByController(replicaSets);
  indexByController(pods);

  return controller({ name: 'deployment-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const enqueue = (deployment: Deployment): void => queue.add(objectKey(deployment));
    deployments.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
    replicaSets.addHandler({ added: changed, updated: changed, deleted: changed });
    pods.addHandler({ deleted: podGone });

    function changed(rs: ReplicaSet, old?: ReplicaSet): void {
      const former = old && controllerOf(old)?.uid !== controllerOf(rs)?.uid ? ownerOf(old) : undefined;
      if (former) enqueue(former);
      if (controllerOf(rs)) {
        const owner = ownerOf(rs);
        if (owner) enqueue(owner);
      } else if (!rs.metadata.deletionTimestamp && (!old || former || !deepEqual(old.metadata.labels, rs.metadata.labels)))
        for (const deployment of deployments.list(rs.metadata.namespace)) {
          const selector = LabelSelector.fromSpec(deployment.spec.selector);
          if (!selector.empty && selector.matches(rs.metadata.labels)) enqueue(deployment);
        }
    }

    /** Recreate waits for the last old pod. */
    function podGone(pod: Pod): void {
      const ref = controllerOf(pod);
      const rs = ref?.kind === 'ReplicaSet' ? replicaSets.get(pod.metadata.namespace ?? '', ref.name) : undefined;
      const owner = rs && ownerOf(rs);
      if (!owner || isRollingUpdate(owner)) return;
      if (!ownedBy(replicaSets, owner.metadata.uid).some((set) => ownedBy(pods, set.metadata.uid).length > 0)) enqueue(owner);
    }
  }

  function ownerOf(rs: ReplicaSet): Deployment | undefined {
    const ref = controllerOf(rs);
    if (ref?.kind !== 'Deployment') return undefined;
    const owner = deployments.get(rs.metadata.namespace ?? '', ref.name);
    return owner?.metadata.uid === ref.uid ? owner : undefined;
  }

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const stored = deployments.get(namespace, name);
    if (!stored) return undefined;
    const selector = LabelSelector.fromSpec(stored.spec.selector);
    if (selector.empty) {
      await refuseEmptySelector(stored);
      return undefined;
    }
    const sets = await claim([...ownedBy(replicaSets, stored.metadata.uid), ...orphansIn(replicaSets, namespace)], {
      client,
      kind: 'apps/v1/ReplicaSet',
      owner: stored,
      ownerKind: 'apps/v1/Deployment',
      matches: (rs) => selector.matches(rs.metadata.labels),
    });
    const { rollout, rolling } = await act(stored, sets);
    const status = rolling ? rolloutStatus(rollout, clock.now()) : countStatus(rollout, clock.now());
    await sync.writeStatus(stored, rollout.deployment, status);
    return rolling ? nextProgressCheck({ ...rollout.deployment, status }, status, clock.now()) : undefined;
  }

  async function act(stored: Deployment, sets: readonly ReplicaSet[]): Promise<Step> {
    if (stored.metadata.deletionTimestamp) return { rollout: rolloutOf(stored, sets), rolling: false };
    const paused = pausedCondition(stored, clock.now());
    const rollout = rolloutOf(paused ? withStatusCondition(stored, paused) : stored, sets);
    if (stored.spec.paused || isScalingEvent(rollout)) {
      const known = await sync.refreshNew(rollout);
      await sync.scaleAll(known.deployment, planScale(known));
      if (stored.spec.paused) await sync.cleanUp(known.deployment, known.oldRSs);
      return { rollout: known, rolling: false };
    }
    return { rollout: isRollingUpdate(stored) ? await rollingUpdate(rollout) : await recreate(rollout), rolling: true };
  }

  async function rollingUpdate(rollout: Rollout): Promise<Rollout> {
    const ready = await sync.ensureNew(rollout);
    const scaled = await sync.scaleAll(ready.deployment, planRolling(ready));
    if (!scaled && isComplete(ready.deployment, ready.deployment.status)) await sync.cleanUp(ready.deployment, ready.oldRSs);
    return ready;
  }

  async function recreate(rollout: Rollout): Promise<Rollout> {
    const known = await sync.refreshNew(rollout);
    const { deployment, oldRSs } = known;
    const down = oldRSs.filter(isActive).map((replicaSet) => ({ replicaSet, replicas: 0 }));
    if (await sync.scaleAll(deployment, down)) return known;
    if (oldPodsRunning(known)) return known;
    const ready = known.newRS ? { ...known, newRS: known.newRS } : await sync.ensureNew(known);
    if (replicasOf(ready.newRS) !== replicasOf(deployment))
      await sync.scaleAll(ready.deployment, [{ replicaSet: ready.newRS, replicas: replicasOf(deployment) }]);
    if (isComplete(ready.deployment, ready.deployment.status)) await sync.cleanUp(ready.deployment, oldRSs);
    return ready;
  }

  function oldPodsRunning(rollout: Rollout): boolean {
    if (actualReplicas(rollout.oldRSs) > 0) return true;
    return allOf(rollout).some((rs) => rs !== rollout.newRS && ownedBy(pods, rs.metadata.uid).some((pod) => !isPodTerminal(pod)));
  }

  async function refuseEmptySelector(deployment: Deployment): Promise<void> {
    events.event(deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
    const { generation = 0 } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return;
    const status: DeploymentStatus = { ...deployment.status, observedGeneration: generation };
    await client.updateStatus('apps/v1/Deployment', { ...deployment, status });
  }
}
