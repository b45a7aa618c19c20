// Reads a cluster as it lives, by lists alone and in pieces: what a preview starts from, or what is kept in a file. What controllers make
// anew by themselves is left out, and so is what says nothing of what is wanted. Nothing is written, and values of Secrets are not kept.
import type { Client, ServedKind } from '../../client/client.ts';
import { groupResource, groupVersion, parseKind, type KubernetesObject } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isExpired, isForbidden, isMethodNotSupported, isNotFound, StatusError } from '../../apimachinery/status-error.ts';
import { inSnapshotOrder, masked, type ClusterSnapshot } from './cluster-snapshot.ts';
import { groupKindOf, isState } from './snapshot.ts';

/** Objects that one answer holds at most: lists of large clusters would burden them. */
const CHUNK = 500;
/** A list that takes longer than the server remembers is begun again, so often. */
const MOST_ATTEMPTS = 3;
/** Of all kinds together: what a preview can hold in memory. */
export const MOST_OBJECTS = 200_000;

/** What the cluster itself keeps, or what does nothing here. */
const MADE_BY_ITSELF = new Set([
  'apiregistration.k8s.io/APIService',
  'certificates.k8s.io/CertificateSigningRequest',
  'coordination.k8s.io/LeaseCandidate',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'internal.apiserver.k8s.io/StorageVersion',
  'networking.k8s.io/IPAddress',
  'networking.k8s.io/ServiceCIDR',
  'storage.k8s.io/CSINode',
  'storage.k8s.io/CSIStorageCapacity',
  'storage.k8s.io/VolumeAttachment',
  'storagemigration.k8s.io/StorageVersionMigration',
]);

/** @param cluster what it is called. Throws where it cannot be reached, or where it holds more than {@link MOST_OBJECTS}. */
export async function readCluster(client: Client, cluster: string): Promise<ClusterSnapshot> {
  const objects: KubernetesObject[] = [];
  const refused: string[] = [];
  const pods = { left: 0 };
  for (const served of await client.servedKinds()) {
    if (!isWanted(served)) continue;
    const items = await listAll(client, served.kind);
    if (typeof items === 'string') refused.push(`${groupResource(served.group, served.resource)} (${items})`);
    else for (const object of items) if (isKept(object, pods)) objects.push(masked(object));
    if (objects.length > MOST_OBJECTS) throw new TooLargeError(`the cluster holds more than ${MOST_OBJECTS} objects`);
  }
  return { cluster, objects: inSnapshotOrder(objects), leftOut: leftOutWords(objects, pods.left, refused) };
}

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

function isWanted({ kind, group, verbs }: ServedKind): boolean {
  const groupKind = groupKindOf(kind);
  return verbs.includes('list') && isState(groupKind, group) && !MADE_BY_ITSELF.has(groupKind);
}

/** All of a kind, or why they cannot be read: a kind that is refused keeps nobody from reading the others. */
async function listAll(client: Client, kind: string): Promise<readonly KubernetesObject[] | string> {
  for (let attempt = 1; ; attempt++)
    try {
      const items: KubernetesObject[] = [];
      let next = '';
      do {
        const page = await client.list(kind, { limit: CHUNK, ...(next ? { continue: next } : {}) });
        for (const item of page.items as readonly KubernetesObject[]) items.push(withKind(item, kind));
        next = page.continue;
      } while (next && items.length <= MOST_OBJECTS);
      return items;
    } catch (error) {
      if (isExpired(error) && attempt < MOST_ATTEMPTS) continue;
      if (isForbidden(error)) return 'reading them is not allowed';
      if (isNotFound(error) || isMethodNotSupported(error)) return 'the server does not list them';
      // a server behind the aggregation layer that is away
      if (error instanceof StatusError && error.code === 503) return 'their server does not answer';
      throw error;
    }
}

/** Items of a list may come without their kind. */
function withKind(object: KubernetesObject, kind: string): KubernetesObject {
  if (object.kind) return object;
  const parsed = parseKind(kind);
  return { ...object, apiVersion: groupVersion(parsed), kind: parsed.kind };
}

function isKept(object: KubernetesObject, pods: { left: number }): boolean {
  const { kind, metadata } = object;
  if (kind === 'Pod' && controllerOf(object)) {
    pods.left++;
    return false;
  }
  if (kind === 'EndpointSlice' || kind === 'Endpoints') return !isReckoned(metadata);
  return !(kind === 'Service' && metadata.namespace === 'default' && metadata.name === 'kubernetes');
}

/** By a controller, from a Service and its pods. */
function isReckoned({ labels = {}, annotations = {}, namespace, name }: KubernetesObject['metadata']): boolean {
  return (
    /^endpointslice(?:mirroring)?-controller\.k8s\.io$/.test(labels['endpointslice.kubernetes.io/managed-by'] ?? '') ||
    labels['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller' ||
    'endpoints.kubernetes.io/last-change-trigger-time' in annotations ||
    (namespace === 'default' && name === 'kubernetes')
  );
}

function leftOutWords(objects: readonly KubernetesObject[], pods: number, refused: readonly string[]): string[] {
  const secrets = objects.filter(({ kind, apiVersion }) => kind === 'Secret' && apiVersion === 'v1').length;
  return [
    'Events, leases, metrics and what the cluster keeps by itself are not part of it.',
    ...(pods ? [`Pods that have a controller are not part of it (${pods}): they are made anew.`] : []),
    ...(secrets ? [`Values of Secrets are masked (${secrets}); their keys are there.`] : []),
    ...(refused.length ? [`What could not be read: ${refused.join(', ')}.`] : []),
  ];
}
