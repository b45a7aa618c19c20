// Defaults of custom resources must themselves be what the schema asks for. Follows ValidateDefaults of
// pkg/apiserver/schema/defaulting of apiextensions-apiserver, and what the validator of definitions forbids of defaults.
import { deepEqual, isObject } from '../../../apimachinery/object.ts';
import { forbidden, invalid, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { coerceEmbedded, validateEmbedded } from '../custom/embedded-objects.ts';
import { prune } from '../custom/prune.ts';
import { asRoot, entriesOf, isEmbedded, type Structural } from '../custom/structural-schema.ts';
import { validateValue } from '../custom/validate-value.ts';

export function validateDefaults(schema: Structural, field: Path, errors: FieldError[]): void {
  walk(asRoot(schema), field, true, errors);
}

function walk(schema: Structural, field: Path, isRoot: boolean, errors: FieldError[]): void {
  const at = field.child('default');
  if (schema.default !== undefined && isRoot) errors.push(forbidden(at, 'must not be set at the root'));
  else if (schema.default !== undefined) validateDefault(schema, at, errors);
  if (schema.items) walk(schema.items, field.child('items'), false, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    walk(property, field.child('properties').key(name), false, errors);
  const entries = entriesOf(schema);
  if (entries) walk(entries, field.child('additionalProperties'), false, errors);
}

function validateDefault(schema: Structural, at: Path, errors: FieldError[]): void {
  const value = schema.default;
  if (isObject(value) || Array.isArray(value)) {
    const pruned = prune(value, isEmbedded(schema) ? asRoot(schema) : schema);
    if (!deepEqual(pruned, value)) errors.push(invalid(at, value, 'must not have unknown fields'));
  }
  const own: FieldError[] = [];
  coerceEmbedded(value, schema, at, own, []);
  if (own.length === 0) validateEmbedded(value, schema, false, at, own);
  if (own.length === 0) validateValue(value, schema, at, own);
  errors.push(...own);
}
