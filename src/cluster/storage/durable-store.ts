// The store that is a directory: what a named cluster keeps between commands. The latest state is in memory as in the memory driver, and
// in an LMDB file, which is written ahead of every answer. Writes that come while one transaction is under way go together into the next.
import fs from 'node:fs';
import path from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import type { Clock } from '../../apimachinery/clock.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { lockDirectory, type DirectoryLock } from './directory-lock.ts';
import { Encryption, type Kept } from './encryption.ts';
import { prepareWrite, type PreparedWrite, type Snapshot } from './history.ts';
import { HistoryStore } from './history-store.ts';
import { MemoryStore } from './memory-store.ts';
import { PersistentTree } from './persistent-tree.ts';
import { isErrno, isOutOfSpace, StorageError } from './storage-error.ts';
import type { Entry, Make, Store, StoreEvent, WriteResult } from './store.ts';

/** Says that a directory is one of these, and how it is laid out. */
const MARK = 'cluster.json';
const LAYOUT = 1;
const DATABASE = 'store';
/** The most that all objects together may take, as JSON; etcd's largest recommended size. */
const MAX_BYTES = 8 * 2 ** 30;

/** Of the disk, left free for what LMDB writes besides the objects. */
const SPARE_BYTES = 256 * 1024;

const REVISION = 'revision';
const TIME = 'time';

/** One entry as it lies in the database, under its key. */
interface Row {
  readonly c: number;
  readonly m: number;
  /** Encrypted where it is text. */
  readonly v: Kept;
}

interface Waiting {
  readonly write: PreparedWrite;
  resolve(result: WriteResult): void;
  reject(error: unknown): void;
}

export interface DurableStoreOptions {
  /** The most that all objects together may take, as JSON, in bytes. */
  readonly maxBytes?: number;
}

/** What a directory held when it was opened. */
export interface OpenedDirectory {
  readonly root: RootDatabase<string, string>;
  readonly objects: Database<string, string>;
  readonly lock: DirectoryLock;
  readonly encryption: Encryption;
  readonly start: Snapshot;
  /** Of each object by its key, as JSON, in UTF-16 units. */
  readonly sizes: Map<string, number>;
  /** The latest time that the cluster has seen, in milliseconds since 1970; 0 where it is new. */
  readonly timeMs: number;
}

/**
 * Opens the directory, and makes it where there is none. Throws a StorageError, with the reason, where it cannot be used.
 */
export async function openDirectory(directory: string): Promise<OpenedDirectory> {
  makeDirectory(directory);
  const lock = lockDirectory(directory);
  try {
    checkMark(directory);
    return { ...(await openDatabase(directory)), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failure(directory, 'it cannot be made', error);
  }
}

function checkMark(directory: string): void {
  const file = path.join(directory, MARK);
  if (fs.existsSync(file)) {
    let layout: unknown;
    try {
      layout = (JSON.parse(fs.readFileSync(file, 'utf8')) as { readonly layout?: unknown }).layout;
    } catch (error) {
      throw new StorageError('corrupt', file, 'it is damaged', { cause: error });
    }
    if (layout !== LAYOUT)
      throw new StorageError('unknownLayout', directory, `it was written by another version of jibe (layout ${JSON.stringify(layout)})`);
    return;
  }
  const others = fs.readdirSync(directory).filter((name) => !name.startsWith('lock'));
  if (others.length)
    throw new StorageError('foreign', directory, `it holds something else than a cluster (${others.slice(0, 3).join(', ')})`);
  try {
    fs.writeFileSync(file, `${JSON.stringify({ layout: LAYOUT })}\n`, { mode: 0o600 });
  } catch (error) {
    fs.rmSync(file, { force: true });
    throw failure(file, 'it cannot be written', error);
  }
}

async function openDatabase(directory: string): Promise<Omit<OpenedDirectory, 'lock'>> {
  const { open } = await import('lmdb');
  const at = path.join(directory, DATABASE);
  let root: RootDatabase<string, string>;
  try {
    fs.mkdirSync(at, { recursive: true, mode: 0o700 });
    root = open<string, string>({ path: at, encoding: 'string', cache: false, maxDbs: 4, noSubdir: false });
  } catch (error) {
    throw failure(at, 'the database cannot be opened', error);
  }
  try {
    const objects = root.openDB<string, string>({ name: 'objects', encoding: 'string' });
    const encryption = new Encryption(directory);
    return { root, objects, encryption, ...readAll(root, objects, encryption), timeMs: Number(root.get(TIME) ?? 0) };
  } catch (error) {
    await root.close();
    if (error instanceof StorageError) throw error;
    throw new StorageError('corrupt', at, 'the database is damaged', { cause: error });
  }
}

function readAll(
  root: RootDatabase<string, string>,
  objects: Database<string, string>,
  encryption: Encryption,
): Pick<OpenedDirectory, 'start' | 'sizes'> {
  const sizes = new Map<string, number>();
  const entries: (readonly [string, Entry])[] = [];
  for (const { key, value } of objects.getRange()) {
    sizes.set(key, value.length);
    const { c, m, v } = JSON.parse(value) as Row;
    entries.push([key, { key, value: encryption.read(key, v) as KubernetesObject, createRevision: c, modRevision: m }]);
  }
  return { start: { tree: PersistentTree.from(entries), revision: Number(root.get(REVISION) ?? 1) }, sizes };
}

const rowText = (c: number, m: number, v: Kept): string => JSON.stringify({ c, m, v } satisfies Row);

function failure(at: string, what: string, error: unknown): StorageError {
  if (isOutOfSpace(error)) return new StorageError('full', at, 'no space is left on the disk', { cause: error });
  return new StorageError('failed', at, `${what}${isErrno(error) ? ` (${error.code})` : ''}`, { cause: error });
}

export class DurableStore extends HistoryStore {
  private readonly directory: string;
  private readonly opened: OpenedDirectory;
  /** The state with all writes that were begun: what the next one is checked against. */
  private ahead: Snapshot;
  private waiting: Waiting[] = [];
  private flushing: Promise<void> | undefined;
  private broken: StorageError | undefined;
  private closed = false;
  private readonly maxBytes: number;
  /** Of all objects together. */
  private size = 0;

  /** @param opened by {@link openDirectory}; the store closes it */
  constructor(directory: string, opened: OpenedDirectory, clock: Clock, { maxBytes = MAX_BYTES }: DurableStoreOptions = {}) {
    super(clock, opened.start);
    this.maxBytes = maxBytes;
    for (const size of opened.sizes.values()) this.size += size;
    this.directory = directory;
    this.opened = opened;
    this.ahead = opened.start;
  }

  protected async write(type: StoreEvent['type'], key: string, expectedRevision: number, make: Make): Promise<WriteResult> {
    if (this.closed) throw new StorageError('closed', this.directory, 'it is closed');
    if (this.broken) throw this.broken;
    const write = prepareWrite(this.ahead, type, key, expectedRevision, make);
    // what the key holds may be on its way: it is told once that is kept, or is not
    if (!write) {
      await this.flushing;
      return { ok: false, current: this.history.get(key) };
    }
    this.ahead = write.after;
    return new Promise((resolve, reject) => {
      this.waiting.push({ write, resolve, reject });
      this.flushing ??= this.clock.hold(this.flush());
    });
  }

  /** Brings what waits to the disk, again and again until nothing waits. */
  private async flush(): Promise<void> {
    // what is written in this turn of the event loop goes together
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      try {
        await this.commit(group.map(({ write }) => write));
      } catch (error) {
        this.refuse([...group, ...this.waiting], error);
        break;
      }
      for (const { write, resolve } of group) {
        this.history.append(write);
        resolve({ ok: true, entry: write.entry });
      }
      // whoever was answered may write at once, and finds the flush under way
      await Promise.resolve();
    }
    this.flushing = undefined;
  }

  private async commit(writes: readonly PreparedWrite[]): Promise<void> {
    const { root, objects, sizes, encryption } = this.opened;
    const rows = writes.map(({ event, entry: { key, createRevision, modRevision, value } }) => ({
      key,
      text: event.type === 'delete' ? undefined : rowText(createRevision, modRevision, encryption.write(key, value)),
    }));
    this.checkSize(rows);
    const parts: Promise<boolean>[] = [];
    parts.push(
      root.batch(() => {
        for (const { key, text } of rows) parts.push(text === undefined ? objects.remove(key) : objects.put(key, text));
        parts.push(root.put(REVISION, String(writes.at(-1)!.after.revision)), root.put(TIME, String(this.clock.now())));
      }),
    );
    // each part of a transaction that fails fails by itself as well
    for (const part of await Promise.allSettled(parts)) if (part.status === 'rejected') throw rootCause(part.reason);
    for (const { key, text } of rows) {
      this.size += (text?.length ?? 0) - (sizes.get(key) ?? 0);
      if (text === undefined) sizes.delete(key);
      else sizes.set(key, text.length);
    }
  }

  private checkSize(rows: readonly { readonly text: string | undefined }[]): void {
    const grown = rows.reduce((sum, { text }) => sum + (text?.length ?? 0), this.size);
    const { bavail, bsize } = fs.statfsSync(this.directory);
    // LMDB cannot go on once a write of its own has failed, so it is not let come to that
    if (bavail * bsize < SPARE_BYTES + 2 * (grown - this.size))
      throw new StorageError('full', this.directory, 'no space is left on the disk');
    if (grown > this.maxBytes)
      throw new StorageError('full', this.directory, `the cluster would hold more than ${this.maxBytes} bytes of objects`);
  }

  /** Nothing of it was kept: the state is what it was, and all that built upon it fails too. */
  private refuse(group: readonly Waiting[], error: unknown): void {
    this.waiting = [];
    this.ahead = this.history.snapshot;
    const reason = error instanceof StorageError ? error : failure(this.directory, 'the disk failed', error);
    if (reason.reason !== 'full') this.broken = reason;
    for (const { reject } of group) reject(reason);
  }

  fork(): Store {
    return new MemoryStore(this.clock, this.history.snapshot);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.history.endWatches();
    await this.flushing;
    // also the time that passed without a write
    if (!this.broken) await this.opened.root.put(TIME, String(this.clock.now()));
    await this.opened.root.close();
    this.opened.lock.release();
  }
}

/** LMDB reports a failed commit with a promise of what failed. */
function rootCause(error: unknown): unknown {
  const { commitError } = error as { readonly commitError?: unknown };
  if (commitError instanceof Promise) commitError.catch(() => undefined);
  return error;
}
