// JSON Patch (RFC 6902) with the behaviour of the library that Kubernetes uses, which is not always the RFC's: negative and padded
// indices, `replace` of a map key that is missing, paths whose first segment is whatever stands before the first slash.
//
// Follows gopkg.in/evanphx/json-patch.v4. Documents are immutable: the result shares all that the patch does not touch.
import { pointerTokens } from '../json/pointer.ts';
import { decode, DecodeError } from '../codec/decode.ts';
import { quote } from '../go-text.ts';
import { NumberLiteral, setKey, type Parsed } from '../json/parse.ts';
import { isObject, type JsonObject } from '../object.ts';
import type { Field, SliceType, StructType } from '../schema/go-type.ts';
import { goType } from '../schema/schema.ts';
import { goJson } from '../validation/field-error.ts';

/** What a server takes at once. */
export const MAX_OPERATIONS = 10_000;

/** How much all `copy` operations of a patch may add, in bytes of JSON. */
export const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** The patch cannot be applied to the document. The message is the library's; clients of an API server do not get to see it. */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError';
}

/** A `test` of the patch found something else. */
export class JsonPatchTestError extends JsonPatchError {}

/** One operation as it was sent; it is checked when its turn comes. Null is an operation without anything. */
export type Operation = JsonObject | null;

export interface DecodedPatch {
  readonly operations: readonly Operation[];
  /** `json patch unknown field "[0].foo"` */
  readonly strictErrors: readonly string[];
}

/**
 * The operations of a patch. Throws DecodeError for what is no patch.
 * @param strict also look for unknown and repeated fields, as `fieldValidation` Warn and Strict do
 */
export function decodeJsonPatch({ value, duplicates }: Parsed, strict: boolean): DecodedPatch {
  let strictErrors: readonly string[] = [];
  if (strict) {
    try {
      strictErrors = decode(OPERATIONS, value, { duplicates }).strictErrors.map((error) => `json patch ${error}`);
    } catch (error) {
      if (error instanceof DecodeError) throw new DecodeError(`error decoding patch: ${error.message}`, { cause: error });
      throw error;
    }
  }
  // null is a list of nothing
  const list = value === null ? [] : value;
  if (!Array.isArray(list)) throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type jsonpatch.Patch`);
  for (const operation of list as readonly unknown[]) {
    if (operation !== null && !isPlainObject(operation))
      throw new DecodeError(`json: cannot unmarshal ${jsonKind(operation)} into Go value of type jsonpatch.Operation`);
  }
  return { operations: list as readonly Operation[], strictErrors };
}

function field(json: string, go: string, type: string): Field {
  return { json, go, type: goType(type), number: undefined, omitEmpty: false, omitZero: false, inlinedThrough: [], list: {} };
}

const FIELDS = [
  field('op', 'Op', 'string'),
  field('path', 'Path', 'string'),
  field('from', 'From', 'string'),
  field('value', 'Value', 'interface'),
];

const OPERATION: StructType = {
  is: 'struct',
  name: 'handlers.jsonPatchOp',
  goName: 'handlers.jsonPatchOp',
  fields: FIELDS,
  byJson: new Map(FIELDS.map((f) => [f.json, f])),
  declared: FIELDS,
  atomic: false,
  required: [],
};

/** What the API server decodes a patch into to see what is wrong with it. */
const OPERATIONS: SliceType = { is: 'slice', goName: '[]handlers.jsonPatchOp', elem: OPERATION };

const isPlainObject = (value: unknown): value is JsonObject => isObject(value) && !(value instanceof NumberLiteral);

function jsonKind(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return isPlainObject(value) ? 'object' : 'number';
}

/** Throws {@link JsonPatchError}; then nothing is applied. */
export function applyJsonPatch(document: unknown, operations: readonly Operation[]): unknown {
  const root = new Root(document);
  for (const operation of operations) applyOperation(root, operation ?? {});
  return root.document;
}

const MISSING = 'missing value';

/** The document, and how much was copied so far. */
class Root {
  document: unknown;
  copiedBytes = 0;
  constructor(document: unknown) {
    this.document = document;
  }
}

function applyOperation(root: Root, operation: JsonObject): void {
  const kind = typeof operation.op === 'string' ? operation.op : 'unknown';
  switch (kind) {
    case 'add':
      return add(root, operation);
    case 'remove':
      return remove(root, operation);
    case 'replace':
      return replace(root, operation);
    case 'move':
      return move(root, operation);
    case 'copy':
      return copy(root, operation);
    case 'test':
      return test(root, operation);
    default:
      throw new JsonPatchError(`Unexpected kind: ${kind}`);
  }
}

/** A missing value is null. */
const valueOf = (operation: JsonObject): unknown => operation.value ?? null;

function pathOf(operation: JsonObject, key: 'path' | 'from', failed: string): string {
  const path = operation[key] ?? undefined;
  if (typeof path === 'string') return path;
  const why =
    path === undefined
      ? `operation${key === 'from' ? ',' : ''} missing ${key} field: ${MISSING}`
      : `json: cannot unmarshal ${jsonKind(path)} into Go value of type string`;
  throw new JsonPatchError(`${failed}: ${why}`);
}

/** As {@link pathOf}, where the library says no more than that it failed. */
function plainPathOf(operation: JsonObject, failed: string): string {
  if (typeof operation.path === 'string') return operation.path;
  throw new JsonPatchError(`${failed}: ${MISSING}`);
}

function add(root: Root, operation: JsonObject): void {
  const path = plainPathOf(operation, 'add operation failed to decode path');
  const at = find(root, path, `add operation does not apply: doc is missing path: "${path}": ${MISSING}`);
  within(`error in add for path: '${path}'`, () => at.add(valueOf(operation)));
}

function remove(root: Root, operation: JsonObject): void {
  const path = plainPathOf(operation, 'remove operation failed to decode path');
  const at = find(root, path, `remove operation does not apply: doc is missing path: "${path}": ${MISSING}`);
  within(`error in remove for path: '${path}'`, () => at.remove());
}

function replace(root: Root, operation: JsonObject): void {
  const path = pathOf(operation, 'path', 'replace operation failed to decode path');
  if (path === '') {
    const value = valueOf(operation);
    if (!isPlainObject(value) && !Array.isArray(value))
      throw new JsonPatchError('replace operation value must be object or array: %!w(<nil>)');
    root.document = value;
    return;
  }
  const at = find(root, path, `replace operation does not apply: doc is missing path: ${path}: ${MISSING}`);
  try {
    at.get();
  } catch (error) {
    if (error instanceof JsonPatchError)
      throw new JsonPatchError(`replace operation does not apply: doc is missing key: ${path}: ${MISSING}`, { cause: error });
    throw error;
  }
  at.set(valueOf(operation));
}

function move(root: Root, operation: JsonObject): void {
  const from = pathOf(operation, 'from', 'move operation failed to decode from');
  const source = find(root, from, `move operation does not apply: doc is missing from path: ${from}: ${MISSING}`);
  const value = within(`error in move for path: '${source.key}'`, () => source.get());
  within(`error in move for path: '${source.key}'`, () => source.remove());
  const path = pathOf(operation, 'path', 'move operation failed to decode path');
  const at = find(root, path, `move operation does not apply: doc is missing destination path: ${path}: ${MISSING}`);
  within(`error in move for path: '${path}'`, () => at.add(value));
}

function copy(root: Root, operation: JsonObject): void {
  const from = pathOf(operation, 'from', 'copy operation failed to decode from');
  const source = find(root, from, `copy operation does not apply: doc is missing from path: ${from}: ${MISSING}`);
  const value = within(`error in copy for from: '${from}'`, () => source.get());
  const path = plainPathOf(operation, 'copy operation failed to decode path');
  const at = find(root, path, `copy operation does not apply: doc is missing destination path: ${path}: ${MISSING}`);
  // a map's key that is not there is copied as null, and costs nothing
  if (value !== undefined) root.copiedBytes += Buffer.byteLength(jsonText(value));
  if (root.copiedBytes > MAX_COPIED_BYTES) {
    throw new JsonPatchError(
      `Unable to complete the copy, the accumulated size increase of copy is ${root.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
    );
  }
  within('error while adding value during copy', () => at.add(value ?? null));
}

function test(root: Root, operation: JsonObject): void {
  const path = pathOf(operation, 'path', 'test operation failed to decode path');
  const failed = `testing value ${path} failed: test failed`;
  let found: unknown = root.document;
  if (path !== '') {
    const at = find(root, path, `test operation does not apply: is missing path: ${path}: ${MISSING}`);
    found = within(`error in test for path: '${path}'`, () => at.get());
  }
  // DEVIATION: the library compares strings and numbers as they are written, and the document is written with <, > and & escaped:
  // there `"a<b"` is not equal to itself unless the client escapes it too. It also crashes on null in a list, and tells null in the
  // document from null that the same patch has put there. Here values are equal if they read the same.
  if (!sameJson(found ?? null, valueOf(operation))) throw new JsonPatchTestError(failed);
}

/** Numbers are equal if they are written the same: `1.0` is not `1`. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNumber(a)) return isNumber(b) && numberText(a) === numberText(b);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}

const isNumber = (value: unknown): value is number | bigint | NumberLiteral =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberLiteral;
const numberText = (value: number | bigint | NumberLiteral): string => (value instanceof NumberLiteral ? value.text : String(value));

const jsonText = (value: unknown): string => goJson(withoutLiterals(value));

function withoutLiterals(value: unknown): unknown {
  if (value instanceof NumberLiteral) return Number(value.text);
  if (Array.isArray(value)) return value.map(withoutLiterals);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutLiterals(inner)])) : value;
}

/** Puts what was being done before the message of what went wrong. */
function within<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof JsonPatchError) throw new JsonPatchError(`${what}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A key in a map or an index in a list of the document. */
interface Place {
  readonly key: string;
  /** Undefined where a map has no such key. */
  get(): unknown;
  /** Only after {@link get} succeeded. */
  set(value: unknown): void;
  add(value: unknown): void;
  remove(): void;
}

function find(root: Root, path: string, missing: string): Place {
  const tokens = pointerTokens(path);
  const key = tokens.pop();
  if (key === undefined) throw new JsonPatchError(missing);
  const containers: unknown[] = [root.document];
  for (const token of tokens) containers.push(child(containers.at(-1), token, missing));
  const last = containers.at(-1);
  if (!Array.isArray(last) && !isPlainObject(last)) throw new JsonPatchError(missing);
  const put = (value: unknown): void => {
    let inner = value;
    for (let i = tokens.length - 1; i >= 0; i--) inner = withChild(containers[i], tokens[i]!, inner);
    root.document = inner;
  };
  return Array.isArray(last) ? listPlace(last, key, put) : mapPlace(last, key, put);
}

function child(container: unknown, token: string, missing: string): unknown {
  if (Array.isArray(container)) {
    try {
      return container[indexIn(container, token)];
    } catch (error) {
      if (error instanceof JsonPatchError) throw new JsonPatchError(missing, { cause: error });
      throw error;
    }
  }
  if (isPlainObject(container) && Object.hasOwn(container, token)) return container[token];
  throw new JsonPatchError(missing);
}

function withChild(container: unknown, token: string, value: unknown): unknown {
  return Array.isArray(container) ? container.with(indexIn(container, token), value) : withKey(container as JsonObject, token, value);
}

/** Keys of maps that a patch changes are sorted, as the library writes them. @param value undefined removes the key */
function withKey(map: JsonObject, key: string, value: unknown): JsonObject {
  const out: JsonObject = {};
  const keys = new Set(Object.keys(map));
  if (value === undefined) keys.delete(key);
  else keys.add(key);
  for (const name of [...keys].sort()) setKey(out, name, name === key ? value : map[name]);
  return out;
}

function mapPlace(map: JsonObject, key: string, put: (value: unknown) => void): Place {
  const has = Object.hasOwn(map, key);
  const set = (value: unknown): void => put(withKey(map, key, value));
  return {
    key,
    get: () => (has ? map[key] : undefined),
    set,
    add: set,
    remove: () => {
      if (!has) throw new JsonPatchError(`Unable to remove nonexistent key: ${key}: ${MISSING}`);
      put(withKey(map, key, undefined));
    },
  };
}

function listPlace(list: readonly unknown[], key: string, put: (value: unknown) => void): Place {
  const index = (): number => indexIn(list, key);
  return {
    key,
    get: () => list[index()],
    set: (value) => put(list.with(index(), value)),
    add: (value) => {
      const at = key === '-' ? list.length : within(`value was not a proper array index: '${key}'`, () => atoi(key));
      put(list.toSpliced(bounded(at, list.length + 1), 0, value));
    },
    remove: () => put(list.toSpliced(index(), 1)),
  };
}

const indexIn = (list: readonly unknown[], token: string): number => bounded(atoi(token), list.length);

/** Negative indices count from the end. */
function bounded(index: number, size: number): number {
  if (index >= size || index < -size) throw new JsonPatchError(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + size : index;
}

/** `strconv.Atoi` */
function atoi(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new JsonPatchError(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, value) !== value) throw new JsonPatchError(`strconv.Atoi: parsing ${quote(text)}: value out of range`);
  return Number(value);
}
