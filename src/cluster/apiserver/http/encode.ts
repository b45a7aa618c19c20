// Objects to the bytes of an answer: JSON, YAML or protobuf. What is made of a stored object is kept with it.
import { encodeProtobuf } from '../../../apimachinery/codec/protobuf/envelope.ts';
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { notAcceptable } from '../../../apimachinery/status-error.ts';
import { writeYaml } from '../../../apimachinery/yaml/write.ts';
import { SUPPORTED, type Accepted } from './negotiate.ts';

/**
 * @param typed of a list of built-in objects the items do not repeat their kind, as Go's typed lists do not
 * Throws a StatusError (406) where the kind has no such form.
 */
export function encodeBody(
  object: KubernetesObject | JsonObject,
  accepted: Pick<Accepted, 'mediaType' | 'pretty'>,
  typed: boolean,
): string | Uint8Array {
  switch (accepted.mediaType) {
    case 'application/json':
      if (accepted.pretty) return encodeJson(plain(object, typed), 2);
      if (isList(object)) return listBytes(object, typed);
      return Buffer.concat([object['kind'] === 'Table' ? tableBytes(object as JsonObject) : objectBytes(object), NEWLINE]);
    case 'application/yaml':
      return writeYaml(plain(object, typed));
    case 'application/vnd.kubernetes.protobuf': {
      const bytes = encodeProtobuf(object as JsonObject);
      if (!bytes) throw notAcceptable(`only the following media types are accepted: ${SUPPORTED.join(', ')}`);
      return bytes;
    }
  }
}

function plain(object: KubernetesObject | JsonObject, typed: boolean): JsonObject {
  if (!typed || !isList(object)) return object as JsonObject;
  const items = (object['items'] as readonly JsonObject[]).map(({ kind: _k, apiVersion: _a, ...rest }) => rest);
  return { ...object, items };
}

/** Bytes of objects that are stored: made once, sent often. Text would have to be turned into bytes each time. */
const encoded = new WeakMap<object, Buffer>();

export function objectBytes(object: KubernetesObject | JsonObject): Buffer {
  let bytes = encoded.get(object);
  if (bytes === undefined) {
    bytes = lasting(encodeJson(object));
    encoded.set(object, bytes);
  }
  return bytes;
}

/** Not from Node's pool: whatever passes by would stay with what lies beside it there. */
function lasting(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const COMMA = Buffer.from(',');
const NEWLINE = Buffer.from('\n');

function listBytes(list: JsonObject, typed: boolean): Buffer {
  const { items, ...head } = list as JsonObject & { readonly items: readonly JsonObject[] };
  const parts: Buffer[] = [Buffer.from(`${encodeJson(head).slice(0, -1)},"items":[`)];
  for (const [i, item] of items.entries()) {
    if (i > 0) parts.push(COMMA);
    if (typed) parts.push(...withoutKind(item));
    else parts.push(objectBytes(item));
  }
  parts.push(Buffer.from(']}\n'));
  return Buffer.concat(parts);
}

/** The cells change with time, what stands beside them does not. */
export function tableBytes(table: JsonObject): Buffer {
  const { rows, ...head } = table as JsonObject & { readonly rows: readonly JsonObject[] };
  const parts: Buffer[] = [Buffer.from(`${encodeJson(head).slice(0, -1)},"rows":[`)];
  for (const [i, { object, ...row }] of rows.entries()) {
    parts.push(Buffer.from(`${i > 0 ? ',' : ''}${encodeJson(row).slice(0, -1)},"object":`));
    parts.push(isObject(object) ? objectBytes(object) : Buffer.from('null'), CLOSE);
  }
  parts.push(Buffer.from(']}'));
  return Buffer.concat(parts);
}

/** Stored objects begin with kind and apiVersion, so that they can be cut off. */
function withoutKind(object: JsonObject): Buffer[] {
  const prefix = `{"kind":${JSON.stringify(object['kind'])},"apiVersion":${JSON.stringify(object['apiVersion'])},`;
  const bytes = objectBytes(object);
  if (bytes.toString('latin1', 0, prefix.length) === prefix) return [OPEN, bytes.subarray(prefix.length)];
  const { kind: _k, apiVersion: _a, ...rest } = object;
  return [Buffer.from(encodeJson(rest))];
}

export const isList = (object: unknown): object is JsonObject =>
  isObject(object) && Array.isArray(object['items']) && typeof object['kind'] === 'string' && object['kind'].endsWith('List');
