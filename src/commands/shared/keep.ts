// Keeps a source and a cluster in agreement until it is interrupted: what `sync --interval` does. Wires a keeper to the command's cluster,
// to a webhook and to metrics, and tells what happens.
import { Flags } from '@oclif/core';
import { RealClock } from '../../apimachinery/clock.ts';
import type { Handler } from '../../reconcile/keep/answer.ts';
import type { HttpServer, HttpServerOptions } from '../../reconcile/keep/http-server.ts';
import type { KeepEvent } from '../../reconcile/keep/keep-event.ts';
import type { Keeper } from '../../reconcile/keep/keeper.ts';
import type { SyncResult } from '../../reconcile/report/result.ts';
import { CannotDo } from './failure.ts';
import { logOf, type LogFlags } from './keep-log.ts';
import { openKeeper, pokeOnChange, runKeeper, type KeeperFlags } from './keeper.ts';
import { tellSync } from './sync-events.ts';
import { openTarget, type TargetFlags } from './target.ts';

export const keepFlags = {
  'self-heal': Flags.boolean({
    summary: 'Put drift right, in apps that do not say themselves.',
    description: 'At once, and after pauses of 2 s to 3 min where an object drifts again and again. Otherwise drift is only told.',
    helpGroup: 'KEEP (WITH --INTERVAL)',
  }),
  'webhook-port': Flags.integer({
    summary: 'A port of this machine on which a git host may tell of a push.',
    description: 'The secret that it shares is in $JIBE_WEBHOOK_SECRET. 0 is any port that is free.',
    helpValue: 'PORT',
    min: 0,
    max: 65_535,
    helpGroup: 'KEEP (WITH --INTERVAL)',
  }),
  'metrics-port': Flags.integer({
    summary: 'A port of this machine on which Prometheus reads metrics, at /metrics.',
    helpValue: 'PORT',
    min: 0,
    max: 65_535,
    helpGroup: 'KEEP (WITH --INTERVAL)',
  }),
  notify: Flags.boolean({
    summary: 'Tell whom the `notifications` of a jibe.yaml name.',
    description: 'Addresses and tokens are in $JIBE_NOTIFY_<NAME>, $JIBE_GITHUB_TOKEN and $JIBE_GITLAB_TOKEN.',
    helpGroup: 'KEEP (WITH --INTERVAL)',
  }),
  log: Flags.string({
    summary: 'How what happens is told, on standard error.',
    options: ['text', 'json'],
    default: 'text',
    helpGroup: 'KEEP (WITH --INTERVAL)',
  }),
};

export interface KeepFlags extends TargetFlags, KeeperFlags, LogFlags {
  readonly 'webhook-port'?: number | undefined;
  readonly 'metrics-port'?: number | undefined;
  readonly notify: boolean;
}

export interface KeepWishes {
  /** Told of each sync that was made because of the source. */
  readonly onResult: (result: SyncResult) => void;
  /** What is sound is applied although other files are not, and the source may be empty for a while. */
  readonly partial?: true;
  /** Told when the folder is gone. */
  readonly onGone?: () => void;
  /** Whether something that happened is worth a line. */
  readonly isTold?: (event: KeepEvent) => boolean;
}

export async function keepOn(location: string, flags: KeepFlags, signal: AbortSignal, wishes: KeepWishes): Promise<void> {
  const { onResult, partial, onGone, isTold = () => true } = wishes;
  if (location === '-') throw new CannotDo('standard input cannot be read again', 'give a directory or a repository');
  const [{ KeepMetrics }, { Notifier }] = await Promise.all([
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
    const keeper = await openKeeper(target, location, flags, notifier, {
      signal,
      onEvent(event) {
        metrics.observe(event);
        if (flags.notify) notifier.observe(event);
        if (isTold(event)) log.event(event);
      },
      onResult,
      ...(partial ? { partial } : {}),
      ...(flags.log === 'text' ? { onProgress: (event, app) => tellSync(event, log.progress, app) } : {}),
    });
    closing.unshift(() => keeper.close());
    closing.unshift(await pokeOnChange(location, flags, keeper, clock, signal, onGone));
    for (const server of await servers(flags, keeper, () => metrics.text())) {
      log.line(`listening on ${server.url}${server.path}`);
      closing.unshift(() => server.close());
    }
    await runKeeper(target, keeper, clock, signal);
  } finally {
    log.progress.clear();
    for (const close of closing) await close();
  }
}

interface NamedServer extends HttpServer {
  readonly path: string;
}

async function servers(flags: KeepFlags, keeper: Keeper, metrics: () => string): Promise<readonly NamedServer[]> {
  const found: NamedServer[] = [];
  const [{ MAX_WEBHOOK_BYTES, verifyWebhook }, { text }] = await Promise.all([
    import('../../reconcile/keep/webhook.ts'),
    import('../../reconcile/keep/answer.ts'),
  ]);
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
    found.push({
      ...(await listen('--webhook-port', { port: flags['webhook-port'], maxBodyBytes: () => MAX_WEBHOOK_BYTES }, handle)),
      path: '/',
    });
  }
  if (flags['metrics-port'] !== undefined) {
    const handle: Handler = ({ path: asked }) =>
      asked === '/metrics' ? text(metrics(), 200, 'text/plain; version=0.0.4; charset=utf-8') : text('see /metrics\n', 404);
    found.push({ ...(await listen('--metrics-port', { port: flags['metrics-port'], maxBodyBytes: () => 0 }, handle)), path: '/metrics' });
  }
  return found;
}

/** @param flag that named the port, for what is told where it is not to be had */
export async function listen(flag: string, options: HttpServerOptions, handle: Handler): Promise<HttpServer> {
  const { serveHttp } = await import('../../reconcile/keep/http-server.ts');
  try {
    return await serveHttp(options, handle);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CannotDo(
      `${flag}: port ${options.port} cannot be listened on (${code})`,
      'choose another one, or 0 for any that is free',
      error,
    );
  }
}
