// That schemas are structural: all fields are named with their types outside of allOf, anyOf, oneOf and not. Follows
// pkg/apiserver/schema/validation.go and complete.go of apiextensions-apiserver.
import { deepEqual } from '../../../apimachinery/object.ts';
import { compileRegexp, RegexpError } from '../../../apimachinery/regexp.ts';
import { fieldErrorText, forbidden, invalid, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { entriesOf, isEmbedded, isIntOrString, preservesUnknown, type Structural } from '../custom/structural-schema.ts';

type Level = 'root' | 'item' | 'field';

const UNTYPED: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** In the order of their texts. */
export function validateStructural(schema: Structural, field: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (cannotBeStructural(schema)) return errors;
  validateInvariants(schema, 'root', field, errors);
  validateCompleteness(schema, field, errors);
  return errors
    .map((e) => [fieldErrorText(e), e] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, e]) => e);
}

/** Keywords for which structural schemas have no place at all: they are told of elsewhere. */
function cannotBeStructural(schema: Structural): boolean {
  const own =
    schema.$ref !== undefined ||
    Boolean(schema.id) ||
    Array.isArray(schema.items) ||
    schema.additionalItems !== undefined ||
    Object.keys(schema.patternProperties ?? {}).length > 0 ||
    Object.keys(schema.definitions ?? {}).length > 0 ||
    schema.dependencies !== undefined ||
    schema['x-kubernetes-preserve-unknown-fields'] === false;
  if (own) return true;
  const parts = [
    schema.items,
    schema.not,
    entriesOf(schema),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...Object.values(schema.properties ?? {}),
  ];
  return parts.some((part) => part !== undefined && part !== null && cannotBeStructural(part));
}

const anyOfIsIntOrString = (schema: Structural): boolean => deepEqual(schema.anyOf, INT_OR_STRING);
const allOfIsIntOrString = (schema: Structural): boolean => deepEqual(schema.allOf?.[0]?.anyOf, INT_OR_STRING);

function validateInvariants(schema: Structural, level: Level, field: Path, errors: FieldError[]): void {
  const { type = '', items, properties = {}, additionalProperties } = schema;
  if (type === 'array' && !items) errors.push(required(field.child('items'), 'must be specified'));
  if (items) validateInvariants(items, 'item', field.child('items'), errors);
  for (const [name, property] of Object.entries(properties))
    validateInvariants(property, 'field', field.child('properties').key(name), errors);
  const hasAdditional = additionalProperties !== undefined && additionalProperties !== null;
  if (hasAdditional) {
    if (level === 'root') errors.push(forbidden(field.child('additionalProperties'), 'must not be used at the root'));
    const entries = entriesOf(schema);
    if (entries) validateInvariants(entries, 'field', field.child('additionalProperties'), errors);
  }
  validateExtensions(schema, field, errors);
  validateValues(schema, anyOfIsIntOrString(schema), allOfIsIntOrString(schema), field, errors);
  if (isEmbedded(schema) && type !== 'object') {
    const message = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type ? invalid(field.child('type'), type, message) : required(field.child('type'), message));
  } else if (!type && !isIntOrString(schema) && !preservesUnknown(schema)) errors.push(required(field.child('type'), UNTYPED[level]));
  if (isEmbedded(schema) && hasAdditional)
    errors.push(forbidden(field.child('additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && type && type !== 'object') errors.push(invalid(field.child('type'), type, 'must be object at the root'));
  const isObject = level === 'root' || isEmbedded(schema);
  if (isObject)
    for (const name of ['kind', 'apiVersion']) {
      const property = properties[name];
      if (property && property.type !== 'string')
        errors.push(invalid(field.child('properties').key(name).child('type'), property.type ?? '', 'must be string'));
    }
  if (Object.hasOwn(properties, 'metadata'))
    validateMetadata(properties['metadata']!, isObject, level, field.child('properties').key('metadata'), errors);
  if (isEmbedded(schema) && !preservesUnknown(schema) && Object.keys(properties).length === 0)
    errors.push(
      required(
        field.child('properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
}

/** Of metadata at the root only name and generateName can be restricted. */
function validateMetadata(schema: Structural, isObject: boolean, level: Level, field: Path, errors: FieldError[]): void {
  if (isObject && schema.type !== 'object') errors.push(invalid(field.child('type'), schema.type ?? '', 'must be object'));
  if (level !== 'root') return;
  const { properties = {}, type: _t, default: _d, ...rest } = schema;
  const names = Object.keys(properties);
  const onlyNames = names.every((name) => name === 'name' || name === 'generateName');
  if (onlyNames && Object.values(rest).every((v) => v === undefined || v === '' || v === false)) return;
  errors.push(forbidden(field, 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
}

function validateExtensions(schema: Structural, field: Path, errors: FieldError[]): void {
  if (!isIntOrString(schema)) return;
  const message = 'must be false if x-kubernetes-int-or-string is true';
  if (preservesUnknown(schema)) errors.push(invalid(field.child('x-kubernetes-preserve-unknown-fields'), true, message));
  if (isEmbedded(schema)) errors.push(invalid(field.child('x-kubernetes-embedded-resource'), true, message));
  if (schema.type) errors.push(invalid(field.child('type'), schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
}

function validateValues(schema: Structural, skipAnyOf: boolean, skipFirstAnyOf: boolean, field: Path, errors: FieldError[]): void {
  if (!skipAnyOf) (schema.anyOf ?? []).forEach((part, i) => validateNested(part, false, field.child('anyOf').index(i), errors));
  (schema.allOf ?? []).forEach((part, i) => validateNested(part, skipFirstAnyOf && i === 0, field.child('allOf').index(i), errors));
  (schema.oneOf ?? []).forEach((part, i) => validateNested(part, false, field.child('oneOf').index(i), errors));
  if (schema.not) validateNested(schema.not, false, field.child('not'), errors);
  if (!schema.pattern) return;
  try {
    compileRegexp(schema.pattern);
  } catch (error) {
    if (!(error instanceof RegexpError)) throw error;
    errors.push(invalid(field.child('pattern'), schema.pattern, `must be a valid regular expression, but isn't: ${error.message}`));
  }
}

function validateNested(schema: Structural, skipAnyOf: boolean, field: Path, errors: FieldError[]): void {
  validateValues(schema, skipAnyOf, false, field, errors);
  if (schema.items) validateNested(schema.items, false, field.child('items'), errors);
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    validateNested(property, false, field.child('properties').key(name), errors);
  const refuse = (key: keyof Structural, what: string): void =>
    void errors.push(forbidden(field.child(key), `must be ${what} to be structural`));
  if (schema.type) refuse('type', 'empty');
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== null) refuse('additionalProperties', 'undefined');
  if (schema.default !== undefined) refuse('default', 'undefined');
  if (schema.title) refuse('title', 'empty');
  if (schema.description) refuse('description', 'empty');
  if (schema.nullable) refuse('nullable', 'false');
  if (schema.externalDocs) refuse('externalDocs', 'undefined');
  if (preservesUnknown(schema)) refuse('x-kubernetes-preserve-unknown-fields', 'false');
  if (isEmbedded(schema)) refuse('x-kubernetes-embedded-resource', 'false');
  if (isIntOrString(schema)) refuse('x-kubernetes-int-or-string', 'false');
  if (schema['x-kubernetes-list-map-keys']?.length) refuse('x-kubernetes-list-map-keys', 'empty');
  if (schema['x-kubernetes-list-type'] !== undefined) refuse('x-kubernetes-list-type', 'undefined');
  if (schema['x-kubernetes-map-type'] !== undefined) refuse('x-kubernetes-map-type', 'undefined');
  if (schema['x-kubernetes-validations']?.length) refuse('x-kubernetes-validations', 'empty');
  if (Object.hasOwn(schema.properties ?? {}, 'metadata'))
    errors.push(forbidden(field.child('properties').key('metadata'), 'must not be specified in a nested context'));
}

/** What is restricted below a junctor must be named outside of it. Kubernetes looks at the junctors of the root alone. */
function validateCompleteness(schema: Structural, field: Path, errors: FieldError[]): void {
  const nested = (part: Structural, at: Path): void => validateNestedCompleteness(part, schema, at, field, errors);
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) (schema[key] ?? []).forEach((part, i) => nested(part, field.child(key).index(i)));
  if (schema.not) nested(schema.not, field.child('not'));
}

function validateNestedCompleteness(values: Structural, schema: Structural | undefined, at: Path, whole: Path, errors: FieldError[]): void {
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    (values[key] ?? []).forEach((part, i) => validateNestedCompleteness(part, schema, at.child(key).index(i), whole, errors));
  if (values.not) validateNestedCompleteness(values.not, schema, at.child('not'), whole, errors);
  const missing = (path: Path, because: Path): void => void errors.push(required(path, `because it is defined in ${because.toString()}`));
  if (values.items) {
    if (schema?.items) validateNestedCompleteness(values.items, schema.items, at.child('items'), whole.child('items'), errors);
    else missing(whole.child('items'), at.child('items'));
  }
  for (const [name, property] of Object.entries(values.properties ?? {})) {
    const own = schema?.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    const path = whole.child('properties').key(name);
    const because = at.child('properties').key(name);
    if (own) validateNestedCompleteness(property, own, because, path, errors);
    else missing(path, because);
  }
}
