// Lists that are sets or maps hold nothing twice. Follows pkg/apiserver/schema/listtype of apiextensions-apiserver.
import { isObject } from '../../../apimachinery/object.ts';
import { duplicate, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { entriesOf, propertyOf, type Structural } from './structural-schema.ts';

export function validateListTypes(value: unknown, schema: Structural | undefined, path: Path, errors: FieldError[]): void {
  if (!schema) return;
  if (Array.isArray(value)) {
    // what lies in a set is as good as atomic, so nothing below it is looked at
    if (schema['x-kubernetes-list-type'] === 'set') unique(value, (item) => item, path, errors);
    else if (schema['x-kubernetes-list-type'] === 'map') {
      const keys = schema['x-kubernetes-list-map-keys'] ?? [];
      unique(value, (item) => mapKey(item, keys), path, errors);
      value.forEach((item, i) => validateListTypes(item, schema.items, path.index(i), errors));
    } else value.forEach((item, i) => validateListTypes(item, schema.items, path.index(i), errors));
    return;
  }
  if (!isObject(value)) return;
  const entries = entriesOf(schema);
  for (const [key, v] of Object.entries(value)) {
    const property = propertyOf(schema, key);
    if (property) validateListTypes(v, property, path.child(key), errors);
    else if (entries) validateListTypes(v, entries, path.key(key), errors);
  }
}

function mapKey(item: unknown, keys: readonly string[]): unknown {
  if (!isObject(item)) return undefined;
  return Object.fromEntries(keys.filter((k) => item[k] !== undefined && item[k] !== null).map((k) => [k, item[k]]));
}

/** Each value that comes again is told once. */
function unique(items: readonly unknown[], keyOf: (item: unknown) => unknown, path: Path, errors: FieldError[]): void {
  const seen = new Map<string, number>();
  items.forEach((item, i) => {
    const key = keyOf(item);
    if (key === undefined) return;
    const text = canonicalText(key);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) errors.push(duplicate(path.index(i), key));
  });
}

function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'bigint' ? `${v}n` : isObject(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v,
  );
}
