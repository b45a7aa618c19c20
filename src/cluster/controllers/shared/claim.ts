// Adopting orphans that match a selector, and releasing what no longer does. Follows controller_ref_manager.go of
// kube-controller-manager.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { controllerOf, newControllerRef } from '../../../apimachinery/owner-reference.ts';
import { isInvalid, isNotFound } from '../../../apimachinery/status-error.ts';
import type { Client } from '../../../client/client.ts';

type Claimable = { readonly kind: string; readonly metadata: KubernetesObject['metadata'] };
type Owner = { readonly apiVersion: string; readonly kind: string; readonly metadata: KubernetesObject['metadata'] };

export interface Claim<T> {
  readonly client: Client;
  /** Kind of the objects that are claimed: `v1/Pod`. */
  readonly kind: string;
  readonly owner: Owner;
  /** Kind of the owner: `apps/v1/ReplicaSet`. */
  readonly ownerKind: string;
  readonly matches: (object: T) => boolean;
  /** Put on what is adopted, taken from what is released. */
  readonly finalizer?: string;
}

/** The candidates that belong to the owner, once the others are released and the orphans adopted. */
export async function claim<T extends Claimable>(
  candidates: Iterable<T>,
  { client, kind, owner, ownerKind, matches, finalizer }: Claim<T>,
): Promise<T[]> {
  const claimed: T[] = [];
  let ownerIsFresh: Promise<void> | undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches(object)) claimed.push(object);
      else if (!owner.metadata.deletionTimestamp) await release(client, kind, object, owner, finalizer);
      continue;
    }
    if (owner.metadata.deletionTimestamp || object.metadata.deletionTimestamp || !matches(object)) continue;
    // the informer may lag behind: before the first adoption the owner is read afresh
    ownerIsFresh ??= checkOwner(client, ownerKind, owner);
    await ownerIsFresh;
    if (await adopt(client, kind, object, owner, finalizer)) claimed.push(object);
  }
  return claimed;
}

async function checkOwner(client: Client, ownerKind: string, owner: Owner): Promise<void> {
  const { namespace, name, uid } = owner.metadata;
  const fresh = (await client.get(ownerKind, name, namespace === undefined ? {} : { namespace })) as KubernetesObject;
  if (fresh.metadata.uid !== uid)
    throw new Error(`original ${owner.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  if (fresh.metadata.deletionTimestamp)
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

async function adopt(client: Client, kind: string, object: Claimable, owner: Owner, finalizer: string | undefined): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  const metadata = { uid, ownerReferences: [newControllerRef(owner)], ...(finalizer ? { finalizers: [finalizer] } : {}) };
  try {
    await client.patch(kind, name, { metadata }, { type: 'strategic', ...(namespace === undefined ? {} : { namespace }) });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release(client: Client, kind: string, object: Claimable, owner: Owner, finalizer: string | undefined): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const metadata = {
    uid,
    ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
    ...(finalizer ? { '$deleteFromPrimitiveList/finalizers': [finalizer] } : {}),
  };
  try {
    await client.patch(kind, name, { metadata }, { type: 'strategic', ...(namespace === undefined ? {} : { namespace }) });
  } catch (error) {
    // gone, or released already (its uid or owners are others by now)
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
