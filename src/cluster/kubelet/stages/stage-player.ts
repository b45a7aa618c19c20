// Plays one object through its Stages: whenever the object has changed, the Stage that comes next is found and does its steps after its
// delay. A change that comes meanwhile finds a Stage anew, and takes the place of the one that waits. Follows kwok's pod controller.
import type { Clock, Timer } from '../../../apimachinery/clock.ts';
import type { Random } from '../../../apimachinery/random.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import type { GoTemplate } from '../../../apimachinery/go-template/template.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import { UnreachableError } from '../../../client/transport.ts';
import type { Client } from '../../../client/client.ts';
import { finalizersPatch } from './finalizers.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Stage, StagedKind, StageStep, StagedObject } from './stage.ts';

/** What waits longer does not keep the world busy, and neither does what was played so often before. */
const FAR_MS = 5 * 60_000;
const BUSY_REPEATS = 3;
/** Of one object within one instant; then it is given a pause, as an API server's pace would. */
const MAX_PLAYS_AT_ONCE = 50;
const PAUSE_MS = 1000;
/** After a failure that may pass: doubled each time, up to the last. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 32 * 60_000;

export interface StagePlayerParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly lifecycle: Lifecycle;
  readonly kind: StagedKind;
  render(template: GoTemplate, object: StagedObject): string;
  /** Before a patch is made: what its template may ask for must be there. */
  prepare?(object: StagedObject): Promise<void>;
  event(object: StagedObject, type: string, reason: string, message: string): void;
  onError(error: unknown): void;
}

interface Job {
  readonly stage: Stage;
  readonly object: StagedObject;
  step: number;
  retries: number;
}

export class StagePlayer {
  private readonly parts: StagePlayerParts;
  private timer: Timer | undefined;
  private waiting: Job | undefined;
  private seen = '';
  private closed = false;
  private readonly plays = new Map<string, number>();
  private instantMs = -1;
  private atOnce = 0;

  constructor(parts: StagePlayerParts) {
    this.parts = parts;
  }

  /** The object as it is now. */
  update(object: StagedObject): void {
    const { lifecycle, kind, clock, random } = this.parts;
    const { resourceVersion } = object.metadata;
    if (this.closed || resourceVersion === this.seen) return;
    this.seen = resourceVersion;
    const stage = lifecycle.next(kind, object, random);
    // one that waits already is still played, as kwok does
    if (!stage) return;
    this.wait({ stage, object, step: 0, retries: 0 }, stage.delay(object, clock.now(), random));
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private wait(job: Job, delayMs: number): void {
    this.timer?.cancel();
    this.waiting = job;
    const repeats = this.plays.get(job.stage.name) ?? 0;
    const background = delayMs > FAR_MS || repeats >= BUSY_REPEATS || job.retries > BUSY_REPEATS;
    this.timer = this.parts.clock.schedule(this.paced(delayMs), () => void this.play(job), { background });
  }

  /** Endless changes within one instant would stop the clock. */
  private paced(delayMs: number): number {
    const now = this.parts.clock.now();
    if (now !== this.instantMs) this.atOnce = 0;
    this.instantMs = now;
    return ++this.atOnce > MAX_PLAYS_AT_ONCE ? Math.max(delayMs, PAUSE_MS) : delayMs;
  }

  private async play(job: Job): Promise<void> {
    const { stage } = job;
    if (this.waiting === job) this.waiting = undefined;
    this.plays.set(stage.name, (this.plays.get(stage.name) ?? 0) + 1);
    try {
      let result: StagedObject | undefined;
      for (const steps = stage.steps; job.step < steps.length && !this.closed; job.step++)
        result = await this.do(steps[job.step]!, job.object, result);
      if (result && stage.immediateNextStage) this.update(result);
    } catch (error) {
      this.failed(job, error);
    }
  }

  private failed(job: Job, error: unknown): void {
    if (this.closed) return;
    const passes = error instanceof UnreachableError || (error instanceof StatusError && mayPass(error));
    if (passes && !this.waiting) {
      const delayMs = Math.min(RETRY_MS * 2 ** job.retries++, MAX_RETRY_MS);
      this.wait(job, delayMs);
    } else if (!(error instanceof StatusError && GONE.has(error.code)))
      this.parts.onError(new Error(`Stage ${job.stage.name}: ${(error as Error).message}`, { cause: error }));
  }

  /** @returns what the API server answered last; undefined where the object is no more */
  private async do(step: StageStep, object: StagedObject, before: StagedObject | undefined): Promise<StagedObject | undefined> {
    const { client, kind, event } = this.parts;
    const { name, namespace, uid, finalizers = [] } = object.metadata;
    const scope = namespace === undefined ? {} : { namespace };
    switch (step.do) {
      case 'event':
        event(object, step.type, step.reason, step.message);
        return before;
      case 'finalizers': {
        const patch = finalizersPatch(finalizers, step);
        if (patch.length === 0) return before;
        return (await client.patch(`v1/${kind}`, name, patch, { ...scope, type: 'json' })).object;
      }
      case 'delete':
        await client.delete(`v1/${kind}`, name, { ...scope, gracePeriodSeconds: 0, preconditions: { uid: uid ?? '' } });
        return undefined;
      case 'patch': {
        await this.parts.prepare?.(object);
        const options = { ...scope, type: step.type, ...(step.subresource === '' ? {} : { subresource: step.subresource }) };
        const { object: patched } = await client.patch(`v1/${kind}`, name, await this.patch(step, object), options);
        return patched.metadata.resourceVersion === object.metadata.resourceVersion ? before : patched;
      }
    }
  }

  private async patch({ template, type, root }: Extract<StageStep, { readonly do: 'patch' }>, object: StagedObject): Promise<unknown> {
    const text = this.parts.render(template, object);
    // what reads difficult YAML may have to be loaded first
    const read = await this.parts.clock.hold(readYaml(text));
    if (read.faults) throw new Error(`its template gives no YAML: ${read.faults[0]!.message}`);
    // nothing at all is an empty patch
    if (type !== 'json') return root === '' ? (read.value ?? {}) : { [root]: read.value ?? {} };
    if (!Array.isArray(read.value)) throw new Error('its template gives no list of JSON patch operations');
    if (root === '') return read.value;
    return read.value.map((operation: { readonly path?: string }) => ({ ...operation, path: `/${root}${operation.path ?? ''}` }));
  }
}

/**
 * Too many requests, or the server's own trouble.
 * DEVIATION: of the latter kwok tries again only after timeouts and 503; after any other the object stays as it is until it next changes.
 */
const mayPass = ({ code }: StatusError): boolean => code === 429 || code >= 500;
/** Not found, or another of its name. */
const GONE: ReadonlySet<number> = new Set([404, 409]);
