// Drops what a structural schema does not know, and tells where it was. Values are never changed in place: what loses nothing comes
// back as it is. Follows pkg/apiserver/schema/pruning and pkg/apiserver/schema/defaulting/prune.go of apiextensions-apiserver.
import { setKey } from '../../../apimachinery/json/parse.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { entriesOf, hasEntries, isEmbedded, preservesUnknown, propertyOf, type Structural } from './structural-schema.ts';

/** Kubernetes' own fields of an object. */
const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** @param schema of a whole object (see `asRoot`), or of a part @param unknown is given the path of each thing that is dropped */
export function prune(value: unknown, schema: Structural, unknown: string[] = []): unknown {
  return pruned(value, schema, '', unknown);
}

function pruned(value: unknown, schema: Structural | undefined, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    if (schema && preservesUnknown(schema) && !schema.items) return value;
    return sameOr(
      value,
      value.map((v, i) => pruned(v, schema?.items, `${path}[${i}]`, unknown)),
    );
  }
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const key of Object.keys(value)) {
    if (schema && isEmbedded(schema) && META_FIELDS.has(key)) continue;
    const at = path ? `${path}.${key}` : key;
    const property = schema && propertyOf(schema, key);
    const known = property !== undefined || (schema !== undefined && hasEntries(schema));
    if (known) {
      const now = pruned(value[key], property ?? (schema && entriesOf(schema)), at, unknown);
      if (now !== value[key]) setKey((copy ??= { ...value }), key, now);
    } else if (!schema || !preservesUnknown(schema)) {
      unknown.push(at);
      delete (copy ??= { ...value })[key];
    }
  }
  return copy ?? value;
}

const sameOr = <T>(before: readonly T[], after: readonly T[]): readonly T[] => (after.every((v, i) => v === before[i]) ? before : after);

/** A null where the schema knows none means that nothing is there, unless there is a default to take its place. */
export function pruneNulls(value: unknown, schema: Structural | undefined): unknown {
  if (!schema) return value;
  if (Array.isArray(value))
    return sameOr(
      value,
      value.map((v) => pruneNulls(v, schema.items)),
    );
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const key of Object.keys(value)) {
    const property = propertyOf(schema, key);
    if (property && value[key] === null && !property.nullable) {
      if (property.default === undefined) delete (copy ??= { ...value })[key];
      continue;
    }
    const now = pruneNulls(value[key], property ?? entriesOf(schema));
    if (now !== value[key]) setKey((copy ??= { ...value }), key, now);
  }
  return copy ?? value;
}
