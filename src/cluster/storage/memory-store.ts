// The store that lives in memory: the default of previews and tests, and what a fork is. A write takes effect within the call.
import type { Clock } from '../../apimachinery/clock.ts';
import { EMPTY, prepareWrite, type Snapshot } from './history.ts';
import { HistoryStore } from './history-store.ts';
import type { Make, Store, StoreEvent, WriteResult } from './store.ts';
import { StorageError } from './storage-error.ts';

export class MemoryStore extends HistoryStore {
  private closed = false;

  /** @param start the state to begin with; by default nothing, at revision 1 */
  constructor(clock: Clock, start: Snapshot = EMPTY) {
    super(clock, start);
  }

  protected async write(type: StoreEvent['type'], key: string, expectedRevision: number, make: Make): Promise<WriteResult> {
    if (this.closed) throw new StorageError('closed', 'the store in memory', 'it is closed');
    const write = prepareWrite(this.history.snapshot, type, key, expectedRevision, make);
    if (!write) return { ok: false, current: this.history.get(key) };
    this.history.append(write);
    return { ok: true, entry: write.entry };
  }

  fork(): Store {
    return new MemoryStore(this.clock, this.history.snapshot);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.history.endWatches();
  }
}
