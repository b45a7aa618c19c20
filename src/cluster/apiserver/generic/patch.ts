// The four kinds of patch, as ways to make a new object from the stored one. Follows endpoints/handlers/patch.go of k8s.io/apiserver,
// its codes and messages included.
import { ApplyError } from '../../../apimachinery/apply/field-manager.ts';
import { decode, DecodeError, type Decoded } from '../../../apimachinery/codec/decode.ts';
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { JsonSyntaxError, parseJson, plainValue, type Parsed } from '../../../apimachinery/json/parse.ts';
import { groupVersion, isObject, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { applyJsonPatch, decodeJsonPatch, JsonPatchError, MAX_OPERATIONS } from '../../../apimachinery/patch/json-patch.ts';
import { inLibrarysOrder } from '../../../apimachinery/patch/patched-order.ts';
import { applyMergePatch, MergePatchError } from '../../../apimachinery/patch/merge-patch.ts';
import { StrategicMergeError } from '../../../apimachinery/patch/strategic-merge-error.ts';
import { decodeUnstructured } from '../../../apimachinery/patch/unstructured.ts';
import { applyStrategicMergePatch } from '../../../apimachinery/patch/strategic-merge.ts';
import {
  badRequest,
  conflict,
  invalidError,
  notFoundError,
  requestEntityTooLarge,
  statusError,
  type StatusError,
} from '../../../apimachinery/status-error.ts';
import { invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import type { RequestBody } from '../../../apimachinery/api-request.ts';
import type { RequestContext } from './context.ts';
import { carryEmptyManagedFields, complete, fieldValidationOf, otherKind, toStored } from './decode-object.ts';
import type { Ownership } from './field-managers.ts';
import { qualified } from './object-store.ts';
import type { Served } from './catalog.ts';
import type { Draft } from './resource-definition.ts';
import { checkPatchOptions } from '../validation/request-options.ts';
import { checkName, checkNamespace } from './write.ts';

export interface ReadyPatch {
  /** Gives what the patch makes of the object; called again when another writer came between. Throws a StatusError. */
  patched(old: KubernetesObject | undefined): Draft;
  /** Apply makes what is not there. */
  readonly forceAllowCreate: boolean;
}

export function readyPatch(context: RequestContext, ownership: Ownership): ReadyPatch {
  const { body, namespace } = context.request;
  const type = body?.patchType;
  if (!body || !type) throw new Error('a patch request without a patch');
  checkPatchOptions(context.options, type);
  const make = type === 'apply' ? applied(context, body, ownership) : changed(context, body, ownership);
  return {
    forceAllowCreate: type === 'apply',
    patched(old) {
      const draft = make(old);
      if (!old && draft.metadata.uid) {
        const { uid } = draft.metadata;
        const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
        throw conflict(qualified(context.served.definition), context.request.name, why);
      }
      checkNamespace(draft, context.request.resource === 'namespaces' && context.request.group === '' ? '' : namespace);
      checkName(draft, context);
      return draft;
    },
  };
}

// ---- server-side apply ----

function applied(context: RequestContext, body: RequestBody, ownership: Ownership): (old: KubernetesObject | undefined) => Draft {
  const { value, yamlFault, yamlErrors = [] } = body;
  if (yamlFault !== undefined) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${yamlFault}`);
  // null is an object without anything
  const config = value ?? {};
  if (!isObject(config))
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${goKind(value)} into Go value of type map[string]interface {}`,
    );
  return (old) => {
    try {
      const draft = ownership.apply(old, config, context.options.fieldManager ?? '', context.options.force ?? false);
      if (yamlErrors.length) repeatedKeys(context, yamlErrors);
      return draft;
    } catch (failure) {
      if (failure instanceof ApplyError) throw statusError({ code: 500, reason: '', message: failure.message }, { cause: failure });
      throw failure;
    }
  };
}

function repeatedKeys(context: RequestContext, errors: readonly string[]): void {
  const validation = fieldValidationOf(context);
  if (validation === 'Strict') {
    const lines = errors.map((e) => `  ${e}`).join('\n');
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n${lines}`);
  }
  if (validation === 'Warn') for (const line of errors) context.warn(line);
}

// ---- JSON, merge and strategic merge patch ----

interface Merged {
  readonly object: unknown;
  /** How the object, or the patch, is shown in an error. */
  readonly shown: () => string | undefined;
  readonly strictErrors: readonly string[];
}

function changed(context: RequestContext, body: RequestBody, ownership: Ownership): (old: KubernetesObject | undefined) => Draft {
  const { served } = context;
  const strict = fieldValidationOf(context) !== 'Ignore';
  let merge: ReturnType<typeof mergeOf> | undefined;
  return (old) => {
    if (!old) throw notFoundError(qualified(served.definition), context.request.name);
    // what is not there is told before what is wrong with the patch
    merge ??= mergeOf(context, body, strict);
    const current = served.version.fromStorage?.(old) ?? old;
    const merged = merge(current);
    return ownership.update(old, decodeMerged(context, merged, current), context.fieldManager);
  };
}

function mergeOf(context: RequestContext, body: RequestBody, strict: boolean): (current: KubernetesObject) => Merged {
  switch (body.patchType) {
    case 'json': {
      const { operations, strictErrors } = readJsonPatch(body, strict);
      return (current) => {
        const object = refusing(() => applyJsonPatch(current, operations));
        return { object, shown: () => shownAsPatched(context, object, current), strictErrors };
      };
    }
    case 'merge': {
      const parsed = readJson(body, (why) => (strict ? `error decoding patch: ${why}` : 'Invalid JSON Patch'));
      if (!isObject(parsed.value) && strict && parsed.value !== null)
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${goKind(parsed.value)} into Go value of type map[string]interface {}`,
        );
      const strictErrors = strict ? duplicateErrors(parsed) : [];
      return (current) => {
        const object = refusing(() => applyMergePatch(current, plainValue(parsed.value)));
        return { object, shown: () => shownAsPatched(context, object, current), strictErrors };
      };
    }
    default: {
      const parsed = readJson(body, (why) => why);
      if (parsed.value !== null && !isObject(parsed.value))
        throw badRequest(`json: cannot unmarshal ${goKind(parsed.value)} into Go value of type map[string]interface {}`);
      const patch = (plainValue(parsed.value) ?? {}) as JsonObject;
      const strictErrors = strict ? duplicateErrors(parsed) : [];
      const { type } = context.served.version;
      if (!type) throw new Error('custom resources take no strategic merge patches');
      return (current) => {
        const object = refusing(() => applyStrategicMergePatch(type, current, patch));
        return { object, shown: () => goMap(patch), strictErrors };
      };
    }
  }
}

const goKind = (value: unknown): string =>
  typeof value === 'string'
    ? 'string'
    : typeof value === 'boolean'
      ? 'bool'
      : Array.isArray(value)
        ? 'array'
        : isObject(value) && !('text' in value)
          ? 'object'
          : 'number';

function readJson(body: RequestBody, wording: (why: string) => string): Parsed {
  if (body.text === undefined) return { value: body.value, duplicates: new Map() };
  try {
    return parseJson(body.text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(wording(error.message));
    throw error;
  }
}

function readJsonPatch(body: RequestBody, strict: boolean): ReturnType<typeof decodeJsonPatch> {
  const parsed = readJson(body, (why) => (strict ? `error decoding patch: ${why}` : why));
  try {
    const patch = decodeJsonPatch(parsed, strict);
    if (patch.operations.length > MAX_OPERATIONS)
      throw requestEntityTooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.operations.length}`);
    return patch;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
}

/** `duplicate field "spec.replicas"` for all keys that a patch gives twice. */
function duplicateErrors({ value, duplicates }: Parsed): string[] {
  if (duplicates.size === 0) return [];
  const errors: string[] = [];
  const walk = (at: unknown, path: string): void => {
    if (Array.isArray(at)) at.forEach((v, i) => walk(v, `${path}[${i}]`));
    else if (isObject(at)) {
      for (const key of duplicates.get(at) ?? []) errors.push(`duplicate field ${JSON.stringify(path ? `${path}.${key}` : key)}`);
      for (const [key, v] of Object.entries(at)) walk(v, path ? `${path}.${key}` : key);
    }
  };
  walk(value, '');
  return errors;
}

/** What the patch libraries refuse, with the codes that the API gives it. */
function refusing<T>(patch: () => T): T {
  try {
    return patch();
  } catch (error) {
    if (error instanceof JsonPatchError) throw unprocessable();
    if (error instanceof MergePatchError) throw badRequest(error.message);
    if (error instanceof StrategicMergeError) {
      if (error.fault === 'format') throw badRequest(error.message);
      if (error.fault === 'unprocessable') throw unprocessable();
      throw statusError({ code: 500, reason: '', message: error.message }, { cause: error });
    }
    throw error;
  }
}

/** Kubernetes does not tell what the library said. */
const unprocessable = (): StatusError =>
  statusError({ code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {} });

const shownAsPatched = (context: RequestContext, object: unknown, current: KubernetesObject): string =>
  encodeJson(inLibrarysOrder(context.served.version.type, object, current));

function decodeMerged(context: RequestContext, { object, shown, strictErrors }: Merged, current: KubernetesObject): Draft {
  const { custom } = context.served.version;
  const refuse = (why: string): StatusError => invalidError({ group: '', kind: '' }, '', [invalid(Path.of('patch'), shown(), why)]);
  try {
    const served = custom ? context.served : servedAs(context, object);
    const decoded = custom ? custom.decode(object) : decodeTyped(context, served, object, current);
    context.empties = decoded.empties;
    carryEmptyManagedFields(object, decoded.object as JsonObject);
    const errors = [...strictErrors, ...decoded.strictErrors];
    const validation = fieldValidationOf(context);
    if (errors.length && validation === 'Strict') throw refuse(`strict decoding error: ${errors.join(', ')}`);
    if (validation === 'Warn') for (const e of errors) context.warn(e);
    return toStored(complete(decoded.object as JsonObject, served, current, decoded.empties), served);
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
}

/**
 * A patched document is decoded anew, for what it then says it is: another version of the kind will do. Throws a DecodeError for another
 * kind. A strategic merge never looks.
 */
function servedAs(context: RequestContext, object: unknown): Served {
  const { served } = context;
  if (context.request.body?.patchType === 'strategic' || !isObject(object)) return served;
  const { definition, version } = served;
  const apiVersion = object['apiVersion'] ?? '';
  const kind = object['kind'] ?? version.kind;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '') return served;
  const as = definition.versions.find(
    (v) => v.kind === kind && groupVersion({ group: definition.group, version: v.version }) === apiVersion,
  );
  if (!as) throw new DecodeError(otherKind(definition, apiVersion, kind, version.kind));
  return as === version ? served : { ...served, version: as };
}

function decodeTyped(context: RequestContext, { version: { type, kind } }: Served, object: unknown, existing: KubernetesObject): Decoded {
  if (!type) throw new Error(`${kind} has no Go type`);
  if (context.request.body?.patchType === 'strategic') return decodeUnstructured(type, object as JsonObject, { existing, keepEmpty: true });
  // without a version it is taken for the internal form of the kind, whose fields have no names in JSON
  if (isObject(object) && !object['apiVersion']) return nothingKnown(object);
  return decode(type, object as JsonObject, { existing, keepEmpty: true });
}

function nothingKnown(object: JsonObject): Decoded {
  const unknown = Object.keys(object).filter((key) => key !== 'kind' && key !== 'apiVersion');
  return { object: { metadata: {} }, strictErrors: unknown.sort().map((key) => `unknown field ${JSON.stringify(key)}`), empties: [] };
}

/** `%+v` of a map, as Go prints it. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (isObject(value)) {
    const parts = Object.keys(value)
      .sort()
      .map((key) => `${key}:${goMap(value[key])}`);
    return `map[${parts.join(' ')}]`;
  }
  return value === null || value === undefined ? '<nil>' : `${value as string | number | boolean}`;
}
