// What a keeper knows of its apps between rounds: how the last sync of each ended, what has drifted since, why it is left alone. Whatever
// changes is told as an event, once. It asks nothing of a cluster.
import { deepEqual } from '../../apimachinery/object.ts';
import type { Rollout } from '../apply/rollout.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { Drift } from '../plan/drift.ts';
import type { KeepEvent, SyncedEvent } from './keep-event.ts';
import type { AppView } from './live-objects.ts';
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

const newAppState = (): AppState => ({
  drifted: new Map(),
  health: undefined,
  failed: false,
  held: undefined,
  last: undefined,
  heals: new Map(),
  rollouts: new Map(),
  isSyncing: false,
});

export class AppStates {
  /** By name, all that were ever looked at and are still defined. */
  readonly all = new Map<string, AppState>();
  private readonly onEvent: (event: KeepEvent) => void;

  constructor(onEvent: (event: KeepEvent) => void) {
    this.onEvent = onEvent;
  }

  of(name: string): AppState {
    let state = this.all.get(name);
    if (!state) {
      state = newAppState();
      this.all.set(name, state);
    }
    return state;
  }

  /** The source defines it no longer. */
  gone(app: string): void {
    this.all.delete(app);
    this.onEvent({ type: 'gone', app });
  }

  /** @param now milliseconds since 1970 */
  synced(name: string, result: KeptApp, about: Pick<SyncedEvent, 'why' | 'revision' | 'durationMs'>, now: number): void {
    const { sync, health, resources, message, held } = result;
    const state = this.of(name);
    state.isSyncing = false;
    if (held !== undefined && held !== state.held) this.onEvent({ type: 'held', app: name, why: held });
    state.held = held;
    if (held !== undefined) return;
    const changed = resources.filter(({ action }) => action !== 'unchanged' && action !== 'skipped' && action !== 'failed').length;
    const event: SyncedEvent = { type: 'synced', app: name, sync, health, changed, message, ...about };
    if (about.why !== 'drift') {
      state.failed = sync !== 'Synced';
      // where nothing was asked of the cluster, what was seen of it still counts
      if (health !== 'Unknown') state.health = health;
      state.last = { result, event, endedMs: now };
    }
    this.onEvent(event);
  }

  /** @param keys of what was compared @param found what of it differs @param heals whether that will be put right */
  compared(app: string, keys: ReadonlySet<string>, found: ReadonlyMap<string, Drift>, heals: boolean): void {
    const state = this.of(app);
    const drifted = new Map(state.drifted);
    for (const key of keys) {
      const [before, now] = [drifted.get(key), found.get(key)];
      if (now) drifted.set(key, now);
      else drifted.delete(key);
      if (now && !deepEqual(before, now)) this.onEvent({ type: 'drift', app, drift: now, heals });
      if (before && !now) this.onEvent({ type: 'agreed', app, id: before });
    }
    state.drifted = drifted;
  }

  seen(app: string, { health, rollouts }: AppView): void {
    const state = this.of(app);
    const was = state.health ?? 'Unknown';
    state.health = health;
    for (const rollout of rollouts) this.rollout(app, rollout);
    if (health !== was) this.onEvent({ type: 'health', app, health, was });
  }

  /** Each stage is told once. What was complete when it was first seen is no news. */
  rollout(app: string, rollout: Rollout): void {
    const { rollouts } = this.of(app);
    const key = `${rollout.kind}/${rollout.namespace}/${rollout.name}`;
    const before = rollouts.get(key);
    rollouts.set(key, rollout);
    const isKnown = before ? before.status === rollout.status && before.message === rollout.message : rollout.status === 'complete';
    if (!isKnown) this.onEvent({ type: 'rollout', app, rollout });
  }
}
