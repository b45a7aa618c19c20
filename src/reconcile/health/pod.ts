// A pod of its own, by its phase and by what its containers wait for. Follows Argo CD's rule for pods.
import type { ContainerStatus, Pod } from '#api/core/v1';
import { isPodReady } from '../../apimachinery/core/pod.ts';
import { conditionText, findCondition } from './conditions.ts';
import { degraded, healthy, progressing, suspended, type Health } from './verdict.ts';

/** Reasons for which a container waits that do not go away by themselves. */
const STUCK = /^(?:Err|.*Error$|.*BackOff$|InvalidImageName$)/;

export function podHealth(pod: Pod): Health {
  const { spec, status = {} } = pod;
  const stuck = stuckContainer(pod);
  switch (status.phase ?? 'Pending') {
    case 'Succeeded':
      return healthy(status.message ?? '');
    case 'Failed':
      return degraded(status.message || failure(pod) || status.reason || 'the pod failed');
    case 'Running':
      // a task that is not restarted is done when it ends
      if ((spec.restartPolicy ?? 'Always') !== 'Always') return progressing(status.message ?? 'running');
      if (isPodReady(pod)) return healthy(status.message ?? '');
      return stuck ? degraded(waiting(stuck)) : progressing(notReady(pod));
    case 'Pending': {
      if (spec.schedulingGates?.length) return suspended('its scheduling gates keep it back');
      if (stuck) return degraded(waiting(stuck));
      const scheduled = findCondition(status.conditions, 'PodScheduled');
      return progressing(scheduled?.status === 'False' ? conditionText(scheduled) : notReady(pod));
    }
    default:
      return { status: 'Unknown', message: status.message ?? '' };
  }
}

const containers = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

export const stuckContainer = (pod: Pod): ContainerStatus | undefined =>
  containers(pod).find(({ state }) => STUCK.test(state?.waiting?.reason ?? ''));

/** Why a container does not run. */
export const waiting = ({ name, state }: ContainerStatus): string =>
  `container ${name}: ${[state?.waiting?.reason, state?.waiting?.message].filter(Boolean).join(': ')}`;

function failure(pod: Pod): string {
  const failed = containers(pod).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0)?.state?.terminated;
  return failed
    ? failed.message || (failed.reason === 'OOMKilled' ? failed.reason : `container failed with exit code ${failed.exitCode}`)
    : '';
}

function notReady(pod: Pod): string {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  return ready?.message ?? 'waiting for its containers';
}
