// What a previewed cluster holds besides the source: manifests, which are applied as people apply them, or the objects of another cluster,
// which are taken over as they lived. What would speak to the world outside is not taken over, and that is told.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Client } from '../../client/client.ts';
import { APP_LABEL, PART_OF_LABEL } from '../plan/apply-set.ts';
import { desiredResources, type DesiredResource } from '../plan/desired.ts';
import { inApplyOrder } from '../plan/order.ts';
import { idOf, resourceText } from '../plan/resource-id.ts';
import { applyAlone } from '../plan/scratch.ts';
import { servedKinds } from '../prepare.ts';
import type { Manifest } from '../render/manifests.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { counted, listed } from './consequence.ts';

/** Whose the objects of the world are. */
const WORLD = 'world';

/** Throws what the server refuses: people wrote it for this preview. */
export async function applyWorld(client: Client, manifests: readonly Manifest[], namespace: string): Promise<void> {
  for (const resource of await inOrder(client, manifests, namespace)) await applyAlone(client, resource, { fieldManager: WORLD });
}

/** What is refused is left out. Resolves with what that is, in plain words. */
export async function applyOthers(client: Client, manifests: readonly Manifest[], namespace: string): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const resource of await inOrder(client, manifests, namespace))
    try {
      await applyAlone(client, resource, { fieldManager: WORLD });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      refused.push(resourceText(resource.id));
    }
  return refused.length
    ? [`${counted(refused.length, 'object')} of other apps ${refused.length === 1 ? 'is' : 'are'} refused: ${listed(refused)}.`]
    : [];
}

async function inOrder(client: Client, manifests: readonly Manifest[], namespace: string): Promise<readonly DesiredResource[]> {
  if (manifests.length === 0) return [];
  const served = await servedKinds(client);
  const desired = desiredResources(manifests, (apiVersion, kind) => served(apiVersion, kind)?.namespaced ?? true, namespace);
  return inApplyOrder(desired).map((resource) => (resource.id.kind === 'Node' ? withStatus(manifests, resource) : resource));
}

/** What a node has to offer is part of the world; of other objects the status is reckoned here. */
function withStatus(manifests: readonly Manifest[], resource: DesiredResource): DesiredResource {
  const status = manifests.find(({ origin }) => origin === resource.origin)?.object['status'];
  return status === undefined ? resource : { ...resource, object: { ...resource.object, status } };
}

/** Takes the objects of another cluster over. Resolves with what was not, or was changed, in plain words. */
export async function adoptSnapshot(cluster: Cluster, { objects }: ClusterSnapshot): Promise<readonly string[]> {
  const webhooks = objects.filter(isWebhookConfiguration);
  const converted = objects.filter(convertsByWebhook);
  const taken = objects.filter((object) => !isWebhookConfiguration(object) && !isMemory(object)).map(settled);
  const left = await cluster.adopt(taken);
  const words: string[] = [];
  if (webhooks.length) words.push(`Webhooks of the cluster are not called: ${namesOf(webhooks)}.`);
  if (converted.length) words.push(`Versions of custom resources are not converted by webhooks: ${namesOf(converted)}.`);
  if (left.length)
    words.push(
      `${counted(left.length, 'object')} could not be taken over: ${listed(left.map(({ object, reason }) => `${resourceText(idOf(object))} (${reason})`))}.`,
    );
  return words;
}

const namesOf = (objects: readonly KubernetesObject[]): string => listed(objects.map((object) => resourceText(idOf(object))));

export const isWebhookConfiguration = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean =>
  apiVersion.startsWith('admissionregistration.k8s.io/') && kind.endsWith('WebhookConfiguration');

/** What jibe remembers of apps that it has synced there: without values it is of no use. */
const isMemory = ({ kind, metadata: { labels = {} } }: KubernetesObject): boolean => kind === 'Secret' && APP_LABEL in labels;

interface Definition {
  readonly spec: { readonly conversion?: { readonly strategy?: string } };
}

const convertsByWebhook = (object: KubernetesObject): boolean =>
  object.kind === 'CustomResourceDefinition' && (object as unknown as Definition).spec.conversion?.strategy === 'Webhook';

/** As it can live where nothing of the world outside is there. It belongs to no app yet: what is previewed takes over what it describes. */
function settled(object: KubernetesObject): KubernetesObject {
  const { labels = {} } = object.metadata;
  const { [PART_OF_LABEL]: owner, ...rest } = labels;
  const own = owner === undefined ? object : { ...object, metadata: { ...object.metadata, labels: rest } };
  if (!convertsByWebhook(own)) return own;
  return { ...own, spec: { ...(own as unknown as Definition).spec, conversion: { strategy: 'None' } } } as KubernetesObject;
}

/** Storage classes that come with the cluster give way: all of them to those that are described, single ones to those of head. */
export async function makeRoomForClasses(
  client: Client,
  described: readonly { readonly kind: string }[],
  head: readonly KubernetesObjectName[],
): Promise<void> {
  if (described.some(({ kind }) => kind === 'StorageClass')) return client.deleteCollection(STORAGE_CLASS);
  const names = new Set(head.filter(({ kind }) => kind === 'StorageClass').map(({ metadata }) => metadata.name));
  for (const { metadata } of (await client.list(STORAGE_CLASS)).items)
    if (names.has(metadata.name)) await client.delete(STORAGE_CLASS, metadata.name);
}

interface KubernetesObjectName {
  readonly kind: string;
  readonly metadata: { readonly name?: string };
}

const STORAGE_CLASS = 'storage.k8s.io/v1/StorageClass';
