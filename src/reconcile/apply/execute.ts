// Does a plan: phase by phase and wave by wave, within a wave by kind, what is independent side by side. What a later wave needs is
// waited for. It never does anything that the plan does not say.
import type { Clock } from '../../apimachinery/clock.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isTooManyRequests, StatusError } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { kindRank } from '../plan/order.ts';
import type { Plan, PlannedResource } from '../plan/plan.ts';
import { refusal, type Refusal } from '../plan/refusal.ts';
import { kindOf, resourceText, type ResourceId } from '../plan/resource-id.ts';
import { applyObject } from '../plan/scratch.ts';
import type { ResourceAction } from '../report/result.ts';
import type { Follower } from './follower.ts';
import { runHook } from './hook.ts';

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
  /** Milliseconds since 1970: no wave is waited for beyond it. */
  readonly deadline: number;
  readonly onOutcome: (outcome: Outcome) => void;
  /** What is being waited for. */
  readonly onWait: (ids: readonly ResourceId[]) => void;
}

export interface Executed {
  readonly outcomes: readonly Outcome[];
  readonly timedOut: boolean;
}

export async function execute(plan: Plan, deps: ExecuteDeps): Promise<Executed> {
  const run = new Execution(deps);
  const [kept, removed] = split(plan.resources, ({ action, desired }) => desired !== undefined || action !== 'prune');
  const waves = inWaves(kept);
  for (const [i, wave] of waves.entries()) {
    const complete = await run.wave(wave, i < waves.length - 1);
    if (complete) continue;
    for (const later of waves.slice(i + 1)) for (const planned of later) run.skip(planned, 'an earlier wave is not healthy');
    // nothing is taken away while what should take its place is not there
    for (const planned of removed) run.skip(planned, 'pruned once everything else is applied');
    return { outcomes: run.outcomes, timedOut: run.timedOut };
  }
  for (const planned of removed) await run.prune(planned);
  return { outcomes: run.outcomes, timedOut: run.timedOut };
}

function split<T>(items: readonly T[], first: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(first), items.filter((item) => !first(item))];
}

/** Consecutive objects of one phase and wave. */
function inWaves(resources: readonly PlannedResource[]): PlannedResource[][] {
  const waves: PlannedResource[][] = [];
  let last: string | undefined;
  for (const planned of resources) {
    const key = planned.desired ? `${planned.desired.phase}/${planned.desired.wave}` : last;
    if (key !== last || waves.length === 0) waves.push([]);
    waves.at(-1)!.push(planned);
    last = key;
  }
  return waves;
}

class Execution {
  readonly outcomes: Outcome[] = [];
  timedOut = false;
  private readonly deps: ExecuteDeps;

  constructor(deps: ExecuteDeps) {
    this.deps = deps;
  }

  /** @returns whether the next wave may begin */
  async wave(resources: readonly PlannedResource[], wait: boolean): Promise<boolean> {
    for (const group of byRank(resources)) {
      if (this.deps.signal.aborted) {
        for (const planned of group) this.skip(planned, 'interrupted');
        continue;
      }
      await sideBySide(group, (planned) => this.doOne(planned));
      await this.established(group);
    }
    const done = this.outcomes.filter(({ planned }) => resources.includes(planned));
    if (done.some(({ action }) => action === 'failed') || this.deps.signal.aborted) return false;
    return wait ? this.healthy(resources) : true;
  }

  private async doOne(planned: PlannedResource): Promise<void> {
    const { action, reason } = planned;
    if (action === 'unchanged') this.tell({ planned, action: 'unchanged', message: '', refusal: undefined });
    else if (action === 'skip') this.skip(planned, reason);
    else if (action === 'refused') this.tell({ planned, action: 'failed', message: planned.refusal!.message, refusal: planned.refusal });
    else await this.write(planned);
  }

  private async write(planned: PlannedResource): Promise<void> {
    const { id, action, desired } = planned;
    try {
      await this.deps.follower.follow(kindOf(id));
      if (action === 'hook') {
        const { ok, message } = await runHook(desired!, this.deps);
        this.tell({ planned, action: ok ? 'created' : 'failed', message, refusal: undefined });
        return;
      }
      if (action === 'recreate') await this.remove(id, planned.live!);
      const applied = await this.patiently(() => applyObject(this.deps.client, desired!, action === 'recreate' ? undefined : planned.live));
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

  async prune(planned: PlannedResource): Promise<void> {
    if (this.deps.signal.aborted) {
      this.skip(planned, 'interrupted');
      return;
    }
    const { id, live } = planned;
    try {
      await this.deps.client.delete(kindOf(id), id.name, {
        ...(id.namespace ? { namespace: id.namespace } : {}),
        propagationPolicy: 'Background',
        preconditions: { uid: live!.metadata.uid },
      });
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

  /** Deletes an object and waits until it is gone. */
  private async remove(id: ResourceId, live: KubernetesObject): Promise<void> {
    const { client, follower, deadline, signal } = this.deps;
    await client.delete(kindOf(id), id.name, {
      ...(id.namespace ? { namespace: id.namespace } : {}),
      propagationPolicy: 'Background',
      preconditions: { uid: live.metadata.uid },
    });
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

  private async healthy(resources: readonly PlannedResource[]): Promise<boolean> {
    const { follower, deadline, signal } = this.deps;
    const ids = resources.filter(({ action }) => action !== 'skip' && action !== 'hook').map(({ id }) => id);
    for (const id of ids) await follower.follow(kindOf(id));
    const pending = (): ResourceId[] => ids.filter((id) => !follower.isSettled(id, follower.health(id)));
    this.deps.onWait(pending());
    const result = await follower.waitUntil(() => pending().length === 0, deadline, signal);
    if (result === 'timeout') this.timedOut = true;
    return result === 'done' && ids.every((id) => follower.health(id).status !== 'Degraded');
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

async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, worker));
}

/** What failed, for one line. */
export const failureText = ({ planned, message }: Outcome): string => `${resourceText(planned.id)}: ${message}`;
