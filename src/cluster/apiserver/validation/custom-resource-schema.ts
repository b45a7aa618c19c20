// Schemas of custom resources: what OpenAPI keywords may be used and how. Follows ValidateCustomResourceDefinitionOpenAPISchema of
// pkg/apis/apiextensions/validation; that they are structural is checked in structural-schema.ts beside this file, and rules in CEL in
// custom-resource-rules.ts.
//
import type { CustomResourceValidation } from '#api/apiextensions/v1';
import { deepEqual } from '../../../apimachinery/object.ts';
import { forbidden, invalid, notSupported, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { asStructural, type Structural } from '../custom/structural-schema.ts';
import { validateDefaults } from './custom-resource-defaults.ts';
import { type RulePlace, TotalCost, validateRules } from './custom-resource-rules.ts';
import { validateStructural } from './structural-schema.ts';

/** @param field `spec.validation`, or `schema` of a version */
export function validateVersionSchema(
  validation: CustomResourceValidation | undefined,
  old: CustomResourceValidation | undefined,
  hasStatus: boolean,
  field: Path,
  errors: FieldError[],
): void {
  if (!validation?.openAPIV3Schema) return;
  // what is stored has been found right
  if (old && (validation.openAPIV3Schema === old.openAPIV3Schema || deepEqual(validation, old))) return;
  const schema = asStructural(validation.openAPIV3Schema);
  const at = field.child('openAPIV3Schema');
  if (hasStatus) validateRoot(schema, at, errors);
  if (schema.nullable) errors.push(forbidden(at.child('nullable'), 'nullable cannot be true at the root'));
  const structural = validateStructural(schema, at);
  errors.push(...structural);
  const defaults: FieldError[] = [];
  if (structural.length === 0) validateDefaults(schema, at, defaults);
  errors.push(...defaults);
  const cost = structural.length === 0 && defaults.length === 0 ? new TotalCost() : undefined;
  validateSchema(schema, at, { isRoot: true, nested: false, uncorrelatable: false, untyped: false, cardinality: 1, cost }, errors);
  if (cost) errors.push(...cost.finish(at));
}

const AT_ROOT = [
  'Description', 'Type', 'Format', 'Title', 'Maximum', 'ExclusiveMaximum', 'Minimum', 'ExclusiveMinimum', 'MaxLength', 'MinLength',
  'Pattern', 'MaxItems', 'MinItems', 'UniqueItems', 'MultipleOf', 'Required', 'Items', 'Properties', 'ExternalDocs', 'Example',
  'XPreserveUnknownFields', 'XValidations',
]; // prettier-ignore

const goName = (json: string): string =>
  json.startsWith('x-kubernetes-')
    ? `X${json
        .slice('x-kubernetes-'.length)
        .split('-')
        .map((p) => p[0]!.toUpperCase() + p.slice(1))
        .join('')}`
    : json[0]!.toUpperCase() + json.slice(1);

/** The first field that is wrong, in Go's order. */
function validateRoot(schema: Structural, field: Path, errors: FieldError[]): void {
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'type' && value && value !== 'object') {
      const message = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      errors.push(invalid(field.child('type'), value, message));
      return;
    }
    if (value === undefined || value === '' || value === false || AT_ROOT.includes(goName(key))) continue;
    errors.push(
      invalid(
        field,
        schema,
        `only [${AT_ROOT.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
      ),
    );
    return;
  }
}

interface Place extends RulePlace {
  /** Below allOf, anyOf, oneOf, not: only values may be restricted. */
  readonly nested: boolean;
}

/** How many values of the schemas below there can be for each value of this one. */
function elementsOf({ type, additionalProperties, maxProperties, maxItems }: Structural): number {
  if (type === 'object' && additionalProperties) return maxProperties === undefined ? Number.POSITIVE_INFINITY : Math.max(0, maxProperties);
  if (type === 'array') return maxItems === undefined ? Number.POSITIVE_INFINITY : Math.max(0, maxItems);
  return 1;
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function validateSchema(schema: Structural, field: Path, place: Place, errors: FieldError[]): void {
  const before = errors.length;
  const nested = { ...place, isRoot: false, nested: true };
  const elements = elementsOf(schema);
  const bounded = place.cardinality !== Number.POSITIVE_INFINITY && elements !== Number.POSITIVE_INFINITY;
  const untyped = place.untyped || (schema.type !== undefined && schema.type !== '' && !TYPES.includes(schema.type));
  const below = { ...place, isRoot: false, untyped, cardinality: bounded ? place.cardinality * elements : Number.POSITIVE_INFINITY };
  if (schema.uniqueItems)
    errors.push(forbidden(field.child('uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  const { additionalProperties, properties, items } = schema;
  if (additionalProperties !== undefined && additionalProperties !== null) {
    const at = field.child('additionalProperties');
    if (properties && Object.keys(properties).length && additionalProperties !== true)
      errors.push(forbidden(at, 'additionalProperties and properties are mutual exclusive'));
    if (typeof additionalProperties === 'object')
      validateSchema(
        additionalProperties,
        at,
        { ...below, uncorrelatable: place.uncorrelatable || schema['x-kubernetes-map-type'] === 'atomic' },
        errors,
      );
  }
  for (const [name, property] of Object.entries(properties ?? {}))
    validateSchema(property, field.child('properties').key(name), below, errors);
  for (const [name, property] of Object.entries(schema.patternProperties ?? {}))
    validateSchema(asStructural(property), field.child('patternProperties').key(name), below, errors);
  if (typeof schema.additionalItems === 'object' && schema.additionalItems)
    validateSchema(asStructural(schema.additionalItems), field.child('additionalItems'), below, errors);
  if (schema.not) validateSchema(schema.not, field.child('not'), nested, errors);
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const)
    (schema[key] ?? []).forEach((part, i) => validateSchema(part, field.child(key).index(i), nested, errors));
  for (const [name, definition] of Object.entries(schema.definitions ?? {}))
    validateSchema(asStructural(definition), field.child('definitions').key(name), below, errors);
  if (Array.isArray(items))
    (items as Structural[]).forEach((item, i) => validateSchema(item, field.child('items').index(i), below, errors));
  else if (items)
    validateSchema(
      items,
      field.child('items'),
      { ...below, uncorrelatable: place.uncorrelatable || schema['x-kubernetes-list-type'] !== 'map' },
      errors,
    );
  for (const [name, dependency] of Object.entries(schema.dependencies ?? {}))
    if (!Array.isArray(dependency)) validateSchema(dependency as Structural, field.child('dependencies').key(name), below, errors);
  validateKeywords(schema, field, errors);
  validateListKeywords(schema, field, errors);
  if (!place.nested) validateRules(schema, field, place, () => errors.length === before, errors);
}

function validateKeywords(schema: Structural, field: Path, errors: FieldError[]): void {
  const refuse = (key: string): void => void errors.push(forbidden(field.child(key), `${key} is not supported`));
  if (schema.id) refuse('id');
  if (schema.additionalItems !== undefined) refuse('additionalItems');
  if (schema.patternProperties && Object.keys(schema.patternProperties).length) refuse('patternProperties');
  if (schema.definitions && Object.keys(schema.definitions).length) refuse('definitions');
  if (schema.dependencies !== undefined) refuse('dependencies');
  if (schema.$ref !== undefined) refuse('$ref');
  if (schema.type === 'null') errors.push(forbidden(field.child('type'), 'type cannot be set to null, use nullable as an alternative'));
  else if (schema.type && !TYPES.includes(schema.type)) errors.push(notSupported(field.child('type'), schema.type, TYPES));
  if (Array.isArray(schema.items) && schema.items.length)
    errors.push(forbidden(field.child('items'), 'items must be a schema object and not an array'));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalid(field.child('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    mustBeType(schema, 'object', 'x-kubernetes-map-type is specified', field, errors);
    if (mapType !== 'atomic' && mapType !== 'granular')
      errors.push(notSupported(field.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  }
}

function mustBeType(schema: Structural, type: string, when: string, field: Path, errors: FieldError[]): void {
  if (schema.type === type) return;
  const message = `must be ${type} if ${when}`;
  errors.push(schema.type ? invalid(field.child('type'), schema.type, message) : required(field.child('type'), message));
}

function validateListKeywords(schema: Structural, field: Path, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const { items } = schema;
  if (listType !== undefined) {
    mustBeType(schema, 'array', 'x-kubernetes-list-type is specified', field, errors);
    if (!['atomic', 'set', 'map'].includes(listType))
      errors.push(notSupported(field.child('x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
  }
  if (keys.length && listType !== 'map') {
    const at = field.child('x-kubernetes-list-type');
    const message = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(at, message) : invalid(at, listType, message));
  }
  if (listType === 'map') validateListMap(items, keys, field, errors);
  if (listType === 'set' && items && !Array.isArray(items)) validateSetItems(items, field.child('items'), errors);
}

function validateListMap(items: Structural | null | undefined, keys: readonly string[], field: Path, errors: FieldError[]): void {
  const at = field.child('x-kubernetes-list-map-keys');
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined) {
    errors.push(required(field.child('items'), 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items === null || Array.isArray(items)) {
    errors.push(
      invalid(field.child('items'), { Schema: null, JSONSchemas: null }, 'must only have a single schema if x-kubernetes-list-type is map'),
    );
    return;
  }
  if (items.type !== 'object') {
    errors.push(invalid(field.child('items', 'type'), items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
  }
  const properties = items.properties ?? {};
  for (const key of keys) {
    if (!Object.hasOwn(properties, key)) {
      if (items.type === 'object') errors.push(invalid(at, keys, 'entries must all be names of item properties'));
      continue;
    }
    const property = properties[key]!;
    const place = field.child('items', 'properties').key(key);
    if (property.nullable)
      errors.push(forbidden(place.child('nullable'), 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
    if (property.type === 'array' || property.type === 'object')
      errors.push(invalid(place.child('type'), property.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    if (property.default === undefined && !items.required?.includes(key))
      errors.push(
        required(
          place.child('default'),
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
  }
  if (new Set(keys).size !== keys.length) errors.push(invalid(at, keys, 'must not contain duplicate entries'));
}

/** Items of a set are compared as a whole. */
function validateSetItems(items: Structural, field: Path, errors: FieldError[]): void {
  const message = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  if (items.nullable) errors.push(forbidden(field.child('nullable'), 'cannot be nullable when x-kubernetes-list-type is set'));
  const mapType = items['x-kubernetes-map-type'];
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'object' && mapType !== 'atomic') errors.push(invalid(field.child('x-kubernetes-map-type'), null, message));
  // an unset list type is atomic
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    errors.push(invalid(field.child('x-kubernetes-list-type'), listType, message));
}
