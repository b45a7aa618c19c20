// The document of version 2 in protobuf, by the field numbers of gnostic's OpenAPIv2.proto. Maps are lists of names and values there, and
// what may be anything is text in YAML, of which JSON is a part.
import { BYTES, FIXED64, VARINT, Writer } from '../../../../apimachinery/codec/protobuf/wire.ts';
import { encodeJson } from '../../../../apimachinery/json/encode.ts';
import { isObject, type JsonObject } from '../../../../apimachinery/object.ts';

/** How a field is written: nothing is written for undefined. */
type Encode = (writer: Writer, field: number, value: unknown) => void;
/** JSON name → number and form. */
type Message = Readonly<Record<string, readonly [number: number, encode: Encode]>>;

const string: Encode = (writer, field, value) => {
  writer.unsigned(writer.text(String(value)));
  writer.tag(field, BYTES);
};
const bool: Encode = (writer, field, value) => {
  if (value !== true) return;
  writer.unsigned(1);
  writer.tag(field, VARINT);
};
const integer: Encode = (writer, field, value) => {
  writer.integer(Number(value));
  writer.tag(field, VARINT);
};
const double: Encode = (writer, field, value) => {
  writer.double(Number(value));
  writer.tag(field, FIXED64);
};

/** Writes what `inner` writes as one message. */
const nested =
  (inner: (writer: Writer, value: unknown) => void): Encode =>
  (writer, field, value) => {
    const end = writer.length;
    inner(writer, value);
    writer.close(field, end);
  };

const any = nested((writer, value) => string(writer, 2, encodeJson(value)));

const repeated =
  (encode: Encode): Encode =>
  (writer, field, value) => {
    for (const one of [...(value as readonly unknown[])].reverse()) encode(writer, field, one);
  };

/** A map, as a list of names and values. */
const named =
  (encode: Encode): Encode =>
  (writer, field, value) => {
    for (const [name, one] of Object.entries(value as JsonObject).reverse())
      nested((w) => {
        encode(w, 2, one);
        string(w, 1, name);
      })(writer, field, undefined);
  };

/** A message that is nothing but a map. */
const mapMessage = (encode: Encode): Encode => nested((writer, value) => named(encode)(writer, 1, value));

/** @param extensions number of the field that takes all `x-` fields */
function fields(writer: Writer, value: unknown, message: Message, extensions: number | undefined): void {
  const object = value as JsonObject;
  const present = Object.entries(object).filter(([, v]) => v !== undefined);
  if (extensions !== undefined) {
    const others = present.filter(([key]) => key.startsWith('x-'));
    named(any)(writer, extensions, Object.fromEntries(others));
  }
  const known = present.flatMap(([key, v]) => (message[key] ? [[message[key], v] as const] : [])).sort(([[a]], [[b]]) => b - a);
  for (const [[number, encode], v] of known) encode(writer, number, v);
}

const message = (shape: () => Message, extensions?: number): Encode =>
  nested((writer, value) => fields(writer, value, shape(), extensions));

const strings = repeated(string);

const schema: Encode = message(() => SCHEMA, 31);
const SCHEMA: Message = {
  $ref: [1, string],
  format: [2, string],
  title: [3, string],
  description: [4, string],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, bool],
  minimum: [9, double],
  exclusiveMinimum: [10, bool],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, string],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, bool],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, strings],
  enum: [20, repeated(any)],
  additionalProperties: [21, nested((w, v) => (isObject(v) ? schema(w, 1, v) : bool(w, 2, v)))],
  type: [22, nested((w, v) => strings(w, 1, Array.isArray(v) ? v : [v]))],
  items: [23, nested((w, v) => schema(w, 1, v))],
  allOf: [24, repeated(schema)],
  properties: [25, mapMessage(schema)],
  readOnly: [27, bool],
  example: [30, any],
};

const COMMON = { required: [1, bool], in: [2, string], description: [3, string], name: [4, string] } as const;
const queryParameter = message(
  () => ({ ...COMMON, type: [6, string], format: [7, string], uniqueItems: [20, bool], enum: [21, repeated(any)] }),
  23,
);
const pathParameter = message(
  () => ({ ...COMMON, type: [5, string], format: [6, string], uniqueItems: [19, bool], enum: [20, repeated(any)] }),
  22,
);
const bodyParameter = message(
  () => ({ description: [1, string], name: [2, string], in: [3, string], required: [4, bool], schema: [5, schema] }),
  6,
);

const parameter: Encode = nested((writer, value) => {
  const place = (value as JsonObject)['in'];
  if (place === 'body') bodyParameter(writer, 1, value);
  else nested((w, v) => (place === 'path' ? pathParameter(w, 4, v) : queryParameter(w, 3, v)))(writer, 2, value);
});

const reference = message(() => ({ $ref: [1, string], description: [2, string] }));
const parametersItem: Encode = nested((writer, value) =>
  (value as JsonObject)['$ref'] === undefined ? parameter(writer, 1, value) : reference(writer, 2, value),
);

const response = message(() => ({ description: [1, string], schema: [2, nested((w, v) => schema(w, 1, v))] }), 5);
const responses: Encode = nested((writer, value) => named(nested((w, v) => response(w, 1, v)))(writer, 1, value));

const securityRequirement = mapMessage(nested((w, v) => strings(w, 1, v)));

const operation = message(
  () => ({
    tags: [1, strings],
    summary: [2, string],
    description: [3, string],
    operationId: [5, string],
    produces: [6, strings],
    consumes: [7, strings],
    parameters: [8, repeated(parametersItem)],
    responses: [9, responses],
    schemes: [10, strings],
    deprecated: [11, bool],
    security: [12, repeated(securityRequirement)],
  }),
  13,
);

const pathItem = message(
  () => ({
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, repeated(parametersItem)],
  }),
  10,
);

const apiKey = message(() => ({ type: [1, string], name: [2, string], in: [3, string], description: [4, string] }), 5);

const DOCUMENT: Message = {
  swagger: [1, string],
  info: [2, message(() => ({ title: [1, string], version: [2, string], description: [3, string] }), 7)],
  paths: [8, nested((writer, value) => named(pathItem)(writer, 2, value))],
  definitions: [9, mapMessage(schema)],
  parameters: [10, mapMessage(parameter)],
  security: [12, repeated(securityRequirement)],
  securityDefinitions: [13, mapMessage(nested((w, v) => apiKey(w, 2, v)))],
};

export function swaggerProtobuf(document: JsonObject): Uint8Array {
  const writer = new Writer();
  fields(writer, document, DOCUMENT, undefined);
  return writer.finish();
}
