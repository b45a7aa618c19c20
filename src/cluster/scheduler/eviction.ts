// Taking a pod away so that another of higher priority has its place: marked as disrupted, deleted with grace, and told.
import type { Pod } from '#api/core/v1';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import type { ControllerDeps } from '../../client/controller.ts';
import { objectKey } from '../../client/informer.ts';
import { PREEMPTED } from './preemption.ts';

/** Resolves to whether the pod is on its way out: asked for, or gone already. */
export async function evict(deps: ControllerDeps, scheduler: string, preemptor: Pod, victim: Pod, nodeName: string): Promise<boolean> {
  const { client, events, clock } = deps;
  const { name, namespace = '', uid, generation } = victim.metadata;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: PREEMPTED,
    message: `${scheduler}: preempting to accommodate a higher priority pod`,
    ...(generation ? { observedGeneration: generation } : {}),
    lastTransitionTime: formatTime(clock.now()),
  };
  try {
    const patch = { metadata: { uid }, status: { conditions: [condition] } };
    await client.patch('v1/Pod', name, patch, { type: 'strategic', namespace, subresource: 'status' });
    await client.delete('v1/Pod', name, { namespace, preconditions: { uid } });
    const message = `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`;
    const { metadata } = preemptor;
    const related = { kind: 'Pod', apiVersion: 'v1', name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid };
    events.event(victim, 'Normal', 'Preempted', message, { action: 'Preempting', related });
  } catch (error) {
    // it is gone, or another of its name is there: the place is free
    if (isNotFound(error) || isConflict(error)) return true;
    deps.onError?.(scheduler, objectKey(victim), error);
    return false;
  }
  return true;
}
