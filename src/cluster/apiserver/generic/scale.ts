// The scale subresource: an object's number of replicas, in a form that is the same for all kinds that have one. Who sets it through
// here owns the field of the object itself. Follows the ScaleREST of the kinds' registries.
import type { Scale } from '#api/autoscaling/v1';
import { fromScale, toScale, type ReplicasPaths } from '../../../apimachinery/apply/scale-handler.ts';
import { fieldPath } from '../../../apimachinery/apply/path-element.ts';
import { groupVersion, type JsonObject, type KubernetesObject, type ShallowMutable } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { conflict, invalidError, notFoundError } from '../../../apimachinery/status-error.ts';
import { invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import { nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';
import type { Served } from './catalog.ts';
import type { RequestContext } from './context.ts';
import { qualified } from './object-store.ts';
import type { Draft, SubresourceDefinition, SubresourceServer } from './resource-definition.ts';

const REPLICAS = fieldPath('spec', 'replicas');

/** What is read and written here, as if it were a resource of its own. */
export const SCALE: Served = {
  definition: {
    group: 'autoscaling',
    resource: 'scale',
    singular: 'scale',
    kind: 'Scale',
    listKind: 'ScaleList',
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: ['get', 'update', 'patch'],
    versions: [{ version: 'v1', kind: 'Scale', type: structType('autoscaling/v1.Scale') }],
    storageVersion: 'v1',
    storagePath: '',
    strategy: {},
    subresources: {},
  },
  version: { version: 'v1', kind: 'Scale', type: structType('autoscaling/v1.Scale') },
};

/** @param selectorOf the selector of the object's pods, as text */
export const scaleSubresource = (selectorOf: (object: KubernetesObject) => string): Pick<SubresourceDefinition, 'serve'> =>
  servedScale(
    (object) => scaleOf(object, selectorOf),
    (context, server) => rescaled(context, server, selectorOf),
  );

/**
 * A Scale is answered of the object as it is, or as a write of the Scale has left it.
 * @param rescaled makes the write
 */
export function servedScale(
  scaleOf: (object: KubernetesObject) => JsonObject,
  rescaled: (context: RequestContext, server: SubresourceServer) => Promise<KubernetesObject>,
): Pick<SubresourceDefinition, 'serve'> {
  return {
    async serve(context, server) {
      const { namespace, name, verb } = context.request;
      const object =
        verb === 'get' ? (await server.objects(context.served.definition).get(namespace, name)).value : await rescaled(context, server);
      return { is: 'object', code: 200, object: scaleOf(object), warnings: context.warnings };
    },
  };
}

type Counted = { readonly spec?: { readonly replicas?: number }; readonly status?: { readonly replicas?: number } };

function scaleOf(object: KubernetesObject, selectorOf: (object: KubernetesObject) => string): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { spec, status } = object as Counted;
  const selector = selectorOf(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector ? { selector } : {}) },
  };
}

async function rescaled(
  context: RequestContext,
  server: SubresourceServer,
  selectorOf: (object: KubernetesObject) => string,
): Promise<KubernetesObject> {
  const { definition, version } = context.served;
  const { name } = context.request;
  const apiVersion = groupVersion({ group: definition.group, version: version.version });
  const paths: ReplicasPaths = new Map([[apiVersion, REPLICAS]]);
  const change = server.viewChange(context, SCALE);
  const { object } = await server.update(context, {
    strategy: definition.strategy,
    change: (old) => {
      if (!old) throw notFoundError(qualified(definition), name);
      const before = scaleOf(old, selectorOf);
      const managedFields = toScale(old.metadata.managedFields, paths);
      const shown = { ...before, metadata: { ...(before['metadata'] as object), ...(managedFields ? { managedFields } : {}) } };
      const scale = change(shown as unknown as KubernetesObject);
      checkScale(scale, old, context);
      const metadata: ShallowMutable<KubernetesObject['metadata']> = { ...old.metadata };
      metadata.resourceVersion = scale.metadata.resourceVersion ?? '';
      const owners = fromScale(old.metadata.managedFields, scale.metadata.managedFields, apiVersion, paths);
      if (owners) metadata.managedFields = owners;
      else delete metadata.managedFields;
      const replicas = (scale as unknown as Scale).spec?.replicas ?? 0;
      return { ...old, metadata, spec: { ...(old['spec'] as object), replicas } };
    },
  });
  return object;
}

/** @param nonNegative whether the number itself is checked here */
export function checkScale(scale: Draft, old: KubernetesObject, context: RequestContext, nonNegative = true): void {
  const { uid, name = '' } = scale.metadata;
  if (uid && uid !== old.metadata.uid)
    throw conflict(
      qualified(context.served.definition),
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  const errors = validateObjectMeta(scale.metadata, true, nameIsDNSSubdomain, Path.of('metadata'));
  const replicas = (scale as unknown as Scale).spec?.replicas ?? 0;
  if (nonNegative && replicas < 0) errors.push(invalid(Path.of('spec', 'replicas'), replicas, 'must be greater than or equal to 0'));
  if (errors.length) throw invalidError({ group: 'autoscaling', kind: 'Scale' }, name, errors);
}
