// Keeps a source and a cluster in agreement until it is interrupted: what `sync --interval` does. Wires a keeper to the command's cluster,
// to changes of a folder, to a webhook and to metrics, and tells what happens.
import fs from 'node:fs';
import path from 'node:path';
import { Flags } from '@oclif/core';
import { RealClock, type Clock } from '../../apimachinery/clock.ts';
import type { KeepEvent } from '../../reconcile/keep/keep-event.ts';
import type { Keeper } from '../../reconcile/keep/keeper.ts';
import type { Handler, LoopbackServer } from '../../reconcile/keep/loopback-server.ts';
import type { Notifier } from '../../reconcile/notify/notifier.ts';
import type { SyncResult } from '../../reconcile/report/result.ts';
import { SourceError } from '../../reconcile/source/source-error.ts';
import { CannotDo } from './failure.ts';
import { Progress } from './progress.ts';
import { appName, sourceDeps, sourceSpec } from './source.ts';
import { stylesFor } from './styles.ts';
import { tellSync } from './sync-events.ts';
import { chosenApp, isEmpty, NO_MANIFESTS, type AppFlags } from './sync-source.ts';
import { prunePolicy, whoAmI } from './person.ts';
import { openTarget, type Target, type TargetFlags } from './target.ts';

export const keepFlags = {
  'self-heal': Flags.boolean({
    summary: 'With --interval: put drift right, in apps that do not say themselves.',
    description: 'At once, and after pauses of 2 s to 3 min where an object drifts again and again. Otherwise drift is only told.',
    helpGroup: 'KEEP',
  }),
  'webhook-port': Flags.integer({
    summary: 'With --interval: a port of this machine on which a git host may tell of a push.',
    description: 'The secret that it shares is in $JIBE_WEBHOOK_SECRET. 0 is any port that is free.',
    helpValue: 'PORT',
    min: 0,
    max: 65_535,
    helpGroup: 'KEEP',
  }),
  'metrics-port': Flags.integer({
    summary: 'With --interval: a port of this machine on which Prometheus reads metrics, at /metrics.',
    helpValue: 'PORT',
    min: 0,
    max: 65_535,
    helpGroup: 'KEEP',
  }),
  notify: Flags.boolean({
    summary: 'With --interval: tell whom the `notifications` of a jibe.yaml name.',
    description: 'Addresses and tokens are in $JIBE_NOTIFY_<NAME>, $JIBE_GITHUB_TOKEN and $JIBE_GITLAB_TOKEN.',
    helpGroup: 'KEEP',
  }),
  log: Flags.string({
    summary: 'With --interval: how what happens is told, on standard error.',
    options: ['text', 'json'],
    default: 'text',
    helpGroup: 'KEEP',
  }),
};

export interface KeepFlags extends TargetFlags, AppFlags {
  readonly interval: number;
  readonly timeout: number;
  readonly prune: string;
  readonly 'self-heal': boolean;
  readonly 'webhook-port'?: number | undefined;
  readonly 'metrics-port'?: number | undefined;
  readonly notify: boolean;
  readonly log: string;
  readonly quiet: boolean;
  readonly 'no-color': boolean;
}

/** A cluster of this process is looked at so often: time passes in it only then. */
const OWN_CLUSTER_EVERY_MS = 1000;
/** Editors write a file in several steps: so long nothing must change before it is read. */
const QUIET_MS = 100;

/** @param onResult told of each sync that was made because of the source */
export async function keepOn(
  location: string,
  flags: KeepFlags,
  signal: AbortSignal,
  onResult: (result: SyncResult) => void,
): Promise<void> {
  if (location === '-') throw new CannotDo('standard input cannot be read again', 'give a directory or a repository');
  const [{ Keeper }, { KeepMetrics }, { Notifier }] = await Promise.all([
    import('../../reconcile/keep/keeper.ts'),
    import('../../reconcile/keep/metrics.ts'),
    import('../../reconcile/notify/notifier.ts'),
  ]);
  const clock = new RealClock();
  const log = logOf(flags, clock);
  const metrics = new KeepMetrics();
  const target = await openTarget(flags);
  const closing: (() => Promise<void>)[] = [() => target.close()];
  const notifier = new Notifier(clock, process.env, target.engine.cluster, (message) => log.event({ type: 'failure', message }));
  try {
    const keeper = new Keeper(target.engine, await keptSource(target, location, flags, notifier), {
      name: appName(location, flags.path),
      only: flags.app,
      namespace: flags.namespace,
      prune: prunePolicy(flags.prune, undefined),
      who: whoAmI(),
      timeoutMs: flags.timeout,
      intervalMs: flags.interval,
      selfHeal: flags['self-heal'],
      signal,
      onEvent(event) {
        metrics.observe(event);
        if (flags.notify) notifier.observe(event);
        log.event(event);
      },
      onResult,
      ...(flags.log === 'text' ? { onProgress: (event, app) => tellSync(event, log.progress, app) } : {}),
    });
    closing.unshift(() => keeper.close());
    closing.unshift(await pokeOnChange(location, flags, keeper, clock, signal));
    for (const server of await servers(flags, keeper, () => metrics.text())) {
      log.line(`listening on http://127.0.0.1:${server.port}${server.path}`);
      closing.unshift(() => server.close());
    }
    await (target.isOwn ? roundsOf(target, keeper, clock, signal) : keeper.run());
  } finally {
    log.progress.clear();
    for (const close of closing) await close();
  }
}

/** The cluster's time is made to follow the world's. */
async function roundsOf(target: Target, keeper: Keeper, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await target.run(() => keeper.round(), clock.now());
    await keeper.bell.wait(clock, clock.now() + OWN_CLUSTER_EVERY_MS, signal);
  }
}

async function keptSource({ engine }: Target, location: string, flags: KeepFlags, notifier: Notifier) {
  const [{ KeptSource }, { dataInCluster, prepareSource }, { servedKinds }, { ManifestCache }, { ManifestValidator }] = await Promise.all([
    import('../../reconcile/keep/kept-source.ts'),
    import('../../reconcile/apps/prepare-apps.ts'),
    import('../../reconcile/prepare.ts'),
    import('../../reconcile/render/manifest-cache.ts'),
    import('../../reconcile/validate/validate.ts'),
  ]);
  const kept = { cache: new ManifestCache(), validator: new ManifestValidator() };
  return new KeptSource(sourceDeps(flags), async (deps) => {
    const prepared = await prepareSource(sourceSpec(location, flags), deps, {
      name: appName(location, flags.path),
      served: await servedKinds(engine.client),
      defaultNamespace: flags.namespace,
      findData: dataInCluster(engine.client),
      ...kept,
    });
    chosenApp(prepared.tree?.apps, flags.app);
    notifier.configure(prepared.tree?.notifications ?? []);
    // it may be full again the next time
    if (prepared.plain && isEmpty(prepared.plain)) throw new SourceError('NotFound', location, ...NO_MANIFESTS);
    return prepared;
  });
}

/** What lies on disk need not be asked. @returns what ends it */
async function pokeOnChange(location: string, { ref }: AppFlags, keeper: Keeper, clock: Clock, signal: AbortSignal) {
  const folder = path.resolve(location);
  if (ref !== undefined || !fs.existsSync(folder)) return async () => undefined;
  const { watchFolder } = await import('../../reconcile/source/watch-folder.ts');
  const changes = await watchFolder(folder, QUIET_MS, clock, signal);
  const follow = async (): Promise<void> => {
    for (let change = await changes.next(); change === 'changed'; change = await changes.next()) keeper.poke();
  };
  void follow();
  return () => changes.close();
}

interface NamedServer extends LoopbackServer {
  readonly path: string;
}

async function servers(flags: KeepFlags, keeper: Keeper, metrics: () => string): Promise<readonly NamedServer[]> {
  const found: NamedServer[] = [];
  const { MAX_WEBHOOK_BYTES, verifyWebhook } = await import('../../reconcile/keep/webhook.ts');
  const { text } = await import('../../reconcile/keep/loopback-server.ts');
  if (flags['webhook-port'] !== undefined) {
    const secret = process.env['JIBE_WEBHOOK_SECRET'];
    if (!secret) throw new CannotDo('--webhook-port needs a secret', 'set $JIBE_WEBHOOK_SECRET to the one that the git host was given');
    const handle: Handler = ({ method, path: asked, headers, body }) => {
      if (method !== 'POST' || asked !== '/') return text('POST / tells of a push\n', method === 'POST' ? 404 : 405);
      const verdict = verifyWebhook(headers, body, secret);
      if (!verdict.ok) return text(`${verdict.why}\n`, 401);
      keeper.poke();
      return text('the source will be asked\n', 202);
    };
    found.push({ ...(await listen('--webhook-port', flags['webhook-port'], MAX_WEBHOOK_BYTES, handle)), path: '/' });
  }
  if (flags['metrics-port'] !== undefined) {
    const handle: Handler = ({ path: asked }) =>
      asked === '/metrics' ? text(metrics(), 200, 'text/plain; version=0.0.4; charset=utf-8') : text('see /metrics\n', 404);
    found.push({ ...(await listen('--metrics-port', flags['metrics-port'], 0, handle)), path: '/metrics' });
  }
  return found;
}

/** @param flag that named the port, for what is told where it is not to be had */
export async function listen(flag: string, port: number, maxBodyBytes: number, handle: Handler): Promise<LoopbackServer> {
  const { serveLoopback } = await import('../../reconcile/keep/loopback-server.ts');
  try {
    return await serveLoopback(port, maxBodyBytes, handle);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CannotDo(`${flag}: port ${port} cannot be listened on (${code})`, 'choose another one, or 0 for any that is free', error);
  }
}

export interface KeepLog {
  readonly progress: Progress;
  event(event: KeepEvent): void;
  line(text: string): void;
}

/** To standard error: as lines for people, or one JSON object a line. */
export function logOf(flags: Pick<KeepFlags, 'log' | 'quiet' | 'no-color'>, clock: Clock): KeepLog {
  const progress = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), flags.quiet);
  const loud = new Progress(process.stderr, stylesFor(process.stderr, flags['no-color']), false);
  // loaded by then: a keeper made the event
  const words = import('../../reconcile/keep/keep-event.ts');
  if (flags.log === 'text')
    return {
      progress,
      line: (told) => progress.line(told),
      event: (event) =>
        void words.then(({ eventLines, levelOf }) => {
          // --quiet is for progress, not for what is wrong
          const tell = flags.quiet && levelOf(event) !== 'info' ? loud : progress;
          for (const told of eventLines(event)) tell.line(told);
        }),
    };
  return {
    progress,
    line: (told) =>
      void process.stderr.write(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level: 'info', message: told })}\n`),
    event: (event) => void words.then(({ eventJson }) => process.stderr.write(`${eventJson(event, clock.now())}\n`)),
  };
}
