// An embedded Kubernetes: the one place where API server, controllers, scheduler, kubelets and proxy are put together. Everything but
// the API server reaches state through a Client, under a name of its own.
import type { Node } from '#api/core/v1';
import type { Clock } from '../apimachinery/clock.ts';
import { VirtualClock } from '../apimachinery/clock.ts';
import type { UserInfo } from '../apimachinery/api-request.ts';
import type { Manifest } from '../apimachinery/object.ts';
import type { Random } from '../apimachinery/random.ts';
import { Client } from '../client/client.ts';
import type { Controller, ControllerDeps } from '../client/controller.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informer.ts';
import { InProcessTransport } from '../client/in-process.ts';
import { bootstrap, bootstrapStorageClass } from './apiserver/bootstrap/bootstrap.ts';
import type { AccessOptions } from './apiserver/access.ts';
import type { AuditOptions } from './apiserver/audit/audit-log.ts';
import type { WebhookCaller } from './apiserver/admission/webhook/webhook-caller.ts';
import { standaloneApiServer } from './apiserver/standalone.ts';
import type { ApiServer } from './apiserver/api-server.ts';
import { nodeManifest } from './default-nodes.ts';
import type { AuthorityFiles } from '../apimachinery/x509/certificate-authority.ts';
import { controllerSpecs, type ControllerOptions } from './controllers/controllers.ts';
import { serviceLoadBalancerController, type LoadBalancerRange } from './cloud-provider/service-load-balancer.ts';
import { ADMIN, CONTROLLER_MANAGER, controllerUser, nodeUser, PROXY, SCHEDULER } from './identities.ts';
import { kubelets } from './kubelet/kubelets.ts';
import { BehaviourError, checkDocument, type BehaviourDocument } from './kubelet/runtime/simulated/behaviour.ts';
import { REALISTIC, traitsOf } from './kubelet/runtime/simulated/documents.ts';
import { SimulatedRuntime } from './kubelet/runtime/simulated/simulated-runtime.ts';
import { proxy } from './proxy/proxy.ts';
import { SimulatedNetwork } from './proxy/simulated-network.ts';
import { scheduler } from './scheduler/scheduler.ts';
import { MemoryStore } from './storage/memory-store.ts';
import type { Store } from './storage/store.ts';

export { ADMIN };
export type { BehaviourDocument };

/** What is wrong with a behaviour document; undefined where nothing is. */
export function checkBehaviours(document: unknown): string | undefined {
  try {
    checkDocument(document as BehaviourDocument);
    return undefined;
  } catch (error) {
    if (error instanceof BehaviourError) return error.message;
    throw error;
  }
}

/** Private addresses that are none of the cluster's own. */
const LOAD_BALANCERS: LoadBalancerRange = { first: '172.29.0.1', last: '172.29.255.254' };

/** What a cluster consists of besides its API server. */
export const COMPONENT_NAMES = ['controllers', 'scheduler', 'nodes'] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What the cluster holds, and where it keeps it; by default nothing, in memory. */
  readonly store?: Store;
  /** How many nodes a new cluster has, or which; 3 by default. */
  readonly nodes?: number | readonly Manifest<Node>[];
  /** All by default. Without any, nothing happens in the cluster but what clients do. */
  readonly components?: readonly ComponentName[];
  /** How containers start, fail and stop. */
  readonly behaviour?: BehaviourDocument;
  /** Who sends requests over the network, and who may do what. Roles count unless it is said otherwise. */
  readonly access?: AccessOptions;
  /** By name, as kube-apiserver's flags of these names have them. */
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  /** Signs certificates that are asked for through the API, and is what pods trust: `kube-root-ca.crt`. */
  readonly certificateAuthority?: AuthorityFiles;
  /** Told of failures that a component will try to mend by itself. */
  readonly onError?: (component: string, key: string, error: unknown) => void;
  /** Reaches admission webhooks. Without it they are stored, and not called. */
  readonly webhooks?: WebhookCaller;
  /** What is told of requests, those of the cluster's own components too, and to whom. Nothing by default. */
  readonly audit?: AuditOptions;
}

/** One client a node, however often it is asked for. */
function memoized(make: (node: string) => Client): (node: string) => Client {
  const made = new Map<string, Client>();
  return (node) => {
    let client = made.get(node);
    if (!client) made.set(node, (client = make(node)));
    return client;
  };
}

export class Cluster {
  readonly clock: Clock;
  readonly server: ApiServer;
  private readonly random: Random;
  private readonly store: Store;
  private readonly options: ClusterOptions;
  private components: readonly Controller[] = [];
  private informers: Informers | undefined;
  /** Where a connection to an address of a Service goes. */
  network: SimulatedNetwork | undefined;
  private readonly recorders: EventRecorder[] = [];

  private constructor(options: ClusterOptions) {
    this.options = options;
    this.clock = options.clock;
    this.random = options.random;
    this.store = options.store ?? new MemoryStore(options.clock);
    this.server = standaloneApiServer({
      clock: this.clock,
      random: this.random,
      store: this.store,
      access: { authorization: 'Node,RBAC', ...options.access },
      enableAdmissionPlugins: options.enableAdmissionPlugins ?? [],
      disableAdmissionPlugins: options.disableAdmissionPlugins ?? [],
      ...(options.webhooks ? { webhooks: options.webhooks } : {}),
      ...(options.audit ? { audit: options.audit } : {}),
    });
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.bootstrap();
    const { components = COMPONENT_NAMES } = options;
    if (components.length) await cluster.startComponents(new Set(components));
    return cluster;
  }

  private async startComponents(wanted: ReadonlySet<ComponentName>): Promise<void> {
    const { clock, options } = this;
    const informers = new Informers(this.client(CONTROLLER_MANAGER, 'kube-controller-manager'), clock);
    const deps = (component: string, user: UserInfo): ControllerDeps => {
      const client = this.client(user, component);
      const events = new EventRecorder(client, clock, { component });
      this.recorders.push(events);
      return { client, informers, clock, random: this.random.fork(), events, ...(options.onError ? { onError: options.onError } : {}) };
    };
    this.informers = informers;
    const document = options.behaviour ?? REALISTIC;
    const runtime = new SimulatedRuntime(clock, this.random, document);
    const nodes = informers.of('v1/Node');
    nodes.addIndex('address', ({ status }) => (status?.addresses ?? []).map(({ address }) => address));
    const isNodeIP = (ip: string): boolean => [...nodes.byIndex('address', ip)].length > 0;
    const network = new SimulatedNetwork(clock, this.random, isNodeIP);
    this.network = network;
    const parts: Readonly<Record<ComponentName, () => Controller[] | Promise<Controller[]>>> = {
      controllers: () => [
        ...controllerSpecs(this.controllerOptions()).map(({ component, serviceAccount = component, make }) =>
          make(deps(component, controllerUser(serviceAccount))),
        ),
        serviceLoadBalancerController(deps('service-controller', controllerUser('service-controller')), LOAD_BALANCERS),
      ],
      scheduler: () => [scheduler(deps('default-scheduler', SCHEDULER))],
      nodes: async () => {
        const all = kubelets(deps('kubelet', ADMIN), {
          runtime,
          traits: traitsOf(document),
          register: await this.missingNodes(),
          clientOf: memoized((node) => this.client(nodeUser(node), 'kubelet')),
        });
        this.server.connectNodes(all.nodes);
        return [proxy(deps('kube-proxy', PROXY), { backend: network }), all];
      },
    };
    const components: Controller[] = [];
    for (const name of COMPONENT_NAMES) if (wanted.has(name)) components.push(...(await parts[name]()));
    this.components = components;
    await informers.start();
    for (const component of this.components) component.start();
  }

  private controllerOptions(): ControllerOptions {
    const { certificateAuthority } = this.options;
    const tokens = this.server.access.serviceAccountTokens;
    return {
      rootCA: certificateAuthority?.certificate ?? '',
      certificateAuthority,
      simulatedProvisioners: 'all',
      issueToken: (namespace, account, secret) => tokens.issueForSecret(namespace, account, secret),
    };
  }

  /** The nodes of a cluster that has none yet. */
  private async missingNodes(): Promise<readonly Manifest<Node>[]> {
    const { nodes = 3 } = this.options;
    if (typeof nodes !== 'number') return nodes;
    const { items } = await this.client().list('v1/Node', { limit: 1 });
    return items.length ? [] : Array.from({ length: nodes }, (_, i) => nodeManifest(i));
  }

  private async bootstrap(): Promise<void> {
    const parts = { store: this.store, clock: this.clock, random: this.random };
    const fresh = this.store.revision === 1;
    await bootstrap(parts);
    // once, and not again when somebody took it away; without controllers nobody would provide the volumes
    const { components = COMPONENT_NAMES } = this.options;
    if (fresh && components.includes('controllers')) await bootstrapStorageClass(parts);
  }

  /** @param userAgent names the field manager of what is written */
  client(user: UserInfo = ADMIN, userAgent = 'jibe'): Client {
    return new Client(new InProcessTransport(this.server, user, userAgent));
  }

  /** An API server alone, on a copy of this cluster's state: what is written there is written nowhere else, and nothing acts upon it. */
  async scratch(): Promise<Cluster> {
    return Cluster.start({
      clock: new VirtualClock(this.clock.now()),
      random: this.random.fork(),
      store: this.store.fork(),
      components: [],
    });
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
    await Promise.all(this.recorders.map((recorder) => recorder.flushed()));
    await this.store.close();
  }
}
