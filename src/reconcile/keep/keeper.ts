// Keeps a source and a cluster in agreement for as long as it runs: looks whether the source has changed, syncs it when it has, watches live
// objects in between, tells how they drift, and puts them right where that is wished. It works in rounds and reads the world anew in each
// of them; what is told to it only makes the next round come sooner.
import { StatusError } from '../../apimachinery/status-error.ts';
import { UnreachableError } from '../../client/transport.ts';
import type { AppTree, PreparedApp, PreparedSource } from '../apps/prepare-apps.ts';
import type { Engine } from '../engine.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { Drift } from '../plan/drift.ts';
import { resourceKey } from '../plan/resource-id.ts';
import type { SyncResult } from '../report/result.ts';
import { readApplySet } from '../plan/apply-set.ts';
import type { App } from '../apps/app.ts';
import { heldByWindows } from './sync-window.ts';
import { SourceError } from '../source/source-error.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { Bell } from './bell.ts';
import { compare } from './compare.ts';
import type { KeepEvent, SyncedEvent } from './keep-event.ts';
import type { KeptSource } from './kept-source.ts';
import { LiveObjects } from './live-objects.ts';
import { healAt, healed, type HealState } from './self-heal.ts';
import { syncPrepared, type KeptApp, type KeptSync } from './sync-source.ts';

export interface KeeperOptions extends Omit<KeptSync, 'selects' | 'holds' | 'record'> {
  /** Whom the history names for what is synced. */
  readonly who: string;
  /** How often it is asked whether the source has changed. What failed is tried again as often. */
  readonly intervalMs: number;
  /** Whether drift is put right in apps that do not say themselves. */
  readonly selfHeal: boolean;
  readonly onEvent: (event: KeepEvent) => void;
  /** Told of each sync that was made because of the source. */
  readonly onResult?: (result: SyncResult) => void;
}

/** Changes of one moment are looked at together. */
const GATHER_MS = 200;
/** The health of apps is reckoned no more often. */
const HEALTH_EVERY_MS = 1000;

interface AppState {
  drifted: ReadonlyMap<string, Drift>;
  health: HealthStatus | undefined;
  failed: boolean;
  /** Why it is left alone; undefined where it is not. */
  held: string | undefined;
  readonly heals: Map<string, HealState>;
}

export class Keeper {
  readonly bell = new Bell();
  private readonly engine: Engine;
  private readonly source: KeptSource;
  private readonly options: KeeperOptions;
  private readonly live: LiveObjects;
  private readonly apps = new Map<string, AppState>();
  private prepared: PreparedSource | undefined;
  private nextPoll = 0;
  private nextHealth = 0;
  private isPoked = true;
  private isRestless = false;

  constructor(engine: Engine, source: KeptSource, options: KeeperOptions) {
    this.engine = engine;
    this.source = source;
    this.options = options;
    this.live = new LiveObjects(engine, () => {
      this.isRestless = true;
      this.bell.ring();
    });
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
    try {
      this.isRestless = false;
      await this.poll();
      await this.compareChanged();
      await this.heal();
    } catch (error) {
      // what never worked is not waited for
      if (!isPassing(error) || !this.prepared) throw error;
      this.options.onEvent({ type: 'failure', message: textOf(error) });
      this.nextPoll = Math.max(this.nextPoll, this.engine.clock.now() + this.options.intervalMs);
    }
    this.tellHealth();
  }

  /** When the next round must come although nothing is told, in milliseconds since 1970. */
  get dueAt(): number {
    const heals = [...this.apps].flatMap(([name, { drifted, heals: states }]) =>
      this.heals(name) ? [...drifted.keys()].map((key) => healAt(states.get(key)) ?? 0) : [],
    );
    return Math.min(this.nextPoll, ...heals, this.isRestless ? this.nextHealth : Infinity);
  }

  async close(): Promise<void> {
    await this.live.stop();
    await this.source.close();
  }

  private async poll(): Promise<void> {
    const { clock } = this.engine;
    if (!this.isPoked && clock.now() < this.nextPoll) return;
    this.isPoked = false;
    this.nextPoll = clock.now() + this.options.intervalMs;
    const isNew = !this.prepared || (await clock.hold(this.source.changed()));
    const before = this.prepared?.tree;
    if (isNew) {
      this.prepared = await clock.hold(this.source.read());
      this.tellSource(this.prepared);
    }
    const open = [...this.apps].filter(([, { failed, held }]) => failed || held !== undefined).map(([name]) => name);
    if (isNew) await this.sync('source', undefined, undefined, this.concerned(before));
    else for (const only of open) await this.retry(only);
  }

  private tellSource({ plain, tree }: PreparedSource): void {
    const { source, errors } = tree ?? plain;
    this.options.onEvent({ type: 'source', revision: source.revision, apps: tree ? tree.apps.length : 1, errors: errors.length });
  }

  /** What is still held is not worth a sync. */
  private async retry(name: string): Promise<void> {
    const { held } = this.stateOf(name);
    if (held !== undefined && (await this.holds(this.appOf(name), name)) === held) return;
    await this.sync('retry', name);
  }

  /** Apps that are otherwise than they were last read and synced; undefined for all. */
  private concerned(before: AppTree | undefined): ReadonlySet<string> | undefined {
    const now = this.prepared?.tree;
    if (!before || !now) return undefined;
    const known = new Map(before.apps.map((app) => [app.name, app]));
    const changed = now.apps.filter((app) => {
      const [old, state] = [known.get(app.name), this.apps.get(app.name)];
      return !old || !state || state.failed || state.held !== undefined || !isSameApp(old, app);
    });
    return new Set(changed.map(({ name }) => name));
  }

  /** A source that is broken says nothing of what it defines. */
  private goneApps(synced: ReadonlyMap<string, KeptApp>): string[] {
    const { tree } = this.prepared!;
    if (tree && tree.errors.length > 0) return [];
    return [...this.apps.keys()].filter((name) => (tree ? !this.appOf(name) : !synced.has(name)));
  }

  private async sync(why: SyncedEvent['why'], only?: string, keys?: ReadonlySet<string>, among?: ReadonlySet<string>): Promise<void> {
    const { options, prepared, engine } = this;
    const started = engine.clock.now();
    const { whole, apps, plans } = await syncPrepared(engine, prepared!, {
      ...options,
      holds: this.holds,
      record: { who: options.who, automated: true },
      ...(only === undefined || !prepared!.tree ? {} : { only }),
      ...(among ? { among } : {}),
      ...(keys ? { selects: ({ id }) => keys.has(resourceKey(id)) } : {}),
    });
    const durationMs = Math.round(engine.clock.now() - started);
    for (const [name, result] of apps) this.synced(name, result, { why, revision: whole?.source.revision ?? null, durationMs });
    const gone = why === 'source' && options.only === undefined ? this.goneApps(apps) : [];
    for (const app of gone) {
      this.apps.delete(app);
      this.options.onEvent({ type: 'gone', app });
    }
    if (!keys) await this.live.expect(plans, gone);
    if (why !== 'drift' && whole) options.onResult?.(whole);
  }

  private synced(
    name: string,
    { sync, health, resources, message, held }: KeptApp,
    about: Pick<SyncedEvent, 'why' | 'revision' | 'durationMs'>,
  ): void {
    const state = this.stateOf(name);
    if (held !== undefined && held !== state.held) this.options.onEvent({ type: 'held', app: name, why: held });
    state.held = held;
    if (held !== undefined) return;
    const changed = resources.filter(({ action }) => action !== 'unchanged' && action !== 'skipped' && action !== 'failed').length;
    state.failed = about.why === 'drift' ? state.failed : sync !== 'Synced';
    // where nothing was asked of the cluster, what was seen of it still counts
    if (about.why !== 'drift' && health !== 'Unknown') state.health = health;
    this.options.onEvent({ type: 'synced', app: name, sync, health, changed, message, ...about });
  }

  private stateOf(name: string): AppState {
    let state = this.apps.get(name);
    if (!state) {
      state = { drifted: new Map(), health: undefined, failed: false, held: undefined, heals: new Map() };
      this.apps.set(name, state);
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
    return held === undefined && (this.appOf(name)?.selfHeal ?? this.options.selfHeal);
  }

  private appOf(name: string): App | undefined {
    return this.prepared?.tree?.apps.find((app) => app.name === name)?.app;
  }

  private readonly holds = async (app: App | undefined, name: string): Promise<string | undefined> => {
    const { client, clock } = this.engine;
    const { suspended } = await readApplySet(client, name, this.options.namespace);
    if (suspended !== undefined) return `it is suspended: ${suspended}`;
    return app ? heldByWindows(app.windows, clock.now()) : undefined;
  };

  private async heal(): Promise<void> {
    const now = this.engine.clock.now();
    for (const [app, state] of this.apps) {
      if (!this.heals(app)) continue;
      const due = [...state.drifted].filter(([key]) => (healAt(state.heals.get(key)) ?? 0) <= now);
      if (due.length === 0) continue;
      state.held = await this.holds(this.appOf(app), app);
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
    for (const [app, health] of this.live.takeHealth()) {
      const state = this.stateOf(app);
      const was = state.health ?? 'Unknown';
      state.health = health;
      if (health !== was) this.options.onEvent({ type: 'health', app, health, was });
    }
  }
}

/** Whether two readings say the same of an app. What was not changed is shared by both. */
function isSameApp(a: PreparedApp, b: PreparedApp): boolean {
  const [old, now] = [a.prepared, b.prepared];
  const isSame =
    old.manifests.length === now.manifests.length && old.manifests.every(({ object }, i) => deepEqual(object, now.manifests[i]!.object));
  const rules = ({ app: { origin: _origin, place: _place, ...rest } }: PreparedApp): object => rest;
  return isSame && now.errors.length === 0 && old.errors.length === 0 && deepEqual(rules(a), rules(b));
}

/** What may be otherwise the next time. */
const isPassing = (error: unknown): error is SourceError | StatusError | UnreachableError =>
  error instanceof SourceError || error instanceof StatusError || error instanceof UnreachableError;

const textOf = (error: SourceError | StatusError | UnreachableError): string =>
  error instanceof SourceError ? `${error.where}: ${error.message}` : error.message;
