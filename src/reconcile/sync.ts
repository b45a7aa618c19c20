// Makes the cluster agree with what is desired, follows the rollouts to their end, and says how it went.
import type { Clock } from '../apimachinery/clock.ts';
import type { Client } from '../client/client.ts';
import { lockApp } from './apply/app-lock.ts';
import { execute, type Outcome } from './apply/execute.ts';
import { Follower, type Judge } from './apply/follower.ts';
import { hasRollout, rolloutOf, type Rollout } from './apply/rollout.ts';
import { planSync, type Engine, type PlanRequest } from './engine.ts';
import type { Health } from './health/verdict.ts';
import { recordSync, type Recorded } from './history.ts';
import { memory, writeParent } from './membership.ts';
import type { DefinedBy } from './plan/apply-set.ts';
import { asStored } from './plan/desired.ts';
import { changesAnything, type Plan, type PlannedResource, type PrunePolicy } from './plan/plan.ts';
import { pruneQuestion, withoutPruning, type PruneQuestion } from './plan/prune-guard.ts';
import { idOf, kindOf, resourceKey, type ResourceId } from './plan/resource-id.ts';
import { applyAlone } from './plan/scratch.ts';
import type { Selection } from './plan/selection.ts';
import { NO_POLICY, type SyncPolicy } from './plan/sync-policy.ts';
import type { Prepared } from './prepare.ts';
import type { SyncResult } from './report/result.ts';
import { isThere, NOT_SELECTED, SyncReport } from './sync-report.ts';

/** What can be synced: what was prepared from a source, or remembered of an earlier sync. */
export interface Syncable extends Pick<Prepared, 'source' | 'errors' | 'warnings'> {
  readonly manifests: PlanRequest['objects'];
}

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
  /** Told what is about to be done, of all objects, before any of it is. */
  readonly onPlan?: (plan: Plan) => void;
  readonly prune: PrunePolicy;
  /** Asked before more is deleted than goes without saying; without it nothing is then. */
  readonly confirmPrune?: (question: PruneQuestion, app: string) => Promise<boolean>;
  /** The sync goes into the app's history, if it changes anything. */
  readonly record?: Recorded;
  /** Only these objects; hooks do not run then. */
  readonly selects?: Selection;
  /** For everything, waiting included, by the cluster's clock. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Aborted where it is no longer worth while to wait for health: what is applied stays, and is not waited for. */
  readonly superseded?: AbortSignal;
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
export async function sync(engine: Engine, prepared: Syncable, options: SyncOptions): Promise<SyncResult> {
  const { client, clock, locking } = engine;
  const started = clock.now();
  const report = new SyncReport(engine, prepared, options, started);
  if (prepared.errors.length > 0 && !options.partial) return report.refused();
  const plans = await planned(engine, prepared, options);
  const begins = changesAnything(plans.plan) && !isRefused(plans.plan, options);
  if (begins) await makeHome(client, plans.plan);
  if (!locking || !begins) return carriedOut(engine, plans, prepared, options, report);
  const { app, namespace, signal, timeoutMs } = options;
  const lock = await lockApp({ client, clock, locking, app, namespace, deadline: started + timeoutMs, signal });
  if (!lock) return report.heldUp(plans.plan);
  try {
    // another process may have done it in the meantime
    const anew = await planned(engine, prepared, options);
    return await carriedOut(engine, anew, prepared, { ...options, signal: AbortSignal.any([signal, lock.lost]) }, report);
  } finally {
    await lock.release();
  }
}

interface Plans {
  /** Of all that the app has. */
  readonly whole: Plan;
  /** What is to be done of it. */
  readonly plan: Plan;
}

async function planned(engine: Engine, prepared: Syncable, options: SyncOptions): Promise<Plans> {
  const whole = await planSync(engine, {
    app: options.app,
    namespace: options.namespace,
    ...(options.objectNamespace === undefined ? {} : { objectNamespace: options.objectNamespace }),
    ...(options.policy ? { policy: options.policy } : {}),
    ...(options.definedBy ? { definedBy: options.definedBy } : {}),
    objects: prepared.manifests,
    prune: prepared.errors.length > 0 ? 'none' : options.prune,
    writes: true,
    onProgress: (done, of) => options.onProgress?.({ type: 'planning', done, of }),
  });
  const asked = await guarded(whole, options, engine.clock);
  return { whole, plan: options.selects ? onlySelected(asked, options.selects) : asked };
}

const isRefused = ({ resources }: Plan, { partial }: SyncOptions): boolean =>
  !partial && resources.some(({ action }) => action === 'refused');

async function carriedOut(
  engine: Engine,
  { whole, plan }: Plans,
  prepared: Syncable,
  options: SyncOptions,
  report: SyncReport,
): Promise<SyncResult> {
  if (isRefused(plan, options)) return report.notStarted(plan);
  options.onPlan?.(whole);
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
  prepared: Syncable,
  options: SyncOptions,
  follower: Follower,
  report: SyncReport,
): Promise<SyncResult> {
  const { client, clock } = engine;
  const { signal, onProgress } = options;
  const startedMs = clock.now();
  const deadline = startedMs + options.timeoutMs;
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
  const patience = options.superseded ? AbortSignal.any([signal, options.superseded]) : signal;
  const waited = timedOut ? 'timeout' : await follow(awaited, follower, deadline, patience, onProgress);
  const members = [...awaited, ...leftBehind(outcomes)];
  const remembered = memory(prepared.source, plan, outcomes);
  await writeParent(client, { ...plan.set, parent }, members, remembered);
  const result = await report.done(outcomes, follower, { timedOut: waited === 'timeout', interrupted: signal.aborted });
  const { record, objectNamespace = options.namespace, policy = NO_POLICY } = options;
  if (!record || !busy || options.selects) return result;
  const warning = await recordSync(client, plan.set, {
    ...record,
    result,
    startedMs,
    endedMs: clock.now(),
    remembered,
    objectNamespace,
    policy,
  });
  return warning ? { ...result, warnings: [...result.warnings, warning] } : result;
}

/** What is remembered of an app lives in its namespace, which may be one of its own objects: that is made before all others. */
async function makeHome(client: Client, { set, resources }: Plan): Promise<void> {
  const home = resources.find(
    ({ id, action }) => id.kind === 'Namespace' && id.group === '' && id.name === set.namespace && action === 'create',
  );
  if (home?.desired) await applyAlone(client, home.desired);
}

export const namespacesOf = (resources: Plan['resources']): ReadonlySet<string> =>
  new Set(resources.flatMap(({ id }) => (id.namespace ? [id.namespace] : id.kind === 'Namespace' && id.group === '' ? [id.name] : [])));

/** Without what nobody has said yes to. */
async function guarded(plan: Plan, { prune, confirmPrune, app }: SyncOptions, clock: Clock): Promise<Plan> {
  const question = pruneQuestion(plan, prune);
  if (!question) return plan;
  // people take their time
  const isAllowed = confirmPrune !== undefined && (await clock.hold(confirmPrune(question, app)));
  return isAllowed ? plan : withoutPruning(plan, question.why);
}

/** All others are left as they are. */
const onlySelected = (plan: Plan, selects: Selection): Plan => ({
  ...plan,
  resources: plan.resources.map((planned) =>
    selects(planned) && planned.action !== 'hook' ? planned : { ...planned, action: 'skip', reason: NOT_SELECTED },
  ),
});

/** What was done side by side is told in the order of the plan. */
function inOrderOf(resources: readonly PlannedResource[], outcomes: readonly Outcome[]): Outcome[] {
  const order = new Map(resources.map((planned, i) => [planned, i]));
  return [...outcomes].sort((a, b) => order.get(a.planned)! - order.get(b.planned)!);
}

/** Hooks run only along with other work. */
const idleHook = (planned: PlannedResource): PlannedResource =>
  planned.action === 'hook' ? { ...planned, action: 'skip', reason: 'nothing to do' } : planned;

/** Objects that are still there although the source has them no longer. */
const leftBehind = (outcomes: readonly Outcome[]): ResourceId[] =>
  outcomes.filter(({ action, planned }) => planned.live && (action === 'skipped' || action === 'failed')).map(({ planned }) => planned.id);

const everyMember = ({ resources, set }: Plan): ResourceId[] => [
  ...resources.filter(({ action }) => action !== 'hook' && action !== 'refused').map(({ id }) => id),
  ...(set.remembered?.objects ?? []).map((object) => idOf(asStored(object))),
];

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
