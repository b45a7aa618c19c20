// Kinds that keep pods running. The order of the questions and the wording are those of `kubectl rollout status`.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#api/apps/v1';
import type { ReplicationController } from '#api/core/v1';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { conditionText, findCondition, type Condition } from './conditions.ts';
import { degraded, healthy, progressing, suspended, type Health } from './verdict.ts';

const NOT_OBSERVED = 'waiting for the change to be observed';

export function deploymentHealth({ metadata, spec, status = {} }: Deployment): Health {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions } = status;
  if (spec.paused) return suspended('the rollout is paused');
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0)) return progressing(NOT_OBSERVED);
  if (findCondition(conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded') return degraded('exceeded its progress deadline');
  const desired = spec.replicas ?? 1;
  const failure = findCondition(conditions, 'ReplicaFailure');
  const why = failure?.status === 'True' ? `: ${conditionText(failure)}` : '';
  if (updatedReplicas < desired) return progressing(`${updatedReplicas} out of ${desired} new replicas have been updated${why}`);
  if (replicas > updatedReplicas) return progressing(`${replicas - updatedReplicas} old replicas are pending termination`);
  if (availableReplicas < updatedReplicas) return progressing(`${availableReplicas} of ${updatedReplicas} updated replicas are available`);
  return healthy();
}

export function statefulSetHealth({ metadata, spec, status }: StatefulSet): Health {
  const { observedGeneration = 0, readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status ?? { replicas: 0 };
  if (observedGeneration === 0 || (metadata.generation ?? 0) > observedGeneration) return progressing(NOT_OBSERVED);
  const desired = spec.replicas ?? 1;
  if (readyReplicas < desired) return progressing(`waiting for ${desired - readyReplicas} pods to be ready`);
  if (spec.updateStrategy?.type === 'OnDelete') return healthy();
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    const expected = Math.max(desired - partition, 0);
    return updatedReplicas < expected
      ? progressing(`${updatedReplicas} out of ${expected} new pods have been updated`)
      : healthy(`${updatedReplicas} new pods have been updated; the partition keeps the rest`);
  }
  if (updateRevision !== currentRevision) return progressing(`${updatedReplicas} pods at revision ${updateRevision}`);
  return healthy();
}

export function daemonSetHealth({ metadata, spec, status }: DaemonSet): Health {
  const { observedGeneration = 0, desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  if ((metadata.generation ?? 0) > observedGeneration) return progressing(NOT_OBSERVED);
  if (spec.updateStrategy?.type === 'OnDelete') return healthy();
  if (updatedNumberScheduled < desiredNumberScheduled)
    return progressing(`${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated`);
  if (numberAvailable < desiredNumberScheduled)
    return progressing(`${numberAvailable} of ${desiredNumberScheduled} updated pods are available`);
  return healthy();
}

export function replicaSetHealth({ metadata, spec, status }: ReplicaSet): Health {
  const { observedGeneration = 0, availableReplicas = 0, conditions } = status ?? { replicas: 0 };
  return replicasHealth(metadata.generation ?? 0, observedGeneration, spec.replicas ?? 1, availableReplicas, conditions);
}

export function replicationControllerHealth({ metadata, spec, status }: ReplicationController): Health {
  const { observedGeneration = 0, availableReplicas = 0, conditions } = status ?? { replicas: 0 };
  return replicasHealth(metadata.generation ?? 0, observedGeneration, spec.replicas ?? 1, availableReplicas, conditions);
}

function replicasHealth(
  generation: number,
  observed: number,
  desired: number,
  available: number,
  conditions: readonly Condition[] | undefined,
): Health {
  if (generation > observed) return progressing(NOT_OBSERVED);
  const failure = findCondition(conditions, 'ReplicaFailure');
  if (failure?.status === 'True') return degraded(conditionText(failure));
  if (available < desired) return progressing(`${available} of ${desired} replicas are available`);
  return healthy();
}

/** Without metrics an autoscaler does nothing, which is no fault of the workload's: Argo CD waits for it, people do not want to. */
export function autoscalerHealth({ status }: HorizontalPodAutoscaler): Health {
  for (const condition of status?.conditions ?? []) {
    const { type, status: value, reason = '' } = condition;
    if (type === 'AbleToScale' && value === 'False' && ['FailedGetScale', 'FailedUpdateScale'].includes(reason))
      return degraded(conditionText(condition));
    if (type === 'ScalingActive' && value === 'False' && reason === 'InvalidSelector') return degraded(conditionText(condition));
  }
  return healthy();
}

export function disruptionBudgetHealth({ status }: PodDisruptionBudget): Health {
  const conditions = status?.conditions ?? [];
  const failed = conditions.find((condition) => condition.status === 'False' && condition.reason !== 'InsufficientPods');
  if (failed) return degraded(conditionText(failed));
  return conditions.length > 0 ? healthy() : progressing('waiting for its status');
}
