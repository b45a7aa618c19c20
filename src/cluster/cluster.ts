// An embedded Kubernetes: the one place where API server, controllers, scheduler, kubelets and proxy are put together. Everything but
// the API server reaches state through a Client, under a name of its own.
import type { Clock } from '../apimachinery/clock.ts';
import { VirtualClock } from '../apimachinery/clock.ts';
import type { UserInfo } from '../apimachinery/api-request.ts';
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import type { Random } from '../apimachinery/random.ts';
import { isAlreadyExists } from '../apimachinery/status-error.ts';
import { Client } from '../client/client.ts';
import type { Controller, ControllerDeps } from '../client/controller.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informer.ts';
import { InProcessTransport } from '../client/in-process.ts';
import { bootstrapNamespaces, bootstrapPriorityClasses } from './apiserver/bootstrap.ts';
import { standaloneApiServer } from './apiserver/standalone.ts';
import type { ApiServer } from './apiserver/api-server.ts';
import { controllerSpecs } from './controllers/controllers.ts';
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
  /** Told of failures that a component will try to mend by itself. */
  readonly onError?: (component: string, key: string, error: unknown) => void;
}

/** Components act under names of their own: as they appear in `managedFields`, and in Kubernetes' audit logs. */
const COMPONENTS: UserInfo = { username: 'system:kube-controller-manager', groups: ['system:masters', 'system:authenticated'] };

export class Cluster {
  readonly clock: Clock;
  readonly server: ApiServer;
  private readonly random: Random;
  private readonly store: Store;
  private readonly options: ClusterOptions;
  private components: readonly Controller[] = [];
  private informers: Informers | undefined;

  private constructor(options: ClusterOptions) {
    this.options = options;
    this.clock = options.clock;
    this.random = options.random;
    this.store = options.store ?? new MemoryStore(options.clock);
    this.server = standaloneApiServer({ clock: this.clock, random: this.random, store: this.store });
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.bootstrap();
    await cluster.startComponents();
    return cluster;
  }

  /** An API server alone: nothing happens in it but what clients do. */
  static async apiServerOnly(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.bootstrap();
    return cluster;
  }

  private async startComponents(): Promise<void> {
    const informers = new Informers(this.client(COMPONENTS, 'kube-controller-manager'), this.clock);
    const { clock, options } = this;
    const deps = (component: string): ControllerDeps => {
      const client = this.client(COMPONENTS, component);
      const events = new EventRecorder(client, clock, { component });
      return { client, informers, clock, random: this.random.fork(), events, ...(options.onError ? { onError: options.onError } : {}) };
    };
    this.informers = informers;
    this.components = controllerSpecs({ rootCA: '' }).map(({ component, make }) => make(deps(component)));
    await informers.start();
    for (const component of this.components) component.start();
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
    return Cluster.apiServerOnly({ clock: new VirtualClock(this.clock.now()), random: this.random.fork(), store: this.store.fork() });
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
    await Promise.all(this.components.map((component) => component.stop()));
    await this.informers?.stop();
    await this.store.close();
  }
}
