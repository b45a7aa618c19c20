// The pods of a StatefulSet: which ordinal each has, how it is named, what it is made of, and how it stands. Pure.
// Follows stateful_set_utils.go of kube-controller-manager.
import type { StatefulSet } from '#api/apps/v1';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from '#api/core/v1';
import { isPodAvailable, isPodReady } from '../../../apimachinery/core/pod.ts';
import type { Manifest } from '../../../apimachinery/object.ts';
import { newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { REVISION_HASH } from '../shared/revisions.ts';

const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

export const replicasOf = ({ spec }: StatefulSet): number => spec.replicas ?? 1;
export const startOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;
export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[REVISION_HASH] ?? '';

/** -1 for a name that is not that of one of the set's pods. */
export function ordinalOf({ metadata }: StatefulSet, pod: { readonly metadata: { readonly name?: string } }): number {
  const { name = '' } = pod.metadata;
  const prefix = `${metadata.name}-`;
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^\d+$/.test(rest) ? Number(rest) : -1;
}

export const podName = ({ metadata }: StatefulSet, ordinal: number): string => `${metadata.name}-${ordinal}`;

export function inRange(set: StatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set);
  return ordinal >= start && ordinal < start + replicasOf(set);
}

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);
export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
export const isHealthy = (pod: Pod): boolean => isRunningAndReady(pod) && !isTerminating(pod);

export const isRunningAndAvailable = (pod: Pod, minReadySeconds: number, now: number): boolean =>
  pod.status?.phase === 'Running' && isPodAvailable(pod, minReadySeconds, now);

export function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** The claims that a pod is to have, from the set's templates. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly Manifest<PersistentVolumeClaim>[] {
  const { namespace = '' } = set.metadata;
  return (set.spec.volumeClaimTemplates ?? []).map((template) => {
    const { labels, annotations, finalizers } = template.metadata;
    const metadata = {
      name: claimName(set, template, ordinal),
      namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
    };
    return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: template.spec };
  });
}

/** Volumes of the pod with those of its claims in place of what bears their names. */
function withClaims(set: StatefulSet, volumes: readonly Volume[], ordinal: number): readonly Volume[] {
  const templates = set.spec.volumeClaimTemplates ?? [];
  const names = new Set(templates.map((t) => t.metadata.name));
  const claims = templates.map((t) => ({ name: t.metadata.name, persistentVolumeClaim: { claimName: claimName(set, t, ordinal) } }));
  return [...claims, ...volumes.filter((v) => !names.has(v.name))];
}

export function newPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Manifest<Pod> {
  const name = podName(set, ordinal);
  const pod = podFromTemplate(template, set, newControllerRef(set));
  const labels = { ...pod.metadata.labels, [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION_HASH]: revision };
  const volumes = withClaims(set, pod.spec.volumes ?? [], ordinal);
  const spec = {
    ...pod.spec,
    hostname: name,
    ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
  };
  return { ...pod, metadata: { ...pod.metadata, name, labels }, spec };
}

/** Labels that tell who the pod is. */
export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(set, pod);
  return ordinal >= 0 && pod.metadata.labels?.[POD_NAME] === pod.metadata.name && pod.metadata.labels[POD_INDEX] === String(ordinal);
}

/** The pod with the labels that tell who it is. */
export function withIdentity(set: StatefulSet, pod: Pod): Pod {
  const labels = { ...pod.metadata.labels, [POD_NAME]: pod.metadata.name, [POD_INDEX]: String(ordinalOf(set, pod)) };
  return { ...pod, metadata: { ...pod.metadata, labels } };
}
