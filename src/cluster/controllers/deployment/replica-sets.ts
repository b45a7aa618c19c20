// Which of a Deployment's ReplicaSets is the new one, how many pods they have between them, and how many there may be at all. Pure.
// Follows pkg/controller/deployment/util of kube-controller-manager.
import type { Deployment, ReplicaSet } from '#api/apps/v1';
import type { PodTemplateSpec } from '#api/core/v1';
import { scaledValue } from '../../../apimachinery/int-or-string.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import { revisionOf } from './annotations.ts';

export const POD_TEMPLATE_HASH = 'pod-template-hash';

/** A Deployment with its ReplicaSets, told apart. */
export interface Rollout {
  readonly deployment: Deployment;
  /** The one that has the Deployment's template; undefined where it is still to be made. */
  readonly newRS: ReplicaSet | undefined;
  /** Oldest first. */
  readonly oldRSs: readonly ReplicaSet[];
}

/** A ReplicaSet is to have so many replicas. */
export interface Scale {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

export const replicasOf = (owner: Deployment | ReplicaSet): number => owner.spec.replicas ?? 1;
export const isActive = (rs: ReplicaSet): boolean => replicasOf(rs) > 0;
export const allOf = ({ newRS, oldRSs }: Rollout): readonly ReplicaSet[] => (newRS ? [...oldRSs, newRS] : oldRSs);

export const sumOf = (sets: readonly ReplicaSet[], count: (rs: ReplicaSet) => number | undefined): number =>
  sets.reduce((sum, rs) => sum + (count(rs) ?? 0), 0);
export const wantedReplicas = (sets: readonly ReplicaSet[]): number => sumOf(sets, replicasOf);
export const actualReplicas = (sets: readonly ReplicaSet[]): number => sumOf(sets, (rs) => rs.status?.replicas);
export const availableReplicas = (sets: readonly ReplicaSet[]): number => sumOf(sets, (rs) => rs.status?.availableReplicas);

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const difference = timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp);
  return difference || (a.metadata.name < b.metadata.name ? -1 : 1);
}

export const byRevision = (a: ReplicaSet, b: ReplicaSet): number => revisionOf(a) - revisionOf(b) || byAge(a, b);

/** Whether two templates are the same but for the hash that the controller adds. */
export function equalIgnoringHash(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  if (!deepEqual(a.spec, b.spec)) return false;
  return deepEqual(withoutHash(a), withoutHash(b));
}

function withoutHash({ metadata }: PodTemplateSpec): unknown {
  const { labels, ...others } = metadata ?? {};
  const { [POD_TEMPLATE_HASH]: __, ...kept } = labels ?? {};
  return { ...others, labels: kept };
}

/** The oldest ReplicaSet with the Deployment's template is the new one: several can only be by accident. */
export function rolloutOf(deployment: Deployment, sets: readonly ReplicaSet[]): Rollout {
  const sorted = [...sets].sort(byAge);
  const newRS = sorted.find((rs) => equalIgnoringHash(rs.spec.template ?? {}, deployment.spec.template));
  return { deployment, newRS, oldRSs: sorted.filter((rs) => rs !== newRS) };
}

export const isRollingUpdate = ({ spec }: Deployment): boolean => (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

const MAX_SURGE = '25%';
const MAX_UNAVAILABLE = '25%';

/** How many pods there may be too many, and how many too few. Never neither: nothing could be done. */
export function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const replicas = replicasOf(deployment);
  const { maxSurge = MAX_SURGE, maxUnavailable = MAX_UNAVAILABLE } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, replicas, true);
  const unavailable = scaledValue(maxUnavailable, replicas, false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export const maxSurge = (deployment: Deployment): number => (isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0);

export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  return !isRollingUpdate(deployment) || replicas === 0 ? 0 : Math.min(fenceposts(deployment).unavailable, replicas);
}

/** How many replicas the new ReplicaSet may have now. @param current what it has */
export function newReplicas(deployment: Deployment, sets: readonly ReplicaSet[], current: number): number {
  const replicas = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return replicas;
  const room = replicas + fenceposts(deployment).surge - wantedReplicas(sets);
  return room <= 0 ? current : current + Math.min(room, replicas - current);
}
