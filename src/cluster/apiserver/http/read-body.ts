// A body's bytes to a value.
import { decodeEnvelope, openEnvelope } from '../../../apimachinery/codec/protobuf/envelope.ts';
import { ProtobufError } from '../../../apimachinery/codec/protobuf/wire.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { JsonSyntaxError, parseJson, plainValue } from '../../../apimachinery/json/parse.ts';
import { splitApiVersion } from '../../../apimachinery/object.ts';
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

/** What a body should hold. */
export interface Expected {
  readonly kind: string;
  readonly apiVersion: string;
  /** Custom resources have no form in protobuf. */
  readonly custom: boolean;
}

export async function readObject(bytes: Uint8Array, contentType: string | undefined, expected: Expected): Promise<RequestBody> {
  const { kind } = expected;
  const type = contentTypeOf(contentType) || 'application/json';
  if (type === 'application/vnd.kubernetes.protobuf' && !expected.custom) return readProtobuf(checkSize(bytes), expected);
  const text = readText(bytes);
  if (type === 'application/json') {
    try {
      const { value, duplicates } = parseJson(text, expected.custom ? 'last' : 'merged');
      return { value, duplicates, text };
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw syntaxError(error, text, kind);
      throw error;
    }
  }
  if (type === 'application/yaml') {
    const { value, duplicates, error } = await readYamlBody(text);
    if (error !== undefined) throw unrecognized(kind, error, summary(text));
    return {
      value,
      text,
      ...(duplicates.length ? { yamlErrors: [`yaml: unmarshal errors:\n${duplicates.map((d) => `  ${d}`).join('\n')}`] } : {}),
    };
  }
  const supported = SUPPORTED.filter((s) => !expected.custom || s !== 'application/vnd.kubernetes.protobuf');
  throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`);
}

/** The body of a DELETE. What is wrong with it is told without quoting it. */
export async function readDeleteOptions(bytes: Uint8Array, contentType: string | undefined): Promise<RequestBody> {
  if ((contentTypeOf(contentType) || 'application/json') === 'application/json') {
    const text = readText(bytes);
    try {
      return { ...parseJson(text, 'merged'), text };
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
      throw error;
    }
  }
  return readObject(bytes, contentType, { kind: 'DeleteOptions', apiVersion: 'v1', custom: false });
}

/** An envelope that does not say what it holds holds what is expected. */
function readProtobuf(bytes: Uint8Array, expected: Expected): RequestBody {
  const envelope = inProtobuf(
    () => openEnvelope(bytes),
    (why) => unrecognized(expected.kind, why, bytes.length ? hex(bytes) : '<empty>'),
  );
  const kind = envelope.kind || expected.kind;
  const apiVersion = envelope.apiVersion || expected.apiVersion;
  const value = inProtobuf(
    () => decodeEnvelope({ ...envelope, kind, apiVersion }),
    (why) => badRequest(`${kind} in version ${quote(splitApiVersion(apiVersion).version)} cannot be handled as a ${expected.kind}: ${why}`),
  );
  // a kind that nobody knows is refused for what it calls itself
  return { value: value ?? { kind, apiVersion } };
}

function inProtobuf<T>(read: () => T, refuse: (why: string) => StatusError): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtobufError) throw refuse(error.message);
    throw error;
  }
}

/** The beginning of a body, as messages quote it. */
const hex = (bytes: Uint8Array): string => `${Buffer.from(bytes.subarray(0, 30)).toString('hex')}${bytes.length > 30 ? ' ...' : ''}`;

const unrecognized = (kind: string, why: string, quoted: string): StatusError =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${quoted})`);

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_BODY_BYTES) throw requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`);
  return bytes;
}

const readText = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(checkSize(bytes));
