// Syncs all apps of a source: each behind what it depends on, independent ones side by side, each with a membership of its own. What fails
// holds back what depends on it, and nothing else.
import type { Engine } from '../engine.ts';
import { worst } from '../health/health.ts';
import { forgetHistory } from '../history.ts';
import type { HealthStatus } from '../health/verdict.ts';
import type { Plan, PrunePolicy } from '../plan/plan.ts';
import type { Selection } from '../plan/selection.ts';
import { readSyncAnnotations } from '../plan/sync-annotations.ts';
import { NO_POLICY, type SyncPolicy } from '../plan/sync-policy.ts';
import { originOf, type AppResult, type ResourceResult, type SyncResult } from '../report/result.ts';
import { sync, type SyncEvent, type SyncOptions } from '../sync.ts';
import type { App } from './app.ts';
import { awaitsChild } from './app-order.ts';
import type { FieldFault } from './fields.ts';
import { judgeBy } from './health-expression.ts';
import type { AppTree, PreparedApp } from './prepare-apps.ts';
import { withdrawnApps, type WithdrawnApp } from './withdrawn.ts';
import { deleteParent } from '../plan/apply-set.ts';

export interface SyncAppsOptions {
  /** What the source as a whole is called. */
  readonly name: string;
  /** Where the memories of the apps are kept. */
  readonly namespace: string;
  readonly prune: PrunePolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Only this one, whatever it depends on. */
  readonly only?: string;
  /** Only these: the others are known to be as the source says. */
  readonly among?: ReadonlySet<string>;
  /** What the source defines no longer stays for now. */
  readonly keepsOthers?: boolean;
  readonly superseded?: AbortSignal;
  readonly partial?: boolean;
  /** Only these objects of the apps. */
  readonly selects?: Selection;
  readonly onProgress?: (event: SyncEvent, app: string) => void;
  readonly confirmPrune?: SyncOptions['confirmPrune'];
  readonly record?: SyncOptions['record'];
  /** Asked of an app that failed, or is not ready: whether what waits for it goes on all the same. */
  readonly overlooks?: (id: string) => boolean;
  /** Why an app is to be left alone now; undefined where it is not. */
  readonly holds?: (app: App, name: string) => Promise<string | undefined>;
  /** Told of each app as soon as it is done. */
  readonly onApp?: (result: AppResult) => void;
  /** Told what is about to be done, of all objects of an app. */
  readonly onPlan?: (plan: Plan, app: string) => void;
}

/** Apps that are synced at once. */
const WIDTH = 8;

/** Resolves with the result also where it is a failure. Throws where the cluster cannot be reached. */
export async function syncApps(engine: Engine, tree: AppTree, options: SyncAppsOptions): Promise<SyncResult> {
  const started = engine.clock.now();
  const { only, among } = options;
  const chosen = tree.apps.filter(({ name }) => (only === undefined || name === only) && (among?.has(name) ?? true));
  const results = tree.errors.length ? [] : await new AppsRun(engine, tree.identity, chosen, options).all();
  const removed =
    tree.errors.length || options.only !== undefined || options.keepsOthers || options.selects
      ? []
      : await withdrawnApps(engine, tree, options.namespace);
  const withdrawn: AppRun[] = [];
  for (const app of removed) withdrawn.push(await withdraw(engine, app, options, started));
  for (const { result } of withdrawn) options.onApp?.(result);
  return combined(engine, tree, options, [...results, ...withdrawn], started);
}

/** How one app went, as long as others wait for it. */
type Readiness = { readonly ok: true } | { readonly ok: false; readonly why: string };

class AppsRun {
  private readonly engine: Engine;
  private readonly identity: string;
  private readonly apps: readonly PreparedApp[];
  private readonly options: SyncAppsOptions;
  private readonly deadline: number;
  private readonly byId: ReadonlyMap<string, PreparedApp>;
  /** By the id of what defines them. */
  private readonly children = new Map<string, PreparedApp[]>();
  private readonly begun = new Map<string, Signal<boolean>>();
  private readonly ready = new Map<string, Signal<Readiness>>();
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(engine: Engine, identity: string, apps: readonly PreparedApp[], options: SyncAppsOptions) {
    this.engine = engine;
    this.identity = identity;
    this.apps = apps;
    this.options = options;
    this.deadline = engine.clock.now() + options.timeoutMs;
    this.byId = new Map(apps.map((app) => [app.app.id, app]));
    for (const prepared of apps) {
      const { app, parent } = prepared;
      this.begun.set(app.id, new Signal());
      this.ready.set(app.id, new Signal());
      if (parent === undefined) continue;
      const siblings = this.children.get(parent);
      if (siblings) siblings.push(prepared);
      else this.children.set(parent, [prepared]);
    }
  }

  all(): Promise<AppRun[]> {
    return Promise.all(this.apps.map((prepared) => this.one(prepared)));
  }

  private async one(prepared: PreparedApp): Promise<AppRun> {
    const { app } = prepared;
    const held = await this.whatHoldsBack(prepared);
    const result = held === undefined ? await this.synced(prepared) : bare(prepared, 'heldBack', held);
    this.options.onApp?.(result.result);
    this.begun.get(app.id)!.set(result.result.state === 'synced' || result.result.state === 'suspended');
    this.ready.get(app.id)!.set(await this.readiness(prepared, result.result));
    return result;
  }

  private async whatHoldsBack({ app, parent }: PreparedApp): Promise<string | undefined> {
    const { overlooks = () => false } = this.options;
    const above = parent === undefined ? undefined : this.begun.get(parent);
    if (above && !(await above.value) && !overlooks(parent!)) return `${parent}, which defines it, could not be applied`;
    for (const { app: id } of app.dependsOn) {
      const dependency = await this.ready.get(id)?.value;
      if (dependency && !dependency.ok && !overlooks(id)) return `it depends on ${id}, which ${dependency.why}`;
    }
    return undefined;
  }

  /** What depends on an app must know more than that it was applied. */
  private async readiness(prepared: PreparedApp, { state, health, message, resources }: AppResult): Promise<Readiness> {
    const { app } = prepared;
    if (state === 'suspended') return { ok: true };
    if (state !== 'synced')
      return {
        ok: false,
        why: state === 'failed' ? `failed${message ? `: ${message}` : ''}` : state === 'heldBack' ? 'is held back itself' : message,
      };
    const judged = app.wait || app.tool === 'argocd';
    if (judged && health !== 'Healthy' && health !== 'Suspended') return { ok: false, why: `is ${health}` };
    for (const { kind, name, namespace } of app.healthChecks) {
      const checked = resources.find(
        (resource) => resource.kind === kind && resource.name === name && (!namespace || resource.namespace === namespace),
      );
      const isApp = this.byId.has(`${kind}/${namespace}/${name}`);
      if (!checked && !isApp) return { ok: false, why: `is not ready: ${kind} ${name} of its health checks is not there` };
      if (checked && checked.health !== 'Healthy') return { ok: false, why: `is not ready: ${kind} ${name} is ${checked.health}` };
    }
    for (const child of this.children.get(app.id) ?? []) {
      if (!awaitsChild(prepared, child)) continue;
      const ready = await this.ready.get(child.app.id)!.value;
      if (!ready.ok) return { ok: false, why: `waits for ${child.app.id}, which ${ready.why}` };
    }
    return { ok: true };
  }

  private async synced(prepared: PreparedApp): Promise<AppRun> {
    const { app } = prepared;
    if (app.suspend) return bare(prepared, 'suspended', 'it is suspended, and left as it is');
    if (app.notRendered !== undefined) return bare(prepared, 'notRendered', app.notRendered);
    const held = await this.options.holds?.(app, prepared.name);
    if (held !== undefined) return bare(prepared, 'suspended', held);
    await this.turn();
    try {
      return await this.attempts(prepared);
    } finally {
      this.running--;
      this.queue.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    if (this.running >= WIDTH) await new Promise<void>((resolve) => void this.queue.push(resolve));
    this.running++;
  }

  private async attempts(prepared: PreparedApp): Promise<AppRun> {
    const { app } = prepared;
    const { clock } = this.engine;
    const { limit, firstMs, factor, maxMs } = app.retry;
    for (let attempt = 1, pause = firstMs; ; attempt++, pause = Math.min(pause * factor, maxMs)) {
      const result = await this.attempt(prepared);
      const done =
        isDone(app, result) ||
        prepared.prepared.errors.length > 0 ||
        attempt > limit ||
        this.options.signal.aborted ||
        this.options.superseded?.aborted;
      if (done || clock.now() + pause >= this.deadline) return { prepared, result: appResult(prepared, result, attempt), whole: result };
      await clock.sleep(pause, { signal: this.options.signal }).catch(() => undefined);
    }
  }

  private attempt({ app, name, parent, prepared }: PreparedApp): Promise<SyncResult> {
    const above = parent === undefined ? undefined : this.byId.get(parent);
    const { namespace, prune, signal, superseded, partial, selects, onProgress, onPlan, confirmPrune, record } = this.options;
    const left = this.deadline - this.engine.clock.now();
    const faults: FieldFault[] = [];
    const options: SyncOptions = {
      app: name,
      namespace,
      objectNamespace: app.namespace ?? 'default',
      policy: policyOf(app),
      definedBy: { source: this.identity, cascade: app.cascade && (above?.app.prune ?? true) },
      prune: app.prune ? prune : 'none',
      timeoutMs: Math.max(Math.min(left, app.timeoutMs ?? left), 0),
      signal,
      judge: judgeBy(app.healthExpressions, faults),
      ...(superseded ? { superseded } : {}),
      ...(partial ? { partial } : {}),
      ...(selects ? { selects } : {}),
      ...(confirmPrune ? { confirmPrune } : {}),
      ...(record ? { record } : {}),
      onApplied: (ok) => this.applied(app, ok),
      onProgress: (event) => onProgress?.(event, name),
      onPlan: (plan) => onPlan?.(plan, name),
    };
    return sync(this.engine, prepared, options);
  }

  /** What need not be healthy for others lets them go on as soon as it is applied; what it defines goes on in any case. */
  private applied({ id, wait, tool, healthChecks }: App, ok: boolean): void {
    if (!ok) return;
    this.begun.get(id)!.set(true);
    if (!wait && tool !== 'argocd' && healthChecks.length === 0) this.ready.get(id)!.set({ ok: true });
  }
}

interface AppRun {
  readonly prepared: PreparedApp;
  readonly result: AppResult;
  readonly whole: SyncResult | undefined;
}

/** What the source defines no longer goes, or stays, as it was said while it was defined. */
async function withdraw(engine: Engine, { app, set, prepared }: WithdrawnApp, options: SyncAppsOptions, started: number): Promise<AppRun> {
  const { clock } = engine;
  const { namespace, prune, signal, timeoutMs, onProgress, confirmPrune } = options;
  if (!set.definedBy?.cascade || prune === 'none') {
    const kept = bare(prepared, 'withdrawn', 'the source defines it no longer; its objects stay');
    return { ...kept, result: { ...kept.result, sync: 'Synced', health: 'Healthy' } };
  }
  const hooks = (set.remembered?.objects ?? []).filter(({ metadata }) => readSyncAnnotations(metadata).hooks.includes('PostDelete'));
  const manifests = hooks.map((object) => ({ object, origin: undefined }));
  const whole = await sync(
    engine,
    { ...prepared.prepared, manifests },
    {
      app,
      namespace,
      policy: { ...NO_POLICY, deletes: true },
      prune,
      definedBy: set.definedBy,
      timeoutMs: Math.max(started + timeoutMs - clock.now(), 0),
      signal,
      ...(confirmPrune ? { confirmPrune } : {}),
      onProgress: (event) => onProgress?.(event, app),
    },
  );
  // what could not go is still remembered by it
  if (whole.resources.every(({ action, hook }) => action === 'pruned' || (hook !== null && action === 'created'))) {
    await forgetHistory(engine.client, set);
    await deleteParent(engine.client, set);
  }
  const result = appResult(prepared, whole, 1);
  return { prepared, whole, result: { ...result, state: result.state === 'synced' ? 'withdrawn' : result.state } };
}

/** A value that is set once, and may be waited for. */
class Signal<T> {
  readonly value: Promise<T>;
  readonly set: (value: T) => void;

  constructor() {
    let set!: (value: T) => void;
    this.value = new Promise((resolve) => (set = resolve));
    this.set = set;
  }
}

export const policyOf = ({ tool, syncOptions, ignoreDifferences, namespaceMetadata, force }: App): SyncPolicy => ({
  options: [...(tool === 'argocd' ? ['PrunePropagationPolicy=foreground'] : []), ...syncOptions, ...(force ? ['Force=true'] : [])],
  ignoreDifferences,
  prunes: tool === 'argocd' ? 'in waves' : 'last',
  namespaceMetadata,
});

/** Flux tries again until what it waits for is healthy; Argo CD is done once all is applied. */
const isDone = ({ tool, wait }: App, { sync: state, health }: SyncResult): boolean =>
  state === 'Synced' && (tool !== 'flux' || !wait || health === 'Healthy' || health === 'Suspended');

/** What is told of an app besides how it went. */
export const aboutApp = ({ app, name, parent, prepared }: PreparedApp) => ({
  app: name,
  id: app.id,
  origin: app.place.file ? { file: app.place.file, line: app.place.line } : originOf(app.origin),
  source: prepared.source,
  namespace: app.namespace ?? null,
  parent: parent ?? null,
  dependsOn: app.dependsOn.map((dependency) => dependency.app),
});

function bare(prepared: PreparedApp, state: AppResult['state'], message: string): AppRun {
  const { errors, warnings } = prepared.prepared;
  const isLeft = state === 'suspended';
  const result: AppResult = {
    ...aboutApp(prepared),
    state,
    message,
    sync: isLeft ? 'Synced' : 'OutOfSync',
    health: isLeft ? 'Suspended' : 'Unknown',
    attempts: 0,
    resources: [],
    rollouts: [],
    errors,
    warnings,
  };
  return { prepared, result, whole: undefined };
}

function appResult(prepared: PreparedApp, whole: SyncResult, attempts: number): AppResult {
  const { resources, rollouts, errors, warnings, sync: state, health } = whole;
  const failed = resources.find(({ action }) => action === 'failed');
  const why =
    errors[0]?.message ?? (failed ? `${failed.kind} ${failed.name}: ${failed.message}` : whole.timedOut ? 'timed out waiting' : '');
  return {
    ...aboutApp(prepared),
    state: state === 'Synced' ? 'synced' : 'failed',
    message: state === 'Synced' ? '' : why,
    sync: state,
    health,
    attempts,
    resources,
    rollouts,
    errors,
    warnings,
  };
}

function combined(engine: Engine, tree: AppTree, options: SyncAppsOptions, runs: readonly AppRun[], started: number): SyncResult {
  const apps = runs.map(({ result }) => result);
  const inApp = <T extends object>(app: string, items: readonly T[]): (T & { readonly app: string })[] =>
    items.map((item) => ({ ...item, app }));
  const resources: ResourceResult[] = apps.flatMap(({ app, resources: own }) => inApp(app, own));
  const judged: HealthStatus[] = apps.filter(({ state }) => state !== 'suspended').map(({ health }) => health);
  const broken = tree.errors.length > 0;
  return {
    source: tree.source,
    cluster: engine.cluster,
    app: options.name,
    sync: !broken && apps.every(({ sync: state }) => state === 'Synced') ? 'Synced' : 'OutOfSync',
    health: broken ? 'Unknown' : worst(judged),
    durationMs: Math.round(engine.clock.now() - started),
    resources,
    rollouts: apps.flatMap(({ rollouts }) => rollouts),
    drift: [],
    errors: [...tree.errors, ...apps.flatMap(({ errors }) => errors)],
    warnings: [...tree.warnings, ...apps.flatMap(({ warnings }) => warnings)],
    timedOut: runs.some(({ whole }) => whole?.timedOut),
    interrupted: options.signal.aborted,
    apps,
  };
}
