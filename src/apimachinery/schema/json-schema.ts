// JSON Schema (draft 7) for the Go types of the API, as a decoder reads them: null is welcome anywhere, and unknown fields are not.
// One schema a struct, each with an id of its own, so that a validator compiles what many kinds share (PodSpec, ObjectMeta) once.
import type { GoType, OpaqueName, ScalarBase, StructType } from './go-type.ts';
import { isEnforced } from './required.ts';
import { structType } from './schema.ts';

export interface JsonSchema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: readonly string[];
  readonly format?: JsonFormat;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly not?: JsonSchema;
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
}

/** What is said of text beyond its type. `int64` is a hint only: such numbers may be bigints, which JSON Schema does not know. */
export type JsonFormat = 'byte' | 'quantity' | 'date-time' | 'date-time-micro' | 'duration' | 'int64';

/** The schema id of a struct. */
export const schemaId = (struct: string): string => `go:${struct}`;

/** The id of the schema of a struct, and all below it, that drops unknown fields in silence. */
const lenientId = (struct: string): string => `go-lenient:${struct}`;

/**
 * The schema of a struct and those of all structs that it refers to, itself first.
 *
 * @param struct such as `apps/v1.Deployment`
 * @param known ids that need not be given again; what is returned is added
 */
export function jsonSchemas(struct: string, known: Set<string> = new Set()): readonly JsonSchema[] {
  const schemas: JsonSchema[] = [];
  const todo: Referred[] = [{ type: structType(struct), lenient: false }];
  for (let next = todo.shift(); next; next = todo.shift()) {
    const id = idOf(next);
    if (known.has(id)) continue;
    known.add(id);
    schemas.push(structSchema(next, todo));
  }
  return schemas;
}

interface Referred {
  readonly type: StructType;
  readonly lenient: boolean;
}

const idOf = ({ type, lenient }: Referred): string => (lenient ? lenientId : schemaId)(type.name);

function structSchema({ type, lenient }: Referred, referred: Referred[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const field of type.byJson.values()) {
    const schema = schemaOf(field.type, lenient, referred);
    const enforced = type.required.includes(field.json) && isEnforced(type.name, field.json);
    if (enforced) required.push(field.json);
    // to a decoder null is the same as nothing
    properties[field.json] = enforced ? { ...schema, not: NULL } : schema;
  }
  const fields: JsonSchema = {
    type: OBJECT,
    properties,
    ...(lenient ? {} : { additionalProperties: false }),
    ...(required.length ? { required } : {}),
  };
  return { $id: idOf({ type, lenient }), ...fields };
}

const NULL: JsonSchema = { type: ['null'] };
const OBJECT = ['object', 'null'];
const ANYTHING: JsonSchema = {};

function schemaOf(type: GoType, lenient: boolean, referred: Referred[]): JsonSchema {
  switch (type.is) {
    case 'struct':
      referred.push({ type, lenient });
      return { $ref: idOf({ type, lenient }) };
    case 'pointer':
      return schemaOf(type.elem, lenient, referred);
    case 'slice':
      return { type: ['array', 'null'], items: schemaOf(type.elem, lenient, referred) };
    case 'map':
      return { type: OBJECT, additionalProperties: schemaOf(type.elem, lenient, referred) };
    case 'scalar':
      return SCALARS[type.base];
    case 'opaque':
      return type.name.startsWith('JSONSchemaPropsOr') ? schemaProps(type.name, referred) : (OPAQUES[type.name] ?? ANYTHING);
  }
}

/** These have a decoder of their own for what is an object, which drops unknown fields. */
function schemaProps(name: OpaqueName, referred: Referred[]): JsonSchema {
  const props = schemaOf(structType('apiextensions/v1.JSONSchemaProps'), true, referred);
  const object: JsonSchema = { if: { type: ['object'] }, then: props };
  switch (name) {
    case 'JSONSchemaPropsOrBool':
      return { type: ['object', 'boolean', 'null'], ...object };
    case 'JSONSchemaPropsOrArray':
      return { type: ['object', 'array', 'null'], ...object, items: props };
    default:
      return { type: ['object', 'array', 'null'], ...object, items: SCALARS.string };
  }
}

const integer = (minimum: number, maximum: number): JsonSchema => ({ type: ['integer', 'null'], minimum, maximum });

const SCALARS: Readonly<Record<ScalarBase, JsonSchema>> = {
  string: { type: ['string', 'null'] },
  bool: { type: ['boolean', 'null'] },
  int: { type: ['integer', 'null'], format: 'int64' },
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  int64: { type: ['integer', 'null'], format: 'int64' },
  uint8: integer(0, 255),
  uint32: integer(0, 2 ** 32 - 1),
  uint64: { type: ['integer', 'null'], minimum: 0 },
  float64: { type: ['number', 'null'] },
  // a list of numbers is read as bytes too
  bytes: { type: ['string', 'array', 'null'], format: 'byte', items: integer(0, 255) },
  interface: ANYTHING,
};

const OPAQUES: Readonly<Partial<Record<OpaqueName, JsonSchema>>> = {
  Quantity: { type: ['string', 'number', 'null'], format: 'quantity' },
  Time: { type: ['string', 'null'], format: 'date-time' },
  MicroTime: { type: ['string', 'null'], format: 'date-time-micro' },
  Duration: { type: ['string', 'null'], format: 'duration' },
  IntOrString: { type: ['integer', 'string', 'null'], minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
};
