// One of several processes leads: whoever holds a Lease and renews it in time. The others wait until it has not been renewed for as long
// as it lasts, by their own clock. Follows client-go's leaderelection: same times, same fields, no fencing.
import type { Lease } from '#api/coordination/v1';
import type { Clock } from '../apimachinery/clock.ts';
import type { Random } from '../apimachinery/random.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../apimachinery/status-error.ts';
import { formatMicroTime } from '../apimachinery/time.ts';
import type { Client } from './client.ts';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace: string;
  readonly name: string;
  /** Unlike that of any other candidate. */
  readonly identity: string;
  /** How long others wait after the last renewal that they saw. Default: 15,000. */
  readonly leaseDurationMs?: number;
  /** How long a leader goes on without a renewal. Less than the former. Default: 10,000. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. Default: 2,000. */
  readonly retryPeriodMs?: number;
  onStartedLeading(): void;
  /** Whoever led must not write any more: another one may lead from now on. Not called for a leader that was stopped. */
  onStoppedLeading(): void;
  /** Told of requests that failed. */
  readonly onError?: (error: unknown) => void;
}

const JITTER = 1.2;

export class LeaderElection {
  private readonly options: Required<Omit<LeaderElectionOptions, 'onError'>> & Pick<LeaderElectionOptions, 'onError'>;
  private readonly stopped = new AbortController();
  /** As last read or written, and when that was seen to change. */
  private observed: Lease | undefined;
  private observedAtMs = 0;
  private running: Promise<void> | undefined;
  private leads = false;

  constructor(options: LeaderElectionOptions) {
    this.options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000, ...options };
  }

  get isLeader(): boolean {
    return this.leads;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Gives the lease up where this one holds it, so that another can lead at once. */
  async stop(): Promise<void> {
    this.stopped.abort(new Error('stopped'));
    await this.running;
    if (!this.leads) return;
    this.leads = false;
    await this.release();
  }

  private async run(): Promise<void> {
    const { retryPeriodMs, random } = this.options;
    while (!(await this.tryAcquireOrRenew())) {
      if (!(await this.pause(retryPeriodMs * (1 + JITTER * random.fraction())))) return;
    }
    if (this.stopped.signal.aborted) return this.release();
    this.leads = true;
    this.options.onStartedLeading();
    await this.renew();
  }

  /** As long as it works; a leader that could not renew for too long leads no more. */
  private async renew(): Promise<void> {
    const { clock, renewDeadlineMs, retryPeriodMs } = this.options;
    let deadline = clock.now() + renewDeadlineMs;
    while (await this.pause(retryPeriodMs)) {
      // an attempt that takes too long counts as one that failed
      const renewed = await Promise.race([this.tryAcquireOrRenew(), this.pause(Math.max(0, deadline - clock.now())).then(() => false)]);
      if (this.stopped.signal.aborted) return;
      if (renewed) deadline = clock.now() + renewDeadlineMs;
      else if (clock.now() >= deadline || this.holder() !== this.options.identity) {
        this.leads = false;
        this.options.onStoppedLeading();
        return;
      }
    }
  }

  private async tryAcquireOrRenew(): Promise<boolean> {
    try {
      return await this.attempt();
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) this.options.onError?.(error);
      return false;
    }
  }

  private async attempt(): Promise<boolean> {
    const { client, clock, namespace, name, identity, leaseDurationMs } = this.options;
    const time = formatMicroTime(clock.now());
    const held = { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000), renewTime: time };
    let lease: Lease;
    try {
      lease = await client.get('coordination.k8s.io/v1/Lease', name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const metadata = { name, namespace };
      const spec = { ...held, acquireTime: time, leaseTransitions: 0 };
      const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec } as const;
      this.observe(await client.create('coordination.k8s.io/v1/Lease', made));
      return true;
    }
    this.observe(lease);
    const mine = this.holder() === identity;
    if (this.holder() && !mine && clock.now() < this.observedAtMs + leaseDurationMs) return false;
    const { acquireTime, leaseTransitions = 0 } = lease.spec ?? {};
    const spec = mine
      ? { ...lease.spec, ...held }
      : { ...lease.spec, ...held, acquireTime: time, leaseTransitions: leaseTransitions + (acquireTime ? 1 : 0) };
    this.observe(await client.update('coordination.k8s.io/v1/Lease', { ...lease, spec }));
    return true;
  }

  private observe(lease: Lease): void {
    if (lease.metadata.resourceVersion === this.observed?.metadata.resourceVersion) return;
    this.observed = lease;
    this.observedAtMs = this.options.clock.now();
  }

  private holder(): string {
    return this.observed?.spec?.holderIdentity ?? '';
  }

  private async release(): Promise<void> {
    const { client, clock } = this.options;
    if (!this.observed || this.holder() !== this.options.identity) return;
    const time = formatMicroTime(clock.now());
    const spec = { ...this.observed.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time };
    try {
      await client.update('coordination.k8s.io/v1/Lease', { ...this.observed, spec });
    } catch (error) {
      // it runs out by itself
      this.options.onError?.(error);
    }
  }

  /** @returns false where it was stopped meanwhile */
  private async pause(ms: number): Promise<boolean> {
    const { signal } = this.stopped;
    await this.options.clock.sleep(ms, { background: true, signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
