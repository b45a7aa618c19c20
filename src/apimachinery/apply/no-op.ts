// Writes that change nothing but the times in managedFields: they are taken back, so that the object is not written at all.
//
// Follows k8s.io/apiserver's fieldmanager.IgnoreManagedFieldsTimestampsTransformer.
import type { ManagedFieldsEntry } from '#api/meta/v1';
import { deepEqual, isObject, type JsonObject } from '../object.ts';

/**
 * @param next decoded, with managed fields, as it is to be stored @param live what is stored
 * @returns `live` where the two differ in nothing but the times of managers; else `next`
 */
export function ignoreManagedFieldsTimes(next: JsonObject, live: JsonObject): JsonObject {
  const after = metadataOf(next);
  const before = metadataOf(live);
  const entries = after.managedFields;
  const known = before.managedFields;
  if (!Array.isArray(entries) || !Array.isArray(known) || entries.length === 0 || entries.length !== known.length || entries === known)
    return next;
  if (entries.every((entry, i) => (entry as ManagedFieldsEntry).time === (known[i] as ManagedFieldsEntry).time)) return next;
  if (!entries.every((entry, i) => deepEqual(withoutTime(entry as ManagedFieldsEntry), withoutTime(known[i] as ManagedFieldsEntry))))
    return next;
  const same =
    deepEqual({ ...after, managedFields: undefined }, { ...before, managedFields: undefined }) &&
    deepEqual({ ...next, metadata: undefined }, { ...live, metadata: undefined });
  return same ? live : next;
}

const metadataOf = ({ metadata }: JsonObject): JsonObject => (isObject(metadata) ? metadata : {});

function withoutTime(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  const { time: _, ...others } = entry;
  return others;
}
