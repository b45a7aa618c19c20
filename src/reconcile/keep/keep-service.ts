// What is told over HTTP of sources that are kept: their apps, what happens to them, metrics, and whether the service is well; for programs
// as JSON and streams, for people as pages. It reads only; a git host that knows the secret may say that a source has changed.
import type { Clock } from '../../apimachinery/clock.ts';
import type { HistoryEntry } from '../history.ts';
import { json, problem, text, type Answer, type Asked, type Streaming } from './answer.ts';
import type { EventLog } from './event-log.ts';
import { eventStream } from './event-stream.ts';
import { appNames, appStatus, appSummary, sourceStatus, type Kept } from './kept-status.ts';
import type { KeepMetrics } from './metrics.ts';
import { statusPage } from './page/page.ts';
import { MAX_WEBHOOK_BYTES, verifyWebhook } from './webhook.ts';

export interface KeepServiceOptions {
  readonly sources: readonly Kept[];
  readonly log: EventLog;
  readonly metrics: KeepMetrics;
  readonly clock: Clock;
  /** Of git hosts; undefined where they are not listened to. */
  readonly webhookSecret: string | undefined;
  /** Past syncs of an app, from its cluster, the last one first. */
  readonly history: (source: Kept, app: string) => Promise<readonly HistoryEntry[]>;
}

/** Streams at once. */
export const MAX_STREAMS = 100;
const isWebhook = (path: string): boolean => /^\/webhook(?:\/[^/]*)?$/.test(path);
/** Needs no token: probes of whatever runs the service, and git hosts, with a secret of their own. */
export const isOpen = (path: string): boolean => path === '/healthz' || path === '/readyz' || isWebhook(path);
/** Only git hosts have something to send. */
export const maxBodyBytes = (path: string): number => (isWebhook(path) ? MAX_WEBHOOK_BYTES : 0);

export class KeepService {
  private readonly options: KeepServiceOptions;
  private streams = 0;

  constructor(options: KeepServiceOptions) {
    this.options = options;
  }

  readonly handle = async (asked: Asked): Promise<Answer | Streaming> => {
    const path = partsOf(asked.path);
    if (!path) return problem(400, 'BadPath', `${JSON.stringify(asked.path)} is no path`, 'encode it as a URL');
    if (path[0] === 'webhook' && this.options.webhookSecret !== undefined) return this.webhook(asked, path);
    if (asked.method !== 'GET' && asked.method !== 'HEAD')
      return problem(405, 'ReadOnly', `${asked.method} is not for what is served here`, 'it can only be read: GET', { allow: 'GET, HEAD' });
    return (await this.read(asked, path)) ?? problem(404, 'NotFound', `there is nothing at ${asked.path}`, 'see /api/v1/apps');
  };

  private async read(asked: Asked, path: readonly string[]): Promise<Answer | Streaming | undefined> {
    const [first, second, third, ...rest] = path;
    if (first === 'healthz' && path.length === 1) return text('ok\n');
    if (first === 'readyz' && path.length === 1) return this.ready();
    if (first === 'metrics' && path.length === 1) return text(this.options.metrics.text(), 200, 'text/plain; version=0.0.4; charset=utf-8');
    if (first !== 'api' || second !== 'v1') return statusPage(path, this.options);
    if (third === 'events' && path.length === 3) return this.events(asked);
    if (third !== 'apps') return undefined;
    const [sourceName, name, what, ...more] = rest;
    if (sourceName === undefined) return json(this.list());
    if (name === undefined || more.length > 0 || (what !== undefined && what !== 'history')) return undefined;
    return this.app(sourceName, name, what === 'history');
  }

  /** All apps, without their objects. */
  list(): object {
    const { sources } = this.options;
    return {
      sources: sources.map(sourceStatus),
      apps: sources.flatMap((source) => appNames(source).flatMap((name) => appSummary(source, name) ?? [])),
    };
  }

  private async app(sourceName: string, name: string, wantsHistory: boolean): Promise<Answer> {
    const source = this.options.sources.find((one) => one.name === sourceName);
    const status = source && appStatus(source, name);
    if (!source || !status)
      return problem(
        404,
        'NotFound',
        source
          ? `the source ${JSON.stringify(sourceName)} has no app ${JSON.stringify(name)}`
          : `no source is called ${JSON.stringify(sourceName)}`,
        '/api/v1/apps shows which there are',
      );
    return json(wantsHistory ? { cluster: source.cluster, syncs: await this.options.history(source, name) } : status);
  }

  private events({ headers, query }: Asked): Answer | Streaming {
    if (this.streams >= MAX_STREAMS)
      return problem(503, 'TooManyStreams', `${MAX_STREAMS} streams are open already`, 'close others, or try again', {
        'retry-after': '10',
      });
    const { log, clock } = this.options;
    const stream = eventStream(log, clock, headers['last-event-id'] ?? query.get('lastEventId') ?? undefined);
    return (write, gone) => {
      this.streams++;
      gone.addEventListener('abort', () => void this.streams--);
      stream(write, gone);
    };
  }

  /** Once each source was read, or could not be: neither that nor an app that does not get healthy keeps the others from being shown. */
  private ready(): Answer {
    const starting = this.options.sources.filter(({ keeper }) => keeper.status.state === 'starting').length;
    // whoever asks need not know what they are called
    return starting ? text(`${starting} of ${this.options.sources.length} sources are not yet read\n`, 503) : text('ok\n');
  }

  private webhook({ method, headers, body }: Asked, [, sourceName, ...more]: readonly string[]): Answer {
    if (method !== 'POST') return problem(405, 'MethodNotAllowed', 'a git host tells of a push by POST', 'send POST', { allow: 'POST' });
    const verdict = verifyWebhook(headers, body, this.options.webhookSecret!);
    if (!verdict.ok) return problem(401, 'Unauthorized', verdict.why, 'give the git host the secret that the service was given');
    const told = this.options.sources.filter(({ name }) => sourceName === undefined || name === sourceName);
    if (told.length === 0 || more.length > 0)
      return problem(404, 'NotFound', `no source is called ${JSON.stringify(sourceName)}`, '/api/v1/apps shows which there are');
    for (const { keeper } of told) keeper.poke();
    return json({ asked: told.map(({ name }) => name) }, 202);
  }
}

/** Undefined where it is not encoded as a path must be. */
function partsOf(path: string): readonly string[] | undefined {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
