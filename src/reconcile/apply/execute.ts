// Does a plan, step by step: what goes away, then what comes in by kind and side by side, hooks among it; then it waits for what the next
// step needs. What fails ends the sync, as in Argo CD: the hooks for that run, and later steps do not. It never does anything that the plan
// does not say.
import type { Clock } from '../../apimachinery/clock.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isTooManyRequests, StatusError } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { kindRank } from '../plan/order.ts';
import type { Plan, PlannedResource } from '../plan/plan.ts';
import { refusal, type Refusal } from '../plan/refusal.ts';
import { kindOf, type ResourceId } from '../plan/resource-id.ts';
import { sideBySide } from '../side-by-side.ts';
import { applyObject, lacksDefaultAccount } from '../plan/scratch.ts';
import { stepsOf, type Step } from '../plan/steps.ts';
import { readSyncAnnotations } from '../plan/sync-annotations.ts';
import type { ResourceAction } from '../report/result.ts';
import type { Follower } from './follower.ts';
import { clearBefore, endOf, removeBy, startHook, unfinished, type HookNames, type RunningHook } from './hook.ts';

/** Requests under way at once. */
const WIDTH = 16;
/** A server that is busy is asked again, so many times, with growing pauses. */
const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;
/** How long a new kind or namespace may take to be usable. */
const ESTABLISH_MS = 60_000;

export interface Outcome {
  readonly planned: PlannedResource;
  readonly action: ResourceAction;
  readonly message: string;
  readonly refusal: Refusal | undefined;
}

export interface ExecuteDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly follower: Follower;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970: no step is waited for beyond it. */
  readonly deadline: number;
  readonly hookNames: HookNames;
  readonly onOutcome: (outcome: Outcome) => void;
  /** What is being waited for. */
  readonly onWait: (ids: readonly ResourceId[]) => void;
}

export interface Executed {
  readonly outcomes: readonly Outcome[];
  readonly timedOut: boolean;
}

export async function execute(plan: Plan, deps: ExecuteDeps): Promise<Executed> {
  const { steps, onFailure, onceDeleted, skipped, removedLast } = stepsOf(plan.resources, plan.policy);
  const run = new Execution(deps, plan);
  for (const planned of skipped) run.skip(planned, planned.reason);
  // with a single step and no hooks, applying is all; how it turns out is followed afterwards
  const several = steps.length > 1 || onFailure.length > 0;
  for (const [i, step] of steps.entries()) {
    const ended = await run.step(step, several, i < steps.length - 1);
    if (ended === 'done') continue;
    for (const later of steps.slice(i + 1)) {
      for (const planned of [...later.removed, ...later.resources]) run.skip(planned, 'an earlier wave is not healthy');
    }
    // nothing is taken away while what should take its place is not there
    for (const planned of removedLast) run.skip(planned, 'pruned once everything else is applied');
    await run.failed(onFailure, ended);
    return { outcomes: run.outcomes, timedOut: run.timedOut };
  }
  await run.pruneAll(removedLast);
  const ended = await run.deleted(removedLast, onceDeleted);
  if (ended !== 'done') {
    await run.failed(onFailure, ended);
    return { outcomes: run.outcomes, timedOut: run.timedOut };
  }
  await run.succeeded(onFailure);
  return { outcomes: run.outcomes, timedOut: run.timedOut };
}

/** How a step ended; only a failure has hooks of its own. */
type Ended = 'done' | 'failed' | 'stopped';

class Execution {
  readonly outcomes: Outcome[] = [];
  timedOut = false;
  private readonly deps: ExecuteDeps;
  private readonly plan: Plan;
  private readonly hooks: RunningHook[] = [];

  constructor(deps: ExecuteDeps, plan: Plan) {
    this.deps = deps;
    this.plan = plan;
  }

  /** @param waits for the health of what it has applied @param more steps come after it */
  async step({ resources, removed }: Step, waits: boolean, more: boolean): Promise<Ended> {
    await this.pruneAll(removed);
    if (more || resources.length) await this.gone(removed);
    await this.apply(resources);
    await this.made(resources.filter(({ action }) => action === 'await'));
    if (this.deps.signal.aborted) return 'stopped';
    if (this.anyFailed([...removed, ...resources])) {
      await this.ended(this.hooksOf(resources), []);
      return 'failed';
    }
    const ids = waits ? this.awaited(resources) : [];
    for (const id of ids) await this.deps.follower.follow(kindOf(id));
    return this.ended(this.hooksOf(resources), ids);
  }

  /** Runs the hooks of a deletion, once all is gone. */
  async deleted(removed: readonly PlannedResource[], hooks: readonly PlannedResource[]): Promise<Ended> {
    if (hooks.length === 0) return 'done';
    await this.gone(removed);
    if (this.timedOut || this.anyFailed(removed)) {
      for (const planned of hooks) this.skip(planned, 'not all is gone');
      return 'stopped';
    }
    await this.apply(hooks);
    return this.ended(this.hooksOf(hooks), []);
  }

  private async apply(resources: readonly PlannedResource[]): Promise<void> {
    if (!this.deps.signal.aborted)
      await clearBefore(
        resources.filter(({ action }) => action === 'hook'),
        this.deps,
      );
    for (const group of byRank(resources.filter(({ action }) => action !== 'await'))) {
      if (this.deps.signal.aborted) {
        for (const planned of group) this.skip(planned, 'interrupted');
        continue;
      }
      await sideBySide(group, WIDTH, (planned) => this.doOne(planned));
      await this.established(group);
    }
  }

  private readonly hooksOf = (resources: readonly PlannedResource[]): RunningHook[] =>
    this.hooks.filter(({ planned }) => resources.includes(planned));

  private anyFailed(resources: readonly PlannedResource[]): boolean {
    return this.outcomes.some(({ planned, action }) => action === 'failed' && resources.includes(planned));
  }

  private readonly awaited = (resources: readonly PlannedResource[]): ResourceId[] =>
    resources.filter(({ action }) => action !== 'hook' && action !== 'refused' && action !== 'await').map(({ id }) => id);

  /** The sync has come to its end: the hooks that it is to leave behind are those without such a policy. */
  async succeeded(onFailure: readonly PlannedResource[]): Promise<void> {
    for (const planned of onFailure) this.skip(planned, 'nothing failed');
    await removeBy('HookSucceeded', this.hooks, this.deps);
  }

  /** Runs the hooks that are for this, all at once. */
  async failed(onFailure: readonly PlannedResource[], ended: Ended): Promise<void> {
    if (ended === 'stopped') {
      for (const planned of onFailure) this.skip(planned, this.deps.signal.aborted ? 'interrupted' : 'nothing failed yet');
      return;
    }
    await this.apply(onFailure);
    await this.ended(this.hooksOf(onFailure), []);
    await removeBy('HookFailed', this.hooks, this.deps);
  }

  private async doOne(planned: PlannedResource): Promise<void> {
    const { action } = planned;
    if (action === 'unchanged') this.tell({ planned, action: 'unchanged', message: '', refusal: undefined });
    else if (action === 'refused') this.tell({ planned, action: 'failed', message: planned.refusal!.message, refusal: planned.refusal });
    else await this.write(planned);
  }

  private async write(planned: PlannedResource): Promise<void> {
    const { id, action, desired, live } = planned;
    try {
      await this.deps.follower.follow(kindOf(id));
      if (action === 'hook') {
        // what comes of it is told when it has ended
        this.hooks.push(await this.patiently(() => startHook(planned, this.deps)));
        return;
      }
      if (action === 'recreate') await this.remove(id, live!);
      const applied = await this.patiently(() => applyObject(this.deps.client, desired!, action === 'configure' ? live : undefined));
      this.deps.follower.wrote(id, applied);
      const words = { create: 'created', configure: 'configured', recreate: 'recreated' } as const;
      this.tell({ planned, action: words[action as keyof typeof words], message: '', refusal: undefined });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.tell({ planned, action: 'failed', message: error.message, refusal: refusal(error, id) });
    }
  }

  private async patiently<T>(write: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write();
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isTransient(error)) throw error;
        await this.deps.clock.sleep(FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
  }

  /** Waits for what others make, until it is there. */
  private async made(awaited: readonly PlannedResource[]): Promise<void> {
    const { follower, deadline, signal } = this.deps;
    if (awaited.length === 0) return;
    for (const { id } of awaited) await follower.follow(kindOf(id));
    const isThere = ({ id }: PlannedResource): boolean => follower.get(id) !== undefined;
    if (!awaited.every(isThere)) this.deps.onWait(awaited.filter((planned) => !isThere(planned)).map(({ id }) => id));
    const result = await follower.waitUntil(() => awaited.every(isThere), deadline, signal);
    if (result === 'timeout') this.timedOut = true;
    for (const planned of awaited) {
      if (isThere(planned)) this.skip(planned, 'it is there now, and others make it');
      else this.tell({ planned, action: 'failed', message: 'others were to make it, and nobody did in time', refusal: undefined });
    }
  }

  /** One after the other; what is in a later stage once the stages before it are gone. */
  async pruneAll(removed: readonly PlannedResource[]): Promise<void> {
    for (const [i, planned] of removed.entries()) {
      if (planned.stage && planned.stage !== removed[i - 1]?.stage) await this.gone(removed.slice(0, i));
      await this.prune(planned);
    }
  }

  private async prune(planned: PlannedResource): Promise<void> {
    if (this.deps.signal.aborted) {
      this.skip(planned, 'interrupted');
      return;
    }
    const { id, live } = planned;
    try {
      await this.delete(id, live!);
      this.tell({ planned, action: 'pruned', message: planned.reason, refusal: undefined });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // somebody else was faster
      const gone = error.code === 404;
      this.tell({
        planned,
        action: gone ? 'pruned' : 'failed',
        message: gone ? planned.reason : error.message,
        refusal: gone ? undefined : refusal(error, id),
      });
    }
  }

  private async delete(id: ResourceId, { metadata }: KubernetesObject): Promise<void> {
    await this.deps.client.delete(kindOf(id), id.name, {
      ...(id.namespace ? { namespace: id.namespace } : {}),
      propagationPolicy: readSyncAnnotations(metadata, this.plan.policy.options).propagation,
      preconditions: { uid: metadata.uid },
    });
  }

  /** Waits until what was deleted is no longer there. */
  private async gone(removed: readonly PlannedResource[]): Promise<void> {
    const { follower, deadline, signal } = this.deps;
    if (removed.length === 0) return;
    for (const { id } of removed) await follower.follow(kindOf(id));
    const isGone = ({ id, live }: PlannedResource): boolean => follower.get(id)?.metadata.uid !== live!.metadata.uid;
    const pending = removed.filter((planned) => !this.anyFailed([planned]));
    const result = await follower.waitUntil(() => pending.every(isGone), deadline, signal);
    if (result === 'timeout') this.timedOut = true;
  }

  /** Deletes an object and waits until it is gone. */
  private async remove(id: ResourceId, live: KubernetesObject): Promise<void> {
    const { follower, deadline, signal } = this.deps;
    await this.delete(id, live);
    await follower.waitUntil(() => follower.get(id)?.metadata.uid !== live.metadata.uid, deadline, signal);
  }

  /** New namespaces and kinds are of use only once the cluster has seen to them. */
  private async established(group: readonly PlannedResource[]): Promise<void> {
    const { follower, clock, signal } = this.deps;
    const created = group.filter((planned) => this.outcomes.some((o) => o.planned === planned && o.action === 'created'));
    const definitions = created.filter(({ id }) => id.kind === 'CustomResourceDefinition');
    const namespaces = created.filter(({ id }) => id.kind === 'Namespace' && id.group === '');
    if (definitions.length + namespaces.length === 0) return;
    const deadline = Math.min(this.deps.deadline, clock.now() + ESTABLISH_MS);
    if (namespaces.length) await follower.follow('v1/ServiceAccount');
    const account = (name: string): ResourceId => ({ group: '', version: 'v1', kind: 'ServiceAccount', namespace: name, name: 'default' });
    await follower.waitUntil(
      () =>
        definitions.every(({ id }) => follower.health(id).status === 'Healthy') &&
        namespaces.every(({ id }) => follower.get(account(id.name)) !== undefined),
      deadline,
      signal,
    );
  }

  /** Waits for the end of hooks, and until objects are healthy or will not be; tells of the hooks. */
  private async ended(hooks: readonly RunningHook[], ids: readonly ResourceId[]): Promise<Ended> {
    if (hooks.length + ids.length === 0) return 'done';
    const { follower, deadline, signal } = this.deps;
    const running = (): RunningHook[] => hooks.filter((hook) => endOf(hook, this.deps) === undefined);
    // what is suspended is waited for, too
    const pending = (): ResourceId[] =>
      ids.filter((id) => {
        const health = follower.health(id);
        return health.status === 'Suspended' || !follower.isSettled(id, health);
      });
    const waitsFor = [...running().map(({ id }) => id), ...pending()];
    if (waitsFor.length) this.deps.onWait(waitsFor);
    const result = await follower.waitUntil(() => running().length === 0 && pending().length === 0, deadline, signal);
    if (result === 'timeout') this.timedOut = true;
    for (const hook of hooks) this.tellHook(hook, result === 'aborted' ? ': interrupted' : ' in time');
    const failed = this.anyFailed(hooks.map(({ planned }) => planned)) || ids.some((id) => follower.health(id).status === 'Degraded');
    if (result === 'done') return failed ? 'failed' : 'done';
    return 'stopped';
  }

  private tellHook(hook: RunningHook, why: string): void {
    const end = endOf(hook, this.deps) ?? { ok: false, message: unfinished(hook, why) };
    this.tell({ planned: hook.planned, action: end.ok ? 'created' : 'failed', message: end.message, refusal: undefined });
  }

  skip(planned: PlannedResource, message: string): void {
    this.tell({ planned, action: 'skipped', message, refusal: undefined });
  }

  private tell(outcome: Outcome): void {
    this.outcomes.push(outcome);
    this.deps.onOutcome(outcome);
  }
}

const isTransient = (error: unknown): boolean =>
  isTooManyRequests(error) ||
  lacksDefaultAccount(error) ||
  (error instanceof StatusError && (error.code === 503 || error.code === 504 || error.reason === 'ServerTimeout'));

function byRank(resources: readonly PlannedResource[]): PlannedResource[][] {
  const groups: PlannedResource[][] = [];
  for (const planned of resources) {
    const last = groups.at(-1);
    if (last && kindRank(last[0]!.id.kind) === kindRank(planned.id.kind)) last.push(planned);
    else groups.push([planned]);
  }
  return groups;
}
