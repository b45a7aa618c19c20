// The scale subresource of custom resources: their number of replicas lies where their definition says. Follows
// pkg/registry/customresource/etcd.go of apiextensions-apiserver.
import type { CustomResourceSubresourceScale } from '#api/apiextensions/v1';
import type { Scale } from '#api/autoscaling/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { internalServerError, notFoundError, statusError } from '../../../apimachinery/status-error.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { RequestContext } from '../generic/context.ts';
import { qualified } from '../generic/object-store.ts';
import type { Draft, SubresourceDefinition, SubresourceServer } from '../generic/resource-definition.ts';
import { checkScale, SCALE, servedScale } from '../generic/scale.ts';
import { simplePath, valueAt } from './json-path.ts';

const MAX_INT32 = 2 ** 31 - 1;

export const customScale = (paths: CustomResourceSubresourceScale): Pick<SubresourceDefinition, 'serve'> =>
  servedScale(
    (object) => scaleOf(object, paths, true),
    (context, server) => rescaled(context, server, paths),
  );

function count(object: KubernetesObject, path: string): number | undefined {
  const value = valueAt(object, simplePath(path));
  return typeof value === 'number' ? value : undefined;
}

/** @param must there is no answer about an object that says nothing of replicas */
function scaleOf(object: KubernetesObject, paths: CustomResourceSubresourceScale, must: boolean): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = count(object, paths.specReplicasPath);
  if (replicas === undefined && must) throw missing(paths.specReplicasPath);
  const selector = paths.labelSelectorPath ? valueAt(object, simplePath(paths.labelSelectorPath)) : undefined;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion, creationTimestamp },
    spec: replicas ? { replicas } : {},
    status: { replicas: count(object, paths.statusReplicasPath) ?? 0, ...(typeof selector === 'string' && selector ? { selector } : {}) },
  };
}

const missing = (path: string): ReturnType<typeof internalServerError> =>
  internalServerError(`the spec replicas field ${quote(path)} does not exist`);

async function rescaled(
  context: RequestContext,
  server: SubresourceServer,
  paths: CustomResourceSubresourceScale,
): Promise<KubernetesObject> {
  const { definition } = context.served;
  const { name, body } = context.request;
  // the real server cannot convert a Scale to a version of the custom resource, so it cannot apply either
  if (body?.patchType === 'apply')
    throw statusError({
      code: 500,
      reason: '',
      message:
        'failed to create manager for existing fields: failed to convert live object (/; autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an invalid group/version: autoscaling/v1',
    });
  const change = server.viewChange(context, SCALE);
  const { object } = await server.update(context, {
    strategy: definition.strategy,
    change: (old) => {
      if (!old) throw notFoundError(qualified(definition), name);
      const scale = change(scaleOf(old, paths, false) as unknown as KubernetesObject);
      checkScale(scale, old, context, false);
      const replicas = (scale as unknown as Scale).spec?.replicas ?? 0;
      const metadata = { ...old.metadata, resourceVersion: scale.metadata.resourceVersion || old.metadata.resourceVersion };
      return withValue({ ...old, metadata } as Draft, simplePath(paths.specReplicasPath), replicas) as Draft;
    },
  });
  return object;
}

function withValue(object: JsonObject, [name, ...rest]: readonly string[], value: unknown): JsonObject {
  if (name === undefined) return object;
  const inner = isObject(object[name]) ? object[name] : {};
  return { ...object, [name]: rest.length ? withValue(inner, rest, value) : value };
}

/** Of the whole object: what the paths lead to must be numbers of replicas, and a selector a text. */
export function validateScaleFields(
  object: KubernetesObject,
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: CustomResourceSubresourceScale,
  errors: FieldError[],
): void {
  for (const path of [specReplicasPath, statusReplicasPath]) {
    const value = valueAt(object, simplePath(path));
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      errors.push(invalid(Path.of(path), 0, `${path} accessor error: ${goValue(value)}, expected int64`));
      continue;
    }
    if (value < 0) errors.push(invalid(Path.of(path), value, 'should be a non-negative integer'));
    if (value > MAX_INT32) errors.push(invalid(Path.of(path), value, 'should be less than or equal to 2147483647'));
  }
  if (!labelSelectorPath) return;
  const selector = valueAt(object, simplePath(labelSelectorPath));
  if (selector !== undefined && selector !== null && typeof selector !== 'string')
    errors.push(invalid(Path.of(labelSelectorPath), selector, 'should be a string'));
}

/** What Go says of a value that is no integer. */
function goValue(value: unknown): string {
  const type =
    typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? 'float64' : undefined;
  if (type) return `${String(value)} is of the type ${type}`;
  return Array.isArray(value) ? '[] is of the type []interface {}' : 'map[] is of the type map[string]interface {}';
}
