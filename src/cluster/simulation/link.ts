// The way of one process to the API server, as a bad network is: slow, losing writes and answers, breaking off watches, broken altogether.
// Once it is killed nothing of its process comes through any more, as if that had ended in the middle of what it did.
import type { ResourceResponse, WatchEvent, WatchStream } from '../../apimachinery/api-request.ts';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { serverTimeout, statusError } from '../../apimachinery/status-error.ts';
import { UnreachableError, type Transport, type TransportRequest } from '../../client/transport.ts';

export interface LinkFaults {
  /** The share of writes that fail and change nothing: 0 to 1. */
  readonly failWrites: number;
  /** The share of writes that are done while the answer says that they are not. */
  readonly loseAnswers: number;
  /** The most that a request takes, in milliseconds. */
  readonly delayMs: number;
}

export const NO_FAULTS: LinkFaults = { failWrites: 0, loseAnswers: 0, delayMs: 0 };

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export class Link {
  faults: LinkFaults = NO_FAULTS;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly onWrite: (request: TransportRequest) => void;
  private readonly streams = new Set<FragileStream>();
  private broken = false;
  private killed = false;

  /** @param onWrite told of each write that is about to be done */
  constructor(clock: Clock, random: Random, onWrite: (request: TransportRequest) => void = () => undefined) {
    this.clock = clock;
    this.random = random;
    this.onWrite = onWrite;
  }

  over(transport: Transport): Transport {
    return {
      serve: (request) => this.serve(transport, request),
      resolve: (kind) => transport.resolve(kind),
      resources: () => transport.resources(),
    };
  }

  /** Nothing comes through until it is mended; who asks is told so. */
  break(): void {
    this.broken = true;
    this.dropWatches(false);
  }

  mend(): void {
    this.broken = false;
  }

  /** Ends all watches that are open. @param expired their versions are too old to go on from: all must be read anew */
  dropWatches(expired: boolean): void {
    for (const stream of this.streams) stream.end(expired);
    this.streams.clear();
  }

  /** For good. */
  kill(): void {
    this.killed = true;
    for (const stream of this.streams) stream.freeze();
    this.streams.clear();
  }

  private async serve(transport: Transport, request: TransportRequest): Promise<ResourceResponse> {
    const { delayMs, failWrites, loseAnswers } = this.faults;
    if (delayMs > 0) await this.clock.sleep(this.random.below(delayMs));
    if (this.killed) return never();
    if (this.broken) throw new UnreachableError('dial tcp 10.0.0.1:443: connect: no route to host');
    const writes = WRITES.has(request.verb);
    if (writes && failWrites > 0 && this.random.fraction() < failWrites) throw failed(request);
    if (writes) this.onWrite(request);
    const lost = writes && loseAnswers > 0 && this.random.fraction() < loseAnswers;
    const response = await transport.serve(request);
    if (this.killed) {
      if (response.is === 'watch') response.watch.cancel();
      return never();
    }
    if (lost) throw serverTimeout(request, request.verb, 1);
    return response.is === 'watch' ? { ...response, watch: this.fragile(response.watch) } : response;
  }

  private fragile(watch: WatchStream): WatchStream {
    const stream = new FragileStream(watch, () => this.streams.delete(stream));
    this.streams.add(stream);
    return stream;
  }
}

const failed = ({ verb }: TransportRequest): Error =>
  statusError({ code: 500, reason: 'InternalError', message: `etcdserver: request timed out (${verb})` });

/** A watch that can be ended from outside. */
class FragileStream implements WatchStream {
  private readonly inner: WatchStream;
  private readonly closed: () => void;
  private ending: WatchEvent | 'ended' | 'frozen' | undefined;
  private wake: (() => void) | undefined;

  constructor(inner: WatchStream, closed: () => void) {
    this.inner = inner;
    this.closed = closed;
  }

  end(expired: boolean): void {
    this.finish(expired ? EXPIRED : 'ended');
  }

  freeze(): void {
    this.finish('frozen');
  }

  private finish(how: WatchEvent | 'ended' | 'frozen'): void {
    this.ending ??= how;
    this.inner.cancel();
    this.wake?.();
  }

  async next(): Promise<WatchEvent | undefined> {
    if (!this.ending) {
      const event = await Promise.race([this.inner.next(), new Promise<undefined>((resolve) => (this.wake = () => resolve(undefined)))]);
      this.wake = undefined;
      if (event && !this.ending) return event;
    }
    const { ending = 'ended' } = this;
    if (ending === 'frozen') return never();
    this.closed();
    if (ending === 'ended') return undefined;
    this.ending = 'ended';
    return ending;
  }

  poll(): WatchEvent | undefined {
    return this.ending ? undefined : this.inner.poll();
  }

  cancel(): void {
    this.closed();
    this.finish('ended');
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    for (let event = await this.next(); event; event = await this.next()) yield event;
  }
}

const EXPIRED: WatchEvent = {
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Expired',
    message: 'too old resource version',
    code: 410,
  },
};
