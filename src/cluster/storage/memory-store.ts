// The store that lives in memory: the default of previews and tests, and what a fork is. A write takes effect within the call.
import type { Clock } from '../../apimachinery/clock.ts';
import { EMPTY, History, prepareWrite } from './history.ts';
import type { Snapshot } from './history.ts';
import type { Entry, Listener, ListOptions, ListResult, Make, Store, StoreEvent, StoreWatch, WriteResult } from './store.ts';
import { StorageError } from './storage-error.ts';

export class MemoryStore implements Store {
  private readonly clock: Clock;
  private readonly history: History;
  private closed = false;

  /** @param start the state to begin with; by default nothing, at revision 1 */
  constructor(clock: Clock, start: Snapshot = EMPTY) {
    this.clock = clock;
    this.history = new History(clock, start);
  }

  get revision(): number {
    return this.history.snapshot.revision;
  }

  get compactedRevision(): number {
    return this.history.compactedRevision;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.history.get(key);
  }

  async list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.history.list(prefix, options);
  }

  create(key: string, make: Make): Promise<WriteResult> {
    return this.write('create', key, 0, make);
  }

  update(key: string, expectedRevision: number, make: Make): Promise<WriteResult> {
    return this.write('update', key, expectedRevision, make);
  }

  delete(key: string, expectedRevision: number, make: Make): Promise<WriteResult> {
    return this.write('delete', key, expectedRevision, make);
  }

  private async write(type: StoreEvent['type'], key: string, expectedRevision: number, make: Make): Promise<WriteResult> {
    if (this.closed) throw new StorageError('closed', 'the store in memory', 'it is closed');
    const write = prepareWrite(this.history.snapshot, type, key, expectedRevision, make);
    if (!write) return { ok: false, current: this.history.get(key) };
    this.history.append(write);
    return { ok: true, entry: write.entry };
  }

  watch(prefix: string, afterRevision: number, listener: Listener): StoreWatch | undefined {
    return this.history.watch(prefix, afterRevision, listener);
  }

  compact(revision: number): void {
    this.history.compact(revision);
  }

  fork(): Store {
    return new MemoryStore(this.clock, this.history.snapshot);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.history.endWatches();
  }
}
