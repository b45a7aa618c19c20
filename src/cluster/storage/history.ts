// What has happened in a store: the state at each revision of a window, and the events between them. It answers reads of the present and
// of the past, replays events to watches, and forgets. It decides about no write; the drivers do, with prepareWrite(), and append here
// what is kept.
import type { Clock } from '../../apimachinery/clock.ts';
import { PersistentTree } from './persistent-tree.ts';
import type { Entry, Listener, ListOptions, ListResult, Make, StoreEvent, StoreWatch } from './store.ts';
import { WatchIndex } from './watch-index.ts';

/** The state of a store at one revision. */
export interface Snapshot {
  readonly tree: PersistentTree<Entry>;
  readonly revision: number;
}

/** A write that may take effect on top of the snapshot it was prepared for. */
export interface PreparedWrite {
  readonly event: StoreEvent;
  readonly entry: Entry;
  /** The state with the write in it. */
  readonly after: Snapshot;
}

/** What a new store begins with, as etcd does. */
export const EMPTY: Snapshot = { tree: PersistentTree.empty(), revision: 1 };

/**
 * How long a revision can be read after it is no longer the latest. Kubernetes' API server has etcd compact every five minutes to
 * where it was five minutes ago: a client may count on that long to read on with a `continue` token, or to resume a watch.
 */
export const HISTORY_MS = 5 * 60_000;
/**
 * At most so many revisions are kept, however young. A revision holds the object it replaced and the nodes of its path in the tree,
 * about 4 kB: 64 MB at most.
 */
export const HISTORY_REVISIONS = 16_384;

/** Checks a write against a snapshot and makes the one after it. Undefined where the key is not as the write expects it. */
export function prepareWrite(
  before: Snapshot,
  type: StoreEvent['type'],
  key: string,
  expectedRevision: number,
  make: Make,
): PreparedWrite | undefined {
  const current = before.tree.get(key);
  if (type === 'create' ? current !== undefined : current?.modRevision !== expectedRevision) return undefined;
  const revision = before.revision + 1;
  const value = make(revision);
  const entry: Entry = { key, value, createRevision: current?.createRevision ?? revision, modRevision: revision };
  const tree = type === 'delete' ? before.tree.delete(key) : before.tree.set(key, entry);
  return { event: { type, key, revision, value, previous: current?.value }, entry, after: { tree, revision } };
}

interface Kept {
  readonly event: StoreEvent;
  readonly tree: PersistentTree<Entry>;
  /** By the clock, in milliseconds since 1970. */
  readonly at: number;
}

export class History {
  private readonly clock: Clock;
  private readonly watches = new WatchIndex();
  /** The oldest state that can be read. */
  private base: Snapshot;
  private latest: Snapshot;
  /** The revisions after that of `base`, in order, from `first` on; what is before `first` is dropped and not yet cut off. */
  private kept: (Kept | undefined)[] = [];
  private first = 0;
  /** The revision that listeners have been told of, and no further. */
  private delivered: number;
  private delivering = false;

  constructor(clock: Clock, start: Snapshot) {
    this.clock = clock;
    this.base = start;
    this.latest = start;
    this.delivered = start.revision;
  }

  get snapshot(): Snapshot {
    return this.latest;
  }

  get compactedRevision(): number {
    this.forget();
    return this.base.revision;
  }

  /** Keeps a write that was prepared for the latest snapshot, and tells the listeners. */
  append({ event, after }: PreparedWrite): void {
    if (after.revision !== this.latest.revision + 1) throw new Error(`revision ${after.revision} cannot follow ${this.latest.revision}`);
    this.latest = after;
    this.kept.push({ event, tree: after.tree, at: this.clock.now() });
    this.deliver();
    this.forget();
  }

  get(key: string): Entry | undefined {
    return this.latest.tree.get(key);
  }

  list(prefix: string, options: ListOptions = {}): ListResult {
    const { limit = Infinity, after, revision = this.latest.revision } = options;
    if (revision > this.latest.revision) return { ok: false, reason: 'future' };
    if (revision < this.compactedRevision) return { ok: false, reason: 'compacted' };
    const tree = this.treeAt(revision);
    const [first, end] = tree.prefixRange(prefix);
    const start = after === undefined ? first : Math.min(end, Math.max(first, tree.positionAfter(after)));
    const stop = Math.min(end, start + limit);
    return { ok: true, entries: tree.slice(start, stop), revision, more: stop < end, remaining: end - stop };
  }

  watch(prefix: string, afterRevision: number, listener: Listener): StoreWatch | undefined {
    if (afterRevision < this.compactedRevision) return undefined;
    const until = this.latest.revision;
    const watch = this.watches.add(prefix, Math.max(afterRevision, until), listener);
    // what the listener writes meanwhile comes after what it is being told
    const delivering = this.delivering;
    this.delivering = true;
    for (let revision = afterRevision + 1; revision <= until; revision++) {
      // undefined where the listener itself compacts the history
      const event = this.at(revision)?.event;
      if (event && watch.covers(event.key)) watch.tell(event);
    }
    this.delivering = delivering;
    this.deliver();
    return watch;
  }

  compact(revision: number): void {
    this.forgetUntil(Math.min(revision, this.latest.revision));
  }

  endWatches(): void {
    this.watches.clear();
  }

  /** A listener that writes comes back here: its event waits until the present one has been everywhere. */
  private deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    while (this.delivered < this.latest.revision) this.watches.dispatch(this.at(++this.delivered)!.event);
    this.delivering = false;
  }

  /** Forgets what exceeds the bounds. */
  private forget(): void {
    this.forgetUntil(this.latest.revision - HISTORY_REVISIONS);
    const horizon = this.clock.now() - HISTORY_MS;
    let revision = this.base.revision;
    for (let next = this.at(revision + 1); next && next.at <= horizon; next = this.at(revision + 1)) revision++;
    this.forgetUntil(revision);
  }

  private forgetUntil(wanted: number): void {
    // not what listeners are still to be told
    const revision = Math.min(wanted, this.delivered);
    if (revision <= this.base.revision) return;
    this.base = { tree: this.treeAt(revision), revision };
    const dropped = this.kept.length - (this.latest.revision - revision);
    while (this.first < dropped) this.kept[this.first++] = undefined;
    if (this.first > 1024 && this.first * 2 > this.kept.length) {
      this.kept = this.kept.slice(this.first);
      this.first = 0;
    }
  }

  private treeAt(revision: number): PersistentTree<Entry> {
    return revision === this.base.revision ? this.base.tree : this.at(revision)!.tree;
  }

  private at(revision: number): Kept | undefined {
    return this.kept[this.kept.length - 1 - (this.latest.revision - revision)];
  }
}
