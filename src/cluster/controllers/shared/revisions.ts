// ControllerRevisions: the templates that StatefulSets and DaemonSets have had, numbered, so that they can go back. Names are functions of
// the content. Follows pkg/controller/history of kube-controller-manager.
import type { ControllerRevision } from '#api/apps/v1';
import type { PodTemplateSpec } from '#api/core/v1';
import { fnv32, safeEncode } from '../../../apimachinery/hash/template-hash.ts';
import { deepEqual, isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { controllerOf, newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { isAlreadyExists, isNotFound } from '../../../apimachinery/status-error.ts';
import { timeMs } from '../../../apimachinery/time.ts';
import type { Client } from '../../../client/client.ts';
import type { Informer } from '../../../client/informer.ts';
import type { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { claim } from './claim.ts';
import { orphansIn, ownedBy } from './owned.ts';

const KIND = 'apps/v1/ControllerRevision';
/** Names of revisions keep so much of their owner's name. */
const PREFIX_LENGTH = 223;

export const REVISION_HASH = 'controller-revision-hash';

type Owner = { readonly apiVersion: string; readonly kind: string; readonly metadata: KubernetesObject['metadata'] };

/** What a revision holds: a strategic merge patch that puts the template back. */
export function templatePatch(template: PodTemplateSpec): JsonObject {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const spec = isObject(data) && isObject(data['spec']) ? data['spec'] : {};
  const { $patch: _, ...template } = (spec['template'] ?? {}) as PodTemplateSpec & { $patch?: string };
  return template;
}

const encoder = new TextEncoder();

/** `HashControllerRevision`. @param collisionCount undefined: not part of the hash */
export function revisionHash(data: JsonObject, collisionCount: number | undefined): string {
  const text = sortedJson(data) + (collisionCount === undefined ? '' : String(collisionCount));
  return safeEncode(String(fnv32(encoder.encode(text))));
}

/** As Go marshals a map: keys in order, what HTML takes for markup escaped. */
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (isObject(value)) {
    const fields = Object.keys(value)
      .sort()
      .map((key) => `${sortedJson(key)}:${sortedJson(value[key])}`);
    return `{${fields.join(',')}}`;
  }
  return (JSON.stringify(value) ?? 'null').replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export const revisionName = (owner: string, hash: string): string => `${owner.slice(0, PREFIX_LENGTH)}-${hash}`;

/** Lowest number first; of equal ones the older. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return (
    a.revision - b.revision ||
    timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp) ||
    (a.metadata.name < b.metadata.name ? -1 : 1)
  );
}

export const nextRevision = (revisions: readonly ControllerRevision[]): number => Math.max(0, ...revisions.map((r) => r.revision)) + 1;

/** The owner's revisions in order, orphans adopted. */
export async function claimRevisions(
  client: Client,
  revisions: Informer<ControllerRevision>,
  owner: Owner,
  ownerKind: string,
  selector: LabelSelector,
): Promise<ControllerRevision[]> {
  const { namespace = '', uid } = owner.metadata;
  const matches = (revision: ControllerRevision): boolean => selector.matches(revision.metadata.labels);
  // what no longer matches stays with its owner, unlike pods
  const own = ownedBy(revisions, uid);
  const orphans = [...orphansIn(revisions, namespace)].filter(matches);
  const adopted = orphans.length === 0 ? [] : await claim(orphans, { client, kind: KIND, owner, ownerKind, matches });
  return [...own, ...adopted].sort(byRevision);
}

export interface NewRevision {
  readonly data: JsonObject;
  readonly revision: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The label that holds the hash. */
  readonly hashLabel: string;
  hash(collisionCount: number): string;
}

/** Makes a revision; a hash that is taken by other content is told apart by a number. @returns it and that number */
export async function createRevision(
  client: Client,
  owner: Owner,
  collisionCount: number,
  wanted: NewRevision,
): Promise<{ readonly revision: ControllerRevision; readonly collisionCount: number }> {
  const { namespace = '' } = owner.metadata;
  for (let collisions = collisionCount; ; collisions++) {
    const hash = wanted.hash(collisions);
    const name = revisionName(owner.metadata.name, hash);
    const { labels, annotations } = wanted;
    const metadata = {
      name,
      namespace,
      labels: { ...labels, [wanted.hashLabel]: hash },
      ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
      ownerReferences: [newControllerRef(owner)],
    };
    try {
      const made = await client.create(KIND, {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata,
        data: wanted.data,
        revision: wanted.revision,
      });
      return { revision: made, collisionCount: collisions };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const there = await client.get(KIND, name, { namespace });
      const own = controllerOf(there)?.uid === owner.metadata.uid;
      if (own && deepEqual(there.data, wanted.data)) return { revision: there, collisionCount: collisions };
    }
  }
}

/** An old revision is the newest again. */
export async function renumber(client: Client, revision: ControllerRevision, number: number): Promise<ControllerRevision> {
  return revision.revision === number ? revision : client.update(KIND, { ...revision, revision: number });
}

/** Deletes the oldest of the revisions that nothing uses, beyond the limit. @param live names of those in use */
export async function truncateHistory(
  client: Client,
  revisions: readonly ControllerRevision[],
  live: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const history = revisions.filter((r) => !live.has(r.metadata.name));
  for (const { metadata } of history.slice(0, Math.max(0, history.length - limit))) {
    try {
      await client.delete(KIND, metadata.name, { namespace: metadata.namespace ?? '' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
