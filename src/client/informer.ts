// A local picture of all objects of a kind, kept by a list and a watch, with indexes and handlers. One informer serves everyone who is
// interested in the kind; what it holds is shared and immutable. Follows client-go's shared informers.
import type { Clock } from '../apimachinery/clock.ts';
import type { KubernetesObject, ObjectOf } from '../apimachinery/object.ts';
import { isExpired, StatusError } from '../apimachinery/status-error.ts';
import type { Client, TypedWatch, TypedWatchEvent } from './client.ts';

export interface Handler<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  /** The last state that was seen. */
  deleted?(object: T): void;
}

/** `namespace/name`, or the name alone. */
export function objectKey(object: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string {
  const { namespace, name = '' } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

type IndexOf<T> = (object: T) => readonly string[];

interface Index<T> {
  readonly of: IndexOf<T>;
  /** By the object's key: where it stands. */
  readonly values: Map<string, readonly string[]>;
  readonly entries: Map<string, Map<string, T>>;
}

/** First and longest pause after a failed list or watch, in milliseconds. */
const FIRST_PAUSE_MS = 800;
const LONGEST_PAUSE_MS = 30_000;

const NAMESPACE = 'namespace';

export class Informer<T extends { readonly metadata: KubernetesObject['metadata'] } = KubernetesObject> {
  private readonly client: Client;
  private readonly clock: Clock;
  readonly kind: string;
  private readonly scope: { readonly namespace?: string };
  private readonly objects = new Map<string, T>();
  private readonly indexes = new Map<string, Index<T>>();
  private readonly handlers: Handler<T>[] = [];
  private watch: TypedWatch<T> | undefined;
  private running: Promise<void> | undefined;
  private stopped = new AbortController();
  private firstList: { readonly promise: Promise<void>; readonly resolve: () => void };
  private synced_ = false;

  /** @param namespace empty for all */
  constructor(kind: string, client: Client, clock: Clock, namespace = '') {
    this.kind = kind;
    this.scope = namespace ? { namespace } : {};
    this.client = client;
    this.clock = clock;
    let resolve!: () => void;
    const promise = new Promise<void>((r) => (resolve = r));
    this.firstList = { promise, resolve };
    this.addIndex(NAMESPACE, (o) => [o.metadata.namespace ?? '']);
  }

  /** Whether the first list has been read. */
  get synced(): boolean {
    return this.synced_;
  }

  get(namespace: string, name: string): T | undefined {
    return this.objects.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): T | undefined {
    return this.objects.get(key);
  }

  /** All objects, or those of a namespace; oldest first is not promised. */
  list(namespace?: string): Iterable<T> {
    return namespace === undefined ? this.objects.values() : this.byIndex(NAMESPACE, namespace);
  }

  get size(): number {
    return this.objects.size;
  }

  /** Must be called before the informer starts. The same name twice is the same index. */
  addIndex(name: string, of: IndexOf<T>): void {
    if (this.indexes.has(name)) return;
    const index: Index<T> = { of, values: new Map(), entries: new Map() };
    this.indexes.set(name, index);
    for (const [key, object] of this.objects) this.insert(index, key, object);
  }

  byIndex(name: string, value: string): Iterable<T> {
    const index = this.indexes.get(name);
    if (!index) throw new Error(`the informer of ${this.kind} has no index ${name}`);
    return index.entries.get(value)?.values() ?? [];
  }

  /** A handler that comes late is told of what is there as added. */
  addHandler(handler: Handler<T>): void {
    this.handlers.push(handler);
    for (const object of this.objects.values()) handler.added?.(object);
  }

  /** Starts following the kind; resolves when the first list is read. */
  start(): Promise<void> {
    this.running ??= this.run();
    return this.firstList.promise;
  }

  async stop(): Promise<void> {
    this.stopped.abort(new Error('stopped'));
    this.watch?.cancel();
    await this.running;
  }

  private async run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    let version: string | undefined;
    while (!this.stopped.signal.aborted) {
      try {
        if (version === undefined) version = await this.relist();
        pauseMs = FIRST_PAUSE_MS;
        version = await this.follow(version);
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        if (isExpired(error)) {
          version = undefined;
          continue;
        }
        if (!(error instanceof StatusError) && !(error instanceof Error)) throw error;
        await this.clock.sleep(pauseMs, { background: true, signal: this.stopped.signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        version = undefined;
      }
    }
  }

  private async relist(): Promise<string> {
    const { items, resourceVersion } = await this.client.list(this.kind, this.scope);
    const left = new Set(this.objects.keys());
    for (const item of items as unknown as readonly T[]) {
      left.delete(objectKey(item));
      this.put(item);
    }
    for (const key of left) this.remove(key, this.objects.get(key)!);
    if (!this.synced_) {
      this.synced_ = true;
      this.firstList.resolve();
    }
    return resourceVersion;
  }

  /** @returns the version from which to go on; undefined where everything must be read anew */
  private async follow(from: string): Promise<string | undefined> {
    let version = from;
    const options = { ...this.scope, resourceVersion: version, allowWatchBookmarks: true };
    const opening = this.client.watch(this.kind, options) as unknown as Promise<TypedWatch<T>>;
    const watch = await unlessAborted(opening, this.stopped.signal);
    if (!watch || this.stopped.signal.aborted) {
      // whoever stops does not wait for a server that takes its time
      void opening.then(
        (late) => late.cancel(),
        () => undefined,
      );
      return version;
    }
    this.watch = watch;
    for (let event = await watch.next(); event; event = await watch.next()) {
      if (event.type === 'ERROR') return undefined;
      version = event.object.metadata.resourceVersion;
      this.apply(event);
    }
    return version;
  }

  private apply({ type, object }: TypedWatchEvent<T>): void {
    if (type === 'ADDED' || type === 'MODIFIED') this.put(object);
    else if (type === 'DELETED') this.remove(objectKey(object), object);
  }

  private put(object: T): void {
    const key = objectKey(object);
    const old = this.objects.get(key);
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.objects.set(key, object);
    for (const index of this.indexes.values()) this.reindex(index, key, object);
    // an object that was made anew under the same name in between is another one
    const replaced = old && old.metadata.uid !== object.metadata.uid;
    for (const handler of this.handlers) {
      if (old && !replaced) handler.updated?.(object, old);
      else {
        if (replaced) handler.deleted?.(old);
        handler.added?.(object);
      }
    }
  }

  private remove(key: string, last: T): void {
    const old = this.objects.get(key);
    if (!old) return;
    this.objects.delete(key);
    for (const index of this.indexes.values()) {
      this.withdraw(index, key);
      index.values.delete(key);
    }
    for (const handler of this.handlers) handler.deleted?.(last);
  }

  /** Most changes leave an object under the values that it had. */
  private reindex(index: Index<T>, key: string, object: T): void {
    const values = index.of(object);
    const before = index.values.get(key);
    if (before && before.length === values.length && before.every((value, i) => value === values[i])) {
      for (const value of values) index.entries.get(value)?.set(key, object);
      return;
    }
    this.withdraw(index, key);
    this.insert(index, key, object, values);
  }

  private insert(index: Index<T>, key: string, object: T, values = index.of(object)): void {
    index.values.set(key, values);
    for (const value of values) {
      const entries = index.entries.get(value);
      if (entries) entries.set(key, object);
      else index.entries.set(value, new Map([[key, object]]));
    }
  }

  private withdraw(index: Index<T>, key: string): void {
    for (const value of index.values.get(key) ?? []) {
      const entries = index.entries.get(value);
      entries?.delete(key);
      if (entries?.size === 0) index.entries.delete(value);
    }
  }
}

/** Settles as the work does, or resolves with nothing once the signal is aborted. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve(undefined);
    signal.addEventListener('abort', aborted, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** The informers of one process: one a kind, or one a kind and namespace, made when first asked for. */
export class Informers {
  private readonly client: Client;
  private readonly clock: Clock;
  /** By kind, and behind a space the namespace. */
  private readonly byKind = new Map<string, Informer<never>>();

  constructor(client: Client, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** @param namespace empty for all */
  of<K extends string>(kind: K, namespace = ''): Informer<ObjectOf<K> & { readonly metadata: KubernetesObject['metadata'] }> {
    const key = namespace ? `${kind} ${namespace}` : kind;
    let informer = this.byKind.get(key) as unknown as
      Informer<ObjectOf<K> & { readonly metadata: KubernetesObject['metadata'] }> | undefined;
    if (!informer) {
      informer = new Informer(kind, this.client, this.clock, namespace);
      this.byKind.set(key, informer as unknown as Informer<never>);
    }
    return informer;
  }

  /** Stops following a kind that the server no longer has. */
  async drop(kind: string): Promise<void> {
    const informer = this.byKind.get(kind);
    this.byKind.delete(kind);
    await informer?.stop();
  }

  /** Starts all that are there; resolves when each has read its first list. */
  async start(): Promise<void> {
    await Promise.all([...this.byKind.values()].map((informer) => informer.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.byKind.values()].map((informer) => informer.stop()));
  }
}
