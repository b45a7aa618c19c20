// Binding: a pod is given its node, once and for all. Follows BindingREST of pkg/registry/core/pod/storage.
import type { Binding, Pod, PodCondition } from '#api/core/v1';
import type { ResourceResponse } from '../../../apimachinery/api-request.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { JsonObject, KubernetesObject, ShallowMutable } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { badRequest, conflict, notFoundError, statusError, type StatusError } from '../../../apimachinery/status-error.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import { fieldErrorText, notSupported, Path, required } from '../../../apimachinery/validation/field-error.ts';
import { RequestContext } from '../generic/context.ts';
import type { Draft, Strategy, SubresourceServer } from '../generic/resource-definition.ts';

const bindingStrategy: Strategy = { allowUnconditionalUpdate: true };

const SUCCESS: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** POST to `pods/binding`. */
export async function serveBinding(context: RequestContext, server: SubresourceServer): Promise<ResourceResponse> {
  const binding = server.decodeBody(context, structType('core/v1.Binding')) as unknown as Binding;
  if ((binding.metadata?.name ?? '') !== context.request.name) throw badRequest('name in URL does not match name in Binding object');
  const admitted = { ...binding, metadata: { ...binding.metadata } };
  await server.admitCreate(context, admitted as unknown as Draft);
  await bind(context, admitted, server);
  return { is: 'object', code: 201, object: SUCCESS, warnings: context.warnings };
}

/** POST to `bindings`, the older way. */
export async function reviewBinding(object: Draft, context: RequestContext, server: SubresourceServer): Promise<JsonObject> {
  await server.admitCreate(context, object);
  const binding = object as unknown as Binding;
  const served = server.catalog.find('', 'v1', 'pods');
  if (!served) throw new Error('the server has no pods');
  const request = { ...context.request, resource: 'pods', subresource: 'binding', name: binding.metadata?.name ?? '' };
  await bind(new RequestContext(request, served, context.now), binding, server);
  return SUCCESS;
}

async function bind(context: RequestContext, binding: Binding, server: SubresourceServer): Promise<void> {
  checkTarget(binding);
  const { name } = context.request;
  await server.update(context, {
    strategy: bindingStrategy,
    change: (old) => {
      if (!old) throw notFoundError({ group: '', resource: 'pods' }, name);
      return bound(old, binding, context.now);
    },
  });
}

/** Kubernetes answers a binding that is not valid as if the server were at fault. */
function checkTarget({ target }: Binding): void {
  const errors = [];
  const { kind = '', name = '' } = target ?? {};
  if (kind && kind !== 'Node') errors.push(notSupported(Path.of('target', 'kind'), kind, ['Node', '<empty>']));
  if (!name) errors.push(required(Path.of('target', 'name')));
  const texts = errors.map(fieldErrorText);
  if (texts.length) throw statusError({ code: 500, reason: '', message: texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]` });
}

function bound(object: KubernetesObject, binding: Binding, now: number): Draft {
  const pod = object as unknown as Pod & { readonly metadata: KubernetesObject['metadata'] };
  const { name, uid, resourceVersion } = object.metadata;
  const refuse = (why: string): StatusError => conflict({ group: '', resource: 'pods/binding' }, name, why);
  const expected = binding.metadata ?? {};
  if (expected.uid && expected.uid !== uid)
    throw refuse(`Precondition failed: UID in precondition: ${expected.uid}, UID in object meta: ${uid}`);
  if (expected.resourceVersion && expected.resourceVersion !== resourceVersion)
    throw refuse(
      `Precondition failed: ResourceVersion in precondition: ${expected.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${quote(pod.spec.nodeName)}`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const metadata: ShallowMutable<KubernetesObject['metadata']> = { ...object.metadata };
  const annotations = { ...metadata.annotations, ...expected.annotations };
  if (Object.keys(annotations).length) metadata.annotations = annotations;
  // labels of the node, for the pod to see; what the pod says itself goes before
  const labels = { ...expected.labels, ...metadata.labels };
  if (Object.keys(labels).length) metadata.labels = labels;
  // where it was to go is where it is
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  return {
    ...object,
    metadata,
    spec: { ...pod.spec, nodeName: binding.target.name! },
    status: { ...status, conditions: withCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'True' }, now) },
  };
}

/** Conditions with this one in its place; it keeps its time unless its status changes. */
export function withCondition(conditions: readonly PodCondition[] = [], condition: PodCondition, now: number): PodCondition[] {
  const before = conditions.find((c) => c.type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : formatTime(now);
  const { type, status, ...rest } = condition;
  const added = { type, status, lastProbeTime: null as unknown as string, ...(lastTransitionTime ? { lastTransitionTime } : {}), ...rest };
  return before ? conditions.map((c) => (c === before ? added : c)) : [...conditions, added];
}
