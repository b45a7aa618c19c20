// Puts the result of a sync together, as JSON has it: what became of each object, how healthy it is, and what the server refused.
import type { Outcome } from './apply/execute.ts';
import type { Follower } from './apply/follower.ts';
import { hasRollout, rolloutOf } from './apply/rollout.ts';
import type { Engine } from './engine.ts';
import { worst } from './health/health.ts';
import { healthy, type Health } from './health/verdict.ts';
import type { Plan, PlannedResource } from './plan/plan.ts';
import { placedFaults } from './plan/refusal.ts';
import { readSyncAnnotations } from './plan/sync-annotations.ts';
import { originOf, type ReportedError, type ResourceResult, type SyncResult } from './report/result.ts';
import type { Syncable, SyncOptions } from './sync.ts';

export const isThere = (action: Outcome['action']): boolean => action !== 'failed' && action !== 'pruned' && action !== 'skipped';

export const NOT_SELECTED = 'not selected';

/** Puts the result together. */
export class SyncReport {
  private readonly engine: Engine;
  private readonly prepared: Syncable;
  private readonly options: SyncOptions;
  private readonly started: number;

  constructor(engine: Engine, prepared: Syncable, options: SyncOptions, started: number) {
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
    const { app, signal } = this.options;
    const result = await this.notStarted(plan, `another process syncs this app: the Lease jibe.${app} is held`);
    return { ...result, timedOut: !signal.aborted, interrupted: signal.aborted };
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
      errors: [...this.prepared.errors, ...(await this.refusals(outcomes))],
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
      errors: [...this.prepared.errors, ...(await this.refusals(outcomes))],
      ...ended,
    };
  }

  /** To find their places their text is read once more, by a library that may have to be loaded first: none of the cluster's time. */
  private refusals(outcomes: readonly Outcome[]): Promise<ReportedError[]> {
    return this.engine.clock.hold(refusals(outcomes));
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
