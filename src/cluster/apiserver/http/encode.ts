// Objects to the text of an answer.
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';

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

/** A list of built-in objects: its items do not repeat their kind, as Go's typed lists do not. */
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
