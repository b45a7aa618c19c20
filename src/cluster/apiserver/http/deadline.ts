// How long a client is going to wait for an answer: the parameter `timeout`. What is asked for may still be done when nobody waits any
// more. Follows the request deadline filter of k8s.io/apiserver.
import type { Clock } from '../../../apimachinery/clock.ts';
import { quote } from '../../../apimachinery/go-text.ts';
import { badRequest, timeoutError } from '../../../apimachinery/status-error.ts';
import { parseDuration } from '../../../apimachinery/time.ts';

/** Nobody is kept longer. */
const MAX_MS = 60_000;

/** @returns milliseconds; undefined where nothing is said. Throws a StatusError (400). */
export function timeoutOf(query: URLSearchParams): number | undefined {
  const timeout = query.get('timeout');
  if (!timeout) return undefined;
  const ns = parseDuration(timeout);
  if (ns === undefined) throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${quote(timeout)}`);
  // 0 is for as long as it takes
  return ns <= 0 ? undefined : Math.min(ns / 1e6, MAX_MS);
}

/** Rejects with a StatusError (504) where the work takes longer. */
export async function within<T>(clock: Clock, timeoutMs: number | undefined, work: Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return work;
  return new Promise((resolve, reject) => {
    const late = timeoutError('request did not complete within requested timeout - context deadline exceeded', 0);
    const timer = clock.schedule(timeoutMs, () => reject(late), { background: true });
    void work.then(resolve, reject).finally(() => timer.cancel());
  });
}
