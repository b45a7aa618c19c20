// The order of keys in a document that a JSON or merge patch has made: maps on the way to a change come sorted, and what the patch did
// not touch stands as Go encodes it, in the order of its struct's fields. Only messages that quote the document need it.
//
// Follows gopkg.in/evanphx/json-patch.v4, which parses a map only where a patch reaches into it.
import { isObject, type JsonObject } from '../object.ts';
import { setKey } from '../json/parse.ts';
import type { GoType } from '../schema/go-type.ts';

/** @param before the document that was patched; what is the same value in both was not touched */
export function inLibrarysOrder(type: GoType | undefined, after: unknown, before: unknown): unknown {
  if (after === before) return inGoOrder(type, after);
  if (!isMap(after)) return after;
  // a value that is new is quoted as it was sent
  if (!isMap(before)) return after;
  const out: JsonObject = {};
  for (const key of Object.keys(after).sort()) setKey(out, key, inLibrarysOrder(typeOf(type, key), after[key], before[key]));
  return out;
}

function inGoOrder(given: GoType | undefined, value: unknown): unknown {
  const type = given?.is === 'pointer' ? given.elem : given;
  if (Array.isArray(value)) return type?.is === 'slice' ? value.map((v) => inGoOrder(type.elem, v)) : value;
  if (!isMap(value) || !type || type.is === 'opaque' || type.is === 'scalar') return value;
  const out: JsonObject = {};
  const keys = Object.keys(value);
  const ordered = type.is === 'struct' ? type.fields.map((f) => f.json).filter((key) => Object.hasOwn(value, key)) : keys.sort();
  for (const key of ordered) setKey(out, key, inGoOrder(typeOf(type, key), value[key]));
  return out;
}

function typeOf(given: GoType | undefined, key: string): GoType | undefined {
  const type = given?.is === 'pointer' ? given.elem : given;
  if (type?.is === 'struct') return type.byJson.get(key)?.type;
  return type?.is === 'map' ? type.elem : undefined;
}

const isMap = (value: unknown): value is JsonObject => isObject(value) && !Array.isArray(value);
