// What the drivers have in common: the state is in memory, so reads and watches are those of the history. A driver adds how a write is
// kept, what a fork of it is, and how it ends.
import type { Clock } from '../../apimachinery/clock.ts';
import { History, type Snapshot } from './history.ts';
import type { Entry, Listener, ListOptions, ListResult, Make, Store, StoreEvent, StoreWatch, WriteResult } from './store.ts';

export abstract class HistoryStore implements Store {
  protected readonly clock: Clock;
  protected readonly history: History;

  protected constructor(clock: Clock, start: Snapshot) {
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

  protected abstract write(type: StoreEvent['type'], key: string, expectedRevision: number, make: Make): Promise<WriteResult>;

  watch(prefix: string, afterRevision: number, listener: Listener): StoreWatch | undefined {
    return this.history.watch(prefix, afterRevision, listener);
  }

  compact(revision: number): void {
    this.history.compact(revision);
  }

  abstract fork(): Store;
  abstract close(): Promise<void>;
}
