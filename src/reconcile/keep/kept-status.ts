// How the apps of a source are that is kept, as JSON has it: what the last sync came to, laid over with what is seen of the live objects now.
// It asks the keeper alone, never the cluster. Fields are named as those of `sync` and `status`.
import { rootApp, type PreparedApp } from '../apps/prepare-apps.ts';
import { aboutApp } from '../apps/sync-apps.ts';
import type { Rollout } from '../apply/rollout.ts';
import type { HealthStatus } from '../health/verdict.ts';
import { resourceKey } from '../plan/resource-id.ts';
import type { AppResult, AppStatus, ReportedError, ResourceResult, SyncStatus } from '../report/result.ts';
import type { SourceInfo } from '../source/snapshot.ts';
import type { AppState } from './app-states.ts';
import type { SyncedEvent } from './keep-event.ts';
import type { Keeper } from './keeper.ts';

/** A source that is kept, and what it is called. */
export interface Kept {
  readonly name: string;
  /** `embedded:NAME` or `context:NAME`. */
  readonly cluster: string;
  /** As it was given, without credentials. */
  readonly location: string;
  readonly ref: string | undefined;
  readonly path: string | undefined;
  readonly intervalMs: number;
  /** What it is called as an app, where it defines none. */
  readonly plainName: string;
  /** Of a source that defines apps: only this one. */
  readonly only: string | undefined;
  readonly keeper: Keeper;
}

export interface SourceStatus {
  readonly name: string;
  readonly cluster: string;
  readonly location: string;
  readonly ref: string | null;
  readonly path: string | null;
  readonly intervalMs: number;
  readonly state: 'starting' | 'kept' | 'failing';
  /** What fails; empty where nothing does. */
  readonly message: string;
  readonly failures: number;
  readonly lookedAt: string | null;
  readonly nextLookAt: string | null;
  /** What was last read. */
  readonly source: SourceInfo | null;
  /** Of the source as a whole, for which nothing is begun. */
  readonly errors: readonly ReportedError[];
}

export interface LastSync extends Pick<SyncedEvent, 'why' | 'sync' | 'health' | 'changed' | 'message' | 'durationMs' | 'revision'> {
  readonly ended: string;
}

export interface KeptAppSummary {
  readonly sourceName: string;
  readonly app: string;
  readonly id: string;
  readonly cluster: string;
  readonly source: SourceInfo | null;
  readonly state: 'waiting' | 'syncing' | 'held' | 'failed' | 'synced';
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  /** Why it is held or failed; empty elsewhere. */
  readonly message: string;
  readonly drifted: number;
  readonly lastSync: LastSync | null;
}

/** @param T of `status`: name fields, health, … */
export interface KeptAppStatus
  extends
    KeptAppSummary,
    Pick<AppResult, 'origin' | 'namespace' | 'parent' | 'dependsOn' | 'errors' | 'warnings'>,
    Pick<AppStatus, 'rollouts' | 'drift'> {
  readonly resources: readonly ResourceResult[];
}

export function sourceStatus({ keeper, name, cluster, location, ref, path, intervalMs }: Kept): SourceStatus {
  const { state, message, failures, lookedAt, nextLookAt } = keeper.status;
  const { tree, plain } = keeper.prepared ?? {};
  return {
    name,
    cluster,
    location,
    ref: ref ?? null,
    path: path ?? null,
    intervalMs,
    state,
    message,
    failures,
    lookedAt: lookedAt === undefined ? null : isoTime(lookedAt),
    nextLookAt: nextLookAt ? isoTime(nextLookAt) : null,
    source: (tree ?? plain)?.source ?? null,
    errors: tree?.errors ?? [],
  };
}

/** In the order of the source, those that it defines no longer last; only names, so that each is looked at when it is wanted. */
export function appNames({ keeper, plainName, only }: Kept): readonly string[] {
  const { prepared } = keeper;
  if (!prepared) return [];
  const defined = prepared.tree ? prepared.tree.apps.map(({ name }) => name) : [plainName];
  return [...new Set([...defined, ...keeper.apps.keys()])].filter((name) => only === undefined || name === only);
}

/** Undefined where there is no such app. */
export function appSummary(kept: Kept, name: string): KeptAppSummary | undefined {
  const { keeper } = kept;
  const state = keeper.apps.get(name);
  const defined = keeper.defined(name);
  if (!state && !defined && name !== kept.plainName) return undefined;
  if (!keeper.prepared || (kept.only !== undefined && name !== kept.only)) return undefined;
  const about = defined ? aboutApp(defined) : { id: rootApp(name).id, source: keeper.prepared.plain?.source ?? null };
  return {
    sourceName: kept.name,
    app: name,
    id: about.id,
    cluster: kept.cluster,
    source: about.source,
    state: stateOf(state),
    sync: !state?.last || state.failed || state.drifted.size > 0 ? 'OutOfSync' : 'Synced',
    health: state?.held !== undefined && !state.health ? 'Suspended' : (state?.health ?? 'Unknown'),
    message: state?.held ?? (state?.failed ? (state.last?.event.message ?? '') : ''),
    drifted: state?.drifted.size ?? 0,
    lastSync: lastSync(state),
  };
}

/** Undefined where there is no such app. */
export function appStatus(kept: Kept, name: string): KeptAppStatus | undefined {
  const summary = appSummary(kept, name);
  if (!summary) return undefined;
  const { keeper } = kept;
  const state = keeper.apps.get(name);
  const { errors = [], warnings = [] } = state?.last?.result ?? keeper.defined(name)?.prepared ?? keeper.prepared?.plain ?? {};
  return {
    ...summary,
    ...placeOf(keeper.defined(name)),
    resources: resourcesOf(keeper, name, state),
    rollouts: rolloutsOf(keeper, name, state),
    drift: [...(state?.drifted.values() ?? [])],
    errors,
    warnings,
  };
}

function stateOf(state: Readonly<AppState> | undefined): KeptAppSummary['state'] {
  if (state?.isSyncing) return 'syncing';
  if (state?.held !== undefined) return 'held';
  return !state?.last ? 'waiting' : state.failed ? 'failed' : 'synced';
}

/** While an app is synced for the first time, nobody but that sync looks at its objects. */
function rolloutsOf(keeper: Keeper, name: string, state: Readonly<AppState> | undefined): readonly Rollout[] {
  const seen = keeper.live.rolloutsOf(name);
  return seen.length > 0 ? seen : [...(state?.rollouts.values() ?? [])];
}

function placeOf(defined: PreparedApp | undefined): Pick<AppResult, 'origin' | 'namespace' | 'parent' | 'dependsOn'> {
  if (!defined) return { origin: null, namespace: null, parent: null, dependsOn: [] };
  const { origin, namespace, parent, dependsOn } = aboutApp(defined);
  return { origin, namespace, parent, dependsOn };
}

/** What the last sync did with each, and how it is now. */
function resourcesOf(keeper: Keeper, name: string, state: Readonly<AppState> | undefined): readonly ResourceResult[] {
  const seen = new Map(keeper.live.look(name).map(({ planned: { id }, health }) => [resourceKey(id), health]));
  const done = state?.last?.result.resources.filter(({ action }) => action !== 'pruned') ?? [];
  return done.map((resource) => {
    const now = seen.get(resourceKey(resource));
    if (!now) return resource;
    const isDrifted = state?.drifted.has(resourceKey(resource)) ?? false;
    return {
      ...resource,
      sync: isDrifted || resource.action === 'failed' ? 'OutOfSync' : resource.sync,
      health: now.status,
      message: resource.action === 'failed' ? resource.message : now.message,
    };
  });
}

function lastSync(state: Readonly<AppState> | undefined): LastSync | null {
  if (!state?.last) return null;
  const { why, sync, health, changed, message, durationMs, revision } = state.last.event;
  return { ended: isoTime(state.last.endedMs), why, sync, health, changed, message, durationMs, revision };
}

const isoTime = (ms: number): string => new Date(ms).toISOString();
