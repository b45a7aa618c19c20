// Conversion webhooks of CustomResourceDefinitions: what they are asked, and what of their answers is taken. Follows
// pkg/apiserver/conversion/webhook_converter.go of apiextensions-apiserver.
import type { CustomResourceDefinition } from '#api/apiextensions/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { isObject, splitApiVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import type { Random } from '../../../apimachinery/random.ts';
import { statusError } from '../../../apimachinery/status-error.ts';
import { fieldErrorText, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { WebhookCaller } from '../admission/webhook/webhook-caller.ts';
import { validateAnnotations, validateLabels } from '../validation/object-meta.ts';

export interface ConversionParts {
  readonly caller: WebhookCaller;
  readonly random: Random;
}

/**
 * The objects, all of one kind and none of this version, in this version. Rejects with a StatusError.
 * @param apiVersion `example.com/v2`
 */
export type Convert = (objects: readonly KubernetesObject[], apiVersion: string) => Promise<readonly KubernetesObject[]>;

const TIMEOUT_SECONDS = 30;
const V1 = 'apiextensions.k8s.io/v1, Kind=ConversionReview';

/** What is wrong with an answer. */
class ConversionError extends Error {}

/** Undefined where the definition has no such webhook. */
export function conversionWebhook({ spec }: CustomResourceDefinition, { caller, random }: ConversionParts): Convert | undefined {
  const { strategy, webhook } = spec.conversion ?? {};
  if (strategy !== 'Webhook' || !webhook?.clientConfig) return undefined;
  const { clientConfig: config, conversionReviewVersions } = webhook;
  return async (objects, apiVersion) => {
    const [first] = objects;
    if (!first) return [];
    const prefix = `conversion webhook for ${goKind(first, objects.length > 1)}`;
    try {
      // DEVIATION: webhooks that know v1beta1 alone are not asked, those that prefer it are asked in v1
      if (!conversionReviewVersions.includes('v1'))
        throw new ConversionError('does not recognize any version that the API server knows (v1)');
      // DEVIATION: where only simulated pods would answer, between versions only apiVersion changes
      if (!(await caller.reaches(config))) return objects.map((object) => ({ ...object, apiVersion }));
      const uid = random.uuid();
      const converted = convertedObjects(await review(caller, config, objects, apiVersion, uid), uid);
      if (converted.length !== objects.length)
        throw new ConversionError(`returned ${converted.length} objects, expected ${objects.length}`);
      return objects.map((object, i) => accept(object, converted[i], apiVersion, i, objects.length > 1));
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      throw statusError({ code: 500, reason: '', message: `${prefix} ${error.message}` }, { cause: error });
    }
  };
}

/** As Go prints a GroupVersionKind. */
function goKind({ apiVersion, kind }: KubernetesObject, list: boolean): string {
  return `${apiVersion}, Kind=${kind}${list ? 'List' : ''}`;
}

async function review(
  caller: WebhookCaller,
  config: Parameters<WebhookCaller['reaches']>[0],
  objects: readonly KubernetesObject[],
  desiredAPIVersion: string,
  uid: string,
): Promise<JsonObject> {
  const body = { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', request: { uid, desiredAPIVersion, objects } };
  try {
    return await caller.call({ config, body, timeoutSeconds: TIMEOUT_SECONDS });
  } catch (error) {
    throw new ConversionError(`failed: ${(error as Error).message}`, { cause: error });
  }
}

function convertedObjects(answer: JsonObject, uid: string): readonly unknown[] {
  const told = `${String(answer['apiVersion'] ?? '')}, Kind=${String(answer['kind'] ?? '')}`;
  if (told !== V1) throw new ConversionError(`failed: expected webhook response of ${V1}, got ${told}`);
  const { response } = answer;
  if (!isObject(response)) throw new ConversionError('failed: no response provided');
  const given = typeof response['uid'] === 'string' ? response['uid'] : '';
  if (given !== uid) throw new ConversionError(`failed: expected response.uid=${quote(uid)}, got ${quote(given)}`);
  const result = isObject(response['result']) ? response['result'] : {};
  const { status = '', message = '' } = result as { status?: string; message?: string };
  if (status !== 'Success') throw new ConversionError(`failed: ${message || `response.result.status was '${status}', not 'Success'`}`);
  const { convertedObjects: all } = response;
  return Array.isArray(all) ? all : [];
}

/** @param listed messages then say which object is meant */
function accept(original: KubernetesObject, converted: unknown, apiVersion: string, index: number, listed: boolean): KubernetesObject {
  const wrong = (what: string, why: string, always = false): ConversionError =>
    new ConversionError(`returned invalid ${what}${listed || always ? ` at index ${index}` : ''}: ${why}`);
  const object = listed ? 'converted object' : 'object';
  if (!isObject(converted)) throw wrong(object, 'invalid type, expected=Unstructured', true);
  const { apiVersion: version, kind } = converted as { apiVersion?: string; kind?: string };
  if (version !== apiVersion) throw wrong(object, `invalid groupVersion (expected ${apiVersion}, received ${goVersion(version)})`, true);
  if (kind !== original.kind) throw wrong(object, `invalid kind (expected ${original.kind}, received ${kind ?? ''})`, true);
  const { metadata } = converted;
  const different = sameIdentity(original, isObject(metadata) ? metadata : {});
  if (different !== undefined) throw wrong(object, different);
  const metadataWhat = listed ? 'metadata in object' : 'metadata';
  if (metadata === undefined) throw wrong(metadataWhat, 'missing metadata in converted object');
  if (!isObject(metadata)) throw wrong(metadataWhat, `invalid metadata of type ${goType(metadata)} in converted object`);
  const restored = restoredMetadata(original, metadata, (why) => wrong(metadataWhat, why));
  return { ...converted, metadata: restored } as unknown as KubernetesObject;
}

/** A version without a group reads as Go's empty GroupVersion. */
const goVersion = (version: string | undefined): string => {
  if (version === undefined) return '';
  const { group, version: name } = splitApiVersion(version);
  return group ? version : name;
};

function sameIdentity({ metadata: original }: KubernetesObject, metadata: JsonObject): string | undefined {
  for (const [field, word] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [before, after] = [original[field] ?? '', metadata[field] ?? ''];
    if (before !== after) return `must have the same ${word}: ${before} != ${String(after)}`;
  }
  return undefined;
}

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : Number.isInteger(value) ? 'int64' : 'float64';
}

/** Of the metadata a webhook may change labels and annotations: all else is as it was. */
function restoredMetadata(
  { metadata: original }: KubernetesObject,
  converted: JsonObject,
  wrong: (why: string) => ConversionError,
): KubernetesObject['metadata'] {
  const { labels: _labels, annotations: _annotations, ...kept } = original;
  const changed: Record<string, Readonly<Record<string, string>>> = {};
  for (const field of ['labels', 'annotations'] as const) {
    const given = converted[field];
    if (given === undefined || given === null) continue;
    if (!isObject(given)) throw wrong(`invalid metadata.${field} of type ${goType(given)} in converted object`);
    for (const [key, value] of Object.entries(given))
      if (typeof value !== 'string') throw wrong(`metadata.${field}[${key}] must be a string, but is ${goType(value)} in converted object`);
    const values = given as Readonly<Record<string, string>>;
    const before = original[field] ?? {};
    const fresh = Object.fromEntries(Object.entries(values).filter(([key, value]) => before[key] !== value));
    const errors: FieldError[] = [];
    const check = field === 'labels' ? validateLabels : validateAnnotations;
    check(fresh, Path.of('metadata', field), errors);
    if (errors.length) throw wrong(errors.length === 1 ? fieldErrorText(errors[0]!) : `[${errors.map(fieldErrorText).join(', ')}]`);
    changed[field] = values;
  }
  return { ...kept, ...changed };
}
