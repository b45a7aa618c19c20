// Only one process at a time syncs an app on a cluster that others reach too: it holds the Lease `jibe.<app>` beside the app's memory.
// Whoever waits plans anew afterwards, and mostly finds nothing to do. One that dies gives way when its Lease has run out.
import type { Random } from '../../apimachinery/random.ts';
import type { Clock } from '../../apimachinery/clock.ts';
import { isForbidden } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { LeaderElection } from '../../client/leader-election.ts';
import { parentName } from '../plan/apply-set.ts';

/** How a process is told from others that may sync the same apps. */
export interface Locking {
  /** For people too: it is said who is waited for. */
  readonly identity: string;
  readonly random: Random;
}

export interface AppLock {
  /** Aborted once the Lease could not be renewed in time: another process may be at work from then on. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface LockRequest {
  readonly client: Client;
  readonly clock: Clock;
  readonly locking: Locking;
  readonly app: string;
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Undefined where it could not be had before the deadline, or the signal was aborted. Rejects where the server refuses. */
export async function lockApp({ client, clock, locking, app, namespace, deadline, signal }: LockRequest): Promise<AppLock | undefined> {
  const lost = new AbortController();
  let failure: unknown;
  let leading!: () => void;
  const led = new Promise<void>((resolve) => (leading = resolve));
  const given = new AbortController();
  const election = new LeaderElection({
    client,
    clock,
    ...locking,
    namespace,
    name: parentName(app),
    onStartedLeading: leading,
    onStoppedLeading: () => lost.abort(new Error('the Lease could not be renewed')),
    onError: (error) => {
      // what is refused now will be refused again; what fails may work the next time
      failure = error;
      if (isForbidden(error)) given.abort(error);
    },
  });
  const stopped = AbortSignal.any([signal, given.signal]);
  election.start();
  const waited = clock.sleep(Math.max(0, deadline - clock.now()), { signal: stopped }).then(
    () => false,
    () => false,
  );
  const leads = await Promise.race([led.then(() => true), waited]);
  const refused = given.signal.aborted;
  // nothing waits for the deadline any more
  given.abort();
  if (leads) return { lost: lost.signal, release: () => election.stop() };
  await election.stop();
  if (refused) throw failure;
  return undefined;
}
