// JSON Merge Patch (RFC 7386) as Kubernetes applies it. Documents are immutable: the result shares all that the patch does not change,
// and is the document itself where it changes nothing.
//
// Follows gopkg.in/evanphx/json-patch.v4.
import { isObject, type JsonObject } from '../object.ts';
import { NumberLiteral, setKey } from '../json/parse.ts';

/** Thrown for what is no merge patch. */
export class MergePatchError extends Error {
  override readonly name = 'MergePatchError';
}

const isDocument = (value: unknown): value is JsonObject => isObject(value) && !(value instanceof NumberLiteral);

/**
 * @param patch as parsed; may hold NumberLiterals
 * @returns an object, or a list where the patch is one. Throws {@link MergePatchError}.
 */
export function applyMergePatch(document: JsonObject, patch: unknown): unknown {
  if (Array.isArray(patch)) return withoutNulls(patch);
  if (!isDocument(patch)) throw new MergePatchError('Invalid JSON Patch');
  return mergeDocuments(document, patch);
}

function mergeDocuments(document: JsonObject, patch: JsonObject): JsonObject {
  const changed = new Map<string, unknown>();
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    const has = Object.hasOwn(document, key);
    const before = has ? document[key] : undefined;
    if (value === null) {
      if (has) changed.set(key, undefined);
    } else {
      const after = before === undefined || before === null ? withoutNulls(value) : merged(before, value);
      if (after !== before) changed.set(key, after);
    }
  }
  if (changed.size === 0) return document;
  const out: JsonObject = {};
  // keys of maps that a patch changes are sorted, as the library writes them
  for (const key of [...new Set([...Object.keys(document), ...changed.keys()])].sort()) {
    const value = changed.has(key) ? changed.get(key) : document[key];
    if (value !== undefined) setKey(out, key, value);
  }
  return out;
}

function merged(before: unknown, value: unknown): unknown {
  if (!isDocument(before)) return withoutNulls(value);
  // a list that replaces a map keeps its nulls
  return isDocument(value) ? mergeDocuments(before, value) : value;
}

/** New values lose the keys that are null; elements of lists that are null stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isDocument(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setKey(out, key, withoutNulls(value[key]));
  return out;
}
