// Managed fields of an object as its scale subresource shows them, and back: who owns `replicas` of the object owns `spec.replicas` of
// the Scale.
//
// Follows k8s.io/apimachinery's managedfields/scalehandler.go.
import { FieldSet } from './field-set.ts';
import { decodeManagedFields, encodeManagedFields, type ManagedFields } from './managed-fields.ts';
import { fieldPath, type FieldPath } from './path-element.ts';
import type { VersionedSet } from './updater.ts';

const SCALE_VERSION = 'autoscaling/v1';
const REPLICAS_IN_SCALE = fieldPath('spec', 'replicas');

/** By version of the resource: where its replicas are. Undefined: that version has no scale. A version that is missing is not served. */
export type ReplicasPaths = ReadonlyMap<string, FieldPath | undefined>;

/** @returns the entries of those who own replicas, about a Scale */
export function toScale(entries: ManagedFields | undefined, paths: ReplicasPaths): ManagedFields | undefined {
  const { managers, times } = decodeManagedFields(entries);
  const owners = new Map<string, VersionedSet>();
  for (const [id, { apiVersion, applied, set }] of managers) {
    const path = paths.get(apiVersion);
    if (path && set.has(path)) owners.set(id, { set: FieldSet.of(REPLICAS_IN_SCALE), apiVersion: SCALE_VERSION, applied });
  }
  return encodeManagedFields({ managers: owners, times });
}

/**
 * @param entries of the object before @param scaleEntries of the Scale after
 * @param apiVersion the version of the resource through which it was scaled
 * @returns the entries of the object after
 */
export function fromScale(
  entries: ManagedFields | undefined,
  scaleEntries: ManagedFields | undefined,
  apiVersion: string,
  paths: ReplicasPaths,
): ManagedFields | undefined {
  const { managers, times } = decodeManagedFields(entries);
  const scale = new Map(decodeManagedFields(scaleEntries).managers);
  const owners = new Map<string, VersionedSet>();
  for (const [id, owned] of managers) {
    if (!paths.has(owned.apiVersion)) continue;
    const path = paths.get(owned.apiVersion);
    if (!path || !owned.set.has(path) || scale.delete(id)) {
      owners.set(id, owned);
      continue;
    }
    // somebody else set the replicas
    const set = owned.set.difference(FieldSet.of(path));
    if (!set.isEmpty) owners.set(id, { ...owned, set });
  }
  const path = paths.get(apiVersion) ?? [];
  for (const [id, { set, applied }] of scale) {
    // without a time, as upstream: it looks for it among the object's managers, where a new one is not
    if (set.has(REPLICAS_IN_SCALE)) owners.set(id, { set: FieldSet.of(path), apiVersion, applied });
  }
  return encodeManagedFields({ managers: owners, times }, entries);
}
