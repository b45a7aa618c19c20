// Time as everything in cluster/ and reconcile/ sees it: injected, so that ten simulated minutes can take milliseconds.
// This file and random.ts are the only places that may ask the machine.
import TinyQueue from 'tinyqueue';

export interface Clock {
  /** Milliseconds since 1970; fractions are microseconds. */
  now(): number;
  /**
   * Runs `task` after `delayMs`. A background timer (heartbeats, resyncs, cache expiry) does not keep the world from being at rest.
   */
  schedule(delayMs: number, task: () => void, options?: { readonly background?: boolean }): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when that is aborted. */
  sleep(delayMs: number, options?: { readonly background?: boolean; readonly signal?: AbortSignal }): Promise<void>;
  /** Something outside this clock is under way (a write to disk, a call over the network): virtual time stands still until it is done. */
  hold<T>(work: Promise<T>): Promise<T>;
}

export interface Timer {
  cancel(): void;
}

function sleepOn(
  clock: Clock,
  delayMs: number,
  options: { readonly background?: boolean; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal, background = false } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const aborted = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.schedule(
      delayMs,
      () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      },
      { background },
    );
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** The machine's clock. */
export class RealClock implements Clock {
  private readonly originMs: number;

  /** @param notBeforeMs milliseconds since 1970: where the machine's clock is behind this, time begins here and goes on as fast */
  constructor(notBeforeMs = 0) {
    this.originMs = performance.timeOrigin + Math.max(0, notBeforeMs - (performance.timeOrigin + performance.now()));
  }

  now(): number {
    return this.originMs + performance.now();
  }

  schedule(delayMs: number, task: () => void, options: { readonly background?: boolean } = {}): Timer {
    // setTimeout takes 31 bits; what is further away is reached in stages
    const LONGEST = 2 ** 31 - 1;
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = setTimeout(() => (left > LONGEST ? arm(left - LONGEST) : task()), Math.min(Math.max(left, 0), LONGEST));
      if (options.background) handle.unref();
    };
    arm(delayMs);
    return { cancel: () => clearTimeout(handle) };
  }

  sleep(delayMs: number, options?: { readonly background?: boolean; readonly signal?: AbortSignal }): Promise<void> {
    return sleepOn(this, delayMs, options);
  }

  hold<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

interface VirtualTimer {
  readonly at: number;
  readonly order: number;
  readonly background: boolean;
  task: (() => void) | undefined;
}

/**
 * A clock that stands still while anything is runnable and then leaps to the next timer. Timers of one instant run in the order in
 * which they were set, so the same work gives the same history.
 */
export class VirtualClock implements Clock {
  private time: number;
  private order = 0;
  private held = 0;
  /** Told when something is no longer held. */
  private readonly holders: (() => void)[] = [];
  /** Timers that are neither background nor cancelled. */
  private foreground = 0;
  private readonly timers = new TinyQueue<VirtualTimer>([], (a, b) => a.at - b.at || a.order - b.order);
  private running: Promise<void> | undefined;

  /** @param startMs milliseconds since 1970 */
  constructor(startMs: number) {
    this.time = startMs;
  }

  now(): number {
    return this.time;
  }

  schedule(delayMs: number, task: () => void, options: { readonly background?: boolean } = {}): Timer {
    const timer: VirtualTimer = {
      at: this.time + Math.max(delayMs, 0),
      order: this.order++,
      background: options.background ?? false,
      task,
    };
    if (!timer.background) this.foreground++;
    this.timers.push(timer);
    return { cancel: () => this.drop(timer) };
  }

  private drop(timer: VirtualTimer): void {
    if (!timer.task) return;
    timer.task = undefined;
    if (!timer.background) this.foreground--;
  }

  sleep(delayMs: number, options?: { readonly background?: boolean; readonly signal?: AbortSignal }): Promise<void> {
    return sleepOn(this, delayMs, options);
  }

  async hold<T>(work: Promise<T>): Promise<T> {
    this.held++;
    try {
      return await work;
    } finally {
      this.held--;
      for (const wake of this.holders.splice(0)) wake();
    }
  }

  /** When the next timer is due that is not a background one; undefined where there is none. */
  nextForeground(): number | undefined {
    if (this.foreground === 0) return undefined;
    let next: number | undefined;
    for (const timer of this.timers.data) if (timer.task && !timer.background && (next === undefined || timer.at < next)) next = timer.at;
    return next;
  }

  /** Resolves when nothing is runnable at this instant. */
  async settle(): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.held === 0) return;
      await new Promise<void>((resolve) => this.holders.push(resolve));
    }
  }

  /** Lets `ms` pass. */
  advance(ms: number): Promise<void> {
    const until = this.time + ms;
    return this.run(() => false, until);
  }

  /**
   * Lets time pass until `done()` says so, or until `deadline` (milliseconds since 1970), or until no timer is left.
   * `done` is asked whenever nothing is runnable.
   * @returns whether `done` was true at the end
   */
  async runUntil(done: () => boolean, deadline = Infinity): Promise<boolean> {
    await this.run(done, deadline);
    return done();
  }

  private async run(done: () => boolean, until: number): Promise<void> {
    // two drivers would leap over each other's instants
    while (this.running) await this.running;
    let finished!: () => void;
    this.running = new Promise((resolve) => (finished = resolve));
    try {
      for (;;) {
        await this.settle();
        if (done()) return;
        const next = this.peek();
        if (!next || next.at > until) {
          if (until !== Infinity) this.time = Math.max(this.time, until);
          return;
        }
        this.fire(next.at);
      }
    } finally {
      this.running = undefined;
      finished();
    }
  }

  private peek(): VirtualTimer | undefined {
    for (;;) {
      const next = this.timers.peek();
      if (!next || next.task) return next;
      this.timers.pop();
    }
  }

  /** Runs all timers of one instant. What they set for the same instant runs after the world has settled. */
  private fire(at: number): void {
    this.time = Math.max(this.time, at);
    const due: VirtualTimer[] = [];
    for (let next = this.peek(); next && next.at <= at; next = this.peek()) due.push(this.timers.pop()!);
    for (const timer of due) {
      const { task } = timer;
      this.drop(timer);
      task?.();
    }
  }
}
