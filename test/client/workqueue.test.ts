// When a failed key comes back: after pauses that double up to a bound, and from the first one again once it has succeeded.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/apimachinery/clock.ts';
import { WorkQueue, type Backoff } from '../../src/client/workqueue.ts';

/** The pauses, in milliseconds, after each of so many failures of one key. */
async function pauses(backoff: Backoff | undefined, failures: number, forgottenBefore?: number): Promise<number[]> {
  const clock = new VirtualClock(0);
  const queue = new WorkQueue(clock, backoff);
  const seen: number[] = [];
  queue.add('k');
  for (let i = 0; i < failures; i++) {
    await queue.next();
    if (i === forgottenBefore) queue.forget('k');
    queue.addRateLimited('k');
    queue.done('k');
    const pause = clock.nextForeground()! - clock.now();
    seen.push(pause);
    await clock.advance(pause);
  }
  return seen;
}

test.each<[string, Backoff | undefined, number[], number?]>([
  ['by default from 5 ms on', undefined, [5, 10, 20, 40, 80]],
  ['from a second on, up to a bound', { baseMs: 1000, maxMs: 5000 }, [1000, 2000, 4000, 5000, 5000]],
  ['anew after a success', undefined, [5, 10, 20, 5, 10], 3],
])('pauses double %s', async (_, backoff, expected, forgottenBefore) => {
  expect(await pauses(backoff, expected.length, forgottenBefore)).toEqual(expected);
});
