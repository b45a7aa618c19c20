// Makes the cluster agree with what is desired, follows the rollouts to their end, and says how it went.
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import { deepEqual } from '../apimachinery/object.ts';
import type { Client } from '../client/client.ts';
import { lockApp } from './apply/app-lock.ts';
import { execute, type Outcome } from './apply/execute.ts';
import { Follower, type Judge } from './apply/follower.ts';
import { hasRollout, rolloutOf, type Rollout } from './apply/rollout.ts';
import { fromManifests, planSync, type Engine } from './engine.ts';
import { healthy, type Health } from './health/verdict.ts';
import { worst } from './health/health.ts';
import { parentManifest, type ApplySet, type DefinedBy, type Remembered } from './plan/apply-set.ts';
import { changesAnything, type Plan, type PlannedResource, type PrunePolicy } from './plan/plan.ts';
import { placedFaults } from './plan/refusal.ts';
import { idOf, kindOf, resourceKey, type ResourceId } from './plan/resource-id.ts';
import { FIELD_MANAGER } from './plan/scratch.ts';
import { readSyncAnnotations } from './plan/sync-annotations.ts';
import type { Selection } from './plan/selection.ts';
import type { SyncPolicy } from './plan/sync-policy.ts';
import type { Prepared } from './prepare.ts';
import type { DesiredObject } from './render/manifest-document.ts';
import { originOf, type ReportedError, type ResourceResult, type SyncResult } from './report/result.ts';

export interface SyncOptions {
  readonly app: string;
  readonly namespace: string;
  /** Where objects go that name no namespace; the same one unless told otherwise. */
  readonly objectNamespace?: string;
  readonly policy?: SyncPolicy;
  /** Of an app that a source defines among others. */
  readonly definedBy?: DefinedBy;
  /** Judges objects before the rules of their kinds do; undefined where those are to judge. */
  readonly judge?: Judge;
  /** Told once all is applied that can be, before the wait for the last of it. @param ok nothing failed */
  readonly onApplied?: (ok: boolean) => void;
  readonly prune: PrunePolicy;
  /** Only these objects; hooks do not run then. */
  readonly selects?: Selection;
  /** For everything, waiting included, by the cluster's clock. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is sound is applied although other files are not; nothing is pruned then. */
  readonly partial?: boolean;
  readonly onProgress?: (event: SyncEvent) => void;
}

/** What a sync tells while it goes on. */
export type SyncEvent =
  | { readonly type: 'planning'; readonly done: number; readonly of: number }
  | { readonly type: 'applied'; readonly outcome: Outcome }
  | { readonly type: 'waiting'; readonly ids: readonly ResourceId[] }
  | { readonly type: 'rollout'; readonly rollout: Rollout };

/** Resolves with the result also where it is a failure. Throws where the cluster cannot be reached. */
export async function sync(engine: Engine, prepared: Prepared, options: SyncOptions): Promise<SyncResult> {
  const { client, clock, locking } = engine;
  const started = clock.now();
  const report = new Report(engine, prepared, options, started);
  if (prepared.errors.length > 0 && !options.partial) return report.refused();
  const plan = await planned(engine, prepared, options);
  if (!locking || !changesAnything(plan) || isRefused(plan, options)) return carriedOut(engine, plan, prepared, options, report);
  const { app, namespace, signal, timeoutMs } = options;
  const lock = await lockApp({ client, clock, locking, app, namespace, deadline: started + timeoutMs, signal });
  if (!lock) return report.heldUp(plan);
  try {
    // another process may have done it in the meantime
    const anew = await planned(engine, prepared, options);
    return await carriedOut(engine, anew, prepared, { ...options, signal: AbortSignal.any([signal, lock.lost]) }, report);
  } finally {
    await lock.release();
  }
}

async function planned(engine: Engine, prepared: Prepared, options: SyncOptions): Promise<Plan> {
  const whole = await planSync(engine, {
    app: options.app,
    namespace: options.namespace,
    ...(options.objectNamespace === undefined ? {} : { objectNamespace: options.objectNamespace }),
    ...(options.policy ? { policy: options.policy } : {}),
    ...(options.definedBy ? { definedBy: options.definedBy } : {}),
    objects: fromManifests(prepared.manifests),
    prune: prepared.errors.length > 0 ? 'none' : options.prune,
    writes: true,
    onProgress: (done, of) => options.onProgress?.({ type: 'planning', done, of }),
  });
  return options.selects ? onlySelected(whole, options.selects) : whole;
}

const isRefused = ({ resources }: Plan, { partial }: SyncOptions): boolean =>
  !partial && resources.some(({ action }) => action === 'refused');

async function carriedOut(engine: Engine, plan: Plan, prepared: Prepared, options: SyncOptions, report: Report): Promise<SyncResult> {
  if (isRefused(plan, options)) return report.notStarted(plan);
  const follower = new Follower(engine, namespacesOf(plan.resources), options.judge);
  try {
    return await run(engine, plan, prepared, options, follower, report);
  } finally {
    await follower.stop();
  }
}

async function run(
  engine: Engine,
  plan: Plan,
  prepared: Prepared,
  options: SyncOptions,
  follower: Follower,
  report: Report,
): Promise<SyncResult> {
  const { client, clock } = engine;
  const { signal, onProgress } = options;
  const deadline = clock.now() + options.timeoutMs;
  const busy = changesAnything(plan);
  // before anything is made that could be forgotten
  const parent = busy ? await writeParent(client, plan.set, everyMember(plan), plan.set.remembered) : plan.set.parent;
  await followAll(plan, follower);
  const resources = busy ? plan.resources : plan.resources.map(idleHook);
  const { outcomes: done, timedOut } = await execute(
    { ...plan, resources },
    {
      client,
      clock,
      follower,
      signal,
      deadline,
      hookNames: { revision: prepared.source.revision, startedMs: clock.now() },
      onOutcome: (outcome) => onProgress?.({ type: 'applied', outcome }),
      onWait: (ids) => onProgress?.({ type: 'waiting', ids }),
    },
  );
  const outcomes = inOrderOf(resources, done);
  options.onApplied?.(!timedOut && !outcomes.some(({ action }) => action === 'failed'));
  const awaited = outcomes.filter(({ action, planned }) => isThere(action) && planned.action !== 'hook').map(({ planned }) => planned.id);
  const waited = timedOut ? 'timeout' : await follow(awaited, follower, deadline, signal, onProgress);
  const members = [...awaited, ...leftBehind(outcomes)];
  await writeParent(client, { ...plan.set, parent }, members, memory(prepared, plan, outcomes));
  return report.done(outcomes, follower, { timedOut: waited === 'timeout', interrupted: signal.aborted });
}

export const namespacesOf = (resources: Plan['resources']): ReadonlySet<string> =>
  new Set(resources.flatMap(({ id }) => (id.namespace ? [id.namespace] : id.kind === 'Namespace' && id.group === '' ? [id.name] : [])));

/** All others are left as they are. */
const onlySelected = (plan: Plan, selects: Selection): Plan => ({
  ...plan,
  resources: plan.resources.map((planned) =>
    selects(planned) && planned.action !== 'hook' ? planned : { ...planned, action: 'skip', reason: NOT_SELECTED },
  ),
});

const NOT_SELECTED = 'not selected';

/** What was done side by side is told in the order of the plan. */
function inOrderOf(resources: readonly PlannedResource[], outcomes: readonly Outcome[]): Outcome[] {
  const order = new Map(resources.map((planned, i) => [planned, i]));
  return [...outcomes].sort((a, b) => order.get(a.planned)! - order.get(b.planned)!);
}

const isThere = (action: Outcome['action']): boolean => action !== 'failed' && action !== 'pruned' && action !== 'skipped';

/** Hooks run only along with other work. */
const idleHook = (planned: PlannedResource): PlannedResource =>
  planned.action === 'hook' ? { ...planned, action: 'skip', reason: 'nothing to do' } : planned;

/** Objects that are still there although the source has them no longer. */
const leftBehind = (outcomes: readonly Outcome[]): ResourceId[] =>
  outcomes.filter(({ action, planned }) => planned.live && (action === 'skipped' || action === 'failed')).map(({ planned }) => planned.id);

const everyMember = ({ resources, set }: Plan): ResourceId[] => [
  ...resources.filter(({ action }) => action !== 'hook' && action !== 'refused').map(({ id }) => id),
  ...(set.remembered?.objects ?? []).map((object) => idOf(object as unknown as KubernetesObject)),
];

/** What was applied, and of what could not be applied what was there before. */
function memory(prepared: Prepared, plan: Plan, outcomes: readonly Outcome[]): Remembered {
  const failed = new Set(
    outcomes.filter(({ action }) => action === 'failed' || action === 'skipped').map(({ planned }) => resourceKey(planned.id)),
  );
  const before = new Map(
    (plan.set.remembered?.objects ?? []).map((object) => [resourceKey(idOf(object as unknown as KubernetesObject)), object]),
  );
  const objects = new Map<string, DesiredObject>();
  for (const { desired, id } of plan.resources) {
    const key = resourceKey(id);
    const object = failed.has(key) && !desired?.isHook ? before.get(key) : desired?.object;
    if (object) objects.set(key, object);
  }
  return { source: prepared.source, objects: [...objects.values()] };
}

/** Writes nothing where the parent says all of it already. */
async function writeParent(client: Client, set: ApplySet, members: readonly ResourceId[], memories: Remembered | undefined) {
  const manifest = parentManifest(set, members, memories);
  const { parent } = set;
  const { labels, annotations } = manifest.metadata;
  if (
    parent &&
    deepEqual(parent.data ?? {}, manifest.data ?? {}) &&
    deepEqual(parent.metadata.labels, labels) &&
    deepEqual(parent.metadata.annotations, annotations)
  )
    return parent;
  if (!parent) return client.create('v1/Secret', manifest, { fieldManager: FIELD_MANAGER });
  const { metadata, ...rest } = manifest as Manifest<KubernetesObject>;
  const merged = { ...rest, metadata: { ...parent.metadata, ...metadata } };
  return client.update('v1/Secret', merged as unknown as typeof parent, { fieldManager: FIELD_MANAGER });
}

async function followAll({ resources }: Plan, follower: Follower): Promise<void> {
  const kinds = new Set(resources.filter(({ live, predicted }) => live ?? predicted).map(({ id }) => kindOf(id)));
  if (resources.some(({ id }) => id.kind === 'PersistentVolumeClaim')) kinds.add('storage.k8s.io/v1/StorageClass');
  kinds.add('v1/Pod');
  await Promise.all([...kinds].map((kind) => follower.follow(kind)));
}

/** Until all is settled. Tells of rollouts as they get on. */
async function follow(
  ids: readonly ResourceId[],
  follower: Follower,
  deadline: number,
  signal: AbortSignal,
  onProgress: SyncOptions['onProgress'],
) {
  for (const id of ids) await follower.follow(kindOf(id));
  const told = new Map<string, string>();
  const tell = (id: ResourceId, health: Health): void => {
    if (!onProgress || !hasRollout(id)) return;
    const rollout = rolloutOf(id, follower.get(id), health, follower.podsOf);
    const text = `${rollout.status} ${rollout.message}`;
    if (told.get(resourceKey(id)) === text) return;
    told.set(resourceKey(id), text);
    onProgress({ type: 'rollout', rollout });
  };
  return follower.waitUntil(
    () => {
      let settled = true;
      for (const id of ids) {
        const health = follower.health(id);
        tell(id, health);
        if (!follower.isSettled(id, health)) settled = false;
      }
      return settled;
    },
    deadline,
    signal,
  );
}

/** Puts the result together. */
class Report {
  private readonly engine: Engine;
  private readonly prepared: Prepared;
  private readonly options: SyncOptions;
  private readonly started: number;

  constructor(engine: Engine, prepared: Prepared, options: SyncOptions, started: number) {
    this.engine = engine;
    this.prepared = prepared;
    this.options = options;
    this.started = started;
  }

  private base(): Omit<SyncResult, 'sync' | 'health' | 'resources' | 'rollouts'> {
    const { source, errors, warnings } = this.prepared;
    return {
      source,
      cluster: this.engine.cluster,
      app: this.options.app,
      durationMs: Math.round(this.engine.clock.now() - this.started),
      drift: [],
      errors,
      warnings,
      timedOut: false,
      interrupted: false,
    };
  }

  /** The source has faults: nothing was asked of the cluster. */
  refused(): SyncResult {
    return { ...this.base(), sync: 'OutOfSync', health: 'Unknown', resources: [], rollouts: [] };
  }

  /** Another process syncs the app, and did not come to an end in time. */
  async heldUp(plan: Plan): Promise<SyncResult> {
    const why = 'another process syncs this app (Lease jibe.' + this.options.app + ' is held)';
    return { ...(await this.notStarted(plan, why)), timedOut: !this.options.signal.aborted, interrupted: this.options.signal.aborted };
  }

  /** The server would refuse some objects: none was applied. */
  async notStarted(plan: Plan, why = 'nothing was applied, since the server refuses other objects'): Promise<SyncResult> {
    const outcomes = plan.resources.map((planned): Outcome =>
      planned.refusal
        ? { planned, action: 'failed', message: planned.refusal.message, refusal: planned.refusal }
        : planned.action === 'unchanged'
          ? { planned, action: 'unchanged', message: '', refusal: undefined }
          : { planned, action: 'skipped', message: why, refusal: undefined },
    );
    const resources = outcomes.map((outcome) => resourceResult(outcome, healthy()));
    return {
      ...this.base(),
      sync: 'OutOfSync',
      health: 'Unknown',
      resources: resources.map((resource) => ({ ...resource, health: 'Unknown' })),
      rollouts: [],
      errors: [...this.prepared.errors, ...(await refusals(outcomes))],
    };
  }

  async done(
    outcomes: readonly Outcome[],
    follower: Follower,
    ended: { readonly timedOut: boolean; readonly interrupted: boolean },
  ): Promise<SyncResult> {
    const resources = outcomes
      .filter(({ planned }) => planned.reason !== NOT_SELECTED)
      .map((outcome) => resourceResult(outcome, outcome.planned.action === 'hook' ? hookHealth(outcome) : healthAfter(outcome, follower)));
    const applied = outcomes.filter(({ action }) => isThere(action)).map(({ planned }) => planned.id);
    const rollouts = applied.filter(hasRollout).map((id) => rolloutOf(id, follower.get(id), follower.health(id), follower.podsOf));
    const failed = this.prepared.errors.length > 0 || resources.some(({ sync: s }) => s === 'OutOfSync');
    return {
      ...this.base(),
      sync: failed ? 'OutOfSync' : 'Synced',
      health: worst(resources.filter(({ action }) => action !== 'pruned' && action !== 'skipped').map(({ health }) => health)),
      resources,
      rollouts,
      errors: [...this.prepared.errors, ...(await refusals(outcomes))],
      ...ended,
    };
  }
}

function healthAfter({ action, planned }: Outcome, follower: Follower): Health {
  if (action === 'pruned' || (action === 'skipped' && !planned.live)) return { status: 'Missing', message: '' };
  if (action === 'failed' && !planned.live) return { status: 'Missing', message: '' };
  return action === 'skipped' ? healthy() : follower.health(planned.id);
}

const hookHealth = ({ action }: Outcome): Health => ({ status: action === 'failed' ? 'Degraded' : 'Healthy', message: '' });

/** What is left behind on purpose does not matter. */
const isExtraneous = ({ live }: PlannedResource): boolean => live !== undefined && readSyncAnnotations(live.metadata).ignoreExtraneous;

function resourceResult({ planned, action, message }: Outcome, health: Health): ResourceResult {
  const { id, desired } = planned;
  const outOfSync = action === 'failed' || (action === 'skipped' && desired !== undefined && !desired.isHook && !desired.sync.ignored);
  return {
    ...id,
    action,
    sync: outOfSync || (action === 'skipped' && !desired && !isExtraneous(planned)) ? 'OutOfSync' : 'Synced',
    health: health.status,
    message: message || health.message,
    wave: desired?.wave ?? 0,
    hook: desired?.isHook ? desired.phase : null,
    origin: originOf(desired?.origin),
  };
}

/** Refused objects as errors of the source: each fault where the manifest has it. */
export async function refusals(outcomes: readonly Pick<Outcome, 'planned' | 'refusal'>[]): Promise<ReportedError[]> {
  const errors: ReportedError[] = [];
  for (const { planned, refusal } of outcomes) {
    if (!refusal || !planned.desired) continue;
    const { kind, name } = planned.id;
    for (const fault of await placedFaults(refusal, planned.desired))
      errors.push({
        ...fault,
        message: `${kind} ${JSON.stringify(name)} is refused: ${fault.message}`,
        ...(refusal.remedy ? { hint: refusal.remedy } : {}),
      });
  }
  return errors;
}
