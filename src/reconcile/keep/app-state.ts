// What a keeper knows of one app between rounds: how its last sync ended, what has drifted since, why it is left alone. Values alone; the
// keeper changes them, others read.
import type { Rollout } from '../apply/rollout.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { Drift } from '../plan/drift.ts';
import type { SyncedEvent } from './keep-event.ts';
import type { HealState } from './self-heal.ts';
import type { KeptApp } from './sync-source.ts';

export interface AppState {
  drifted: ReadonlyMap<string, Drift>;
  health: HealthStatus | undefined;
  failed: boolean;
  /** Why it is left alone; undefined where it is not. */
  held: string | undefined;
  /** What the last sync of the whole app came to, and when it ended, in milliseconds since 1970. Undefined before the first. */
  last: { readonly result: KeptApp; readonly event: SyncedEvent; readonly endedMs: number } | undefined;
  readonly heals: Map<string, HealState>;
  /** Each as it was last seen. */
  readonly rollouts: Map<string, Rollout>;
  /** A sync of it is under way. */
  isSyncing: boolean;
}

export const newAppState = (): AppState => ({
  drifted: new Map(),
  health: undefined,
  failed: false,
  held: undefined,
  last: undefined,
  heals: new Map(),
  rollouts: new Map(),
  isSyncing: false,
});
