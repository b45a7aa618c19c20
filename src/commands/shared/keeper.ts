// A keeper for what a command names: its source read as any command reads it, changes of a folder told to it, and its rounds run on the
// cluster's time. For one source that is kept, and for several.
import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Keeper } from '../../reconcile/keep/keeper.ts';
import type { KeeperOptions } from '../../reconcile/keep/keeper-options.ts';
import type { Notifier } from '../../reconcile/notify/notifier.ts';
import { redacted } from '../../reconcile/source/git/url.ts';
import { SourceError } from '../../reconcile/source/source-error.ts';
import { prunePolicy, whoAmI } from './person.ts';
import { appName, sourceDeps } from './source.ts';
import { isEmpty, NO_MANIFESTS, prepareFor, type AppFlags } from './sync-source.ts';
import type { Target } from './target.ts';

export interface KeeperFlags extends AppFlags {
  readonly interval: number;
  readonly timeout: number;
  readonly prune: string;
  readonly 'self-heal': boolean;
}

/** A cluster of this process is looked at so often: time passes in it only then. */
const OWN_CLUSTER_EVERY_MS = 1000;
/** Editors write a file in several steps: so long nothing must change before it is read. */
const QUIET_MS = 100;

type Told = Pick<KeeperOptions, 'signal' | 'onEvent' | 'onResult' | 'onProgress' | 'endures' | 'disowns' | 'partial'>;

/** It must be closed. @param notifier told whom the source wants to be told */
export async function openKeeper(target: Target, location: string, flags: KeeperFlags, notifier: Notifier, told: Told): Promise<Keeper> {
  const [{ Keeper }, { KeptSource }, { ManifestCache }, { ManifestValidator }] = await Promise.all([
    import('../../reconcile/keep/keeper.ts'),
    import('../../reconcile/keep/kept-source.ts'),
    import('../../reconcile/render/manifest-cache.ts'),
    import('../../reconcile/validate/validate.ts'),
  ]);
  const kept = { cache: new ManifestCache(), validator: new ManifestValidator() };
  const source = new KeptSource(sourceDeps(flags), async (deps) => {
    const prepared = await prepareFor(target.engine, location, flags, { ...kept, deps });
    notifier.configure(prepared.tree?.notifications ?? []);
    // it may be full again the next time
    if (!told.partial && prepared.plain && isEmpty(prepared.plain)) throw new SourceError('NotFound', redacted(location), ...NO_MANIFESTS);
    return prepared;
  });
  return new Keeper(target.engine, source, {
    name: flags.name ?? appName(location, flags.path),
    only: flags.app,
    namespace: flags.namespace,
    prune: prunePolicy(flags.prune, undefined),
    who: whoAmI(),
    timeoutMs: flags.timeout,
    intervalMs: flags.interval,
    selfHeal: flags['self-heal'],
    ...told,
  });
}

/** Until the signal is aborted. A cluster of this process is made to follow the world's time; what a source takes to be read is none of it. */
export async function runKeeper(target: Target, keeper: Keeper, clock: Clock, signal: AbortSignal): Promise<void> {
  if (!target.isOwn) return keeper.run();
  while (!signal.aborted) {
    await keeper.look();
    await target.run(() => keeper.act(), clock.now());
    await keeper.bell.wait(clock, clock.now() + OWN_CLUSTER_EVERY_MS, signal);
  }
}

/** What lies on disk need not be asked. @param onGone told where it lies there no longer @returns what ends it */
export async function pokeOnChange(
  location: string,
  { ref }: AppFlags,
  keeper: Keeper,
  clock: Clock,
  signal: AbortSignal,
  onGone?: () => void,
): Promise<() => Promise<void>> {
  const folder = path.resolve(location);
  if (ref !== undefined || !fs.existsSync(folder)) return async () => undefined;
  const { watchFolder } = await import('../../reconcile/source/watch-folder.ts');
  const changes = await watchFolder(folder, QUIET_MS, clock, signal);
  const follow = async (): Promise<void> => {
    let change = await changes.next();
    for (; change === 'changed'; change = await changes.next()) keeper.poke();
    if (change === 'gone') onGone?.();
  };
  void follow();
  return () => changes.close();
}
