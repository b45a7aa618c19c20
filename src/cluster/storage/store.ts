// The store behind the API server, modelled on etcd v3: one global revision, compare-and-write on single keys, consistent reads of the
// past within a window, and watches that start at a revision. This file is the contract; the drivers are beside it, and one suite
// tests them all.
import type { KubernetesObject } from '../../apimachinery/object.ts';

/** One key and what it held from `modRevision` on. */
export interface Entry {
  /** `/registry/pods/default/web`: parts are separated by slashes. It does not end with one. */
  readonly key: string;
  /** Immutable, and shared with everyone who reads it. */
  readonly value: KubernetesObject;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** Makes the value to store. The revision is that of the write: objects carry it as their resourceVersion. It must not write itself. */
export type Make = (revision: number) => KubernetesObject;

export type WriteResult =
  /** What the key holds now; of a deletion, the object as it was last, and the deletion's revision as `modRevision`. */
  | { readonly ok: true; readonly entry: Entry }
  /** The key was there (create), or was not, or not at the expected revision (update, delete). No revision was used up. */
  | { readonly ok: false; readonly current: Entry | undefined };

export interface ListOptions {
  /** At most so many entries; absent: all. */
  readonly limit?: number;
  /** Only keys behind this one, in order. It need not exist any more. */
  readonly after?: string;
  /** The state at this revision; absent: the latest. */
  readonly revision?: number;
}

export type ListResult =
  | {
      readonly ok: true;
      readonly entries: readonly Entry[];
      /** The revision of the state that was read. */
      readonly revision: number;
      readonly more: boolean;
      /** How many keys of the prefix lie behind the last entry. */
      readonly remaining: number;
    }
  | { readonly ok: false; readonly reason: 'compacted' | 'future' };

export interface StoreEvent {
  readonly type: 'create' | 'update' | 'delete';
  readonly key: string;
  readonly revision: number;
  /** What the key holds now; of a deletion, the object as it was last (its resourceVersion is that of the deletion). */
  readonly value: KubernetesObject;
  /** What it held before; undefined for a creation. */
  readonly previous: KubernetesObject | undefined;
}

/**
 * Called once for each event, in order of revision, as soon as the write is kept and before its promise resolves. It must not throw:
 * that ends the process, as any error that nobody catches. It may cancel any watch and begin new ones; what it writes is delivered once all listeners have had the present event.
 */
export type Listener = (event: StoreEvent) => void;

export interface StoreWatch {
  /** Nothing is delivered from now on, also of the event that is just being delivered. May be called twice. */
  cancel(): void;
}

export interface Store {
  /** The latest revision that is kept: 1 in a new store. Grows by one with each write. */
  readonly revision: number;
  /** The oldest revision that can still be read, or watched from. */
  readonly compactedRevision: number;

  /** What is kept at the latest revision. */
  get(key: string): Promise<Entry | undefined>;
  /** All entries whose key starts with `prefix`, in order of keys (compared as bytes of UTF-8). */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;

  /**
   * Writes. They take effect one after the other, in the order of the calls, and resolve once the result is kept: nothing that was
   * answered is lost by `kill -9` where the driver is durable. They reject where `make` throws, or with a StorageError; the key
   * then holds what it held.
   */
  create(key: string, make: Make): Promise<WriteResult>;
  update(key: string, expectedRevision: number, make: Make): Promise<WriteResult>;
  /** @param make gives the object's last state, for the event */
  delete(key: string, expectedRevision: number, make: Make): Promise<WriteResult>;

  /**
   * Follows a key, or all keys of a prefix that ends with a slash. Events after `afterRevision` that have already happened are
   * delivered before this returns; where it lies in the future, what comes before it is left out. Undefined where the window no
   * longer reaches back so far.
   */
  watch(prefix: string, afterRevision: number, listener: Listener): StoreWatch | undefined;

  /** Forgets what was before `revision`. The store does it by itself as well, by the bounds of history.ts. */
  compact(revision: number): void;

  /** A store in memory that starts from this one's latest state, at the same revision, and goes its own way. Costs no copies. */
  fork(): Store;

  /** Ends all watches and lets go of what the store holds, once the writes that were begun are kept. Later writes reject. */
  close(): Promise<void>;
}
