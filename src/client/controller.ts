// The loop that every controller runs in: what is observed becomes keys in a queue, workers take them and make each right, failures
// come back later. A controller itself is a name, what it watches, and reconcile().
import type { Clock } from '../apimachinery/clock.ts';
import type { Random } from '../apimachinery/random.ts';
import type { Client } from './client.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Informers } from './informer.ts';
import { WorkQueue, type Backoff } from './workqueue.ts';

/** What a controller is given. */
export interface ControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventRecorder;
  /** Told of failures that the controller will try to mend by itself. */
  readonly onError?: (controller: string, key: string, error: unknown) => void;
}

export interface Controller {
  readonly name: string;
  /** Keys that wait or are being handled: none when it is at rest. */
  readonly pending: number;
  start(): void;
  stop(): Promise<void>;
}

export interface ControllerSpec {
  readonly name: string;
  readonly deps: ControllerDeps;
  /** How many keys are handled side by side. */
  readonly workers: number;
  /** Where a failure is tried again otherwise than with most. */
  readonly backoff?: Backoff;
  /** Called once, before the informers start: adds indexes, and handlers that put keys into the queue. */
  watch(queue: WorkQueue): void;
  /**
   * Makes one object right. May be called twice, late, or never for one event. What it throws is reported and the key comes back
   * with a growing pause; a number asks to be called again after so many milliseconds.
   */
  reconcile(key: string, queue: WorkQueue): Promise<void | number>;
}

export function controller({ name, deps, workers, backoff, watch, reconcile }: ControllerSpec): Controller {
  const queue = new WorkQueue(deps.clock, backoff);
  watch(queue);
  let running: Promise<void>[] = [];
  const work = async (): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      try {
        const again = await reconcile(key, queue);
        queue.forget(key);
        if (typeof again === 'number') queue.addAfter(key, again);
      } catch (error) {
        deps.onError?.(name, key, error);
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  };
  return {
    name,
    get pending() {
      return queue.length;
    },
    start() {
      if (running.length === 0) running = Array.from({ length: workers }, work);
    },
    async stop() {
      queue.close();
      await Promise.all(running);
    },
  };
}
