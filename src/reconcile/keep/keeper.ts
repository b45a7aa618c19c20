// Keeps a source and a cluster in agreement for as long as it runs: looks whether the source has changed, syncs it when it has, watches live
// objects in between, tells how they drift, and puts them right where that is wished. It works in rounds and reads the world anew in each
// of them; what is told to it only makes the next round come sooner.
import { unlessAborted } from '../../apimachinery/abort.ts';
import type { AppTree, PreparedApp, PreparedSource } from '../apps/prepare-apps.ts';
import { isSameDefinition, rendersSame } from '../apps/same-app.ts';
import type { Engine } from '../engine.ts';
import type { Plan } from '../plan/plan.ts';
import { resourceKey } from '../plan/resource-id.ts';
import { readApplySet } from '../plan/apply-set.ts';
import type { App } from '../apps/app.ts';
import { heldByWindows } from './sync-window.ts';
import { AppStates, type AppState } from './app-states.ts';
import { BackOff, isPassing } from './back-off.ts';
import { Bell } from './bell.ts';
import { compare } from './compare.ts';
import type { SyncedEvent } from './keep-event.ts';
import type { KeeperOptions, KeeperStatus } from './keeper-options.ts';
import type { KeptSource } from './kept-source.ts';
import { LiveObjects } from './live-objects.ts';
import { healAt, healed } from './self-heal.ts';
import { syncPrepared } from './sync-source.ts';

/** Changes of one moment are looked at together. */
const GATHER_MS = 200;
/** The health of apps is reckoned no more often. */
const HEALTH_EVERY_MS = 1000;

export class Keeper {
  readonly bell = new Bell();
  readonly live: LiveObjects;
  private readonly engine: Engine;
  private readonly source: KeptSource;
  private readonly options: KeeperOptions;
  private readonly states: AppStates;
  /** Apps that are being synced now. */
  private readonly syncing = new Set<string>();
  private prepared_: PreparedSource | undefined;
  private byName: ReadonlyMap<string, PreparedApp> = new Map();
  /** Read, and not yet synced; with how the apps were before. */
  private unsynced: { readonly before: AppTree | undefined } | undefined;
  /** What failed or was held is to be tried again in this round. */
  private isRetryDue = false;
  private readonly backOff: BackOff;
  private lookedAt: number | undefined;
  private hasLooked = false;
  private nextPoll = 0;
  /** The cluster could not be asked, and is left alone until then. */
  private restUntil = 0;
  private nextHealth = 0;
  private isPoked = true;
  private isRestless = false;
  /** Its rounds go by the engine's clock, which is that of the world. */
  private isRunning = false;

  constructor(engine: Engine, source: KeptSource, options: KeeperOptions) {
    this.engine = engine;
    this.source = source;
    this.options = options;
    this.states = new AppStates(options.onEvent);
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
    return this.states.all;
  }

  /** An app as the source defines it; undefined where it defines none of this name. */
  defined(name: string): PreparedApp | undefined {
    return this.byName.get(name);
  }

  get status(): KeeperStatus {
    const { lookedAt, nextPoll: nextLookAt } = this;
    const { failures, message } = this.backOff;
    return { state: failures ? 'failing' : this.prepared_ ? 'kept' : 'starting', message, failures, lookedAt, nextLookAt };
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
    this.isRunning = true;
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
    const { signal } = this.options;
    this.hasLooked = await this.trying(async () => {
      // reading writes nothing, and may be left at any moment
      if (!this.prepared_ || (await unlessAborted(this.source.changed(), signal)))
        this.take(await unlessAborted(this.source.read(), signal));
      this.lookedAt = this.engine.clock.now();
    });
  }

  /** The second half: what the cluster must be asked for, or told. */
  async act(): Promise<void> {
    this.isRestless = false;
    if (!this.prepared_) return;
    const isResting = !this.isRetryDue && this.engine.clock.now() < this.restUntil;
    const isDone = !isResting && (await this.trying(() => this.work()));
    if (!isResting) this.restUntil = isDone ? 0 : this.backOff.until;
    if (isDone && this.hasLooked && this.backOff.failures > 0) {
      this.backOff.recovered();
      this.options.onEvent({ type: 'recovered' });
    }
    this.tellHealth();
  }

  private async work(): Promise<void> {
    await this.syncDue();
    await this.compareChanged();
    await this.heal();
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
    const heals = [...this.states.all].flatMap(([name, { drifted, heals: states }]) =>
      drifted.size > 0 && this.heals(name) ? [...drifted.keys()].map((key) => healAt(states.get(key)) ?? 0) : [],
    );
    const workAt = Math.min(...heals, this.isRestless ? this.nextHealth : Infinity);
    return Math.min(this.nextPoll, Math.max(workAt, this.restUntil));
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
    if (!this.unsynced) return this.retry();
    await this.sync('source', this.concerned(this.unsynced.before));
    this.unsynced = undefined;
  }

  private tellSource({ plain, tree }: PreparedSource): void {
    const { source, errors } = tree ?? plain;
    this.options.onEvent({ type: 'source', revision: source.revision, apps: tree ? tree.apps.length : 1, errors: errors.length });
  }

  /** What failed or was held, together. What is still held is not worth a sync. A cluster that cannot be reached shows here, if not before. */
  private async retry(): Promise<void> {
    const { only, name: whole, namespace } = this.options;
    const due = new Set<string>();
    await readApplySet(this.engine.client, only ?? whole, namespace);
    for (const [name, { failed, held }] of this.states.all) {
      if (!failed && held === undefined) continue;
      if (held === undefined || (await this.holds(this.defined(name)?.app, name)) !== held) due.add(name);
    }
    if (due.size > 0) await this.sync('retry', due);
  }

  /** Apps that are otherwise than they were last read and synced; undefined for all. */
  private concerned(before: AppTree | undefined): ReadonlySet<string> | undefined {
    const now = this.prepared_?.tree;
    if (!before || !now) return undefined;
    const known = new Map(before.apps.map((app) => [app.name, app]));
    const changed = now.apps.filter((app) => {
      const [old, state] = [known.get(app.name), this.states.all.get(app.name)];
      const isSame = old && isSameDefinition(old, app) && rendersSame(old.prepared, app.prepared);
      return !isSame || !state || state.failed || state.held !== undefined;
    });
    return new Set(changed.map(({ name }) => name));
  }

  /** A source that is broken says nothing of what it defines. */
  private goneApps(synced: ReadonlySet<string>): string[] {
    const { tree } = this.prepared_!;
    if (tree && tree.errors.length > 0) return [];
    return [...this.states.all.keys()].filter((name) => (tree ? !this.byName.has(name) : !synced.has(name)));
  }

  private async sync(why: SyncedEvent['why'], names?: ReadonlySet<string>, keys?: ReadonlySet<string>): Promise<void> {
    const { options, engine, states, live } = this;
    const { clock } = engine;
    const prepared = this.prepared_!;
    const started = clock.now();
    const { revision } = (prepared.tree ?? prepared.plain).source;
    const superseded = new AbortController();
    /** Plans of apps that are done, and not yet watched by them. */
    const arrived = new Map<string, Plan>();
    for (const name of names ?? prepared.tree?.apps.map((app) => app.name) ?? [options.only ?? options.name]) this.syncing.add(name);
    const work = syncPrepared(engine, prepared, {
      ...options,
      superseded: superseded.signal,
      holds: this.holds,
      onProgress: (event, app) => {
        states.of(app).isSyncing = true;
        if (event.type === 'rollout') states.rollout(app, event.rollout);
        else options.onProgress?.(event, app);
      },
      onApp: (app, result, plan) => {
        states.synced(app, result, { why, revision, durationMs: Math.round(clock.now() - started) }, clock.now());
        if (plan && !keys) arrived.set(app, plan);
        else this.syncing.delete(app);
        this.bell.ring();
      },
      record: { who: options.who, automated: true },
      ...(names && prepared.tree ? { among: names, keepsOthers: why !== 'source' } : {}),
      ...(keys ? { selects: ({ id }) => keys.has(resourceKey(id)) } : {}),
    });
    try {
      const { whole, apps } = await this.meanwhile(work, arrived, why === 'source' ? superseded : undefined);
      const isWhole = why === 'source' && options.only === undefined && !options.signal.aborted;
      const gone = isWhole ? this.goneApps(apps) : [];
      for (const app of gone) states.gone(app);
      await live.expect(arrived, gone);
      if (why !== 'drift' && whole) options.onResult?.(whole);
    } finally {
      this.syncing.clear();
      for (const state of states.all.values()) state.isSyncing = false;
    }
  }

  /** Apps that are done are kept while others are still being synced; once the source has changed, nothing more is waited for. */
  private async meanwhile<T>(work: Promise<T>, arrived: Map<string, Plan>, superseded: AbortController | undefined): Promise<T> {
    const ended = new AbortController();
    const watched = work.finally(() => ended.abort());
    watched.catch(() => undefined);
    try {
      await this.keepArrived(arrived, superseded, ended.signal);
    } catch (error) {
      // what is under way comes to its end first
      await watched.catch(() => undefined);
      throw error;
    }
    return watched;
  }

  private async keepArrived(arrived: Map<string, Plan>, superseded: AbortController | undefined, ended: AbortSignal): Promise<void> {
    const { clock } = this.engine;
    for (;;) {
      await this.bell.wait(clock, superseded && this.isRunning ? this.nextPoll : Infinity, ended);
      if (!ended.aborted) await clock.sleep(GATHER_MS, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      const plans = new Map(arrived);
      arrived.clear();
      await this.live.expect(plans);
      for (const app of plans.keys()) this.syncing.delete(app);
      await this.compareChanged();
      this.tellHealth();
      if (superseded && this.isRunning && (await this.hasChanged())) superseded.abort(new Error('the source has changed'));
    }
  }

  /** Whether the source, where it is time to ask it, is another one by now. It is read in the next round then. */
  private async hasChanged(): Promise<boolean> {
    const { clock } = this.engine;
    if (!this.isPoked && clock.now() < this.nextPoll) return false;
    this.isPoked = false;
    this.nextPoll = clock.now() + this.options.intervalMs;
    this.hasLooked = await this.trying(async () => {
      this.isPoked = await clock.hold(this.source.changed());
    });
    return this.isPoked;
  }

  /** Of apps that are not being synced: what is written to those is no drift. */
  private async compareChanged(): Promise<void> {
    const dirty = [...this.live.takeDirty()];
    for (const [i, [app, { plan, keys }]] of dirty.entries()) {
      if (this.syncing.has(app)) {
        this.live.putBack(keys);
        continue;
      }
      try {
        this.states.compared(app, keys, await compare(this.engine, plan, keys), this.heals(app));
      } catch (error) {
        for (const [, left] of dirty.slice(i)) this.live.putBack(left.keys);
        throw error;
      }
    }
  }

  private heals(name: string): boolean {
    const { held } = this.states.of(name);
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
    for (const [app, state] of this.states.all) {
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
      await this.sync('drift', new Set([app]), keys);
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
    for (const [app, view] of this.live.takeHealth()) this.states.seen(app, view);
  }
}
