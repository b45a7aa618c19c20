// Growing pauses by key: doubled with each failure, forgotten after a long time without one. Follows client-go's flowcontrol.Backoff.

interface Entry {
  readonly pauseMs: number;
  readonly sinceMs: number;
}

export class Backoff {
  private readonly firstMs: number;
  private readonly longestMs: number;
  private readonly entries = new Map<string, Entry>();

  constructor(firstMs: number, longestMs: number) {
    this.firstMs = firstMs;
    this.longestMs = longestMs;
  }

  /** How long the key must still wait; 0: not at all. @param now milliseconds since 1970 */
  remaining(key: string, now: number): number {
    const entry = this.entries.get(key);
    return entry ? Math.max(0, entry.sinceMs + entry.pauseMs - now) : 0;
  }

  /** Notes a failure. */
  next(key: string, now: number): void {
    for (const [other, { sinceMs }] of this.entries) {
      if (now - sinceMs <= 2 * this.longestMs) break;
      this.entries.delete(other);
    }
    const known = this.entries.get(key);
    this.entries.delete(key);
    this.entries.set(key, { pauseMs: known ? Math.min(known.pauseMs * 2, this.longestMs) : this.firstMs, sinceMs: now });
  }
}
