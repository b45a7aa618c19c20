// The query of a URL, and the body of a DELETE, as options of a request.
import { decode, DecodeError } from '../../../apimachinery/codec/decode.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { structType } from '../../../apimachinery/schema/schema.ts';
import { badRequest } from '../../../apimachinery/status-error.ts';
import type { RequestBody, RequestOptions } from '../../../apimachinery/api-request.ts';
import { isTrue } from './request-info.ts';

type Shape = Readonly<Record<string, 'text' | 'texts' | 'boolean' | 'integer'>>;

const WRITE: Shape = { dryRun: 'texts', fieldManager: 'text', fieldValidation: 'text' };
const PATCH: Shape = { ...WRITE, force: 'boolean' };
const LIST: Shape = {
  labelSelector: 'text',
  fieldSelector: 'text',
  limit: 'integer',
  continue: 'text',
  resourceVersion: 'text',
  resourceVersionMatch: 'text',
  timeoutSeconds: 'integer',
  allowWatchBookmarks: 'boolean',
  sendInitialEvents: 'boolean',
};
const DELETE: Shape = { gracePeriodSeconds: 'integer', orphanDependents: 'boolean', propagationPolicy: 'text', dryRun: 'texts' };

const SHAPES: Readonly<Record<string, Shape>> = {
  create: WRITE,
  update: WRITE,
  patch: PATCH,
  get: { resourceVersion: 'text' },
  list: LIST,
  watch: LIST,
  deletecollection: { ...LIST, ...DELETE },
  delete: DELETE,
};

/** As Go reads a query: pairs that hold a semicolon or a broken escape are passed over. */
export function parseQuery(text: string): URLSearchParams {
  if (!text.includes('%') && !text.includes(';')) return new URLSearchParams(text);
  const pairs = text.split('&').filter((pair) => !pair.includes(';') && !/%(?![\da-fA-F]{2})/.test(pair));
  return new URLSearchParams(pairs.join('&'));
}

/** Throws a StatusError (400) for what cannot be read; parameters that the verb does not know are passed over. */
export function queryOptions(verb: string, query: URLSearchParams): RequestOptions {
  const options: JsonObject = {};
  for (const [name, kind] of Object.entries(SHAPES[verb] ?? {})) {
    const values = query.getAll(name);
    const first = values[0];
    if (first === undefined) continue;
    if (kind === 'texts') options[name] = values;
    else if (kind === 'text') options[name] = first;
    else if (kind === 'boolean') options[name] = isTrue(first);
    else options[name] = integer(first);
  }
  return options;
}

function integer(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const n = BigInt(text.replace(/^\+/, ''));
    if (BigInt.asIntN(64, n) === n) return Number(n);
    throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  }
  throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
}

/** DeleteOptions are known in every group; a body that says nothing is of the group of all metadata. */
function checkKind(value: unknown): void {
  const { apiVersion = '', kind = '' } = isObject(value) ? value : {};
  const version = apiVersion === '' || apiVersion === null ? 'meta.k8s.io/v1' : apiVersion;
  if (typeof kind !== 'string' || typeof version !== 'string' || kind === '' || kind === 'DeleteOptions') return;
  throw badRequest(`no kind ${quote(kind)} is registered for version ${quote(version)} in scheme "pkg/runtime/scheme.go:111"`);
}

/** A body is all that counts: with one, the query's options of the deletion are not looked at. */
export function deleteOptions(options: RequestOptions, body: RequestBody | undefined): RequestOptions {
  if (!body) return options;
  const { gracePeriodSeconds: _g, orphanDependents: _o, propagationPolicy: _p, dryRun: _d, ...rest } = options;
  checkKind(body.value);
  try {
    const { object } = decode(
      structType('meta/v1.DeleteOptions'),
      body.value ?? {},
      body.duplicates ? { duplicates: body.duplicates } : {},
    );
    const { kind: _k, apiVersion: _a, ...given } = object as JsonObject;
    return { ...rest, ...given };
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
}
