// What is said of a pod by its status: whether it is ready, available, active, and how often it has restarted.
import type { Pod, PodCondition } from '#api/core/v1';
import { timeMs } from '../time.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((c) => c.type === type);
}

export const isPodReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';

/** Ready for at least so many seconds. @param now milliseconds since 1970 */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return false;
  if (minReadySeconds === 0) return true;
  return ready.lastTransitionTime !== undefined && timeMs(ready.lastTransitionTime) + minReadySeconds * 1000 <= now;
}

/** It has ended, well or not. */
export const isPodTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Neither ended nor being deleted. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp;

/** Being deleted, and not ended yet. */
export const isPodTerminating = (pod: Pod): boolean => !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;

/** The largest number of restarts of its containers; sidecars told apart. */
export function maxContainerRestarts(pod: Pod): { readonly regular: number; readonly sidecar: number } {
  let regular = 0;
  for (const { restartCount } of pod.status?.containerStatuses ?? []) regular = Math.max(regular, restartCount);
  const sidecars = new Set((pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  let sidecar = 0;
  for (const { name, restartCount } of pod.status?.initContainerStatuses ?? [])
    if (sidecars.has(name)) sidecar = Math.max(sidecar, restartCount);
  return { regular, sidecar };
}
