// Keeps a source and a cluster in agreement for as long as it runs: looks whether the source has changed, syncs it when it has, watches live
// objects in between, tells how they drift, and puts them right where that is wished. It works in rounds and reads the world anew in each
// of them; what is told to it only makes the next round come sooner.
import type { AppTree, PreparedApp, PreparedSource } from '../apps/prepare-apps.ts';
import { isSameDefinition, rendersSame } from '../apps/same-app.ts';
import type { Rollout } from '../apply/rollout.ts';
import type { Engine } from '../engine.ts';
import type { Drift } from '../plan/drift.ts';
import { resourceKey } from '../plan/resource-id.ts';
import type { SyncResult } from '../report/result.ts';
import { readApplySet } from '../plan/apply-set.ts';
import type { App } from '../apps/app.ts';
import { heldByWindows } from './sync-window.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { newAppState, type AppState } from './app-state.ts';
import { BackOff, isPassing } from './back-off.ts';
import { Bell } from './bell.ts';
import { compare } from './compare.ts';
import type { KeepEvent, SyncedEvent } from './keep-event.ts';
import type { KeptSource } from './kept-source.ts';
import { LiveObjects } from './live-objects.ts';
import { healAt, healed } from './self-heal.ts';
import { syncPrepared, type KeptApp, type KeptSync } from './sync-source.ts';

export interface KeeperOptions extends Omit<KeptSync, 'selects' | 'holds' | 'record' | 'onApp'> {
  /** Whom the history names for what is synced. */
  readonly who: string;
  /** How often it is asked whether the source has changed. What failed is tried again as often. */
  readonly intervalMs: number;
  /** Whether drift is put right in apps that do not say themselves. */
  readonly selfHeal: boolean;
  /** Whatever fails is told and tried again, also what never worked: for whoever keeps other sources besides. */
  readonly endures?: boolean;
  /** Why an app of this name is not this source's to keep; undefined where it is. */
  readonly disowns?: (app: string) => string | undefined;
  readonly onEvent: (event: KeepEvent) => void;
  /** Told of each sync that was made because of the source. */
  readonly onResult?: (result: SyncResult) => void;
}

/** Changes of one moment are looked at together. */
const GATHER_MS = 200;
/** The health of apps is reckoned no more often. */
const HEALTH_EVERY_MS = 1000;

/** How it goes with the source as a whole. */
export interface KeeperStatus {
  readonly state: 'starting' | 'kept' | 'failing';
  /** What fails; empty where nothing does. */
  readonly message: string;
  /** How often it has failed, one time after another. */
  readonly failures: number;
  /** When the source was last asked without a failure, and when it is asked next, in milliseconds since 1970. */
  readonly lookedAt: number | undefined;
  readonly nextLookAt: number;
}

export class Keeper {
  readonly bell = new Bell();
  readonly live: LiveObjects;
  private readonly engine: Engine;
  private readonly source: KeptSource;
  private readonly options: KeeperOptions;
  private readonly states = new Map<string, AppState>();
  private prepared_: PreparedSource | undefined;
  private byName: ReadonlyMap<string, PreparedApp> = new Map();
  /** Read, and not yet synced; with how the apps were before. */
  private unsynced: { readonly before: AppTree | undefined } | undefined;
  /** What failed or was held is to be tried again in this round. */
  private isRetryDue = false;
  private readonly backOff: BackOff;
  private lookedAt: number | undefined;
  private hasLooked = false;
  private hasActed = false;
  private nextPoll = 0;
  private nextHealth = 0;
  private isPoked = true;
  private isRestless = false;

  constructor(engine: Engine, source: KeptSource, options: KeeperOptions) {
    this.engine = engine;
    this.source = source;
    this.options = options;
    this.backOff = new BackOff(options.intervalMs);
    this.live = new LiveObjects(engine, () => {
      this.isRestless = true;
      this.bell.ring();
    });
  }

  /** What was last read; undefined before the first time. */
  get prepared(): PreparedSource | undefined {
    return this.prepared_;
  }

  /** By name, all that were ever looked at and are still defined. */
  get apps(): ReadonlyMap<string, Readonly<AppState>> {
    return this.states;
  }

  /** An app as the source defines it; undefined where it defines none of this name. */
  defined(name: string): PreparedApp | undefined {
    return this.byName.get(name);
  }

  get status(): KeeperStatus {
    const { lookedAt, nextPoll: nextLookAt } = this;
    const { failures, message } = this.backOff;
    return { state: failures ? 'failing' : this.hasActed ? 'kept' : 'starting', message, failures, lookedAt, nextLookAt };
  }

  /** The source may have changed: it is asked in the next round, which comes at once. */
  poke(): void {
    this.isPoked = true;
    this.bell.ring();
  }

  /** Rounds, by the engine's clock, until the signal is aborted. */
  async run(): Promise<void> {
    const { signal } = this.options;
    const { clock } = this.engine;
    while (!signal.aborted) {
      await this.round();
      await this.bell.wait(clock, this.dueAt, signal);
      // what comes with it is looked at together
      if (!signal.aborted && this.isRestless) await clock.sleep(GATHER_MS, { signal }).catch(() => undefined);
    }
  }

  /** Does what is to be done now. What fails for a while is told, and tried again in a later round. */
  async round(): Promise<void> {
    await this.engine.clock.hold(this.look());
    await this.act();
  }

  /** The first half of a round: asks the source, where that is due. No time of the cluster needs to pass for it. */
  async look(): Promise<void> {
    const now = this.engine.clock.now();
    if (!this.isPoked && now < this.nextPoll) return;
    this.isPoked = false;
    this.isRetryDue = true;
    this.nextPoll = now + this.options.intervalMs;
    this.hasLooked = await this.trying(async () => {
      if (!this.prepared_ || (await this.unlessEnded(this.source.changed()))) this.take(await this.unlessEnded(this.source.read()));
      this.lookedAt = this.engine.clock.now();
    });
  }

  /** The second half: what the cluster must be asked for, or told. */
  async act(): Promise<void> {
    this.isRestless = false;
    if (!this.prepared_) return;
    const isDone = await this.trying(async () => {
      await this.syncDue();
      await this.compareChanged();
      await this.heal();
    });
    this.hasActed ||= isDone;
    if (isDone && this.hasLooked && this.backOff.failures > 0) {
      this.backOff.recovered();
      this.options.onEvent({ type: 'recovered' });
    }
    this.tellHealth();
  }

  /** Reading writes nothing, and may be left at any moment. */
  private unlessEnded<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.options;
    return new Promise((resolve, reject) => {
      const end = (): void => reject(signal.reason as Error);
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
    });
  }

  /** @returns whether it was done. Throws what will not pass. */
  private async trying(work: () => Promise<void>): Promise<boolean> {
    const { signal, endures = false, onEvent } = this.options;
    try {
      await work();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      // what never worked is not waited for, unless that is wished
      if (!endures && (!isPassing(error) || !this.prepared_)) throw error;
      this.backOff.failed(error, this.engine.clock.now());
      onEvent({ type: 'failure', message: this.backOff.message });
      this.nextPoll = Math.max(this.nextPoll, this.backOff.until);
      return false;
    }
  }

  /** When the next round must come although nothing is told, in milliseconds since 1970. */
  get dueAt(): number {
    const heals = [...this.states].flatMap(([name, { drifted, heals: states }]) =>
      drifted.size > 0 && this.heals(name) ? [...drifted.keys()].map((key) => healAt(states.get(key)) ?? 0) : [],
    );
    const workAt = Math.min(...heals, this.isRestless ? this.nextHealth : Infinity);
    return Math.min(this.nextPoll, Math.max(workAt, this.backOff.until));
  }

  async close(): Promise<void> {
    await this.live.stop();
    await this.source.close();
  }

  private take(prepared: PreparedSource): void {
    this.unsynced ??= { before: this.prepared_?.tree };
    this.prepared_ = prepared;
    this.byName = new Map(prepared.tree?.apps.map((app) => [app.name, app]));
    this.tellSource(prepared);
  }

  private async syncDue(): Promise<void> {
    if (!this.isRetryDue) return;
    this.isRetryDue = false;
    const open = [...this.states].filter(([, { failed, held }]) => failed || held !== undefined).map(([name]) => name);
    if (this.unsynced) {
      await this.sync('source', undefined, undefined, this.concerned(this.unsynced.before));
      this.unsynced = undefined;
    } else for (const only of open) await this.retry(only);
  }

  private tellSource({ plain, tree }: PreparedSource): void {
    const { source, errors } = tree ?? plain;
    this.options.onEvent({ type: 'source', revision: source.revision, apps: tree ? tree.apps.length : 1, errors: errors.length });
  }

  /** What is still held is not worth a sync. */
  private async retry(name: string): Promise<void> {
    const { held } = this.stateOf(name);
    if (held !== undefined && (await this.holds(this.defined(name)?.app, name)) === held) return;
    await this.sync('retry', name);
  }

  /** Apps that are otherwise than they were last read and synced; undefined for all. */
  private concerned(before: AppTree | undefined): ReadonlySet<string> | undefined {
    const now = this.prepared_?.tree;
    if (!before || !now) return undefined;
    const known = new Map(before.apps.map((app) => [app.name, app]));
    const changed = now.apps.filter((app) => {
      const [old, state] = [known.get(app.name), this.states.get(app.name)];
      const isSame = old && isSameDefinition(old, app) && rendersSame(old.prepared, app.prepared);
      return !isSame || !state || state.failed || state.held !== undefined;
    });
    return new Set(changed.map(({ name }) => name));
  }

  /** A source that is broken says nothing of what it defines. */
  private goneApps(synced: ReadonlySet<string>): string[] {
    const { tree } = this.prepared_!;
    if (tree && tree.errors.length > 0) return [];
    return [...this.states.keys()].filter((name) => (tree ? !this.byName.has(name) : !synced.has(name)));
  }

  private async sync(why: SyncedEvent['why'], only?: string, keys?: ReadonlySet<string>, among?: ReadonlySet<string>): Promise<void> {
    const { options, prepared_: prepared, engine } = this;
    const started = engine.clock.now();
    const { revision } = (prepared!.tree ?? prepared!.plain).source;
    const { whole, apps, plans } = await syncPrepared(engine, prepared!, {
      ...options,
      holds: this.holds,
      onProgress: (event, app) => {
        this.stateOf(app).isSyncing = true;
        if (event.type === 'rollout') this.tellRollout(app, event.rollout);
        else options.onProgress?.(event, app);
      },
      onApp: (app, result) => this.synced(app, result, { why, revision, durationMs: Math.round(engine.clock.now() - started) }),
      record: { who: options.who, automated: true },
      ...(only === undefined || !prepared!.tree ? {} : { only }),
      ...(among ? { among } : {}),
      ...(keys ? { selects: ({ id }) => keys.has(resourceKey(id)) } : {}),
    });
    const gone = why === 'source' && options.only === undefined ? this.goneApps(apps) : [];
    for (const app of gone) {
      this.states.delete(app);
      this.options.onEvent({ type: 'gone', app });
    }
    if (!keys) await this.live.expect(plans, gone);
    if (why !== 'drift' && whole) options.onResult?.(whole);
  }

  private synced(name: string, result: KeptApp, about: Pick<SyncedEvent, 'why' | 'revision' | 'durationMs'>): void {
    const { sync, health, resources, message, held } = result;
    const state = this.stateOf(name);
    state.isSyncing = false;
    if (held !== undefined && held !== state.held) this.options.onEvent({ type: 'held', app: name, why: held });
    state.held = held;
    if (held !== undefined) return;
    const changed = resources.filter(({ action }) => action !== 'unchanged' && action !== 'skipped' && action !== 'failed').length;
    const event: SyncedEvent = { type: 'synced', app: name, sync, health, changed, message, ...about };
    if (about.why !== 'drift') {
      state.failed = sync !== 'Synced';
      // where nothing was asked of the cluster, what was seen of it still counts
      if (health !== 'Unknown') state.health = health;
      state.last = { result, event, endedMs: this.engine.clock.now() };
    }
    this.options.onEvent(event);
  }

  private stateOf(name: string): AppState {
    let state = this.states.get(name);
    if (!state) {
      state = newAppState();
      this.states.set(name, state);
    }
    return state;
  }

  private async compareChanged(): Promise<void> {
    for (const [app, { plan, keys }] of this.live.takeDirty()) {
      try {
        this.drifted(app, keys, await compare(this.engine, plan, keys));
      } catch (error) {
        this.live.putBack(keys);
        throw error;
      }
    }
  }

  /** @param keys of what was compared @param found what of it differs */
  private drifted(app: string, keys: ReadonlySet<string>, found: ReadonlyMap<string, Drift>): void {
    const state = this.stateOf(app);
    const drifted = new Map(state.drifted);
    for (const key of keys) {
      const [before, now] = [drifted.get(key), found.get(key)];
      if (now) drifted.set(key, now);
      else drifted.delete(key);
      if (now && !deepEqual(before, now)) this.options.onEvent({ type: 'drift', app, drift: now, heals: this.heals(app) });
      if (before && !now) this.options.onEvent({ type: 'agreed', app, id: before });
    }
    state.drifted = drifted;
  }

  private heals(name: string): boolean {
    const { held } = this.stateOf(name);
    return held === undefined && (this.defined(name)?.app.selfHeal ?? this.options.selfHeal);
  }

  private readonly holds = async (app: App | undefined, name: string): Promise<string | undefined> => {
    const { client, clock } = this.engine;
    const disowned = this.options.disowns?.(name);
    if (disowned !== undefined) return disowned;
    const { suspended } = await readApplySet(client, name, this.options.namespace);
    if (suspended !== undefined) return `it is suspended: ${suspended}`;
    return app ? heldByWindows(app.windows, clock.now()) : undefined;
  };

  private async heal(): Promise<void> {
    const now = this.engine.clock.now();
    for (const [app, state] of this.states) {
      if (state.drifted.size === 0 || !this.heals(app)) continue;
      const due = [...state.drifted].filter(([key]) => (healAt(state.heals.get(key)) ?? 0) <= now);
      if (due.length === 0) continue;
      state.held = await this.holds(this.defined(app)?.app, app);
      if (state.held !== undefined) {
        this.options.onEvent({ type: 'held', app, why: state.held });
        continue;
      }
      for (const [key] of due) state.heals.set(key, healed(state.heals.get(key), now));
      const attempt = Math.max(...due.map(([key]) => state.heals.get(key)!.attempts));
      this.options.onEvent({ type: 'healing', app, ids: due.map(([, drift]) => drift), attempt });
      const keys = new Set(due.map(([key]) => key));
      await this.sync('drift', app, keys);
      this.live.putBack(keys);
    }
    await this.compareChanged();
  }

  private tellHealth(): void {
    const now = this.engine.clock.now();
    if (now < this.nextHealth) {
      this.isRestless = true;
      return;
    }
    this.nextHealth = now + HEALTH_EVERY_MS;
    for (const [app, { health, rollouts }] of this.live.takeHealth()) {
      const state = this.stateOf(app);
      const was = state.health ?? 'Unknown';
      state.health = health;
      for (const rollout of rollouts) this.tellRollout(app, rollout);
      if (health !== was) this.options.onEvent({ type: 'health', app, health, was });
    }
  }

  /** Each stage once. What was complete when it was first seen is no news. */
  private tellRollout(app: string, rollout: Rollout): void {
    const { rollouts } = this.stateOf(app);
    const key = `${rollout.kind}/${rollout.namespace}/${rollout.name}`;
    const before = rollouts.get(key);
    rollouts.set(key, rollout);
    const isKnown = before ? before.status === rollout.status && before.message === rollout.message : rollout.status === 'complete';
    if (isKnown) return;
    this.options.onEvent({ type: 'rollout', app, rollout });
  }
}
