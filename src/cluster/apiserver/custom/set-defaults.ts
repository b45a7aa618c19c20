// Fills in the defaults of a structural schema. Values are never changed in place: what lacks nothing comes back as it is. Follows
// pkg/apiserver/schema/defaulting/algorithm.go of apiextensions-apiserver.
import { setKey } from '../../../apimachinery/json/parse.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { anySchema, entriesOf, propertyOf, type Structural } from './structural-schema.ts';

const withDefaults = new WeakMap<Structural, boolean>();

/** Most schemas have no defaults at all. */
function hasDefaults(schema: Structural): boolean {
  let has = withDefaults.get(schema);
  if (has === undefined) withDefaults.set(schema, (has = anySchema(schema, (s) => s.default !== undefined)));
  return has;
}

export function setDefaults(value: unknown, schema: Structural | undefined): unknown {
  if (!schema || !hasDefaults(schema)) return value;
  if (Array.isArray(value)) {
    const items = value.map((v) => setDefaults(orDefault(v, schema.items), schema.items));
    return items.every((v, i) => v === value[i]) ? value : items;
  }
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue;
    const has = Object.hasOwn(value, key);
    if (has && !isNonNullableNull(value[key], property)) continue;
    // stored objects share the default with the definition, as they share all that does not change
    setKey((copy ??= { ...value }), key, property.default);
  }
  const filled = copy ?? value;
  const entries = entriesOf(schema);
  for (const key of Object.keys(filled)) {
    const property = propertyOf(schema, key);
    const now = setDefaults(property ? filled[key] : orDefault(filled[key], entries), property ?? entries);
    if (now !== filled[key]) setKey((copy ??= { ...value }), key, now);
  }
  return copy ?? value;
}

const isNonNullableNull = (value: unknown, schema: Structural): boolean => value === null && !schema.nullable;

/** A null takes the default's place in lists and maps; where there is none it stays, and is refused later. */
function orDefault(value: unknown, schema: Structural | undefined): unknown {
  return schema && isNonNullableNull(value, schema) && schema.default !== undefined ? schema.default : value;
}
