// Custom resources as they come in and as they are read: what the schema does not know is dropped, metadata gets Kubernetes' form,
// defaults are filled in, fields stand in alphabetical order. Follows the decoders of apiextensions-apiserver's customresource_handler.go.
import type { JSONSchemaProps } from '#api/apiextensions/v1';
import { DecodeError, type Decoded } from '../../../apimachinery/codec/decode.ts';
import { plainValue } from '../../../apimachinery/json/parse.ts';
import { isObject, splitApiVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { fieldErrorText, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { coerceEmbedded, coerceMetadata } from './embedded-objects.ts';
import { prune, pruneNulls } from './prune.ts';
import { setDefaults } from './set-defaults.ts';
import { asRoot, asStructural, type Structural } from './structural-schema.ts';

/** One version's way to read objects. */
export interface CustomDecoder {
  /** Of a request's body. Throws a DecodeError. */
  decode(value: unknown, duplicates?: ReadonlyMap<object, readonly string[]>): Decoded;
  /**
   * Of an object from the store, whichever version it is in: that version's defaults count. The same object gives the same answer.
   * @param versions by name
   * @param converted by whom an object of another version has been made one of this; absent: only `apiVersion` changes
   */
  read(
    object: KubernetesObject,
    versions: ReadonlyMap<string, CustomDecoder>,
    converted?: (object: KubernetesObject) => KubernetesObject,
  ): KubernetesObject;
  /** An object of another version, as it is stored in this one. */
  store(object: KubernetesObject): KubernetesObject;
}

/** @param preservesUnknown nothing is ever dropped: a remnant of v1beta1 */
export function customDecoder(apiVersion: string, schema: JSONSchemaProps | undefined, preservesUnknown: boolean): CustomDecoder {
  const own: Structural = schema ? asStructural(schema) : {};
  const root = asRoot(own);
  const fit = (object: JsonObject, unknown: string[], errors: FieldError[], embedded: string[] = []): JsonObject => {
    const known = preservesUnknown ? object : (prune(object, root, unknown) as JsonObject);
    const { metadata, ...rest } = pruneNulls(known, own) as JsonObject;
    const coerced = coerceEmbedded(rest, own, Path.of(), errors, embedded) as JsonObject;
    return metadata === undefined ? coerced : { ...coerced, metadata };
  };
  const cache = new WeakMap<object, KubernetesObject>();
  return {
    decode(value, duplicates) {
      if (!isObject(value)) throw new DecodeError(`json: cannot unmarshal ${goKind(value)} into Go value of type map[string]interface {}`);
      const given = duplicateErrors(value, duplicates);
      const plain = plainValue(value) as JsonObject;
      const metaUnknown: string[] = [];
      const metadata = coerceMetadata(plain['metadata'], 'metadata', metaUnknown);
      const unknown: string[] = [];
      const errors: FieldError[] = [];
      const embedded: string[] = [];
      const object = fit(plain, unknown, errors, embedded);
      if (errors.length) throw new DecodeError(fieldErrorText(errors[0]!));
      const filled = setDefaults({ ...object, metadata }, own) as JsonObject;
      const strictErrors = [...given, ...[...metaUnknown, ...unknown.sort(), ...embedded].map((path) => `unknown field ${quote(path)}`)];
      return { object: inOrder(filled), strictErrors, empties: [] };
    },
    read(object, versions, converted) {
      let known = cache.get(object);
      if (known) return known;
      const stored = object.apiVersion === apiVersion ? undefined : versions.get(splitApiVersion(object.apiVersion).version);
      if (stored && converted) known = inOrder(fit(converted(object) as unknown as JsonObject, [], [])) as KubernetesObject;
      else if (stored) known = fit({ ...stored.read(object, versions), apiVersion }, [], []) as KubernetesObject;
      else {
        const fitted = fit(object, [], []);
        known = setDefaults(shallowEqual(fitted, object) ? object : fitted, own) as KubernetesObject;
      }
      cache.set(object, known);
      return known;
    },
    // the store fills in the resourceVersion at its place
    store: (object) => inOrder({ ...fit(object, [], []), apiVersion, metadata: withResourceVersion(object.metadata) }) as KubernetesObject,
  };
}

const withResourceVersion = (metadata: KubernetesObject['metadata']): object =>
  metadata.resourceVersion === undefined ? { ...(metadata as object), resourceVersion: '' } : metadata;

function shallowEqual(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function goKind(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : 'number';
}

/** Go's maps have no order of their own: they are written in that of their keys. What is in order already comes back as it is. */
function inOrder<T>(value: T): T {
  if (Array.isArray(value)) {
    const items = value.map(inOrder) as unknown[];
    return (items.every((v, i) => v === (value as unknown[])[i]) ? value : items) as T;
  }
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  let changed = keys.some((key, i) => i > 0 && key < keys[i - 1]!);
  const entries = keys.map((key) => {
    const v = inOrder(value[key]);
    if (v !== value[key]) changed = true;
    return [key, v] as const;
  });
  return changed ? (Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as T) : value;
}

function duplicateErrors(value: unknown, duplicates: ReadonlyMap<object, readonly string[]> | undefined): string[] {
  const errors: string[] = [];
  if (!duplicates?.size) return errors;
  const walk = (at: unknown, path: string): void => {
    if (Array.isArray(at)) at.forEach((v, i) => walk(v, `${path}[${i}]`));
    else if (isObject(at)) {
      for (const key of duplicates.get(at) ?? []) errors.push(`duplicate field ${quote(path ? `${path}.${key}` : key)}`);
      for (const [key, v] of Object.entries(at)) walk(v, path ? `${path}.${key}` : key);
    }
  };
  walk(value, '');
  return errors;
}
