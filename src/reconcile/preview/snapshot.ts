// All objects of a cluster at one moment, to be asked without waiting. It holds the stored objects themselves, which never change.
import type { Pod } from '#api/core/v1';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { parseKind, type KubernetesObject, type ObjectOf } from '../../apimachinery/object.ts';
import type { Client } from '../../client/client.ts';
import { idOf, resourceKey, type ResourceId } from '../plan/resource-id.ts';

/** What is no state of the cluster, or is reckoned afresh at each question. */
const LEFT_OUT = new Set(['events.k8s.io/Event', '/Event', '/ComponentStatus', 'coordination.k8s.io/Lease']);
const LEFT_OUT_GROUPS = /^(?:.*\.)?metrics\.k8s\.io$/;

/** @param groupKind `apps/Deployment`, or `/Pod` */
export const isState = (groupKind: string, group: string): boolean => !LEFT_OUT.has(groupKind) && !LEFT_OUT_GROUPS.test(group);

type Stored<K extends string> = ObjectOf<K> & Pick<KubernetesObject, 'metadata'>;

export class Snapshot {
  /** By group and kind: `apps/Deployment`. */
  private readonly byKind: ReadonlyMap<string, readonly KubernetesObject[]>;
  private readonly byKey = new Map<string, KubernetesObject>();
  private readonly byUid = new Map<string, KubernetesObject>();
  private byOwner: ReadonlyMap<string, readonly Pod[]> | undefined;

  /** @param byKind each kind in the version that the server prefers */
  constructor(byKind: ReadonlyMap<string, readonly KubernetesObject[]>) {
    this.byKind = byKind;
    for (const object of this.all()) {
      this.byKey.set(resourceKey(idOf(object)), object);
      this.byUid.set(object.metadata.uid, object);
    }
  }

  /** @param kind in the preferred version: `apps/v1/Deployment` */
  of<K extends string>(kind: K): readonly Stored<K>[] {
    return this.ofGroupKind(groupKindOf(kind)) as unknown as readonly Stored<K>[];
  }

  /** @param groupKind `apps/Deployment`, or `/Pod` */
  ofGroupKind(groupKind: string): readonly KubernetesObject[] {
    return this.byKind.get(groupKind) ?? [];
  }

  /** Whether the server has the kind at all. */
  serves(groupKind: string): boolean {
    return this.byKind.has(groupKind);
  }

  get<K extends string>(kind: K, namespace: string, name: string): Stored<K> | undefined {
    return this.byKey.get(`${groupKindOf(kind)}/${namespace}/${name}`) as unknown as Stored<K> | undefined;
  }

  find(id: ResourceId): KubernetesObject | undefined {
    return this.byKey.get(resourceKey(id));
  }

  /** The outermost owner of an object, or the object itself. */
  outermost(object: Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>): KubernetesObject {
    const owner = controllerOf(object);
    const found = owner && this.byUid.get(owner.uid);
    return found ? this.outermost(found) : (object as KubernetesObject);
  }

  /** Those that belong to an object in the end, however many others stand between. @param uid its own */
  podsOf(uid: string): readonly Pod[] {
    this.byOwner ??= groupBy(this.of('v1/Pod'), (pod) => this.outermost(pod).metadata.uid);
    return this.byOwner.get(uid) ?? [];
  }

  *all(): Iterable<KubernetesObject> {
    for (const objects of this.byKind.values()) yield* objects;
  }
}

/** `apps/v1/Deployment` → `apps/Deployment`, `v1/Pod` → `/Pod` */
export function groupKindOf(text: string): string {
  const { group, kind } = parseKind(text);
  return `${group}/${kind}`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Reads everything that the server lists. */
export async function takeSnapshot(client: Client): Promise<Snapshot> {
  const byKind = new Map<string, readonly KubernetesObject[]>();
  for (const { kind, group, verbs } of await client.servedKinds()) {
    const groupKind = groupKindOf(kind);
    if (!verbs.includes('list') || !isState(groupKind, group)) continue;
    byKind.set(groupKind, (await client.list(kind)).items as readonly KubernetesObject[]);
  }
  return new Snapshot(byKind);
}
