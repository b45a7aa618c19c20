// The queue between what happens and who makes it right: each key at most once in it, never handled twice at the same time, and after
// failures again with growing pauses. Follows client-go's workqueue.
import type { Clock, Timer } from '../apimachinery/clock.ts';

export interface Backoff {
  /** First pause after a failure, doubled with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
}

const DEFAULT_BACKOFF: Backoff = { baseMs: 5, maxMs: 1_000_000 };
/** All retries of a queue together: ten a second, a hundred at once. */
const RETRIES_PER_SECOND = 10;
const RETRY_BURST = 100;

export class WorkQueue {
  private readonly clock: Clock;
  private readonly backoff: Backoff;
  /** Keys in the order in which they are handed out. */
  private readonly order = new Set<string>();
  /** Handed out and not done. */
  private readonly processing = new Set<string>();
  /** Added while they were being processed. */
  private readonly dirty = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly delayed = new Map<string, { readonly at: number; readonly timer: Timer }>();
  private readonly waiters: ((key: string | undefined) => void)[] = [];
  private bucket = RETRY_BURST;
  private bucketAt: number;
  private closed = false;

  constructor(clock: Clock, backoff: Backoff = DEFAULT_BACKOFF) {
    this.clock = clock;
    this.backoff = backoff;
    this.bucketAt = clock.now();
  }

  /** Keys that wait or are being processed. */
  get length(): number {
    return this.order.size + this.processing.size;
  }

  add(key: string): void {
    if (this.closed) return;
    if (this.processing.has(key)) {
      this.dirty.add(key);
      return;
    }
    const waiter = this.order.has(key) ? undefined : this.waiters.shift();
    if (waiter) {
      this.processing.add(key);
      waiter(key);
    } else this.order.add(key);
  }

  /** Adds the key after a pause; of several pauses the shortest counts. */
  addAfter(key: string, delayMs: number, options: { readonly background?: boolean } = {}): void {
    if (this.closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const at = this.clock.now() + delayMs;
    const known = this.delayed.get(key);
    if (known && known.at <= at) return;
    known?.timer.cancel();
    const timer = this.clock.schedule(
      delayMs,
      () => {
        this.delayed.delete(key);
        this.add(key);
      },
      options,
    );
    this.delayed.set(key, { at, timer });
  }

  /** Adds the key again after a failure. */
  addRateLimited(key: string): void {
    const failed = this.failures.get(key) ?? 0;
    this.failures.set(key, failed + 1);
    const { baseMs, maxMs } = this.backoff;
    this.addAfter(key, Math.max(Math.min(baseMs * 2 ** failed, maxMs), this.takeRetry()));
  }

  /** How often the key has failed since it was last forgotten. */
  retries(key: string): number {
    return this.failures.get(key) ?? 0;
  }

  /** The key succeeded: the next failure is a first one. */
  forget(key: string): void {
    this.failures.delete(key);
  }

  /** A token bucket. @returns how long to wait for a retry, in milliseconds */
  private takeRetry(): number {
    const now = this.clock.now();
    this.bucket = Math.min(RETRY_BURST, this.bucket + ((now - this.bucketAt) / 1000) * RETRIES_PER_SECOND);
    this.bucketAt = now;
    this.bucket--;
    return this.bucket >= 0 ? 0 : (-this.bucket / RETRIES_PER_SECOND) * 1000;
  }

  /** The next key, to be given back with {@link done}; undefined once the queue is closed. */
  next(): Promise<string | undefined> {
    if (this.closed) return Promise.resolve(undefined);
    for (const key of this.order) {
      this.order.delete(key);
      this.processing.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.delete(key)) this.add(key);
  }

  close(): void {
    this.closed = true;
    this.order.clear();
    for (const { timer } of this.delayed.values()) timer.cancel();
    this.delayed.clear();
    for (const waiter of this.waiters.splice(0)) waiter(undefined);
  }
}
