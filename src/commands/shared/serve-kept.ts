// Keeps several sources, each by a keeper of its own, and serves what they tell: what `jibe serve` does. Sources of one cluster share it.
import { RealClock, type Clock } from '../../apimachinery/clock.ts';
import { EventLog } from '../../reconcile/keep/event-log.ts';
import type { KeepEvent } from '../../reconcile/keep/keep-event.ts';
import { isOpen, KeepService, maxBodyBytes } from '../../reconcile/keep/keep-service.ts';
import type { Kept } from '../../reconcile/keep/kept-status.ts';
import { KeepMetrics } from '../../reconcile/keep/metrics.ts';
import { listHistory, type HistoryEntry } from '../../reconcile/history.ts';
import { Notifier } from '../../reconcile/notify/notifier.ts';
import { redacted } from '../../reconcile/source/git/url.ts';
import type { ServeFlags } from '../serve.ts';
import { listen } from './keep.ts';
import { logOf, type KeepLog } from './keep-log.ts';
import { openKeeper, pokeOnChange, runKeeper } from './keeper.ts';
import { httpOptions, webhookSecret } from './serve-http.ts';
import { clusterKey, servedSources, type NamedSource } from './serve-sources.ts';
import { appName } from './source.ts';
import { tellSync } from './sync-events.ts';
import { openTarget, type Target } from './target.ts';

/** Until the signal is aborted. Throws a CannotDo where it cannot be begun. @param ready told the address */
export async function serveSources(
  locations: readonly string[],
  flags: ServeFlags,
  signal: AbortSignal,
  ready: (url: string) => void,
): Promise<void> {
  const http = httpOptions(flags);
  const secret = webhookSecret(flags);
  const sources = await servedSources(locations, flags.config, flags);
  const clock = new RealClock();
  const serving = new ServedSources(flags, sources.length > 1, clock, signal);
  try {
    for (const source of sources) await serving.open(source);
    const { events, metrics, all, history, log } = serving;
    const service = new KeepService({ sources: all, log: events, metrics, clock, webhookSecret: secret, history });
    const options = {
      ...http,
      isOpen,
      maxBodyBytes,
      onError: (error: unknown) => log.line(`a request could not be answered: ${error instanceof Error ? error.message : String(error)}`),
    };
    const server = await listen('--port', options, service.handle);
    serving.closing.unshift(() => server.close());
    ready(`${server.url}/`);
    await serving.run();
  } finally {
    await serving.close();
  }
}

class ServedSources {
  readonly events: EventLog;
  readonly metrics = new KeepMetrics();
  readonly log: KeepLog;
  readonly all: Kept[] = [];
  readonly closing: (() => Promise<void>)[] = [];
  private readonly flags: ServeFlags;
  private readonly isSeveral: boolean;
  private readonly clock: Clock;
  private readonly signal: AbortSignal;
  /** By cluster. */
  private readonly targets = new Map<string, Target>();
  private readonly targetOf = new Map<string, Target>();
  private readonly namespaces = new Map<string, string>();
  /** Which source keeps an app of a cluster: two would undo each other's work. */
  private readonly owners = new Map<string, string>();

  constructor(flags: ServeFlags, isSeveral: boolean, clock: Clock, signal: AbortSignal) {
    this.flags = flags;
    this.isSeveral = isSeveral;
    this.clock = clock;
    this.signal = signal;
    this.events = new EventLog(clock.now());
    this.log = logOf(flags, clock);
  }

  async open({ name, location, flags }: NamedSource): Promise<void> {
    const target = await this.reach(flags);
    const { clock, signal, log } = this;
    const prefix = this.isSeveral ? name : undefined;
    const tell = (event: KeepEvent): void => {
      this.events.add(name, event, clock.now());
      this.metrics.observe(event, name);
      if (this.flags.notify) notifier.observe(event);
      log.event(event, prefix);
    };
    const notifier = new Notifier(clock, process.env, target.engine.cluster, (message) => log.event({ type: 'failure', message }, prefix));
    const owned = (app: string): string => `${clusterKey(flags)} ${flags.namespace}/${app}`;
    const keeper = await openKeeper(target, location, flags, notifier, {
      signal,
      endures: true,
      disowns: (app) => {
        const owner = this.owners.get(owned(app)) ?? name;
        this.owners.set(owned(app), owner);
        return owner === name ? undefined : `the source ${owner} has an app of this name already: rename one of them`;
      },
      onEvent: (event) => {
        if (event.type === 'gone' && this.owners.get(owned(event.app)) === name) this.owners.delete(owned(event.app));
        tell(event);
      },
      ...(this.flags.log === 'text' && !this.flags.quiet
        ? { onProgress: (event, app) => tellSync(event, log.progress, prefix === undefined ? app : `${prefix}/${app}`) }
        : {}),
    });
    this.closing.unshift(() => keeper.close());
    this.closing.unshift(await pokeOnChange(location, flags, keeper, clock, signal));
    this.targetOf.set(name, target);
    this.namespaces.set(name, flags.namespace);
    this.all.push({
      name,
      cluster: target.engine.cluster,
      location: redacted(location),
      ref: flags.ref,
      path: flags.path,
      intervalMs: flags.interval,
      plainName: flags.app ?? flags.name ?? appName(location, flags.path),
      only: flags.app,
      keeper,
    });
  }

  private async reach(flags: NamedSource['flags']): Promise<Target> {
    const key = clusterKey(flags);
    let target = this.targets.get(key);
    if (!target) {
      target = await openTarget(flags);
      this.targets.set(key, target);
      this.closing.push(() => target!.close());
    }
    return target;
  }

  readonly history = (source: Kept, app: string): Promise<readonly HistoryEntry[]> => {
    // no time needs to pass for it: it does not wait for the work that is under way
    const { client } = this.targetOf.get(source.name)!.engine;
    return listHistory(client, app, this.namespaces.get(source.name));
  };

  async run(): Promise<void> {
    await Promise.all(this.all.map(({ name, keeper }) => runKeeper(this.targetOf.get(name)!, keeper, this.clock, this.signal)));
  }

  /** First what is open to others, then keepers, clusters last. */
  async close(): Promise<void> {
    this.log.progress.clear();
    for (const close of this.closing) await close();
  }
}
