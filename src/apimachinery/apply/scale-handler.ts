// Managed fields of an object as its scale subresource shows them, and back: who owns `replicas` of the object owns `spec.replicas` of
// the Scale.
//
// Follows k8s.io/apimachinery's managedfields/scalehandler.go.
import { FieldSet } from './field-set.ts';
import { decodeManagedFields, encodeManagedFields, identified, managerIdentifier, type ManagedFields } from './managed-fields.ts';
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
  const ownTimes = new Map<string, string>();
  for (const [id, { apiVersion, applied, set }] of managers) {
    const path = paths.get(apiVersion);
    if (!path || !set.has(path)) continue;
    const scaleId = inVersion(id, SCALE_VERSION);
    owners.set(scaleId, { set: FieldSet.of(REPLICAS_IN_SCALE), apiVersion: SCALE_VERSION, applied });
    const time = times.get(id);
    if (time) ownTimes.set(scaleId, time);
  }
  return encodeManagedFields({ managers: owners, times: ownTimes });
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
    if (!path || !owned.set.has(path) || scale.delete(inVersion(id, SCALE_VERSION))) {
      owners.set(id, owned);
      continue;
    }
    // somebody else set the replicas
    const set = owned.set.difference(FieldSet.of(path));
    if (!set.isEmpty) owners.set(id, { ...owned, set });
  }
  const path = paths.get(apiVersion) ?? [];
  const ownTimes = new Map(times);
  for (const [id, { set, applied }] of scale) {
    if (!set.has(REPLICAS_IN_SCALE)) continue;
    const ownId = inVersion(id, apiVersion);
    owners.set(ownId, { set: FieldSet.of(path), apiVersion, applied });
    // as upstream: it looks for the time among the object's managers under the name that the manager has in the Scale
    ownTimes.delete(ownId);
  }
  return encodeManagedFields({ managers: owners, times: ownTimes }, entries);
}

/** Those who update go by the version that they wrote. */
const inVersion = (id: string, apiVersion: string): string => managerIdentifier({ ...identified(id), apiVersion });
