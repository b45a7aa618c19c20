// Types of CEL for values that have an OpenAPI schema, with how large such values can be: what the checker, the estimate of costs and the
// evaluation of rules on custom resources reckon with. Follows pkg/cel/common/schemas.go and escaping.go of k8s.io/apiserver.
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listType, mapType, STRING, structType, TIMESTAMP } from './cel-type.ts';

/** As much of a structural schema as matters here. */
export interface ValueSchema {
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly items?: ValueSchema;
  readonly additionalProperties?: ValueSchema | boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

export interface SchemaType {
  readonly type: CelType;
  /** Characters, elements, entries. */
  readonly maxElements: number;
  /** In bytes, as JSON. */
  readonly minSize: number;
  /** By names as expressions write them. */
  readonly fields?: ReadonlyMap<string, SchemaType>;
  readonly element?: SchemaType;
}

export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;
const MAX_DURATION = 32;
const DATE_SIZE = 12;
const MAX_DATE_TIME = 32;
const MIN_DATE_TIME = 21;

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const ESCAPES: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** The name by which expressions know a property; undefined where it cannot be written. */
export function escapeName(name: string): string | undefined {
  if (name === '' || /^\d/.test(name) || /[^a-zA-Z0-9\-./_]/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replace(/__|[-./]/g, (part) => ESCAPES[part]!);
}

/** A whole object's schema: its type and name are always known. */
export function withTypeAndMeta(schema: ValueSchema): ValueSchema {
  const text: ValueSchema = { type: 'string' };
  return {
    ...schema,
    properties: {
      ...schema.properties,
      kind: text,
      apiVersion: text,
      metadata: { type: 'object', properties: { name: text, generateName: text } },
    },
  };
}

/**
 * Undefined where expressions cannot see such values.
 * @param isRoot the schema is that of a whole object
 * @param name of the object type that it becomes
 */
export function schemaType(schema: ValueSchema, isRoot: boolean, name = 'object'): SchemaType | undefined {
  if (schema['x-kubernetes-int-or-string'])
    return { type: DYN, minSize: 1, maxElements: schema.maxLength === undefined ? MAX_REQUEST_BYTES - 2 : longest(schema.maxLength) };
  const whole = isRoot ? withTypeAndMeta(schema) : schema;
  switch (whole.type) {
    case 'array':
      return arrayType(whole, name);
    case 'object':
      return objectType(whole, name);
    case 'string':
      return textType(whole);
    case 'boolean':
      return { type: BOOL, minSize: 4, maxElements: 0 };
    case 'number':
      return { type: DOUBLE, minSize: 1, maxElements: 0 };
    case 'integer':
      return { type: INT, minSize: 1, maxElements: 0 };
    default:
      return undefined;
  }
}

const isEmbedded = (schema: ValueSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

/** Of any four bytes that a character takes. */
const longest = (maxLength: number): number => Math.max(0, maxLength) * 4;

function arrayType({ items, maxItems }: ValueSchema, name: string): SchemaType | undefined {
  const element = items && schemaType(items, isEmbedded(items), `${name}.@idx`);
  if (!element) return undefined;
  const most = maxItems === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (element.minSize + 1)) : Math.max(0, maxItems);
  return { type: listType(element.type), minSize: 2, maxElements: most, element };
}

function objectType(schema: ValueSchema, name: string): SchemaType | undefined {
  const { additionalProperties, maxProperties, properties = {}, required = [] } = schema;
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    const element = schemaType(additionalProperties, isEmbedded(additionalProperties), `${name}.@elem`);
    if (!element) return undefined;
    const most = maxProperties === undefined ? Math.floor((MAX_REQUEST_BYTES - 2) / (element.minSize + 6)) : Math.max(0, maxProperties);
    return { type: mapType(STRING, element.type), minSize: 2, maxElements: most, element };
  }
  const fields = new Map<string, SchemaType>();
  let minSize = 2;
  for (const [property, of] of Object.entries(properties)) {
    const escaped = escapeName(property);
    const type = schemaType(of, isEmbedded(of), `${name}.${escaped ?? property}`);
    if (!type) continue;
    if (escaped !== undefined) fields.set(escaped, type);
    if (required.includes(property) && (of.default === undefined || of.default === null)) minSize += property.length + type.minSize + 4;
  }
  return { type: structType(name), minSize, maxElements: 0, fields };
}

function textType({ format, maxLength, enum: values }: ValueSchema): SchemaType {
  const unbounded = MAX_REQUEST_BYTES - 2;
  switch (format) {
    case 'byte':
      return { type: BYTES, minSize: 2, maxElements: maxLength === undefined ? unbounded : Math.max(0, maxLength) };
    case 'duration':
      return { type: DURATION, minSize: 3, maxElements: MAX_DURATION };
    case 'date':
      return { type: TIMESTAMP, minSize: DATE_SIZE, maxElements: DATE_SIZE };
    case 'date-time':
      return { type: TIMESTAMP, minSize: MIN_DATE_TIME, maxElements: MAX_DATE_TIME };
  }
  if (maxLength !== undefined) return { type: STRING, minSize: 2, maxElements: longest(maxLength) };
  const texts = (values ?? []).filter((v): v is string => typeof v === 'string');
  return {
    type: STRING,
    minSize: 2,
    maxElements: values?.length ? Math.max(0, ...texts.map((text) => Buffer.byteLength(text))) : unbounded,
  };
}

/** All object types within, by name: for the environment. */
export function objectTypes(root: SchemaType): ReadonlyMap<string, SchemaType> {
  const found = new Map<string, SchemaType>();
  const visit = (type: SchemaType): void => {
    if (type.fields) found.set(type.type.name, type);
    if (type.element) visit(type.element);
    for (const field of type.fields?.values() ?? []) visit(field);
  };
  visit(root);
  return found;
}
