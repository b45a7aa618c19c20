// The suffix that kustomize gives generated ConfigMaps and Secrets: the beginning of a hash of what they hold, in an alphabet without
// vowels and digits that are taken for letters.
import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { goJson } from '../../../apimachinery/validation/field-error.ts';
import { text, type Resource } from './resource.ts';

const ALPHABET: Readonly<Record<string, string>> = { '0': 'g', '1': 'h', '3': 'k', a: 'm', e: 't' };

export function contentHash(resource: Resource): string {
  const hex = createHash('sha256')
    .update(goJson(hashed(resource)))
    .digest('hex');
  return hex.slice(0, 10).replace(/./g, (c) => ALPHABET[c] ?? c);
}

/** What counts; keys in order. */
function hashed({ kind, object }: Resource): JsonObject {
  const field = (name: string): unknown => {
    const value = object[name];
    return value === undefined ? '' : isObject(value) ? sorted(value) : text(value);
  };
  // the path of the name has a slash in it, which is no path to kyaml: the name is always empty
  if (kind === 'ConfigMap')
    return {
      ...(isObject(object.binaryData) ? { binaryData: sorted(object.binaryData) } : {}),
      data: field('data'),
      kind,
      name: '',
    };
  if (kind === 'Secret')
    return {
      data: field('data'),
      kind,
      name: '',
      ...(isObject(object.stringData) ? { stringData: sorted(object.stringData) } : {}),
      type: field('type'),
    };
  return sorted(object);
}

function sorted(value: JsonObject): JsonObject {
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(keys.map((key) => [key, isObject(value[key]) ? sorted(value[key]) : value[key]]));
}
