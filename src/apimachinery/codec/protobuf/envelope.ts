// Objects on the wire: a prefix, and an envelope (runtime.Unknown) that names the kind of the message within. Which Go type a kind has
// is found here too, for whatever has one: resources, their lists, options, reviews and Status.
import { isObject, splitApiVersion, type JsonObject } from '../../object.ts';
import type { StructType } from '../../schema/go-type.ts';
import { builtinKinds, structType, typeNames } from '../../schema/schema.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { ProtobufError, Reader, Writer, BYTES } from './wire.ts';

/** `k8s` and a zero: no message begins like that. */
export const PREFIX = Buffer.from([0x6b, 0x38, 0x73, 0]);

let groups: ReadonlyMap<string, string> | undefined;
let names: ReadonlySet<string> | undefined;

/** The Go type of a kind; undefined where protobuf does not know it (custom resources, tables). */
export function protobufType(apiVersion: string, kind: string): StructType | undefined {
  groups ??= new Map([
    ...builtinKinds().map((k): [string, string] => [k.group, k.type.slice(0, k.type.indexOf('/'))]),
    ['apidiscovery.k8s.io', 'apidiscovery'],
    ['meta.k8s.io', 'meta'],
    ['admission.k8s.io', 'admission'],
  ]);
  names ??= new Set(typeNames());
  const { group, version } = splitApiVersion(apiVersion);
  // the older version of discovery differs in nothing
  const home = groups.get(group) === 'apidiscovery' ? 'apidiscovery/v2' : `${groups.get(group)}/${version}`;
  // options and Status belong to every group
  const found = [`${home}.${kind}`, `meta/v1.${kind}`].find((name) => names!.has(name));
  if (found === undefined || kind === 'Table') return undefined;
  return structType(found);
}

/** Bytes of objects that are stored: made once, sent often. */
const known = new WeakMap<object, Uint8Array>();

function messageOf(type: StructType, object: JsonObject): Uint8Array {
  let bytes = known.get(object);
  if (!bytes) {
    bytes = encodeMessage(type, object);
    known.set(object, bytes);
  }
  return bytes;
}

/** Prefix, envelope and message. @returns undefined where the kind has no form in protobuf */
export function encodeProtobuf(object: JsonObject): Uint8Array | undefined {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  const message = listMessage(apiVersion, kind, object) ?? plainMessage(apiVersion, kind, object);
  return message && envelope(apiVersion, kind, message);
}

function plainMessage(apiVersion: string, kind: string, object: JsonObject): Uint8Array | undefined {
  const type = protobufType(apiVersion, kind);
  return type && messageOf(type, object);
}

/** A list of resources: its items are put together from what is known of them. */
function listMessage(apiVersion: string, kind: string, object: JsonObject): Uint8Array | undefined {
  const { items } = object;
  if (!kind.endsWith('List') || !Array.isArray(items)) return undefined;
  const item = protobufType(apiVersion, kind.slice(0, -'List'.length));
  if (!item) return undefined;
  const writer = new Writer();
  for (let i = items.length - 1; i >= 0; i--) {
    const end = writer.length;
    writer.raw(messageOf(item, items[i] as JsonObject));
    writer.close(2, end);
  }
  const end = writer.length;
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  writer.raw(encodeMessage(structType('meta/v1.ListMeta'), metadata));
  writer.close(1, end);
  return writer.finish();
}

function envelope(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const writer = new Writer();
  for (const field of [4, 3]) {
    writer.unsigned(0);
    writer.tag(field, BYTES);
  }
  const end = writer.length;
  writer.raw(message);
  writer.close(2, end);
  const meta = writer.length;
  writer.raw(encodeMessage(structType('runtime.TypeMeta'), { apiVersion, kind }));
  writer.close(1, meta);
  writer.raw(PREFIX);
  return writer.finish();
}

/** One event of a watch, with the length by which frames are told apart. */
export function watchFrame(type: string, object: Uint8Array): Uint8Array {
  const writer = new Writer();
  const end = writer.length;
  writer.raw(object);
  writer.close(1, end);
  writer.close(2, end);
  writer.unsigned(writer.text(type));
  writer.tag(1, BYTES);
  const length = writer.length;
  writer.raw([length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255]);
  return writer.finish();
}

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Throws {@link ProtobufError}. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (!PREFIX.equals(bytes.subarray(0, PREFIX.length)))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const reader = new Reader(bytes, PREFIX.length);
  let meta: JsonObject = {};
  let raw: Uint8Array = new Uint8Array();
  while (reader.at < reader.end) {
    const { field, wireType } = reader.tag('Unknown');
    if (field > 4) reader.skip(wireType);
    else if (wireType !== BYTES) throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${FIELDS[field]}`);
    else if (field === 1) meta = decodeMessage(structType('runtime.TypeMeta'), reader.slice());
    else if (field === 2) raw = reader.slice();
    else reader.skip(wireType);
  }
  const { apiVersion = '', kind = '' } = meta as { apiVersion?: string; kind?: string };
  return { apiVersion, kind, raw };
}

const FIELDS = ['', 'TypeMeta', 'Raw', 'ContentEncoding', 'ContentType'];

/** @returns undefined where the kind has no form in protobuf. Throws {@link ProtobufError}. */
export function decodeEnvelope({ apiVersion, kind, raw }: Envelope): JsonObject | undefined {
  const type = protobufType(apiVersion, kind);
  return type && { kind, apiVersion, ...decodeMessage(type, raw) };
}
