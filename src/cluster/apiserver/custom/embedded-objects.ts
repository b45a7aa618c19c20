// Whole objects inside custom resources (`x-kubernetes-embedded-resource`), and the type and metadata of the custom resource itself.
// Follows pkg/apiserver/schema/objectmeta of apiextensions-apiserver.
import type { ObjectMeta } from '#api/meta/v1';
import { decode, DecodeError } from '../../../apimachinery/codec/decode.ts';
import { setKey } from '../../../apimachinery/json/parse.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { invalid, required, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1035Label } from '../../../apimachinery/validation/names.ts';
import { validateObjectMeta } from '../validation/object-meta.ts';
import { anySchema, entriesOf, isEmbedded, propertyOf, type Structural } from './structural-schema.ts';

const OBJECT_META = structType('meta/v1.ObjectMeta');
/** Metadata sorts what the server fills in for nothing: an object without a time of creation says so with null. */
const META_ZERO = new Set(['creationTimestamp']);

/** Metadata in Kubernetes' form. Throws a DecodeError. */
export function coerceMetadata(metadata: unknown, path: string, unknown: string[]): JsonObject {
  const { object, strictErrors } = decode(OBJECT_META, metadata ?? {}, { keepEmpty: true });
  for (const e of strictErrors) {
    const name = /^unknown field "(.*)"$/.exec(e)?.[1];
    if (name !== undefined) unknown.push(`${path}.${name}`);
  }
  return Object.fromEntries(Object.entries(object as JsonObject).filter(([k, v]) => v !== null || !META_ZERO.has(k)));
}

const embeddedSomewhere = new WeakMap<Structural, boolean>();

function holdsEmbedded(schema: Structural): boolean {
  let holds = embeddedSomewhere.get(schema);
  if (holds === undefined) embeddedSomewhere.set(schema, (holds = anySchema(schema, isEmbedded)));
  return holds;
}

/** Gives the metadata of embedded objects Kubernetes' form. Adds to `errors` where type or metadata have wrong types. */
export function coerceEmbedded(
  value: unknown,
  schema: Structural | undefined,
  path: Path,
  errors: FieldError[],
  unknown: string[],
): unknown {
  if (!schema || !holdsEmbedded(schema)) return value;
  if (Array.isArray(value)) {
    const items = value.map((v, i) => coerceEmbedded(v, schema.items, path.index(i), errors, unknown));
    return items.every((v, i) => v === value[i]) ? value : items;
  }
  if (!isObject(value)) return value;
  let copy: JsonObject | undefined;
  if (isEmbedded(schema)) {
    for (const key of ['apiVersion', 'kind'])
      if (Object.hasOwn(value, key) && typeof value[key] !== 'string')
        errors.push(invalid(path.child(key), value[key], 'must be a string'));
    if (Object.hasOwn(value, 'metadata')) {
      const { metadata } = value;
      if (metadata === null) delete (copy ??= { ...value })['metadata'];
      else if (!isObject(metadata)) errors.push(invalid(path.child('metadata'), metadata, 'must be an object'));
      else
        try {
          copy ??= { ...value };
          copy['metadata'] = coerceMetadata(metadata, path.child('metadata').toString(), unknown);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          errors.push(invalid(path.child('metadata'), metadata, error.message));
        }
    }
  }
  const entries = entriesOf(schema);
  for (const key of Object.keys(value)) {
    if (isEmbedded(schema) && key === 'metadata') continue;
    const property = propertyOf(schema, key);
    const at = property ? path.child(key) : path.key(key);
    const now = coerceEmbedded(value[key], property ?? entries, at, errors, unknown);
    if (now !== value[key]) setKey((copy ??= { ...value }), key, now);
  }
  return copy ?? value;
}

/** @param isRoot the custom resource itself, which is checked elsewhere */
export function validateEmbedded(value: unknown, schema: Structural | undefined, isRoot: boolean, path: Path, errors: FieldError[]): void {
  if (!schema || (!isRoot && !holdsEmbedded(schema))) return;
  if (Array.isArray(value)) {
    value.forEach((v, i) => validateEmbedded(v, schema.items, false, path.index(i), errors));
    return;
  }
  if (!isObject(value)) return;
  if (isEmbedded(schema) && !isRoot) validateObject(value, path, errors);
  const entries = entriesOf(schema);
  for (const [key, v] of Object.entries(value)) {
    const property = propertyOf(schema, key);
    if (property) validateEmbedded(v, property, false, path.child(key), errors);
    else if (entries) validateEmbedded(v, entries, false, path.key(key), errors);
  }
}

function validateObject({ apiVersion, kind, metadata }: JsonObject, path: Path, errors: FieldError[]): void {
  if (apiVersion === undefined) errors.push(required(path.child('apiVersion')));
  else if (typeof apiVersion === 'string' && apiVersion.trim() === '')
    errors.push(invalid(path.child('apiVersion'), apiVersion, 'must not be empty'));
  else if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2)
    errors.push(invalid(path.child('apiVersion'), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === undefined) errors.push(required(path.child('kind')));
  else if (typeof kind === 'string' && kind.trim() === '') errors.push(invalid(path.child('kind'), kind, 'must not be empty'));
  else if (typeof kind === 'string')
    for (const wrong of isDNS1035Label(kind.toLowerCase()))
      errors.push(invalid(path.child('kind'), kind, `may have mixed case, but should otherwise match: ${wrong}`));
  if (!isObject(metadata)) return;
  const meta = metadata as ObjectMeta;
  // neither name nor namespace are needed here, but where they are they must be well-formed
  const errorsOfMeta = validateObjectMeta(
    { ...meta, name: meta.name || 'fake-name' },
    Boolean(meta.namespace),
    () => [],
    path.child('metadata'),
  );
  errors.push(...errorsOfMeta);
}
