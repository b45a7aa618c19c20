// Protobuf messages to JSON values of the same type. The values are as they came (empty fields are still there): what makes them
// canonical is the decoder of JSON, which everything goes through. Unknown fields are passed over, as Kubernetes does.
import { JsonSyntaxError, parseJson, setKey } from '../../json/parse.ts';
import type { JsonObject } from '../../object.ts';
import type { GoType, OpaqueType, ScalarType, StructType } from '../../schema/go-type.ts';
import { goType } from '../../schema/schema.ts';
import { formatDuration, formatTime } from '../../time.ts';
import { isListMessage } from './encode.ts';
import { BYTES, FIXED64, MAX_DEPTH, ProtobufError, Reader, VARINT } from './wire.ts';

interface State {
  readonly reader: Reader;
  depth: number;
}

/** How a field is read: `merge` puts what follows the tag together with what earlier fields of the same number gave. */
interface FieldDecoder {
  readonly wireType: number;
  /** Lists of numbers may also come packed. */
  readonly packed?: boolean;
  readonly merge: (state: State, before: unknown) => unknown;
}

type MessageDecoder = (state: State, into: JsonObject) => JsonObject;

/** @param bytes a message without envelope. Throws {@link ProtobufError}. */
export function decodeMessage(type: StructType, bytes: Uint8Array): JsonObject {
  return messageOf(type)({ reader: new Reader(bytes), depth: 0 }, {});
}

const messages = new WeakMap<StructType, MessageDecoder>();

function messageOf(type: StructType): MessageDecoder {
  let decoder = messages.get(type);
  if (!decoder) {
    decoder = structDecoder(type);
    messages.set(type, decoder);
  }
  return decoder;
}

function structDecoder(type: StructType): MessageDecoder {
  interface Slot {
    readonly json: string;
    readonly go: string;
    readonly decoder: FieldDecoder;
    /** The message of a struct that is inlined in JSON. */
    readonly inlined: MessageDecoder | undefined;
  }
  let slots: ReadonlyMap<number, Slot> | undefined;
  const name = type.name.slice(type.name.lastIndexOf('.') + 1);
  const link = (): ReadonlyMap<number, Slot> =>
    (slots = new Map(
      type.declared
        .filter((f) => f.number !== undefined)
        .map((f) => [
          f.number!,
          {
            json: f.json,
            go: f.go,
            decoder: decoderOf(f.type),
            inlined: f.json === '' && f.type.is === 'struct' ? messageOf(f.type) : undefined,
          },
        ]),
    ));
  return (state, into) => {
    const all = slots ?? link();
    const { reader } = state;
    while (reader.at < reader.end) {
      const { field, wireType } = reader.tag(name);
      const slot = all.get(field);
      if (!slot) {
        reader.skip(wireType);
        continue;
      }
      const { decoder, inlined, json } = slot;
      if (wireType !== decoder.wireType && !(decoder.packed && wireType === BYTES))
        throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${slot.go}`);
      if (inlined) nested(state, () => inlined(state, into));
      else if (wireType === decoder.wireType) into[json] = decoder.merge(state, into[json]);
      else
        reader.message(() => {
          while (reader.at < reader.end) into[json] = decoder.merge(state, into[json]);
        });
    }
    return into;
  };
}

function nested<T>(state: State, read: () => T): T {
  if (++state.depth > MAX_DEPTH) throw new ProtobufError('proto: too deeply nested');
  const value = state.reader.message(read);
  state.depth--;
  return value;
}

const decoders = new WeakMap<GoType, FieldDecoder>();

function decoderOf(type: GoType): FieldDecoder {
  let decoder = decoders.get(type);
  if (!decoder) {
    decoder = makeDecoder(type);
    decoders.set(type, decoder);
  }
  return decoder;
}

function makeDecoder(type: GoType): FieldDecoder {
  switch (type.is) {
    case 'struct':
      return {
        wireType: BYTES,
        merge: (state, before) => nested(state, () => messageOf(type)(state, (before ?? {}) as JsonObject)),
      };
    case 'pointer':
      return decoderOf(type.elem);
    case 'slice': {
      if (isListMessage(type)) return listMessage(type.elem);
      // the list of a type that contains itself is linked on first use
      const elem = type.elem.is === 'struct' ? undefined : decoderOf(type.elem);
      const read = elem?.merge ?? ((state: State) => decoderOf(type.elem).merge(state, undefined));
      return {
        wireType: elem?.wireType ?? BYTES,
        packed: elem !== undefined && elem.wireType !== BYTES,
        merge: (state, before) => {
          const list = (before ?? []) as unknown[];
          list.push(read(state, undefined));
          return list;
        },
      };
    }
    case 'map':
      return { wireType: BYTES, merge: mapEntry(type.elem) };
    case 'scalar':
      return scalarDecoder(type);
    case 'opaque':
      return { wireType: BYTES, merge: opaqueDecoder(type) };
  }
}

function listMessage(elem: GoType): FieldDecoder {
  const items = fieldsDecoder(
    new Map([
      [
        1,
        [
          'items',
          {
            wireType: BYTES,
            merge: (state: State, before: unknown) => {
              const list = (before ?? []) as unknown[];
              list.push(decoderOf(elem).merge(state, undefined));
              return list;
            },
          },
        ],
      ],
    ]),
  );
  return { wireType: BYTES, merge: (state) => items(state)['items'] ?? [] };
}

/** A small message that is described here and not by the schema. */
function fieldsDecoder(fields: ReadonlyMap<number, readonly [name: string, decoder: FieldDecoder]>): (state: State) => JsonObject {
  return (state) =>
    nested(state, () => {
      const { reader } = state;
      const found: JsonObject = {};
      while (reader.at < reader.end) {
        const { field, wireType } = reader.tag('message');
        const known = fields.get(field);
        if (!known) reader.skip(wireType);
        else if (known[1].wireType !== wireType) throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${known[0]}`);
        else found[known[0]] = known[1].merge(state, found[known[0]]);
      }
      return found;
    });
}

const STRING: FieldDecoder = { wireType: BYTES, merge: ({ reader }) => reader.text() };
const INT64: FieldDecoder = { wireType: VARINT, merge: ({ reader }) => reader.integer(64) };
const INT32: FieldDecoder = { wireType: VARINT, merge: ({ reader }) => reader.integer(32) };
const BOOL: FieldDecoder = { wireType: VARINT, merge: ({ reader }) => Number(reader.unsigned()) !== 0 };

function mapEntry(elem: GoType): FieldDecoder['merge'] {
  let read: ((state: State) => JsonObject) | undefined;
  return (state, before) => {
    read ??= fieldsDecoder(
      new Map([
        [1, ['key', STRING]],
        [2, ['value', decoderOf(elem)]],
      ]),
    );
    const map = (before ?? {}) as JsonObject;
    const { key = '', value = null } = read(state);
    setKey(map, key as string, value);
    return map;
  };
}

function scalarDecoder(type: ScalarType): FieldDecoder {
  switch (type.base) {
    case 'string':
      return STRING;
    case 'bytes':
      return { wireType: BYTES, merge: ({ reader }) => reader.slice().toString('base64') };
    case 'bool':
      return BOOL;
    case 'float64':
      return { wireType: FIXED64, merge: ({ reader }) => reader.double() };
    case 'int32':
      return INT32;
    case 'interface':
      throw new Error(`${type.goName} has no form in protobuf`);
    default:
      return INT64;
  }
}

const TIMESTAMP = fieldsDecoder(
  new Map([
    [1, ['seconds', INT64]],
    [2, ['nanos', INT32]],
  ]),
);
const TEXT = fieldsDecoder(new Map([[1, ['string', STRING]]]));
const NUMBER = fieldsDecoder(new Map([[1, ['duration', INT64]]]));
const INT_OR_STRING = fieldsDecoder(
  new Map([
    [1, ['type', INT64]],
    [2, ['intVal', INT32]],
    [3, ['strVal', STRING]],
  ]),
);
const RAW = fieldsDecoder(new Map([[1, ['raw', STRING]]]));

/** No year has five digits. */
const MAX_SECONDS = 253_402_300_799;
const MIN_SECONDS = -62_135_596_800;

function timestamp(state: State, micro: boolean): string | null {
  const { seconds, nanos = 0 } = TIMESTAMP(state);
  // an empty message is the zero time
  if (seconds === undefined) return null;
  const s = Number(seconds);
  if (s < MIN_SECONDS || s > MAX_SECONDS || (nanos as number) < 0 || (nanos as number) >= 1e9)
    throw new ProtobufError('proto: time out of range');
  const text = formatTime(s * 1000);
  return micro ? `${text.slice(0, -1)}.${String(Math.floor((nanos as number) / 1000)).padStart(6, '0')}Z` : text;
}

function rawJson(state: State): unknown {
  const { raw } = RAW(state);
  if (raw === undefined || raw === '') return null;
  try {
    return parseJson(raw as string).value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ProtobufError(error.message, { cause: error });
    throw error;
  }
}

function opaqueDecoder(type: OpaqueType): FieldDecoder['merge'] {
  switch (type.name) {
    case 'Quantity':
      return (state) => TEXT(state)['string'] || '0';
    case 'Time':
      return (state) => timestamp(state, false);
    case 'MicroTime':
      return (state) => timestamp(state, true);
    case 'Duration':
      return (state) => formatDuration(Number(NUMBER(state)['duration'] ?? 0));
    case 'IntOrString':
      return (state) => {
        const { type: which = 0, intVal = 0, strVal = '' } = INT_OR_STRING(state);
        return Number(which) === 0 ? intVal : strVal;
      };
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSON':
      return rawJson;
    default:
      return schemaOr(type.name);
  }
}

function schemaOr(name: OpaqueType['name']): FieldDecoder['merge'] {
  let read: ((state: State) => JsonObject) | undefined;
  return (state) => {
    const schema = decoderOf(goType('apiextensions/v1.JSONSchemaProps'));
    if (name === 'JSONSchemaPropsOrBool') {
      read ??= fieldsDecoder(
        new Map([
          [1, ['allows', BOOL]],
          [2, ['schema', schema]],
        ]),
      );
      const { allows = false, schema: given } = read(state);
      return given ?? allows;
    }
    read ??= fieldsDecoder(
      new Map([
        [1, ['schema', schema]],
        [2, ['others', decoderOf(goType(name === 'JSONSchemaPropsOrArray' ? '[]apiextensions/v1.JSONSchemaProps' : '[]string'))]],
      ]),
    );
    const { schema: given, others } = read(state);
    return given ?? others ?? null;
  };
}
