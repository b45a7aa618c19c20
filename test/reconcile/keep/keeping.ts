// A keeper on an embedded cluster's virtual clock, and what it tells, as lines.
import { ManifestCache } from '../../../src/reconcile/render/manifest-cache.ts';
import { prepareSource } from '../../../src/reconcile/apps/prepare-apps.ts';
import type { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { eventLines, type KeepEvent } from '../../../src/reconcile/keep/keep-event.ts';
import { Keeper } from '../../../src/reconcile/keep/keeper.ts';
import type { KeeperOptions } from '../../../src/reconcile/keep/keeper-options.ts';
import type { Kept } from '../../../src/reconcile/keep/kept-status.ts';
import { KeptSource } from '../../../src/reconcile/keep/kept-source.ts';
import type { SourceSpec } from '../../../src/reconcile/source/source.ts';
import type { Embedded } from '../embedded.ts';

export class Keeping {
  readonly events: KeepEvent[] = [];
  /** How often the source was rendered. */
  reads = 0;
  readonly keeper: Keeper;
  private readonly clock: VirtualClock;
  private readonly abort = new AbortController();
  private readonly running: Promise<void>;
  private told = 0;

  constructor(embedded: Embedded, options: Partial<KeeperOptions> = {}, spec: Partial<SourceSpec> = {}) {
    this.clock = embedded.cluster.clock as VirtualClock;
    const cache = new ManifestCache();
    const source = new KeptSource(embedded.deps, (deps) => {
      this.reads++;
      return prepareSource({ location: embedded.directory, ...spec }, deps, { name: 'shop', cache });
    });
    this.keeper = new Keeper(embedded.engine, source, {
      name: 'shop',
      namespace: 'default',
      prune: 'safe',
      timeoutMs: 300_000,
      intervalMs: 60_000,
      selfHeal: false,
      who: 'ada',
      signal: this.abort.signal,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    this.running = this.keeper.run();
    this.running.catch(() => undefined);
  }

  /** Lets time pass. @returns what was told meanwhile, rollouts aside */
  async pass(ms: number): Promise<readonly string[]> {
    await this.clock.advance(ms);
    const lines = this.events
      .slice(this.told)
      .filter(({ type }) => type !== 'rollout')
      .flatMap((event) => eventLines(event));
    this.told = this.events.length;
    return lines;
  }

  /** As it is served. */
  kept(name = 'shop'): Kept {
    const { keeper } = this;
    return {
      name,
      keeper,
      cluster: 'embedded:test',
      location: 'shop',
      ref: undefined,
      path: undefined,
      intervalMs: 60_000,
      plainName: 'shop',
      only: undefined,
    };
  }

  async stop(): Promise<void> {
    this.abort.abort(new Error('stopped'));
    await this.clock.advance(0);
    await this.running;
    await this.keeper.close();
  }
}
