// The doing of a Deployment: makes the new ReplicaSet, resizes ReplicaSets, deletes those that history does not need, writes the status.
// What is to be done is decided elsewhere in this folder. Follows sync.go of kube-controller-manager.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '#api/apps/v1';
import { canonical } from '../../../apimachinery/codec/decode.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { podTemplateHash } from '../../../apimachinery/hash/template-hash.ts';
import { deepEqual, type Manifest } from '../../../apimachinery/object.ts';
import { controllerOf, newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../../apimachinery/status-error.ts';
import type { ControllerDeps } from '../../../client/controller.ts';
import { REVISION, revisionOf, withRevision, withSizes } from './annotations.ts';
import {
  byRevision,
  equalIgnoringHash,
  maxSurge,
  newReplicas,
  POD_TEMPLATE_HASH,
  replicasOf,
  type Rollout,
  type Scale,
} from './replica-sets.ts';
import { condition, conditionOf, progressDeadlineSeconds, withCondition } from './status.ts';

/** The new ReplicaSet as it was found, changed or made, and the Deployment with what it has to note of that: not written yet. */
export type Ready = Rollout & { readonly newRS: ReplicaSet };

export class DeploymentSync {
  private readonly deps: ControllerDeps;

  constructor(deps: ControllerDeps) {
    this.deps = deps;
  }

  /** Brings the new ReplicaSet's revision and annotations up to date where it exists. */
  async refreshNew(rollout: Rollout): Promise<Rollout> {
    const { deployment, newRS, oldRSs } = rollout;
    if (!newRS) return rollout;
    const annotations = withRevision(newRS.metadata.annotations, deployment, nextRevision(oldRSs));
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    let current = newRS;
    if (annotations !== newRS.metadata.annotations || (newRS.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      const metadata = { ...newRS.metadata, ...(annotations ? { annotations } : {}) };
      const { minReadySeconds: _, ...spec } = newRS.spec;
      const changed = { ...newRS, metadata, spec: { ...spec, ...(minReadySeconds ? { minReadySeconds } : {}) } };
      current = await this.deps.client.update('apps/v1/ReplicaSet', changed);
    }
    let noted = withDeploymentRevision(deployment, revisionOf(current));
    if (progressDeadlineSeconds(deployment) !== undefined && !conditionOf(deployment.status, 'Progressing'))
      noted = this.noting(noted, 'True', 'FoundNewReplicaSet', `Found new replica set ${quote(current.metadata.name)}`);
    return { deployment: noted, newRS: current, oldRSs };
  }

  /** Finds or makes the new ReplicaSet. */
  async ensureNew(rollout: Rollout): Promise<Ready> {
    return rollout.newRS ? ((await this.refreshNew(rollout)) as Ready) : this.createNew(rollout);
  }

  private async createNew(rollout: Rollout): Promise<Ready> {
    const { client, events } = this.deps;
    const { deployment, oldRSs } = rollout;
    const revision = nextRevision(oldRSs);
    const manifest = newReplicaSet(rollout, revision);
    const { name = '' } = manifest.metadata;
    let created: ReplicaSet;
    try {
      created = await client.create('apps/v1/ReplicaSet', manifest);
    } catch (error) {
      if (isAlreadyExists(error))
        return {
          ...rollout,
          newRS: await this.existing(deployment, name, error),
          deployment: withDeploymentRevision(deployment, revision),
        };
      if (!isNamespaceTerminating(error)) await this.tellFailure(deployment, name, error);
      throw error;
    }
    const replicas = replicasOf(created);
    if (replicas > 0) events.event(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${replicas}`);
    let noted = withDeploymentRevision(deployment, revision);
    if (progressDeadlineSeconds(deployment) !== undefined)
      noted = this.noting(noted, 'True', 'NewReplicaSetCreated', `Created new replica set ${quote(name)}`);
    return { deployment: noted, newRS: created, oldRSs };
  }

  /** The name is taken: by ourselves, unseen yet, or by another template with the same hash, which must be told apart. */
  private async existing(deployment: Deployment, name: string, cause: unknown): Promise<ReplicaSet> {
    const { client } = this.deps;
    const { namespace = '', uid } = deployment.metadata;
    const rs = await client.get('apps/v1/ReplicaSet', name, { namespace });
    if (controllerOf(rs)?.uid === uid && equalIgnoringHash(deployment.spec.template, rs.spec.template ?? {})) return rs;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client.updateStatus('apps/v1/Deployment', { ...deployment, status: { ...deployment.status, collisionCount } });
    throw cause;
  }

  private async tellFailure(deployment: Deployment, name: string, error: unknown): Promise<void> {
    const message = `Failed to create new replica set ${quote(name)}: ${(error as Error).message}`;
    if (progressDeadlineSeconds(deployment) !== undefined) {
      const noted = this.noting(deployment, 'False', 'ReplicaSetCreateError', message);
      if (noted !== deployment) await this.deps.client.updateStatus('apps/v1/Deployment', noted);
    }
    this.deps.events.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
  }

  private noting(deployment: Deployment, value: string, reason: string, message: string): Deployment {
    return withStatusCondition(deployment, condition('Progressing', value, reason, message, this.deps.clock.now()));
  }

  /** @returns whether any ReplicaSet was resized */
  async scaleAll(deployment: Deployment, scales: readonly Scale[]): Promise<boolean> {
    let scaled = false;
    for (const scale of scales) scaled = (await this.scale(deployment, scale)) || scaled;
    return scaled;
  }

  private async scale(deployment: Deployment, { replicaSet, replicas }: Scale): Promise<boolean> {
    const { client, events } = this.deps;
    const desired = replicasOf(deployment);
    const annotations = withSizes(replicaSet.metadata.annotations, desired, desired + maxSurge(deployment));
    const before = replicasOf(replicaSet);
    if (before === replicas && annotations === replicaSet.metadata.annotations) return false;
    const { metadata, spec } = replicaSet;
    await client.update('apps/v1/ReplicaSet', { ...replicaSet, metadata: { ...metadata, annotations }, spec: { ...spec, replicas } });
    if (before === replicas) return false;
    const direction = replicas > before ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${metadata.name} from ${before} to ${replicas}`;
    events.event(deployment, 'Normal', 'ScalingReplicaSet', message);
    return true;
  }

  /** Deletes the oldest of the ReplicaSets that are no longer needed, beyond revisionHistoryLimit. */
  async cleanUp(deployment: Deployment, oldRSs: readonly ReplicaSet[]): Promise<void> {
    for (const { metadata } of surplusHistory(deployment, oldRSs)) {
      const { name, namespace = '' } = metadata;
      try {
        await this.deps.client.delete('apps/v1/ReplicaSet', name, { namespace });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  /** Writes what was noted and the new status, in one, where anything changed. @param stored the Deployment as it was read */
  async writeStatus(stored: Deployment, noted: Deployment, status: DeploymentStatus): Promise<void> {
    const wanted = canonical('apps/v1.DeploymentStatus', status);
    if (stored.metadata === noted.metadata && deepEqual(stored.status ?? {}, wanted)) return;
    await this.deps.client.updateStatus('apps/v1/Deployment', { ...noted, status: wanted });
  }
}

export const withStatusCondition = (deployment: Deployment, next: DeploymentCondition): Deployment => {
  const conditions = deployment.status?.conditions ?? [];
  const changed = withCondition(conditions, next);
  return changed === conditions ? deployment : { ...deployment, status: { ...deployment.status, conditions: changed } };
};

const nextRevision = (oldRSs: readonly ReplicaSet[]): number => Math.max(0, ...oldRSs.map(revisionOf)) + 1;

function withDeploymentRevision(deployment: Deployment, revision: number): Deployment {
  const { metadata } = deployment;
  if (metadata.annotations?.[REVISION] === String(revision)) return deployment;
  return { ...deployment, metadata: { ...metadata, annotations: { ...metadata.annotations, [REVISION]: String(revision) } } };
}

/** The ReplicaSet that a Deployment's template asks for. Its name is a function of the template. */
export function newReplicaSet({ deployment, oldRSs }: Rollout, revision: number): Manifest<ReplicaSet> {
  const { spec, status, metadata } = deployment;
  const hash = podTemplateHash(spec.template, status?.collisionCount);
  const labels = { ...spec.template.metadata?.labels, [POD_TEMPLATE_HASH]: hash };
  const desired = replicasOf(deployment);
  const annotations = withSizes(withRevision(undefined, deployment, revision), desired, desired + maxSurge(deployment));
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ownerReferences: [newControllerRef(deployment)],
      labels,
      annotations,
    },
    spec: {
      replicas: newReplicas(deployment, oldRSs, 0),
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [POD_TEMPLATE_HASH]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}

/** Old ReplicaSets beyond revisionHistoryLimit that have no pods and need none. */
export function surplusHistory({ spec }: Deployment, oldRSs: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const alive = oldRSs.filter((rs) => !rs.metadata.deletionTimestamp).sort(byRevision);
  const surplus = alive.length - (spec.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  return alive
    .slice(0, surplus)
    .filter(
      ({ metadata, spec: { replicas }, status }) =>
        (status?.replicas ?? 0) === 0 && replicas === 0 && (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
