// Finds the listeners of an event by the event's own key, so that its cost grows with who is concerned, not with who is there. A
// listener is filed under what it follows: a whole key, or a prefix that ends with a slash; an event looks up its key and each of its
// prefixes.
import type { Listener, StoreEvent, StoreWatch } from './store.ts';

export class Watch implements StoreWatch {
  readonly prefix: string;
  /** It has been told of the events up to this revision, or does not want them. */
  readonly after: number;
  private readonly listener: Listener;
  active = true;
  private readonly onCancel: (watch: Watch) => void;

  constructor(prefix: string, after: number, listener: Listener, onCancel: (watch: Watch) => void) {
    this.prefix = prefix;
    this.after = after;
    this.listener = listener;
    this.onCancel = onCancel;
  }

  covers(key: string): boolean {
    return key === this.prefix || (this.prefix.endsWith('/') && key.startsWith(this.prefix));
  }

  /** What the listener throws does not keep others from being told, nor the store from going on: it ends the process. */
  tell(event: StoreEvent): void {
    try {
      this.listener(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  cancel(): void {
    if (!this.active) return;
    this.active = false;
    this.onCancel(this);
  }
}

export class WatchIndex {
  private readonly byPrefix = new Map<string, Set<Watch>>();

  add(prefix: string, after: number, listener: Listener): Watch {
    const watch = new Watch(prefix, after, listener, (cancelled) => this.remove(cancelled));
    const others = this.byPrefix.get(prefix);
    if (others) others.add(watch);
    else this.byPrefix.set(prefix, new Set([watch]));
    return watch;
  }

  /** Tells the listeners of shorter prefixes first, and those of one prefix in the order in which they came. */
  dispatch(event: StoreEvent): void {
    if (this.byPrefix.size === 0) return;
    const { key } = event;
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1))
      tellAll(this.byPrefix.get(key.slice(0, slash + 1)), event);
    tellAll(this.byPrefix.get(key), event);
  }

  clear(): void {
    for (const watches of this.byPrefix.values()) for (const watch of watches) watch.active = false;
    this.byPrefix.clear();
  }

  private remove(watch: Watch): void {
    const watches = this.byPrefix.get(watch.prefix);
    if (watches?.delete(watch) && watches.size === 0) this.byPrefix.delete(watch.prefix);
  }
}

/** A Set may change while it is walked: who is taken out is not visited any more, and who comes in has `after` to keep it out. */
function tellAll(watches: Set<Watch> | undefined, event: StoreEvent): void {
  if (!watches) return;
  for (const watch of watches) if (event.revision > watch.after && watch.active) watch.tell(event);
}
