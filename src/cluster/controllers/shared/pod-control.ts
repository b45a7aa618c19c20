// Making and deleting pods on behalf of a controller's object, and telling so in events.
import type { Pod, PodTemplateSpec } from '#api/core/v1';
import type { OwnerReference } from '#api/meta/v1';
import type { KubernetesObject, Manifest } from '../../../apimachinery/object.ts';
import { isNamespaceTerminating, isNotFound } from '../../../apimachinery/status-error.ts';
import type { Client } from '../../../client/client.ts';
import type { EventRecorder } from '../../../client/event-recorder.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';

type Parent = { readonly apiVersion: string; readonly kind: string; readonly metadata: KubernetesObject['metadata'] };

export interface PodControl {
  readonly client: Client;
  readonly events: EventRecorder;
}

/** A pod as the template has it, with a name to be generated from the parent's. */
export function podFromTemplate(template: PodTemplateSpec, parent: Parent, controllerRef: OwnerReference): Manifest<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  // a dash where the name can bear one
  const dashed = `${parent.metadata.name}-`;
  const generateName = nameIsDNSSubdomain(dashed, true).length ? parent.metadata.name : dashed;
  const metadata = {
    generateName,
    ...(parent.metadata.namespace === undefined ? {} : { namespace: parent.metadata.namespace }),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ...(finalizers ? { finalizers } : {}),
    ownerReferences: [controllerRef],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec! };
}

/** Throws what the API server refuses with, after telling it in an event. */
export async function createPod({ client, events }: PodControl, pod: Manifest<Pod>, parent: Parent): Promise<Pod> {
  if (Object.keys(pod.metadata.labels ?? {}).length === 0) throw new Error('unable to create pods, no labels');
  try {
    const created = await client.create('v1/Pod', pod);
    events.event(parent, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
    return created;
  } catch (error) {
    // in a namespace that is going nothing can be made, and nobody needs to be told
    if (!isNamespaceTerminating(error)) events.event(parent, 'Warning', 'FailedCreate', `Error creating: ${(error as Error).message}`);
    throw error;
  }
}

export async function deletePod({ client, events }: PodControl, pod: Pod, parent: Parent): Promise<void> {
  const { name, namespace } = pod.metadata;
  try {
    await client.delete('v1/Pod', name, namespace === undefined ? {} : { namespace });
    events.event(parent, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) throw error;
    events.event(parent, 'Warning', 'FailedDelete', `Error deleting: ${(error as Error).message}`);
    throw new Error(`unable to delete pods: ${(error as Error).message}`, { cause: error });
  }
}

/** One, then twice as many as before, as long as all succeed: a controller that cannot create anything learns it from one request. */
export async function slowStart(
  count: number,
  create: () => Promise<unknown>,
): Promise<{ readonly succeeded: number; readonly error: unknown }> {
  let succeeded = 0;
  for (let batch = Math.min(count, 1); batch > 0; batch = Math.min(2 * batch, count - succeeded)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, create));
    succeeded += results.filter((r) => r.status === 'fulfilled').length;
    const failed = results.find((r) => r.status === 'rejected');
    if (failed) return { succeeded, error: failed.reason as unknown };
  }
  return { succeeded, error: undefined };
}
