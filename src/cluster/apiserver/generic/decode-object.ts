// From a request's body to an object of the version in which the resource is stored: types checked, defaults filled in. Wrong bodies
// are refused in the words of Kubernetes' decoder (endpoints/handlers/create.go, runtime/serializer).
import { decode, DecodeError, type Decoded, type EmptyField } from '../../../apimachinery/codec/decode.ts';
import { protobufType } from '../../../apimachinery/codec/protobuf/envelope.ts';
import { typeOfKind } from '../../../apimachinery/schema/type-of-kind.ts';
import { goKindOf } from '../../../apimachinery/json/go-kind.ts';
import { encodeJson } from '../../../apimachinery/json/encode.ts';
import { NumberLiteral, plainValue, type JsonSyntaxError } from '../../../apimachinery/json/parse.ts';
import { groupVersion, isObject, splitApiVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { badRequest, invalidError, type StatusError } from '../../../apimachinery/status-error.ts';
import { invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { RequestContext } from './context.ts';
import type { Served } from './catalog.ts';
import type { Draft, ResourceDefinition, VersionDefinition } from './resource-definition.ts';
import type { RequestBody } from '../../../apimachinery/api-request.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export const fieldValidationOf = (context: RequestContext): FieldValidation =>
  (context.options.fieldValidation || 'Warn') as FieldValidation;

/** An anonymous struct of Go, as its decoder names it. */
const TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** The body of a create or update. @param existing shares its unchanged parts with what is returned, where the body holds the very same ones */
export function decodeObject(body: RequestBody, served: Served, context: RequestContext, existing?: KubernetesObject): Draft {
  const { definition, version } = served;
  const expected = { apiVersion: groupVersion({ group: definition.group, version: version.version }), kind: version.kind };
  const given = typeMeta(body, expected.kind);
  const refuse = (why: string): StatusError =>
    badRequest(`${given.kind || expected.kind} in version ${quote(given.version)} cannot be handled as a ${expected.kind}: ${why}`);
  if (version.custom && given.kind === '' && body.text !== undefined) {
    const shown = isObject(body.value) ? encodeJson(plainValue(body.value)) : 'null';
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): Object 'Kind' is missing in '${shown}' (${summary(body.text)})`,
    );
  }
  const apiVersion = given.apiVersion || expected.apiVersion;
  const kind = given.kind || expected.kind;
  if (kind !== expected.kind || apiVersion !== expected.apiVersion) throw unexpectedKind(served, body, apiVersion, kind, expected);
  const strict = fieldValidationOf(context);
  try {
    const decoded = decodeBody(version, body, existing);
    context.empties = decoded.empties;
    carryEmptyManagedFields(body.value, decoded.object as JsonObject);
    const errors = [...(body.yamlErrors ?? []), ...decoded.strictErrors];
    if (errors.length && strict === 'Strict') throw refuse(`strict decoding error: ${errors.join(', ')}`);
    if (strict === 'Warn') for (const e of errors) for (const line of yamlLines(e)) context.warn(line);
    const object = complete(decoded.object as JsonObject, served, existing, decoded.empties);
    context.request.audit?.requestObject(object);
    return toStored(object, served);
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
}

/** Throws a DecodeError. */
export function decodeBody(
  { type, custom, kind }: VersionDefinition,
  { value, duplicates }: RequestBody,
  existing?: KubernetesObject,
): Decoded {
  if (custom) return custom.decode(value ?? {}, duplicates);
  if (!type) throw new Error(`${kind} has no Go type`);
  return decode(type, value ?? {}, { ...(duplicates ? { duplicates } : {}), existing, keepEmpty: true });
}

/** The top level and the metadata become the pipeline's own, and defaults are filled in. The version stays. */
export function complete(
  object: JsonObject,
  { definition, version }: Served,
  existing: KubernetesObject | undefined,
  empties: readonly EmptyField[] = [],
): Draft {
  const { kind: _k, apiVersion: _a, metadata, ...rest } = object;
  const apiVersion = groupVersion({ group: definition.group, version: version.version });
  const draft = { kind: version.kind, apiVersion, metadata: { ...(metadata as object | undefined) }, ...rest } as Draft;
  version.setDefaults?.(draft, existing, empties);
  return draft;
}

/**
 * The object as it comes back from the store: protobuf knows no empty lists and maps. What ownership is reckoned from still has them.
 * Kinds that Kubernetes stores as JSON keep them.
 */
export function storedForm(object: Draft, context: RequestContext): Draft {
  if (context.empties.length === 0 || context.served.definition.storedAsJson) return object;
  // events of one group are stored as those of another
  const type = typeOfKind(object);
  if (!type) return object;
  return decode(type, object).object as Draft;
}

/** In the version in which the resource is stored. */
export const toStored = (draft: Draft, { version }: Served): Draft => version.toStorage?.(draft) ?? draft;

/** An empty list of managed fields means that all ownership is to be forgotten; decoding drops it like any other. */
export function carryEmptyManagedFields(sent: unknown, decoded: JsonObject): void {
  const metadata = isObject(sent) ? sent['metadata'] : undefined;
  if (!isObject(metadata) || !Array.isArray(metadata['managedFields']) || metadata['managedFields'].length > 0) return;
  decoded['metadata'] = { ...(decoded['metadata'] as JsonObject), managedFields: [] };
}

/** An error of the YAML reader tells several lines at once. */
function yamlLines(text: string): string[] {
  const prefix = /^(?:error converting YAML to JSON: )?yaml: unmarshal errors:\n/.exec(text);
  return prefix
    ? text
        .slice(prefix[0].length)
        .split('\n')
        .map((l) => l.trim())
    : [text];
}

/** apiVersion and kind are read on their own, before anything else. */
function typeMeta(
  body: RequestBody,
  expectedKind: string,
): { readonly apiVersion: string; readonly version: string; readonly kind: string } {
  const { value } = body;
  const unrecognized = (why: string): StatusError =>
    badRequest(
      `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; json parse error: ${why} (${summary(body.text ?? '')})`,
    );
  if (value === null || value === undefined) return { apiVersion: '', version: '', kind: '' };
  if (!isObject(value) || value instanceof NumberLiteral)
    throw unrecognized(`json: cannot unmarshal ${goKindOf(value)} into Go value of type ${TYPE_META}`);
  for (const name of ['apiVersion', 'kind'] as const) {
    const v = value[name];
    if (v !== undefined && v !== null && typeof v !== 'string')
      throw unrecognized(`json: cannot unmarshal ${goKindOf(v)} into Go struct field .${name} of type string`);
  }
  const apiVersion = (value['apiVersion'] as string | null | undefined) ?? '';
  if (apiVersion.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`);
  return { apiVersion, version: splitApiVersion(apiVersion).version, kind: (value['kind'] as string | null | undefined) ?? '' };
}

/** What was sent, shortened: JSON as text, anything else in hexadecimal. */
export function summary(text: string): string {
  if (text === '') return '<empty>';
  const bytes = Buffer.from(text);
  const shown = bytes.subarray(0, 30);
  return `${text.startsWith('{') ? shown.toString() : shown.toString('hex')}${bytes.length > 30 ? ' ...' : ''}`;
}

/** Text that is not JSON at all. */
export function syntaxError(error: JsonSyntaxError, text: string, expectedKind: string): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; json parse error: ${error.message} (${summary(text)})`,
  );
}

/** Versions that Kubernetes still knows and no longer serves. */
const RETIRED = new Set([
  'extensions/v1beta1',
  'apps/v1beta1',
  'apps/v1beta2',
  'autoscaling/v2beta1',
  'autoscaling/v2beta2',
  'batch/v1beta1',
  'policy/v1beta1',
  'networking.k8s.io/v1beta1',
  'rbac.authorization.k8s.io/v1beta1',
  'storage.k8s.io/v1beta1',
]);

function unexpectedKind(
  { definition, version: served }: Served,
  body: RequestBody,
  apiVersion: string,
  kind: string,
  expected: { readonly apiVersion: string; readonly kind: string },
): StatusError {
  const { group, version } = splitApiVersion(apiVersion);
  const serves = definition.versions.some((v) => groupVersion({ group: definition.group, version: v.version }) === apiVersion);
  if (apiVersion !== expected.apiVersion && (served.custom || (kind === expected.kind && (serves || RETIRED.has(apiVersion)))))
    return badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected.apiVersion})`);
  if (served.custom) {
    const { metadata } = body.value as JsonObject;
    const name = isObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
    return invalidError({ group, kind }, name, [invalid(Path.of('kind'), kind, `must be ${expected.kind}`)]);
  }
  const why = otherKind(definition, apiVersion, kind, expected.kind);
  return badRequest(`${kind} in version ${quote(version)} cannot be handled as a ${expected.kind}: ${why}`);
}

/** Why an object of some other kind is not taken for one of this. */
export function otherKind(definition: ResourceDefinition, apiVersion: string, kind: string, expectedKind: string): string {
  if (!protobufType(apiVersion, kind))
    return `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;
  const internal = definition.internalGroup ?? (definition.group === '' ? 'core' : definition.group.split('.')[0]);
  return `converting (${splitApiVersion(apiVersion).version}.${kind}) to (${internal}.${expectedKind}): unknown conversion`;
}
