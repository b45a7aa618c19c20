// What one manager applied of an object: the entry that says so, and the configuration that it could apply again.
//
// Follows k8s.io/apimachinery's managedfields.ExtractInto.
import { isObject, type JsonObject } from '../object.ts';
import type { ApplyType } from './apply-schema.ts';
import { decodeFieldsV1 } from './fields-v1.ts';
import type { ManagedFields } from './managed-fields.ts';
import { extractItems } from './remove-items.ts';

/** What the manager has applied, among an object's entries; undefined where that is nothing. */
export const appliedEntry = (entries: ManagedFields = [], manager: string, subresource = ''): ManagedFields[number] | undefined =>
  entries.find((entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === subresource);

/**
 * @param object decoded, of this type
 * @returns undefined where the manager has applied nothing. Throws FieldsV1Error.
 */
export function extractApplied(type: ApplyType, object: JsonObject, manager: string, subresource = ''): JsonObject | undefined {
  const entries = isObject(object.metadata) ? object.metadata.managedFields : undefined;
  const own = Array.isArray(entries) ? appliedEntry(entries as ManagedFields, manager, subresource) : undefined;
  if (!own) return undefined;
  const extracted = extractItems(type, object, decodeFieldsV1(own.fieldsV1).leaves());
  return { apiVersion: object.apiVersion, kind: object.kind, ...(isObject(extracted) ? extracted : {}) };
}
