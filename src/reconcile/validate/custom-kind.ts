// Custom resources as a CustomResourceDefinition describes them: their kinds, and their OpenAPI schemas as JSON Schemas that tell
// unknown fields as strict decoding does. Rules in CEL, patterns and formats are left to the API server: patterns are strangers' regular
// expressions, which only an engine without backtracking may run.
import { isObject, type JsonObject } from '../../apimachinery/object.ts';
import { schemaId } from '../../apimachinery/schema/json-schema.ts';
import type { DesiredObject } from '../render/manifest-document.ts';

export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** `openAPIV3Schema`; undefined where the definition has none. */
  readonly schema: JsonObject | undefined;
}

/** The kinds that a CustomResourceDefinition adds. What of it makes no sense is left out: it has its own errors. */
export function customKinds(definition: DesiredObject): readonly CustomKind[] {
  if (definition.apiVersion !== 'apiextensions.k8s.io/v1' || definition.kind !== 'CustomResourceDefinition' || !isObject(definition.spec))
    return [];
  const { group, names, scope, versions } = definition.spec;
  const kind = isObject(names) ? names.kind : undefined;
  if (typeof group !== 'string' || typeof kind !== 'string' || !Array.isArray(versions)) return [];
  return versions.filter(isObject).flatMap((version) => {
    if (typeof version.name !== 'string' || version.served === false) return [];
    const schema = isObject(version.schema) && isObject(version.schema.openAPIV3Schema) ? version.schema.openAPIV3Schema : undefined;
    return [{ group, version: version.name, kind, namespaced: scope !== 'Cluster', schema }];
  });
}

/** The JSON Schema of a custom resource. It refers to that of ObjectMeta. */
export function customResourceSchema(schema: JsonObject): JsonObject {
  return embedded(structural(schema));
}

/** Every object has these, whatever its schema says of them. */
function embedded(schema: JsonObject): JsonObject {
  const own = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { $ref: schemaId('meta/v1.ObjectMeta') } };
  return { ...schema, properties: { ...(isObject(schema.properties) ? schema.properties : {}), ...own } };
}

/** Keywords that mean the same in JSON Schema. */
const SHARED = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties', 'multipleOf'];

/** A schema with its types and fields: where fields are named, others are unknown. */
function structural(schema: JsonObject): JsonObject {
  const out = constraints(schema, schema);
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isObject(schema.properties)) out.properties = mapValues(schema.properties, structural);
  if (isObject(schema.additionalProperties)) out.additionalProperties = structural(schema.additionalProperties);
  else if (schema.type === 'object' && !preserves && schema.additionalProperties !== true) out.additionalProperties = false;
  if (isObject(schema.items)) out.items = structural(schema.items);
  return schema['x-kubernetes-embedded-resource'] === true ? embedded(out) : out;
}

/**
 * What a schema says of values; below `allOf`, `anyOf`, `oneOf` and `not` it may say no more than that.
 *
 * @param fields the structural schema of the same place: it knows which fields have defaults, and those are set before anything is checked
 */
function constraints(schema: JsonObject, fields: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const keyword of SHARED) if (typeof schema[keyword] === 'number') out[keyword] = schema[keyword];
  // OpenAPI 3.0 says with a boolean that a bound is exclusive
  if (schema.exclusiveMinimum === true) [out.exclusiveMinimum, out.minimum] = [out.minimum, undefined];
  if (schema.exclusiveMaximum === true) [out.exclusiveMaximum, out.maximum] = [out.maximum, undefined];
  const defaulted = defaultedFields(fields);
  if (defaulted.size) out.minProperties = undefined;
  for (const keyword of Object.keys(out)) if (out[keyword] === undefined) delete out[keyword];
  const nullable = schema.nullable === true || fields.default !== undefined;
  const types =
    schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : typeof schema.type === 'string' ? [schema.type] : [];
  if (types.length) out.type = nullable ? [...types, 'null'] : types;
  if (Array.isArray(schema.enum)) out.enum = nullable ? [...(schema.enum as unknown[]), null] : schema.enum;
  if (Array.isArray(schema.required)) out.required = schema.required.filter((name) => !defaulted.has(name));
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches) && branches.length)
      out[keyword] = branches.filter(isObject).map((branch) => valueValidation(branch, fields));
  }
  if (isObject(schema.not)) out.not = valueValidation(schema.not, fields);
  return out;
}

function valueValidation(schema: JsonObject, fields: JsonObject): JsonObject {
  const out = constraints(schema, fields);
  const inner = isObject(fields.properties) ? fields.properties : {};
  if (isObject(schema.properties))
    out.properties = mapValues(schema.properties, (property, name) => valueValidation(property, objectAt(inner, name)));
  if (isObject(schema.additionalProperties))
    out.additionalProperties = valueValidation(schema.additionalProperties, objectAt(fields, 'additionalProperties'));
  if (isObject(schema.items)) out.items = valueValidation(schema.items, objectAt(fields, 'items'));
  return out;
}

function defaultedFields({ properties }: JsonObject): ReadonlySet<unknown> {
  if (!isObject(properties)) return new Set();
  return new Set(Object.keys(properties).filter((name) => objectAt(properties, name).default !== undefined));
}

function objectAt(object: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return isObject(value) ? value : {};
}

const mapValues = (object: JsonObject, change: (value: JsonObject, key: string) => JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, isObject(value) ? change(value, key) : {}]));
