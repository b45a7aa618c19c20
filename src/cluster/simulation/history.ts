// All that was written in a run, in order: what its fingerprint is made of, and what invariants of writes are asked about. The same seed
// gives the same history to the byte.
import { createHash } from 'node:crypto';
import { encodeJson } from '../../apimachinery/json/encode.ts';
import type { Store, StoreEvent } from '../storage/store.ts';
import type { WriteInvariant } from './invariants/invariant.ts';
import type { Violation } from './violation.ts';

/** What is written again and again although nothing happens. */
const HEARTBEATS = ['/registry/leases/', '/registry/minions/', '/registry/events/'];

export class History {
  readonly violations: Violation[] = [];
  private readonly hash = createHash('sha256');
  private readonly invariants: readonly WriteInvariant[];
  private writes_ = 0;
  private lastChangeAtMs: number;

  constructor(store: Store, now: () => number, invariants: readonly WriteInvariant[]) {
    this.invariants = invariants;
    this.lastChangeAtMs = now();
    store.watch('/registry/', store.revision, (event) => this.append(event, now()));
  }

  private append(event: StoreEvent, now: number): void {
    const { type, key, revision, value } = event;
    this.writes_++;
    if (!HEARTBEATS.some((prefix) => key.startsWith(prefix))) this.lastChangeAtMs = now;
    this.hash.update(`${now} ${revision} ${type} ${key} ${encodeJson(value)}\n`);
    for (const { name, check } of this.invariants) {
      const problem = check(event);
      if (problem) this.violations.push({ invariant: name, atMs: now, problem });
    }
  }

  get writes(): number {
    return this.writes_;
  }

  /** Milliseconds since 1970: when something other than a heartbeat was last written. */
  get changedAtMs(): number {
    return this.lastChangeAtMs;
  }

  /** Of all that has been written so far. */
  fingerprint(): string {
    return this.hash.copy().digest('hex');
  }
}
