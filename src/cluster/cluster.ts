// An embedded Kubernetes: the one place where API server, controllers, scheduler, kubelets and proxy are put together. Everything but
// the API server reaches state through a Client, under a name of its own.
import type { Clock } from '../apimachinery/clock.ts';
import { VirtualClock } from '../apimachinery/clock.ts';
import type { UserInfo } from '../apimachinery/api-request.ts';
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import type { Random } from '../apimachinery/random.ts';
import { isAlreadyExists } from '../apimachinery/status-error.ts';
import { Client } from '../client/client.ts';
import { InProcessTransport } from '../client/in-process.ts';
import { bootstrapNamespaces, bootstrapPriorityClasses } from './apiserver/bootstrap.ts';
import { standaloneApiServer } from './apiserver/standalone.ts';
import type { ApiServer } from './apiserver/api-server.ts';
import { MemoryStore } from './storage/memory-store.ts';
import type { Store } from './storage/store.ts';

/** May do everything: what the administrator's kubeconfig of a new cluster says. */
export const ADMIN: UserInfo = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What the cluster holds, and where it keeps it; by default nothing, in memory. */
  readonly store?: Store;
  /** How many nodes a new cluster has. */
  readonly nodes?: number;
}

export class Cluster {
  readonly clock: Clock;
  readonly server: ApiServer;
  private readonly random: Random;
  private readonly store: Store;

  private constructor(options: ClusterOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.store = options.store ?? new MemoryStore(options.clock);
    this.server = standaloneApiServer({ clock: this.clock, random: this.random, store: this.store });
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.bootstrap();
    return cluster;
  }

  private async bootstrap(): Promise<void> {
    const client = this.client({ username: 'system:apiserver', groups: ['system:masters'] }, 'kube-apiserver');
    const create = async (kind: string, object: Manifest<KubernetesObject>): Promise<void> => {
      await client.create(kind, object).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    };
    for (const namespace of bootstrapNamespaces()) await create('v1/Namespace', namespace);
    for (const priorityClass of bootstrapPriorityClasses()) await create('scheduling.k8s.io/v1/PriorityClass', priorityClass);
  }

  /** @param userAgent names the field manager of what is written */
  client(user: UserInfo = ADMIN, userAgent = 'jibe'): Client {
    return new Client(new InProcessTransport(this.server, user, userAgent));
  }

  /** An API server alone, on a copy of this cluster's state: what is written there is written nowhere else, and nothing acts upon it. */
  async scratch(): Promise<Cluster> {
    return Cluster.start({ clock: new VirtualClock(this.clock.now()), random: this.random.fork(), store: this.store.fork() });
  }

  /**
   * Waits for the work while the cluster's time goes on: on a virtual clock, as fast as it can. Work that waits for the world outside
   * must hold the clock meanwhile.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    if (!(this.clock instanceof VirtualClock)) return work;
    let ended = false;
    const watched = work.finally(() => (ended = true));
    watched.catch(() => undefined);
    if (!(await this.clock.runUntil(() => ended))) throw new Error('the work waits for something that no timer will bring about');
    return watched;
  }

  /** Lets the cluster's time reach what the world's clock shows (milliseconds since 1970), where it is behind. */
  async catchUp(now: number): Promise<void> {
    if (this.clock instanceof VirtualClock && now > this.clock.now()) await this.clock.advance(now - this.clock.now());
  }

  async stop(): Promise<void> {
    await this.store.close();
  }
}
