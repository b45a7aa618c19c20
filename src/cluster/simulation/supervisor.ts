// A process of the simulated control plane that ends and begins again: after a crash, and when it has lost its lease. What it had begun
// stays undone, what it knew is forgotten.
import type { TransportRequest } from '../../client/transport.ts';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { Client } from '../../client/client.ts';
import { LeaderElection } from '../../client/leader-election.ts';
import type { Random } from '../../apimachinery/random.ts';
import type { Cluster } from '../cluster.ts';
import type { ComponentProcess, ProcessOptions } from '../component-process.ts';
import { Link, NO_FAULTS, type LinkFaults } from './link.ts';

/** How long until it begins again, in milliseconds. */
const RESTART_MS = 3_000;
const ELECTION_NAMESPACE = 'kube-system';

export interface SupervisorOptions {
  readonly name: string;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly components: Parameters<Cluster['startProcess']>[0];
  readonly process?: Partial<ProcessOptions>;
  /** The Lease that one of several holds. Absent: there is only this one. */
  readonly lease?: string;
  /** Told of every write while it is done. */
  readonly onWrite?: (supervisor: Supervisor, request: TransportRequest) => void;
  readonly onError: (component: string, key: string, error: unknown) => void;
}

export class Supervisor {
  readonly name: string;
  private readonly options: SupervisorOptions;
  private link: Link;
  private process: ComponentProcess | undefined;
  private election: LeaderElection | undefined;
  private faults: LinkFaults = NO_FAULTS;
  private broken = false;
  private off = false;
  /** It has crashed, and will begin again. */
  private restart: Timer | undefined;
  /** Each life has a name of its own, as each process has a pod or a host. */
  private life = 0;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.name = options.name;
    this.link = this.newLink();
  }

  /** What it calls itself in its Lease. */
  get identity(): string {
    return `${this.name}_${this.life}`;
  }

  get pending(): number {
    return this.process?.pending ?? 0;
  }

  /** Resolves when it works; one that stands for election, when it has begun to. */
  async start(): Promise<void> {
    this.restart = undefined;
    this.life++;
    this.link = this.newLink();
    const { lease } = this.options;
    if (lease === undefined) await this.work();
    else this.stand(lease);
  }

  private newLink(): Link {
    const { clock, random, onWrite } = this.options;
    const link = new Link(clock, random, (request) => onWrite?.(this, request));
    link.faults = this.faults;
    if (this.broken) link.break();
    return link;
  }

  private async work(): Promise<void> {
    const { cluster, components, process = {}, onError } = this.options;
    const { link } = this;
    const started = await cluster.startProcess(components, {
      ...process,
      transport: (user, userAgent) => link.over(cluster.transport(user, userAgent)),
      onError,
    });
    this.process = started;
  }

  private stand(lease: string): void {
    const { cluster, clock, random, onError } = this.options;
    const { link } = this;
    this.election = new LeaderElection({
      client: new Client(link.over(cluster.transport(ELECTORS, this.name))),
      clock,
      random: random.fork(),
      namespace: ELECTION_NAMESPACE,
      name: lease,
      identity: this.identity,
      onStartedLeading: () => void this.work(),
      onStoppedLeading: () => this.crash(),
      onError: (error) => onError(this.name, lease, error),
    });
    this.election.start();
  }

  /** Ends in the middle of whatever it does, and begins again after a while. */
  crash(): void {
    if (this.off || this.restart) return;
    this.end();
    this.restart = this.options.clock.schedule(RESTART_MS, () => void this.start());
  }

  /** Ends, and does not begin again by itself. */
  switchOff(): void {
    this.off = true;
    this.restart?.cancel();
    this.end();
  }

  async switchOn(): Promise<void> {
    if (!this.off) return;
    this.off = false;
    await this.start();
  }

  private end(): void {
    this.link.kill();
    // they wait for answers that never come: nobody waits for them
    void this.process?.stop();
    void this.election?.stop();
    this.process = undefined;
    this.election = undefined;
  }

  setFaults(faults: LinkFaults): void {
    this.faults = faults;
    this.link.faults = faults;
  }

  dropWatches(expired: boolean): void {
    this.link.dropWatches(expired);
  }

  /** Cut off from the API server, or no longer. */
  setBroken(broken: boolean): void {
    this.broken = broken;
    if (broken) this.link.break();
    else this.link.mend();
  }
}

const ELECTORS = { username: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] };
