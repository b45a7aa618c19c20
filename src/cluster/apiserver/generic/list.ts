// Lists: at which revision, in which pages. Follows the storage layer of k8s.io/apiserver (resourceVersion, resourceVersionMatch and
// continue, as documented under "API concepts").
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { badRequest, resourceExpired, statusError, timeoutError, type StatusError } from '../../../apimachinery/status-error.ts';
import { fieldErrorText, invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import type { Clock } from '../../../apimachinery/clock.ts';
import type { Entry, Store } from '../../storage/store.ts';
import type { RequestContext } from './context.ts';
import { asServed, collectionKey, objectKey, readAs } from './object-store.ts';
import type { Selection } from './selection.ts';

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
  readonly continue: string;
  /** How many are left; only told where no selector is in the way. */
  readonly remainingItemCount: number | undefined;
}

/** How long a request for a revision that does not exist yet is kept waiting, in milliseconds. */
const WAIT_FOR_REVISION_MS = 3000;
/** How many entries are read at once where most may not match. */
const PAGE = 10_000;

export async function listObjects(context: RequestContext, selection: Selection, store: Store, clock: Clock): Promise<ObjectList> {
  const { options, request, served } = context;
  const prefix = collectionKey(served.definition, request.namespace);
  const at = await readPosition(context, prefix, store, clock);
  if (selection.name !== undefined && at.revision === undefined && (request.namespace || !served.definition.namespaced)) {
    const entry = await store.get(objectKey(served.definition, request.namespace, selection.name));
    const object = entry && (await readAs(served.definition, entry.value));
    const items = object && selection.matches(object) ? [object] : [];
    return { items, resourceVersion: String(store.revision), continue: '', remainingItemCount: undefined };
  }
  const limit = options.limit ?? 0;
  const items: KubernetesObject[] = [];
  let { after, revision } = at;
  for (;;) {
    const want = limit > 0 ? (selection.everything ? limit : PAGE) : undefined;
    const page = await store.list(prefix, {
      ...(want ? { limit: want } : {}),
      ...(after ? { after } : {}),
      ...(revision === undefined ? {} : { revision }),
    });
    if (!page.ok) throw page.reason === 'compacted' ? expired(at.token, store) : tooLarge(revision ?? 0, store);
    revision = page.revision;
    const preparing = served.definition.storage?.prepare?.(page.entries.map(({ value }) => value));
    if (preparing) await preparing;
    let last: Entry | undefined;
    for (const entry of page.entries) {
      last = entry;
      const object = asServed(served.definition, entry.value);
      if (selection.matches(object)) items.push(object);
      if (limit > 0 && items.length === limit) break;
    }
    const more = page.more || last !== page.entries.at(-1);
    const answered = at.inconsistent ? store.revision : revision;
    if (!more || !last) return { items, resourceVersion: String(answered), continue: '', remainingItemCount: undefined };
    if (limit > 0 && items.length >= limit) {
      const remainingItemCount = selection.everything ? page.remaining : undefined;
      return { items, resourceVersion: String(answered), continue: encodeContinue(last.key, prefix, revision), remainingItemCount };
    }
    after = last.key;
  }
}

interface Position {
  readonly after: string | undefined;
  /** Undefined: the latest. */
  readonly revision: number | undefined;
  readonly token: string;
  readonly inconsistent: boolean;
}

async function readPosition(context: RequestContext, prefix: string, store: Store, clock: Clock): Promise<Position> {
  const { continue: token = '', resourceVersion = '', resourceVersionMatch = '', limit = 0 } = context.options;
  if (token) {
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    const { key, revision } = decodeContinue(token, prefix);
    // a token of revision -1 goes on with whatever there is now
    return { after: key, revision: revision < 0 ? undefined : revision, token, inconsistent: revision < 0 };
  }
  const version = listResourceVersion(resourceVersion);
  if (version === 0) return { after: undefined, revision: undefined, token, inconsistent: false };
  await waitForRevision(version, store, clock);
  const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0);
  return { after: undefined, revision: exact ? version : undefined, token, inconsistent: false };
}

/** 0 for nothing and for `0`. Throws an {@link InvalidResourceVersion}. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  if (!/^\d+$/.test(text)) throw new InvalidResourceVersion(text);
  return Number(text);
}

/** Each verb has its own answer to it. */
export class InvalidResourceVersion extends Error {
  override readonly name = 'InvalidResourceVersion';
  constructor(text: string) {
    super(fieldErrorText(invalid(Path.of('resourceVersion'), text, `strconv.ParseUint: parsing ${quote(text)}: invalid syntax`)));
  }
}

/** Gets and watches answer 500. */
export function internalResourceVersion(text: string): number {
  try {
    return parseResourceVersion(text);
  } catch (error) {
    if (error instanceof InvalidResourceVersion) throw statusError({ code: 500, reason: '', message: error.message });
    throw error;
  }
}

function listResourceVersion(text: string): number {
  try {
    return parseResourceVersion(text);
  } catch (error) {
    if (error instanceof InvalidResourceVersion) throw badRequest(`invalid resource version: ${error.message}`);
    throw error;
  }
}

/** A revision of the future may be only a moment away. Throws a StatusError (504) when it does not come. */
export async function waitForRevision(version: number, store: Store, clock: Clock): Promise<void> {
  if (version <= store.revision) return;
  const deadline = clock.now() + WAIT_FOR_REVISION_MS;
  while (version > store.revision && clock.now() < deadline) await clock.sleep(Math.min(100, deadline - clock.now()));
  if (version > store.revision) throw tooLarge(version, store);
}

function tooLarge(version: number, store: Store): StatusError {
  return timeoutError(`Too large resource version: ${version}, current: ${store.revision}`, 1, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);
}

const EXPIRED_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** The token in the answer goes on from the same key, at whatever revision there is. */
function expired(token: string, store: Store): StatusError {
  if (!token) return resourceExpired(`The resourceVersion for the provided list is too old.`);
  void store;
  const { start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { start: string };
  const error = statusError({ code: 410, reason: 'Expired', message: EXPIRED_CONTINUE });
  const resume = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: -1, start })).toString('base64url');
  const status = { ...error.status, metadata: { continue: resume } };
  return new (error.constructor as new (status: StatusError['status']) => StatusError)(status);
}

/** Kubernetes' own form: the next page starts right behind the last key. */
function encodeContinue(lastKey: string, prefix: string, revision: number): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${lastKey.slice(prefix.length)}\u0000` });
  return Buffer.from(json).toString('base64url');
}

function decodeContinue(token: string, prefix: string): { readonly key: string; readonly revision: number } {
  const refuse = (why: string): StatusError => badRequest(`invalid continue token: ${why}`);
  let parsed: { v?: unknown; rv?: unknown; start?: unknown };
  const illegal = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : -1);
  if (illegal >= 0) throw refuse(`continue key is not valid: illegal base64 data at input byte ${illegal}`);
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString()) as typeof parsed;
  } catch {
    throw refuse('continue key is not valid');
  }
  if (parsed.v !== 'meta.k8s.io/v1')
    throw refuse(`continue key is not valid: server does not recognize this encoded version ${String(parsed.v ?? '')}`);
  if (typeof parsed.rv !== 'number' || parsed.rv === 0)
    throw refuse('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof parsed.start !== 'string' || parsed.start === '')
    throw refuse('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  const key = parsed.start.startsWith('/') ? parsed.start.slice(1) : parsed.start;
  // no token may lead out of its collection
  if (key.split('/').some((part) => part === '..' || part === '.' || part === ''))
    throw refuse(`continue key is not valid: ${parsed.start}`);
  return { key: `${prefix}${key.replace(/\u0000$/, '')}`, revision: parsed.rv };
}
