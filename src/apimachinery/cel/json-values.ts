// Values of JSON as values of CEL and back, converted only where an expression looks. Those with a schema are what the schema says (times,
// bytes, sets); those without are what they look like. Follows pkg/cel/common/valuesunstructured.go of k8s.io/apiserver.
import { type CelType, DYN, mapType, STRING, structType } from './cel-type.ts';
import { equals } from './equality.ts';
import { escapeName, type ValueSchema, withTypeAndMeta } from './schema-type.ts';
import { formatDurationSeconds, formatTimestamp, parseDurationNanos, parseTimestampNanos } from './library/times.ts';
import {
  ArrayList,
  CelError,
  Duration,
  ListValue,
  MapValue,
  NONE,
  OpaqueValue,
  OptionalValue,
  Timestamp,
  Uint,
  type Value,
} from './values.ts';

type Json = Readonly<Record<string, unknown>>;

/** A value that has no schema: whole numbers are integers. */
export function plainValue(value: unknown): Value {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'boolean':
    case 'string':
    case 'bigint':
      return value;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : value;
    default:
      return Array.isArray(value) ? new PlainList(value) : new PlainMap(value as Json);
  }
}

class PlainList extends ListValue {
  private readonly raw: readonly unknown[];
  constructor(raw: readonly unknown[]) {
    super();
    this.raw = raw;
  }
  get length(): number {
    return this.raw.length;
  }
  at(index: number): Value {
    return plainValue(this.raw[index]);
  }
}

class PlainMap extends MapValue {
  private readonly raw: Json;
  override readonly type: CelType = mapType(STRING, DYN);
  constructor(raw: Json) {
    super();
    this.raw = raw;
  }
  get size(): number {
    return Object.keys(this.raw).length;
  }
  get(key: Value): Value | undefined {
    return typeof key === 'string' && Object.hasOwn(this.raw, key) && this.raw[key] !== undefined ? plainValue(this.raw[key]) : undefined;
  }
  keys(): readonly Value[] {
    return Object.keys(this.raw);
  }
}

/** An object of a named type, without a schema for its fields: `request`, `namespaceObject`. */
export class NamedObject extends PlainMap {
  override readonly type: CelType;
  constructor(typeName: string, raw: Json) {
    super(raw);
    this.type = structType(typeName);
  }
}

// ---- with a schema ----

/** @param isRoot the value is a whole object */
export function schemaValue(value: unknown, schema: ValueSchema, isRoot = false): Value {
  const whole = isRoot || schema['x-kubernetes-embedded-resource'] ? withTypeAndMeta(schema) : schema;
  if (value === null || value === undefined)
    return whole.nullable ? null : new CelError('invalid data, got null for schema with nullable=false');
  if (whole['x-kubernetes-int-or-string'])
    return typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'bigint'
        ? BigInt(value)
        : wrongType('XIntOrString value to be either a string or integer');
  switch (whole.type) {
    case 'object':
      return typeof value === 'object' ? new SchemaMap(value as Json, whole) : wrongType('a map for the provided schema with type=object');
    case 'array':
      return Array.isArray(value) ? listOf(value, whole) : wrongType('an array for the provided schema with type=array');
    case 'string':
      return typeof value === 'string' ? textValue(value, whole.format) : wrongType('string');
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : wrongType('float');
    case 'integer':
      if (typeof value === 'bigint') return value;
      return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : wrongType('int');
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType('bool');
    default:
      return plainValue(value);
  }
}

const wrongType = (expected: string): CelError => new CelError(`invalid data, expected ${expected}`);

function textValue(text: string, format: string | undefined): Value {
  switch (format) {
    case 'duration': {
      const nanos = parseDurationNanos(text);
      return nanos === undefined
        ? new CelError(`Invalid duration ${text}: time: invalid duration ${JSON.stringify(text)}`)
        : new Duration(nanos);
    }
    case 'date': {
      const nanos = parseTimestampNanos(`${text}T00:00:00Z`);
      return nanos === undefined ? new CelError(`Invalid date formatted string ${text}`) : new Timestamp(nanos);
    }
    case 'date-time': {
      const nanos = parseTimestampNanos(text);
      return nanos === undefined ? new CelError(`Invalid date-time formatted string ${text}`) : new Timestamp(nanos);
    }
    case 'byte':
      return Buffer.from(text, 'base64');
    default:
      return text;
  }
}

class SchemaMap extends MapValue {
  private readonly raw: Json;
  private readonly schema: ValueSchema;
  /** Property names by the names that expressions use; only for objects with fields. */
  private readonly properties: Readonly<Record<string, ValueSchema>> | undefined;

  constructor(raw: Json, schema: ValueSchema) {
    super();
    this.raw = raw;
    this.schema = schema;
    this.properties = schema.properties;
  }

  /** Those that the schema knows. */
  private names(): string[] {
    return Object.keys(this.raw).filter((name) => this.schemaOf(name) !== undefined);
  }

  private schemaOf(name: string): ValueSchema | undefined {
    if (this.properties) return Object.hasOwn(this.properties, name) ? this.properties[name] : undefined;
    const { additionalProperties } = this.schema;
    return typeof additionalProperties === 'object' && additionalProperties !== null ? additionalProperties : undefined;
  }

  get size(): number {
    return this.names().length;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const name = this.properties ? propertyName(this.properties, key) : key;
    const schema = name === undefined ? undefined : this.schemaOf(name);
    if (name === undefined || !schema || !Object.hasOwn(this.raw, name)) return undefined;
    return schemaValue(this.raw[name], schema);
  }

  keys(): readonly Value[] {
    const names = this.names();
    return this.properties ? names.map((name) => escapeName(name) ?? name) : names;
  }
}

const escapedNames = new WeakMap<object, ReadonlyMap<string, string>>();

function propertyName(properties: Readonly<Record<string, ValueSchema>>, escaped: string): string | undefined {
  if (Object.hasOwn(properties, escaped) && escapeName(escaped) === escaped) return escaped;
  let names = escapedNames.get(properties);
  if (!names) {
    names = new Map(Object.keys(properties).flatMap((name) => (escapeName(name) === undefined ? [] : [[escapeName(name)!, name]])));
    escapedNames.set(properties, names);
  }
  return names.get(escaped);
}

// ---- lists with a schema ----

function listOf(raw: readonly unknown[], schema: ValueSchema): Value {
  if (!schema.items) return new CelError('invalid array type, expected Items with a non-empty Schema');
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return new SetList(raw, schema.items);
    case 'map':
      return new MapList(raw, schema.items, schema['x-kubernetes-list-map-keys'] ?? []);
    default:
      return new SchemaList(raw, schema.items);
  }
}

class SchemaList extends ListValue {
  protected readonly raw: readonly unknown[];
  private readonly items: ValueSchema;
  constructor(raw: readonly unknown[], items: ValueSchema) {
    super();
    this.raw = raw;
    this.items = items;
  }
  get length(): number {
    return this.raw.length;
  }
  at(index: number): Value {
    return schemaValue(this.raw[index], this.items);
  }
}

/** The order does not matter, and what is added is there once. */
class SetList extends SchemaList {
  override equalTo(other: ListValue): boolean {
    return this.length === other.length && [...this].every((item) => has(other, item));
  }
  override plus(other: ListValue): Value {
    const items = [...this];
    for (const item of other) if (!items.some((one) => equals(one, item))) items.push(item);
    return new ArrayList(items);
  }
}

/** Elements are the same by their keys: what is added replaces what has the same. */
class MapList extends SchemaList {
  private readonly keyFields: readonly string[];
  constructor(raw: readonly unknown[], items: ValueSchema, keyFields: readonly string[]) {
    super(raw, items);
    this.keyFields = keyFields.map((name) => escapeName(name) ?? name);
  }
  private sameKeys(a: Value, b: Value): boolean {
    if (!(a instanceof MapValue && b instanceof MapValue)) return false;
    return this.keyFields.every((key) => equals(a.get(key) ?? null, b.get(key) ?? null));
  }
  override equalTo(other: ListValue): boolean {
    return this.length === other.length && [...this].every((item) => [...other].some((o) => this.sameKeys(item, o) && equals(item, o)));
  }
  override plus(other: ListValue): Value {
    const items = [...this];
    for (const item of other) {
      const at = items.findIndex((one) => this.sameKeys(one, item));
      if (at < 0) items.push(item);
      else items[at] = item;
    }
    return new ArrayList(items);
  }
}

const has = (list: ListValue, item: Value): boolean => [...list].some((one) => equals(one, item));

// ---- back ----

/** As JSON has it. Throws a TypeError for what JSON cannot hold. */
export function toJson(value: Value): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return numberOrBig(value);
  if (value instanceof Uint) return numberOrBig(value.value);
  if (value instanceof ListValue) return [...value].map(toJson);
  if (value instanceof MapValue)
    return Object.fromEntries(
      value.keys().map((key) => {
        if (typeof key !== 'string') throw new TypeError('a key is no text');
        return [key, toJson(value.get(key)!)];
      }),
    );
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDurationSeconds(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof OptionalValue && value !== NONE) return toJson(value.value!);
  throw new TypeError(value instanceof OpaqueValue ? `a ${value.type.name} is no JSON` : 'no JSON');
}

const numberOrBig = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
