// Objects in their canonical JSON form to protobuf messages, by the field numbers in the schema table, byte for byte as Kubernetes'
// generated code (gogo/protobuf) writes them: fields by number, what is no pointer always, maps in the order of their keys.
import { encodeJson } from '../../json/encode.ts';
import type { JsonObject } from '../../object.ts';
import { parseDuration, parseTime, RFC3339_MICRO } from '../../time.ts';
import type { GoType, OpaqueType, ScalarType, SliceType, StructType } from '../../schema/go-type.ts';
import { goType } from '../../schema/schema.ts';
import { BYTES, FIXED64, VARINT, Writer } from './wire.ts';

/** Writes the value as field number `field`; undefined and null are nil. */
type Encoder = (writer: Writer, field: number, value: unknown) => void;
/** Writes the fields of a message. */
type MessageEncoder = (writer: Writer, value: unknown) => void;

/** The message alone, without the envelope that names its kind. */
export function encodeMessage(type: StructType, value: unknown): Uint8Array {
  const writer = new Writer();
  messageOf(type)(writer, value);
  return writer.finish();
}

const messages = new WeakMap<StructType, MessageEncoder>();

function messageOf(type: StructType): MessageEncoder {
  let encoder = messages.get(type);
  if (!encoder) {
    encoder = structEncoder(type);
    messages.set(type, encoder);
  }
  return encoder;
}

function structEncoder(type: StructType): MessageEncoder {
  interface Slot {
    readonly json: string;
    readonly number: number;
    readonly encode: Encoder;
  }
  let slots: readonly Slot[] | undefined;
  // linked on first use: types may contain themselves
  const link = (): readonly Slot[] =>
    (slots = type.declared
      .filter((f) => f.number !== undefined)
      .map((f) => ({ json: f.json, number: f.number!, encode: encoderOf(f.type) }))
      .sort((a, b) => b.number - a.number));
  return (writer, value) => {
    const object = (value ?? {}) as JsonObject;
    // a struct that is inlined in JSON is a message of its own here
    for (const { json, number, encode } of slots ?? link()) encode(writer, number, json === '' ? object : object[json]);
  };
}

const encoders = new WeakMap<GoType, Encoder>();

function encoderOf(type: GoType): Encoder {
  let encoder = encoders.get(type);
  if (!encoder) {
    encoder = makeEncoder(type);
    encoders.set(type, encoder);
  }
  return encoder;
}

const nested =
  (message: MessageEncoder): Encoder =>
  (writer, field, value) => {
    const end = writer.length;
    message(writer, value);
    writer.close(field, end);
  };

function makeEncoder(type: GoType): Encoder {
  switch (type.is) {
    case 'struct':
      return nested(messageOf(type));
    case 'pointer': {
      const encode = encoderOf(type.elem);
      return (writer, field, value) => {
        if (value !== undefined && value !== null) encode(writer, field, value);
      };
    }
    case 'slice':
      return sliceEncoder(type);
    case 'map':
      return (writer, field, value) => {
        const encode = encoderOf(type.elem);
        const map = (value ?? {}) as JsonObject;
        for (const key of byBytes(Object.keys(map)).reverse()) {
          const end = writer.length;
          encode(writer, 2, map[key]);
          text(writer, 1, key);
          writer.close(field, end);
        }
      };
    case 'scalar':
      return scalarEncoder(type);
    case 'opaque':
      return opaqueEncoder(type);
  }
}

/** As Go sorts strings: by their UTF-8. */
function byBytes(keys: string[]): string[] {
  // UTF-16 sorts differently only where there are surrogates
  return keys.some((key) => /[\ud800-\udfff]/.test(key))
    ? keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : keys.sort();
}

/** Named lists of strings (`ExtraValue`, `Verbs`) are messages: protobuf has no name for a list. */
export const isListMessage = (type: SliceType): boolean => !type.goName.startsWith('[]') && type.elem.is === 'scalar';

function sliceEncoder(type: SliceType): Encoder {
  const items: Encoder = (writer, field, value) => {
    const encode = encoderOf(type.elem);
    const list = (value ?? []) as readonly unknown[];
    for (let i = list.length - 1; i >= 0; i--) encode(writer, field, list[i]);
  };
  if (!isListMessage(type)) return items;
  return (writer, field, value) => {
    if (value === undefined || value === null) return;
    const end = writer.length;
    items(writer, 1, value);
    writer.close(field, end);
  };
}

function text(writer: Writer, field: number, value: unknown): void {
  writer.unsigned(writer.text((value ?? '') as string));
  writer.tag(field, BYTES);
}

function scalarEncoder(type: ScalarType): Encoder {
  switch (type.base) {
    case 'string':
      return text;
    case 'bytes':
      return (writer, field, value) => {
        if (value !== undefined && value !== null) bytes(writer, field, Buffer.from(value as string, 'base64'));
      };
    case 'bool':
      return (writer, field, value) => {
        writer.unsigned(value === true ? 1 : 0);
        writer.tag(field, VARINT);
      };
    case 'float64':
      return (writer, field, value) => {
        writer.double((value ?? 0) as number);
        writer.tag(field, FIXED64);
      };
    case 'interface':
      throw new Error(`${type.goName} has no form in protobuf`);
    default:
      return integer;
  }
}

function integer(writer: Writer, field: number, value: unknown): void {
  writer.integer((value ?? 0) as number | bigint);
  writer.tag(field, VARINT);
}

function bytes(writer: Writer, field: number, value: Uint8Array): void {
  writer.raw(value);
  writer.unsigned(value.length);
  writer.tag(field, BYTES);
}

function opaqueEncoder(type: OpaqueType): Encoder {
  switch (type.name) {
    case 'Quantity':
      return nested((writer, value) => text(writer, 1, value ?? '0'));
    case 'Time':
      return nested((writer, value) => {
        if (value === undefined || value === null) return;
        integer(writer, 2, 0);
        integer(writer, 1, Math.floor(parseTime(value as string) / 1000));
      });
    case 'MicroTime':
      return nested((writer, value) => {
        if (value === undefined || value === null) return;
        const micros = Math.round(parseTime(value as string, RFC3339_MICRO) * 1000);
        const seconds = Math.floor(micros / 1e6);
        integer(writer, 2, (micros - seconds * 1e6) * 1000);
        integer(writer, 1, seconds);
      });
    case 'Duration':
      return nested((writer, value) => integer(writer, 1, parseDuration((value ?? '0') as string) ?? 0));
    case 'IntOrString':
      return nested((writer, value) => {
        text(writer, 3, typeof value === 'string' ? value : '');
        integer(writer, 2, typeof value === 'string' ? 0 : value);
        integer(writer, 1, typeof value === 'string' ? 1 : 0);
      });
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSON':
      return nested((writer, value) => {
        if (value !== undefined && value !== null) bytes(writer, 1, Buffer.from(encodeJson(value)));
      });
    default:
      return nested(schemaOr(type.name));
  }
}

const schema: Encoder = (writer, field, value) => encoderOf(goType('apiextensions/v1.JSONSchemaProps'))(writer, field, value);
const isSchema = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

function schemaOr(name: OpaqueType['name']): MessageEncoder {
  if (name === 'JSONSchemaPropsOrBool')
    return (writer, value) => {
      if (isSchema(value)) schema(writer, 2, value);
      // a schema allows what it describes
      scalarEncoder({ is: 'scalar', goName: 'bool', base: 'bool' })(writer, 1, isSchema(value) || value === true);
    };
  const others = name === 'JSONSchemaPropsOrArray' ? goType('[]apiextensions/v1.JSONSchemaProps') : goType('[]string');
  return (writer, value) => {
    if (Array.isArray(value)) encoderOf(others)(writer, 2, value);
    else if (isSchema(value)) schema(writer, 1, value);
  };
}
