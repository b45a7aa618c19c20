// What makes pods different from other resources on their way to a node and from it: the binding subresource, which gives a pod its node
// once and for all, and the grace with which pods are deleted. Follows the registry of pods of kube-apiserver.
import type { Binding, Pod } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { conflict, notFoundError } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { RequestContext } from '../generic/context.ts';
import type { Draft, Strategy, SubresourceServer } from '../generic/resource-definition.ts';

const DEFAULT_GRACE_SECONDS = 30;

const bindingStrategy: Strategy = { allowUnconditionalUpdate: true };

export async function bindPod(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const binding = server.decodeBody(context, structType('core/v1.Binding')) as unknown as Binding;
  const { name } = context.request;
  await server.update(context, {
    strategy: bindingStrategy,
    change: (old) => {
      if (!old) throw notFoundError({ group: '', resource: 'pods' }, name);
      return bound(old as unknown as Pod, binding, context.now);
    },
  });
  const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { is: 'object', code: 201, object, warnings: context.warnings };
}

function bound(pod: Pod, binding: Binding, now: number): Draft {
  const { name } = pod.metadata;
  const refuse = (why: string): Error => conflict({ group: '', resource: 'pods/binding' }, name, why);
  if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid)
    throw refuse(`Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`);
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const others = (pod.status?.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: formatTime(now) };
  // where it was to go is where it is
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  const annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
  return {
    ...(pod as unknown as KubernetesObject),
    metadata: { ...pod.metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: { ...pod.spec, nodeName: binding.target.name },
    status: { ...status, conditions: [...others, scheduled] },
  };
}

/** Pods that no kubelet knows of, or that have ended, go at once. */
export function podGracePeriod(object: KubernetesObject, requested: number | undefined): number {
  const { spec, status } = object as unknown as Pod;
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return seconds < 0 ? 1 : seconds;
}
