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
      return `${isList(object) ? listText(object, typed) : objectText(object)}\n`;
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

/** Text of objects that are stored: made once, sent often. */
const texts = new WeakMap<object, string>();

export function objectText(object: KubernetesObject | JsonObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = encodeJson(object);
    texts.set(object, text);
  }
  return text;
}

export function listText(list: JsonObject, typed: boolean): string {
  const { items, ...head } = list;
  if (!Array.isArray(items)) return encodeJson(list);
  const parts = (items as readonly JsonObject[]).map((item) => (typed ? withoutKind(item) : objectText(item)));
  return `${encodeJson(head).slice(0, -1)},"items":[${parts.join(',')}]}`;
}

/** Stored objects begin with kind and apiVersion, so that they can be cut off. */
function withoutKind(object: JsonObject): string {
  const prefix = `{"kind":${JSON.stringify(object['kind'])},"apiVersion":${JSON.stringify(object['apiVersion'])},`;
  const text = objectText(object);
  if (text.startsWith(prefix)) return `{${text.slice(prefix.length)}`;
  const { kind: _k, apiVersion: _a, ...rest } = object;
  return encodeJson(rest);
}

export const isList = (object: unknown): object is JsonObject =>
  isObject(object) && Array.isArray(object['items']) && typeof object['kind'] === 'string' && object['kind'].endsWith('List');
