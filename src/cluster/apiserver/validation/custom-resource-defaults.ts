// Defaults of custom resources must themselves be what the schema asks for. Follows ValidateDefaults of
// pkg/apiserver/schema/defaulting of apiextensions-apiserver, and what the validator of definitions forbids of defaults.
import { deepEqual, isObject } from '../../../apimachinery/object.ts';
import { forbidden, invalid, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { coerceEmbedded, validateEmbedded } from '../custom/embedded-objects.ts';
import { prune } from '../custom/prune.ts';
import { asRoot, isEmbedded, type Structural } from '../custom/structural-schema.ts';
import { validateDefaultValue } from '../custom/validate-value.ts';

/** Of a schema that is structural. Kubernetes does not look at defaults of map entries. */
export function validateDefaults(schema: Structural, field: Path, errors: FieldError[]): void {
  walk(asRoot(schema), field, true, errors);
}

const META_FIELDS = ['apiVersion', 'kind', 'metadata'];

function walk(schema: Structural, field: Path, isRoot: boolean, errors: FieldError[]): void {
  if (schema.default !== undefined) validateDefault(schema, field.child('default'), errors);
  if (schema.items) walk(schema.items, field.child('items'), false, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const at = field.child('properties').key(name);
    // what every object has is not the schema's to default
    if (isRoot && META_FIELDS.includes(name)) forbid(property, at, `in top-level ${name}`, errors);
    else walk(property, at, false, errors);
  }
}

function forbid(schema: Structural, field: Path, where: string, errors: FieldError[]): void {
  if (schema.default !== undefined) errors.push(forbidden(field.child('default'), `must not be set ${where}`));
  if (schema.items) forbid(schema.items, field.child('items'), where, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    forbid(property, field.child('properties').key(name), where, errors);
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
  if (own.length === 0) validateDefaultValue(value, schema, at, own);
  errors.push(...own);
}
