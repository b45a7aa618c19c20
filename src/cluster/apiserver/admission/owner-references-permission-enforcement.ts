// Whoever makes an object hold up the deletion of its owner must be allowed to hold it up: by `update` on the owner's finalizers. And
// whoever takes owners away, must be allowed to delete the object. Off by default, as in Kubernetes. Follows plugin/pkg/admission/gc.
import type { OwnerReference } from '#api/meta/v1';
import { splitApiVersion } from '../../../apimachinery/object.ts';
import type { Authorizer, ResourceAttributes } from '../authorization/authorizer.ts';
import { refusal, type AdmissionAttributes, type AdmissionPlugin } from './admission.ts';

/** Of a kind (`apps/v1/Deployment`), how its resource is called. */
export type ResourceOf = (kind: string) => { readonly group: string; readonly resource: string; readonly namespaced: boolean } | undefined;

/** Their own clean-up depends on it. */
const EXEMPT = new Set(['tokenreviews.authentication.k8s.io', 'subjectaccessreviews.authorization.k8s.io']);

export function ownerReferencesPermissionEnforcement(authorizer: Authorizer, resourceOf: ResourceOf): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    operations: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { resource, subresource } = attributes;
      if (subresource || EXEMPT.has(`${resource.resource}.${resource.group}`)) return;
      await checkChange(attributes, authorizer);
      await checkBlocking(attributes, authorizer, resourceOf);
    },
  };
}

const sameOwners = (a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean =>
  a.length === b.length &&
  a.every((x, i) => JSON.stringify({ ...x, blockOwnerDeletion: 0 }) === JSON.stringify({ ...b[i]!, blockOwnerDeletion: 0 }));

async function checkChange(attributes: AdmissionAttributes, authorizer: Authorizer): Promise<void> {
  const owners = attributes.object?.metadata.ownerReferences ?? [];
  const before = attributes.old?.metadata.ownerReferences ?? [];
  if (!attributes.old || sameOwners(owners, before)) return;
  const { user, namespace, name, resource } = attributes;
  const { allowed, reason } = await authorizer.authorize({
    user,
    verb: 'delete',
    ...resource,
    subresource: '',
    namespace,
    name,
    fieldSelector: [],
  });
  if (!allowed) throw refusal(attributes, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
}

async function checkBlocking(attributes: AdmissionAttributes, authorizer: Authorizer, resourceOf: ResourceOf): Promise<void> {
  for (const ref of newlyBlocking(attributes)) {
    const found = resourceOf(`${ref.apiVersion}/${ref.kind}`);
    if (!found) {
      const why = `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${ref.apiVersion} Kind ${ref.kind}`;
      throw refusal(attributes, why);
    }
    const asked: ResourceAttributes = {
      user: attributes.user,
      verb: 'update',
      group: found.group,
      version: splitApiVersion(ref.apiVersion).version,
      resource: found.resource,
      subresource: 'finalizers',
      namespace: found.namespaced ? attributes.namespace : '',
      name: ref.name,
      fieldSelector: [],
    };
    const { allowed, reason } = await authorizer.authorize(asked);
    if (allowed) continue;
    const why = `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`;
    throw refusal(attributes, why);
  }
}

function newlyBlocking({ object, old }: AdmissionAttributes): readonly OwnerReference[] {
  const held = new Map((old?.metadata.ownerReferences ?? []).map((ref) => [ref.uid, ref.blockOwnerDeletion === true]));
  return (object?.metadata.ownerReferences ?? []).filter((ref) => ref.blockOwnerDeletion && !held.get(ref.uid));
}
