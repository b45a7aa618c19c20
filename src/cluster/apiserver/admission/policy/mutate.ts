// What a mutation of a policy makes of an object: an apply configuration is merged into it, or a JSON patch applied to it. Follows
// pkg/admission/plugin/policy/mutating/patch of k8s.io/apiserver.
import { facetOf, type ApplyType } from '../../../../apimachinery/apply/apply-schema.ts';
import { merge } from '../../../../apimachinery/apply/merge.ts';
import { validate, ValidationErrors } from '../../../../apimachinery/apply/validate.ts';
import { toJson } from '../../../../apimachinery/cel/json-values.ts';
import { ListValue, MapValue, StructValue, type Value } from '../../../../apimachinery/cel/values.ts';
import { isObject, type JsonObject } from '../../../../apimachinery/object.ts';
import { applyJsonPatch, JsonPatchError, JsonPatchTestError } from '../../../../apimachinery/patch/json-patch.ts';

/** The message is told to the client. */
export class MutationError extends Error {}

/** Types of objects are named by where they stand: `Object.spec.template`. */
function checkTypeNames(value: Value, path: readonly string[], errors: string[]): void {
  if (value instanceof StructValue) {
    const expected = path.join('.');
    if (value.type.name !== expected)
      errors.push(`unexpected type name "${value.type.name}", expected "${expected}", which matches field name path from root Object type`);
    for (const [name, field] of value.fields) checkTypeNames(field, [...path, name], errors);
  } else if (value instanceof ListValue) for (const item of value) checkTypeNames(item, path, errors);
  else if (value instanceof MapValue) for (const key of value.keys()) checkTypeNames(value.get(key)!, path, errors);
}

function requireTypeNames(value: Value, root: string): void {
  const errors: string[] = [];
  checkTypeNames(value, [root], errors);
  if (errors.length) throw new MutationError(`type mismatch: ${errors.join('\n')}`);
}

/** Throws a {@link MutationError}. */
export function applyConfiguration(object: JsonObject, value: Value, type: ApplyType): JsonObject {
  requireTypeNames(value, 'Object');
  const patch: JsonObject = { ...(toJson(value) as JsonObject), apiVersion: object['apiVersion'], kind: object['kind'] };
  try {
    validate(type, patch);
  } catch (error) {
    if (!(error instanceof ValidationErrors)) throw error;
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${error.message}`);
  }
  const atomics: string[] = [];
  findAtomics(type, patch, '', atomics);
  if (atomics.length)
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  return merge(type, object, patch) as JsonObject;
}

/** What can only be replaced as a whole: whoever sets a part of it would remove the rest. */
function findAtomics(type: ApplyType, value: unknown, path: string, found: string[]): void {
  if (value === null || typeof value !== 'object') return;
  const facet = facetOf(type, value);
  if (facet === 'map' && type.map && isObject(value)) {
    if (type.map.atomic) found.push(path);
    for (const [key, part] of Object.entries(value)) {
      const field = type.map.fields.get(key)?.type;
      if (field) findAtomics(field, part, `${path}.${key}`, found);
    }
  } else if (facet === 'list' && type.list && Array.isArray(value)) {
    if (type.list.atomic) found.push(path);
    value.forEach((item, i) => findAtomics(type.list!.element, item, `${path}[${i}]`, found));
  }
}

/** A patch whose test fails leaves the object as it is. Throws a {@link MutationError}. */
export function applyPatch(object: JsonObject, value: Value): JsonObject {
  const operations = [...(value as ListValue)].map((item) => operationOf(item as StructValue));
  try {
    return applyJsonPatch(object, operations) as JsonObject;
  } catch (error) {
    if (error instanceof JsonPatchTestError) return object;
    if (error instanceof JsonPatchError) throw new MutationError(`JSON Patch: ${error.message}`);
    throw error;
  }
}

function operationOf({ fields }: StructValue): JsonObject {
  const given = fields.get('value');
  const from = fields.get('from');
  if (given instanceof StructValue) requireTypeNames(given, given.type.name);
  try {
    return {
      op: fields.get('op') ?? '',
      path: fields.get('path') ?? '',
      ...(from ? { from } : {}),
      ...(given === undefined ? {} : { value: toJson(given) }),
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new MutationError(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${error.message}`);
  }
}
