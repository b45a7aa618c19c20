// What a template's values are once they have been JSON: what writes YAML, and what knows nothing of Go's types, is given that.
import { setKey } from '../json/parse.ts';
import { jsonNumber } from './sprig/json.ts';
import { FunctionError } from './template-error.ts';
import { elements, integerOf, isNil, isNilCollection, isSlice, keysOf, objectType } from './values.ts';

/** Deeper values hold themselves. */
const MAX_DEPTH = 1000;

/** Throws a FunctionError where a value has no JSON. */
export const plainJson = (value: unknown): unknown => plainOf(value, 0);

function plainOf(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new FunctionError('json: unsupported value: encountered a cycle');
  if (isNil(value) || typeof value === 'boolean') return value ?? null;
  const int = integerOf(value);
  if (int !== undefined) return int;
  if (typeof value === 'string') return plainText(value);
  if (typeof value === 'number') {
    jsonNumber(value);
    return value;
  }
  const object = value as object;
  if (isNilCollection(object)) return null;
  const { json } = objectType(object);
  if (json) return plainOf(json(object), depth);
  if (object instanceof Uint8Array) return Buffer.from(object).toString('base64');
  if (isSlice(object)) return elements(object).map((item) => plainOf(item, depth + 1));
  const out: Record<string, unknown> = {};
  for (const key of keysOf(object as Record<string, unknown>))
    setKey(out, plainText(key), plainOf((object as Record<string, unknown>)[key], depth + 1));
  return out;
}

/** What is no UTF-8 is replaced; the reader of the JSON refuses other control characters, and takes one for a line break. */
function plainText(text: string): string {
  if (!/[\x7f-\x9f\ud800-\udfff\ufffe\uffff]/.test(text)) return text;
  if (/[\x7f-\x84\x86-\x9f\ufffe\uffff]/.test(text)) throw new FunctionError('yaml: control characters are not allowed');
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd').replaceAll('\u0085', ' ');
}
