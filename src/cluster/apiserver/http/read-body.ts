// A body's bytes to a value.
import { JsonSyntaxError, parseJson, plainValue } from '../../../apimachinery/json/parse.ts';
import { badRequest, requestEntityTooLarge, unsupportedMediaType, type StatusError } from '../../../apimachinery/status-error.ts';
import { summary, syntaxError } from '../generic/decode-object.ts';
import type { PatchType, RequestBody } from '../../../apimachinery/api-request.ts';
import { contentTypeOf, SUPPORTED } from './negotiate.ts';
import { readYamlBody } from './read-yaml.ts';

/** 3 MB, Kubernetes' limit. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** @param strategic whether the resource takes strategic merge patches: custom resources do not */
export async function readPatch(bytes: Uint8Array, contentType: string | undefined, strategic: boolean): Promise<RequestBody> {
  const accepted = Object.keys(PATCH_TYPES).filter((t) => strategic || PATCH_TYPES[t] !== 'strategic');
  const type = (contentType ?? '').split(';')[0]!;
  if (!accepted.includes(type))
    throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
  const text = readText(bytes);
  const patchType = PATCH_TYPES[type]!;
  return patchType === 'apply' ? readApply(text) : { value: undefined, text, patchType };
}

/** JSON is YAML; most clients send it, and it is read much faster. */
async function readApply(text: string): Promise<RequestBody> {
  if (text.trimStart().startsWith('{')) {
    try {
      const { value, duplicates } = parseJson(text);
      if (duplicates.size === 0) return { value: plainValue(value), text, patchType: 'apply' };
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
    }
  }
  const { value, duplicates, error } = await readYamlBody(text);
  return {
    value,
    text,
    patchType: 'apply',
    ...(error === undefined ? {} : { yamlFault: error }),
    ...(duplicates.length ? { yamlErrors: duplicates } : {}),
  };
}

/** @param kind of the object that is expected, for messages */
export async function readObject(bytes: Uint8Array, contentType: string | undefined, kind: string): Promise<RequestBody> {
  const type = contentTypeOf(contentType) || 'application/json';
  const text = readText(bytes);
  if (type === 'application/json') {
    try {
      const { value, duplicates } = parseJson(text);
      return { value, duplicates, text };
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw syntaxError(error, text, kind);
      throw error;
    }
  }
  if (type === 'application/yaml') {
    const { value, duplicates, error } = await readYamlBody(text);
    if (error !== undefined) throw unrecognized(kind, error, text);
    return {
      value,
      text,
      ...(duplicates.length ? { yamlErrors: [`yaml: unmarshal errors:\n${duplicates.map((d) => `  ${d}`).join('\n')}`] } : {}),
    };
  }
  if (type === 'application/vnd.kubernetes.protobuf')
    throw unrecognized(kind, 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]', text);
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${SUPPORTED.join(', ')}`);
}

const unrecognized = (kind: string, why: string, text: string): StatusError =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(text)})`);

function readText(bytes: Uint8Array): string {
  if (bytes.length > MAX_BODY_BYTES) throw requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
