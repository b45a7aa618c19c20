// Definitions of version 2 of OpenAPI to schemas of version 3. What the document does not say follows from the Go types (a struct that is
// no pointer is never absent, so its default is the empty one), or stands in the table of facts: enums and defaults.
//
// DEVIATION: descriptions of enums name the values and do not explain them.
import { isObject, type JsonObject } from '../../../../apimachinery/object.ts';
import type { Field, GoType } from '../../../../apimachinery/schema/go-type.ts';
import { goType } from '../../../../apimachinery/schema/schema.ts';
import { DEFAULTS, ENUMS } from './facts.ts';
import { builtinSwagger } from './source.ts';

const REF = '#/components/schemas/';

const schemas = new Map<string, JsonObject>();

/** @param name `io.k8s.api.core.v1.Pod`. @returns undefined where there is none */
export function schemaV3(name: string): JsonObject | undefined {
  let schema = schemas.get(name);
  if (schema) return schema;
  const { definitions, goTypes } = builtinSwagger();
  const definition = definitions[name];
  if (!definition) return undefined;
  const type = goTypes[name];
  schema = SPECIAL[name]?.(definition) ?? convert(definition, type === undefined ? undefined : goType(type), type ?? name);
  schemas.set(name, schema);
  return schema;
}

/** Types that are several things in JSON: version 2 had no word for it. */
const SPECIAL: Readonly<Record<string, (definition: JsonObject) => JsonObject>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ({ type: _type, ...rest }) => ({
    ...rest,
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  }),
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ({ type: _type, ...rest }) => ({
    ...rest,
    oneOf: [{ type: 'string' }, { type: 'number' }],
  }),
};

function convert(definition: JsonObject, type: GoType | undefined, name: string): JsonObject {
  const { properties } = definition;
  if (!isObject(properties)) return { ...definition };
  const fields = type?.is === 'struct' ? type.byJson : undefined;
  const converted: JsonObject = {};
  for (const [key, property] of Object.entries(properties))
    converted[key] = propertyV3(property as JsonObject, fields?.get(key), `${name}.${key}`);
  return { ...definition, properties: converted };
}

function propertyV3(property: JsonObject, field: Field | undefined, at: string): JsonObject {
  const schema = valueV3(property, field?.type, field);
  const initial = DEFAULTS[at];
  const values = ENUMS.get(at);
  const facts: JsonObject = { ...schema, ...(initial === undefined ? {} : { default: initial }) };
  if (!values) return facts;
  for (const inner of ['items', 'additionalProperties'])
    if (isObject(facts[inner])) return { ...facts, [inner]: { ...facts[inner], enum: values } };
  const possible = values.map((value) => `\n - \`${JSON.stringify(value)}\``).join('');
  return { ...facts, description: `${String(facts['description'])}\n\nPossible enum values:${possible}`, enum: values };
}

/** @param field that has the value; undefined for what stands in a list or map */
function valueV3(value: JsonObject, type: GoType | undefined, field?: Field): JsonObject {
  const { $ref, items, additionalProperties, ...rest } = value;
  const zero = type ? zeroOf(type, field) : undefined;
  const common: JsonObject = { ...rest, ...(zero === undefined ? {} : { default: zero }) };
  if (typeof $ref === 'string') {
    const reference = { $ref: $ref.replace('#/definitions/', REF) };
    return Object.keys(common).length ? { ...common, allOf: [reference] } : reference;
  }
  const elem = elementOf(type);
  if (isObject(items)) return { ...common, items: valueV3(items, elem) };
  if (isObject(additionalProperties)) return { ...common, additionalProperties: valueV3(additionalProperties, elem) };
  return common;
}

function elementOf(type: GoType | undefined): GoType | undefined {
  if (type?.is === 'pointer') return elementOf(type.elem);
  return type?.is === 'slice' || type?.is === 'map' ? type.elem : undefined;
}

/** A definition of which nothing is known but what it says. */
export const withoutTypes = (definition: JsonObject): JsonObject => convert(definition, undefined, '');

/** What Go has where nothing is said: told of what is always written. */
function zeroOf(type: GoType, field: Field | undefined): unknown {
  if (type.is === 'struct') return {};
  if (type.is !== 'scalar' || field?.omitEmpty) return undefined;
  switch (type.base) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'bytes':
    case 'interface':
      return undefined;
    default:
      return 0;
  }
}

/** Names of all schemas that a value refers to. */
export function referencesIn(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) referencesIn(one, found);
  else if (isObject(value)) {
    const { $ref } = value;
    if (typeof $ref === 'string' && $ref.startsWith(REF)) found.add($ref.slice(REF.length));
    for (const key in value) referencesIn(value[key], found);
  }
}
