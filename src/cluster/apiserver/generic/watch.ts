// Watches: the events of a collection as one reader sees them, through its selectors, in its version, from its revision on. A reader
// that does not keep up is cut off and told to start anew; it never holds up a writer.
import { zeroOf } from '../../../apimachinery/codec/decode.ts';
import { groupVersion, type JsonObject, type KubernetesObject } from '../../../apimachinery/object.ts';
import { resourceExpired, StatusError, statusError } from '../../../apimachinery/status-error.ts';
import type { Clock, Timer } from '../../../apimachinery/clock.ts';
import type { Store, StoreEvent, StoreWatch } from '../../storage/store.ts';
import type { RequestContext } from './context.ts';
import { internalResourceVersion, waitForRevision } from './list.ts';
import { asServed, collectionKey, objectKey, withRevision } from './object-store.ts';
import type { WatchEvent, WatchStream } from '../../../apimachinery/api-request.ts';
import type { Selection } from './selection.ts';
import type { ResourceDefinition } from './resource-definition.ts';

/** Events that may wait for a reader. They are references, so this bounds time rather than memory. */
const MAX_BUFFERED = 10_000;
/** How often a reader that wants bookmarks gets one, in milliseconds. */
const BOOKMARK_MS = 60_000;
/** A watch without a timeout of its own ends after 30 to 60 minutes, as Kubernetes' do. */
const MIN_TIMEOUT_MS = 30 * 60_000;

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export async function watchObjects(
  context: RequestContext,
  selection: Selection,
  store: Store,
  clock: Clock,
  spread: number,
): Promise<WatchStream> {
  const { options, request, served } = context;
  const { definition, version } = served;
  const after = internalResourceVersion(options.resourceVersion ?? '');
  const stream = new Stream(definition, clock);
  await waitForRevision(after, store, clock);
  const single = selection.name !== undefined && (request.namespace || !definition.namespaced);
  const prefix = single ? objectKey(definition, request.namespace, selection.name!) : collectionKey(definition, request.namespace);
  const convert = (object: KubernetesObject): KubernetesObject => version.fromStorage?.(object) ?? object;
  const push = (stored: StoreEvent): void => {
    const seen = through(selection, definition.storage ? servedEvent(definition, stored) : stored);
    if (seen) stream.push({ type: seen.type, object: convert(seen.object) }, stored.revision);
  };
  const deliver = inTurn(definition, push, (error) => stream.fail(statusOf(error)));

  const initial = options.sendInitialEvents ?? after === 0;
  let from = after;
  if (initial || after === 0) {
    from = store.revision;
    if (initial) {
      const list = await store.list(single ? collectionKey(definition, request.namespace) : prefix, { revision: from });
      if (!list.ok) throw resourceExpired(`too old resource version: ${from} (${store.compactedRevision})`);
      const preparing = definition.storage?.prepare?.(list.entries.map((entry) => entry.value));
      if (preparing) await preparing;
      for (const entry of list.entries) {
        const value = asServed(definition, entry.value);
        if (selection.matches(value)) stream.push({ type: 'ADDED', object: convert(value) }, from);
      }
      if (options.sendInitialEvents && options.allowWatchBookmarks)
        stream.push(bookmark(context, from, { [INITIAL_EVENTS_END]: 'true' }), from);
    }
  }
  const source = store.watch(prefix, from, deliver);
  if (source) stream.follow(source);
  else stream.fail(resourceExpired(`too old resource version: ${from} (${store.compactedRevision})`).status as JsonObject);
  stream.arm({
    timeoutMs: options.timeoutSeconds ? options.timeoutSeconds * 1000 : MIN_TIMEOUT_MS * (1 + spread),
    bookmark: options.allowWatchBookmarks ? () => bookmark(context, store.revision) : undefined,
  });
  return stream;
}

/** Events that must be prepared wait for it, and those behind them too. */
function inTurn(
  { storage }: ResourceDefinition,
  push: (event: StoreEvent) => void,
  failed: (error: unknown) => void,
): (event: StoreEvent) => void {
  if (!storage?.prepare) return push;
  let last: Promise<void> | undefined;
  return (event) => {
    const objects = event.previous ? [event.value, event.previous] : [event.value];
    const preparing = storage.prepare!(objects);
    if (!last && !preparing) {
      push(event);
      return;
    }
    const before = last;
    const turn = Promise.all([before, preparing]).then(() => push(event));
    const done = turn.catch(failed).finally(() => {
      if (last === done) last = undefined;
    });
    last = done;
  };
}

const statusOf = (error: unknown): JsonObject =>
  (error instanceof StatusError ? error : statusError({ code: 500, reason: '', message: (error as Error).message })).status as JsonObject;

function servedEvent(definition: ResourceDefinition, event: StoreEvent): StoreEvent {
  const { value, previous } = event;
  return { ...event, value: asServed(definition, value), previous: previous && asServed(definition, previous) };
}

/** What a selector makes of an event: an object may enter and leave the selection. */
function through(
  selection: Selection,
  event: StoreEvent,
): { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject } | undefined {
  const { value, previous } = event;
  if (selection.everything)
    return { type: event.type === 'create' ? 'ADDED' : event.type === 'update' ? 'MODIFIED' : 'DELETED', object: value };
  const before = previous !== undefined && selection.matches(previous);
  if (event.type === 'delete') return before ? { type: 'DELETED', object: value } : undefined;
  const now = selection.matches(value);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: value };
  // the reader is shown the object as it last knew it, at the revision at which it left
  return before ? { type: 'DELETED', object: withRevision(previous, event.revision) } : undefined;
}

/** An empty object that says nothing but how far the reader has come. */
function bookmark(context: RequestContext, revision: number, annotations?: Readonly<Record<string, string>>): WatchEvent {
  const { definition, version } = context.served;
  const empty = version.type ? (zeroOf(version.type) as JsonObject) : {};
  const { kind: _k, apiVersion: _a, metadata: _m, ...rest } = empty;
  const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
  return {
    type: 'BOOKMARK',
    object: { kind: version.kind, apiVersion: groupVersion({ group: definition.group, version: version.version }), metadata, ...rest },
  };
}

class Stream implements WatchStream {
  private readonly clock: Clock;
  private readonly watches: ResourceDefinition['watches'];
  private buffer: WatchEvent[] = [];
  private waiting: ((event: WatchEvent | undefined) => void) | undefined;
  private source: StoreWatch | undefined;
  private timers: Timer[] = [];
  private ended = false;

  constructor({ watches }: ResourceDefinition, clock: Clock) {
    this.clock = clock;
    this.watches = watches;
    watches?.add(this);
  }

  follow(source: StoreWatch): void {
    if (this.ended) source.cancel();
    else this.source = source;
  }

  push(event: WatchEvent, revision: number): void {
    if (this.ended) return;
    if (this.waiting) {
      const resolve = this.waiting;
      this.waiting = undefined;
      resolve(event);
      return;
    }
    if (this.buffer.length >= MAX_BUFFERED) {
      // what it has not read it would miss: it must list again
      this.buffer = [];
      this.fail(resourceExpired(`too old resource version: ${revision} (watch was too slow)`).status as JsonObject);
      return;
    }
    this.buffer.push(event);
  }

  /** Ends the stream after a Status. */
  fail(status: JsonObject): void {
    this.push({ type: 'ERROR', object: status }, 0);
    this.end();
  }

  arm({ timeoutMs, bookmark }: { readonly timeoutMs: number; readonly bookmark: (() => WatchEvent) | undefined }): void {
    if (this.ended) return;
    this.timers.push(this.clock.schedule(timeoutMs, () => this.end(), { background: true }));
    if (!bookmark) return;
    const again = (): void => {
      this.push(bookmark(), 0);
      if (!this.ended) this.timers[1] = this.clock.schedule(BOOKMARK_MS, again, { background: true });
    };
    this.timers.push(this.clock.schedule(BOOKMARK_MS, again, { background: true }));
  }

  poll(): WatchEvent | undefined {
    return this.buffer.shift();
  }

  next(): Promise<WatchEvent | undefined> {
    const event = this.buffer.shift();
    if (event) return Promise.resolve(event);
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.waiting = resolve));
  }

  cancel(): void {
    this.buffer = [];
    this.end();
  }

  /** What has been buffered is still read. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.watches?.delete(this);
    this.source?.cancel();
    for (const timer of this.timers) timer.cancel();
    this.waiting?.(undefined);
    this.waiting = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    try {
      for (;;) {
        const event = await this.next();
        if (!event) return;
        yield event;
      }
    } finally {
      this.cancel();
    }
  }
}
