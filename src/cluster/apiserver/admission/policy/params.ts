// The parameters of a policy, as a binding names them. Follows CollectParams of pkg/admission/plugin/policy/generic of k8s.io/apiserver.
import type { ParamKind, ParamRef } from '#api/admissionregistration/v1';
import { LabelSelector } from '../../../../apimachinery/label-selector.ts';
import { groupVersion, type JsonObject, type KubernetesObject } from '../../../../apimachinery/object.ts';
import type { Store } from '../../../storage/store.ts';
import type { ResourceCatalog, Served } from '../../generic/catalog.ts';
import { asServed, collectionKey, objectKey } from '../../generic/object-store.ts';

export type Params =
  { readonly ok: true; readonly params: readonly (JsonObject | undefined)[] } | { readonly ok: false; readonly error: string };

const wrong = (error: string): Params => ({ ok: false, error });

/** Several where a selector finds several; one that is undefined where the policy has none. */
export async function collectParams(
  { store, catalog }: { readonly store: Store; readonly catalog: ResourceCatalog },
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
): Promise<Params> {
  if (!kind || !ref) return { ok: true, params: [undefined] };
  const served = catalog.findKind(`${kind.apiVersion}/${kind.kind}`);
  if (!served) return wrong(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  const { definition } = served;
  if (!definition.namespaced && ref.namespace) return wrong('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const namespace = definition.namespaced ? ref.namespace || requestNamespace : '';
  if (definition.namespaced && namespace === '')
    return wrong('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const found = ref.name ? await named(store, served, namespace, ref.name) : await selected(store, served, namespace, ref);
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny')
    return wrong('no params found for policy binding with `Deny` parameterNotFoundAction');
  return { ok: true, params: found };
}

async function named(store: Store, served: Served, namespace: string, name: string): Promise<readonly JsonObject[]> {
  const entry = await store.get(objectKey(served.definition, namespace, name));
  if (!entry) return [];
  await served.definition.storage?.prepare?.([entry.value]);
  return [shown(entry.value, served)];
}

async function selected(store: Store, served: Served, namespace: string, { selector }: ParamRef): Promise<readonly JsonObject[]> {
  const parsed = selector ? LabelSelector.fromSpec(selector) : LabelSelector.everything;
  const list = await store.list(collectionKey(served.definition, namespace));
  if (!list.ok) throw new Error(`the latest state of ${served.definition.resource} cannot be read: ${list.reason}`);
  const found = list.entries.map(({ value }) => value).filter(({ metadata }) => parsed.matches(metadata.labels));
  await served.definition.storage?.prepare?.(found);
  return found.map((value) => shown(value, served));
}

/** In the version that the policy names. */
function shown(value: KubernetesObject, { definition, version }: Served): JsonObject {
  const own = asServed(definition, value);
  const converted = version.fromStorage ? version.fromStorage(own) : own;
  const apiVersion = groupVersion({ group: definition.group, version: version.version });
  return converted.apiVersion === apiVersion ? converted : { ...(converted as unknown as JsonObject), apiVersion };
}
