// The APIServices that stand for the API groups which the server has itself: discovery shows groups in the order of their priorities.
// Facts of pkg/controlplane/apiserver's defaultGenericAPIServicePriorities and defaultAPIServicePriorities.
import type { APIService } from '#api/apiregistration/v1';
import type { Manifest } from '../../../apimachinery/object.ts';
import { formatTime } from '../../../apimachinery/time.ts';

/** Version, group, groupPriorityMinimum, versionPriority. */
const PRIORITIES: readonly (readonly [version: string, group: string, groupPriority: number, versionPriority: number])[] = [
  ['v1', '', 18000, 1],
  ['v1', 'admissionregistration.k8s.io', 16700, 15],
  ['v1', 'apiextensions.k8s.io', 16700, 15],
  ['v1', 'apps', 17800, 15],
  ['v1', 'authentication.k8s.io', 17700, 15],
  ['v1', 'authorization.k8s.io', 17600, 15],
  ['v1', 'autoscaling', 17500, 15],
  ['v1', 'batch', 17400, 15],
  ['v1', 'certificates.k8s.io', 17300, 15],
  ['v1', 'coordination.k8s.io', 16500, 15],
  ['v1', 'discovery.k8s.io', 16200, 15],
  ['v1', 'events.k8s.io', 17750, 15],
  ['v1', 'flowcontrol.apiserver.k8s.io', 16100, 21],
  ['v1', 'networking.k8s.io', 17200, 15],
  ['v1', 'node.k8s.io', 16300, 15],
  ['v1', 'policy', 17100, 15],
  ['v1', 'rbac.authorization.k8s.io', 17000, 15],
  ['v1', 'resource.k8s.io', 16200, 21],
  ['v1', 'scheduling.k8s.io', 16600, 15],
  ['v1', 'storage.k8s.io', 16800, 15],
  ['v2', 'autoscaling', 17500, 30],
];

/** @param now milliseconds since 1970 */
export function apiServices(now: number): Manifest<APIService>[] {
  return PRIORITIES.map(([version, group, groupPriorityMinimum, versionPriority]) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
    spec: { ...(group ? { group } : {}), version, groupPriorityMinimum, versionPriority },
    status: localStatus(now),
  }));
}

/** What this server answers for itself can be asked at once. */
export const localStatus = (now: number): APIService['status'] => ({
  conditions: [
    {
      type: 'Available',
      status: 'True',
      lastTransitionTime: formatTime(now),
      reason: 'Local',
      message: 'Local APIServices are always available',
    },
  ],
});
