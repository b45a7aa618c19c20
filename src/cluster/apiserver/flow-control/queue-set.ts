// One priority level at work: its requests that run, and those that wait in queues and take their turns fairly. Follows
// util/flowcontrol/fairqueuing of k8s.io/apiserver.
// DEVIATION: every request takes one seat, however much it asks for.
import type { LimitedPriorityLevelConfiguration } from '#api/flowcontrol/v1';
import type { Clock, Timer } from '../../../apimachinery/clock.ts';
import { deal } from './shuffle-sharding.ts';

type Response = NonNullable<LimitedPriorityLevelConfiguration['limitResponse']>;

/** How long a request is thought to take, in milliseconds, until it is known. */
const ESTIMATED_MS = 3;
/** How long a request waits at most, in milliseconds: a quarter of the time that one may take. */
const MAX_WAIT_MS = 15_000;

/** Gives the seat back. May be called twice. */
export type Release = () => void;

/** Why a request is turned away. */
export type Rejection = 'concurrency-limit' | 'queue-full' | 'time-out';

interface Queue {
  readonly waiting: Waiting[];
  executing: number;
  /** How much this queue has been served, on the common scale of progress: the lowest is next. */
  served: number;
}

interface Waiting {
  readonly queue: Queue;
  readonly timer: Timer;
  start(): void;
}

export class QueueSet {
  private readonly clock: Clock;
  /** Whether one more may run, as far as other levels are concerned. */
  private readonly maySeat: () => boolean;
  private response: Response = { type: 'Reject' };
  private readonly queues: Queue[] = [];
  /** How much a queue would have been served that always had work. */
  private progress = 0;
  private progressAt: number;
  executing = 0;
  waiting = 0;

  constructor(clock: Clock, maySeat: () => boolean) {
    this.clock = clock;
    this.maySeat = maySeat;
    this.progressAt = clock.now();
  }

  /** What waits in queues that are no longer dealt takes its turn all the same. */
  configure(response: Response): void {
    this.response = response;
    const { queues = 0 } = response.queuing ?? {};
    while (this.queues.length < queues) this.queues.push({ waiting: [], executing: 0, served: 0 });
  }

  /** At once where there is room. */
  enter(hash: bigint): Release | Rejection | Promise<Release | Rejection> {
    const { queuing } = this.response;
    if (this.waiting === 0 && this.maySeat()) return this.start(queuing ? this.choose(hash, queuing) : undefined);
    if (!queuing) return 'concurrency-limit';
    const queue = this.choose(hash, queuing);
    if (queue.waiting.length >= (queuing.queueLengthLimit ?? 50)) return 'queue-full';
    return this.wait(queue);
  }

  /** The shortest of those that the flow is dealt. */
  private choose(hash: bigint, { queues, handSize }: NonNullable<Response['queuing']>): Queue {
    let best: Queue | undefined;
    for (const card of deal(hash, queues, Math.min(handSize, queues))) {
      const queue = this.queues[card]!;
      if (!best || load(queue) < load(best)) best = queue;
    }
    return best!;
  }

  private wait(queue: Queue): Promise<Release | Rejection> {
    return new Promise((resolve) => {
      this.advance();
      if (load(queue) === 0) queue.served = this.progress;
      const timer = this.clock.schedule(
        MAX_WAIT_MS,
        () => {
          queue.waiting.splice(queue.waiting.indexOf(one), 1);
          this.waiting--;
          resolve('time-out');
        },
        { background: true },
      );
      const one: Waiting = { queue, timer, start: () => resolve(this.start(queue)) };
      queue.waiting.push(one);
      this.waiting++;
    });
  }

  /** Lets in those whose turn it is, as many as may. */
  dispatch(): void {
    while (this.waiting > 0 && this.maySeat()) {
      let next: Queue | undefined;
      for (const queue of this.queues) if (queue.waiting.length > 0 && (!next || queue.served < next.served)) next = queue;
      const one = next!.waiting.shift()!;
      this.waiting--;
      one.timer.cancel();
      one.start();
    }
  }

  private start(queue: Queue | undefined): Release {
    this.advance();
    const began = this.clock.now();
    this.executing++;
    if (queue) {
      if (load(queue) === 0) queue.served = this.progress;
      queue.executing++;
      queue.served += ESTIMATED_MS;
    }
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.advance();
      this.executing--;
      if (!queue) return;
      queue.executing--;
      queue.served += this.clock.now() - began - ESTIMATED_MS;
    };
  }

  /** All queues with work share what is served equally. */
  private advance(): void {
    const now = this.clock.now();
    if (now === this.progressAt) return;
    let active = 0;
    for (const queue of this.queues) if (load(queue) > 0) active++;
    if (active > 0) this.progress += ((now - this.progressAt) * this.executing) / active;
    this.progressAt = now;
  }
}

const load = ({ waiting, executing }: Queue): number => waiting.length + executing;
