// Owners: which object a controller made another one for.
import type { ObjectMeta, OwnerReference } from '#api/meta/v1';

type Owned = { readonly metadata: ObjectMeta };
type Owner = { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string; readonly uid: string } };

/** The one owner that manages the object. */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((r) => r.controller === true);
}

export const isControlledBy = (object: Owned, owner: { readonly metadata: { readonly uid: string } }): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

export function newControllerRef(owner: Owner): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}
