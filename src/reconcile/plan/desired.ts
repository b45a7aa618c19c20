// Manifests as they are to be applied: each with its full name in the cluster, its place in the order, and without what only a server
// writes.
import type { JsonObject, KubernetesObject } from '../../apimachinery/object.ts';
import { splitApiVersion } from '../../apimachinery/object.ts';
import type { DesiredObject } from '../render/manifest-document.ts';
import type { Manifest } from '../render/manifests.ts';
import type { ManifestOrigin } from '../render/origin.ts';
import type { ResourceId } from './resource-id.ts';
import { readSyncAnnotations, type Phase, type SyncAnnotations } from './sync-annotations.ts';

export interface DesiredResource {
  readonly id: ResourceId;
  /** What is sent to the server. */
  readonly object: DesiredObject;
  /** Undefined where the manifest was remembered, not read. */
  readonly origin: ManifestOrigin | undefined;
  readonly phase: Phase;
  readonly wave: number;
  /** Within its wave, where single objects wait for each other. */
  readonly stage?: number;
  readonly isHook: boolean;
  readonly sync: SyncAnnotations;
  /** Made for the app and never its own: it takes no part in the app's membership, and is not pruned with it. */
  readonly unowned?: true;
}

/** Whether a kind is namespaced. Kinds that nobody knows are taken to be: the server will refuse them. */
export type IsNamespaced = (apiVersion: string, kind: string) => boolean;

/** A hook of several phases is there once for each. */
export function desiredResources(manifests: readonly Manifest[], isNamespaced: IsNamespaced, defaultNamespace: string): DesiredResource[] {
  return manifests.flatMap(({ object, origin }) => asDesired(object, origin, isNamespaced, defaultNamespace));
}

export function asDesired(
  object: DesiredObject,
  origin: ManifestOrigin | undefined,
  isNamespaced: IsNamespaced,
  defaultNamespace: string,
  options: readonly string[] = [],
): DesiredResource[] {
  const sync = readSyncAnnotations(object.metadata ?? {}, options);
  const namespace = isNamespaced(object.apiVersion, object.kind) ? object.metadata.namespace || defaultNamespace : '';
  const id: ResourceId = {
    ...splitApiVersion(object.apiVersion),
    kind: object.kind,
    namespace,
    name: object.metadata.name || (object.metadata.generateName ?? ''),
  };
  const phases = sync.hooks.length ? sync.hooks : (['Sync'] as const);
  const own = authored(object, namespace);
  return phases.map((phase) => ({ id, object: own, origin, phase, wave: sync.wave, isHook: sync.hooks.length > 0, sync }));
}

/** Manifests that were read off a cluster carry what the server wrote there. */
const SERVER_FIELDS = ['managedFields', 'resourceVersion', 'uid', 'creationTimestamp', 'generation', 'selfLink', 'namespace'];

function authored(object: DesiredObject, namespace: string): DesiredObject {
  const { status: _status, rules, ...others } = object;
  // the control plane overwrites them; whoever claims them, be it with an empty list, takes them away at each apply for a moment
  const rest = rules === undefined || isAggregated(object) ? others : { ...others, rules };
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([key]) => !SERVER_FIELDS.includes(key)));
  return { ...rest, metadata: { ...metadata, ...(namespace ? { namespace } : {}) } } as DesiredObject;
}

const isAggregated = ({ apiVersion, kind, aggregationRule }: DesiredObject): boolean =>
  kind === 'ClusterRole' && apiVersion.startsWith('rbac.authorization.k8s.io/') && aggregationRule !== undefined;

/** The object with further labels. */
export function labelled(object: DesiredObject, labels: Readonly<Record<string, string>>): DesiredObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

/** The object as a stored one would read, where no server can be asked. */
export const asStored = (object: DesiredObject): KubernetesObject => object as unknown as JsonObject as unknown as KubernetesObject;
