// An embedded Kubernetes: the one place where API server, controllers, scheduler, kubelets and proxy are put together. Everything but
// the API server reaches state through a Client, under a name of its own.
import type { Node, Pod } from '#api/core/v1';
import type { Clock } from '../apimachinery/clock.ts';
import { VirtualClock } from '../apimachinery/clock.ts';
import type { UserInfo } from '../apimachinery/api-request.ts';
import type { KubernetesObject, Manifest } from '../apimachinery/object.ts';
import type { Random } from '../apimachinery/random.ts';
import { Client } from '../client/client.ts';
import { InProcessTransport } from '../client/in-process.ts';
import type { Transport } from '../client/transport.ts';
import { uncovered } from './apiserver/authorization/policy-rules.ts';
import { bootstrap, bootstrapAddons, bootstrapExtensionAuthentication } from './apiserver/bootstrap/bootstrap.ts';
import type { AccessOptions } from './apiserver/access.ts';
import type { Dial, Tls } from './apiserver/aggregator/backends.ts';
import type { AuditOptions } from './apiserver/audit/audit-log.ts';
import type { NotAdopted } from './apiserver/generic/adopt.ts';
import { standaloneApiServer } from './apiserver/standalone.ts';
import type { ApiServer } from './apiserver/api-server.ts';
import { nodeManifest, type NodeSize } from './default-nodes.ts';
import type { AuthorityFiles } from '../apimachinery/x509/certificate-authority.ts';
import { COMPONENT_NAMES, ComponentProcess, type ComponentName, type ProcessOptions, type ProcessPart } from './component-process.ts';
import type { ControllerOptions } from './controllers/controllers.ts';
import { ADMIN } from './identities.ts';
import { ADDRESS as METRICS_ADDRESS, PORT as METRICS_PORT } from './metrics-server/install.ts';
import { BehaviourError, checkDocument, type BehaviourDocument } from './kubelet/runtime/simulated/behaviour.ts';
import { StageError } from './kubelet/stages/fields.ts';
import { isStage } from './kubelet/stages/stage.ts';
import { checkStage } from './kubelet/stages/stages.ts';
import { Machines } from './machines.ts';
import { MemoryStore } from './storage/memory-store.ts';
import type { Store } from './storage/store.ts';

export { ADMIN, COMPONENT_NAMES, isStage, nodeManifest, uncovered };
export type { BehaviourDocument, ComponentName, NodeSize, NotAdopted };

/** What is wrong with a behaviour document, and the way to the field; undefined where nothing is. */
export function checkBehaviours(document: unknown): { readonly message: string; readonly path: readonly (string | number)[] } | undefined {
  let at = 0;
  try {
    const { stages = [] } = checkDocument(document as BehaviourDocument);
    for (; at < stages.length; at++) checkStage(stages[at]);
    return undefined;
  } catch (error) {
    if (error instanceof BehaviourError) return { message: error.message, path: [] };
    if (error instanceof StageError) return { message: error.message, path: ['stages', at, ...error.path] };
    throw error;
  }
}

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What the cluster holds, and where it keeps it; by default nothing, in memory. */
  readonly store?: Store;
  /** How many nodes a new cluster has, or which; 3 by default. */
  readonly nodes?: number | readonly Manifest<Node>[];
  /** All by default. Without any, nothing happens in the cluster but what clients do. */
  readonly components?: readonly ComponentName[];
  /** By the name of a node: manifests of pods that it runs whatever the API server says. */
  readonly staticPods?: Readonly<Record<string, readonly Manifest<Pod>[]>>;
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
  /** The way out of this process: to webhooks, and to servers behind Services that are no simulated pods. Without it neither is called. */
  readonly dial?: Dial;
  /** How the API server makes itself known to those: its certificate, and who has signed it (PEM). */
  readonly frontProxy?: { readonly client: NonNullable<Tls['client']>; readonly authority: string };
  /** What is told of requests, those of the cluster's own components too, and to whom. Nothing by default. */
  readonly audit?: AuditOptions;
}

export class Cluster {
  readonly clock: Clock;
  readonly server: ApiServer;
  private readonly random: Random;
  private readonly store: Store;
  private readonly options: ClusterOptions;
  /** What the nodes of this cluster consist of, once there are components that need any. */
  machines: Machines | undefined;
  private process: ComponentProcess | undefined;

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
      dial: options.dial,
      ...(options.frontProxy ? { proxyClient: options.frontProxy.client } : {}),
      ...(options.audit ? { audit: options.audit } : {}),
    });
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    await cluster.bootstrap();
    const { components = COMPONENT_NAMES } = options;
    if (components.length) cluster.process = await cluster.startProcess(components);
    return cluster;
  }

  /**
   * Starts a process of this cluster, beside those that run already.
   * @param options where it is unlike others: the way to the API server, and what it is told
   */
  async startProcess(names: readonly ProcessPart[], options: Partial<ProcessOptions> = {}): Promise<ComponentProcess> {
    const { clock, random } = this;
    this.machines ??= new Machines(clock, random, this.options.behaviour);
    const { onError, staticPods } = this.options;
    const started = await ComponentProcess.start(new Set(names), {
      clock,
      random,
      transport: (user, userAgent) => this.transport(user, userAgent),
      machines: this.machines,
      controllers: this.controllerOptions(),
      register: names.includes('nodes') ? await this.missingNodes() : [],
      ...(onError ? { onError } : {}),
      ...(staticPods ? { staticPods: (node) => staticPods[node] ?? [] } : {}),
      ...options,
    });
    if (started.nodeApi) this.server.connectNodes(started.nodeApi);
    const { metrics } = started;
    if (metrics) this.server.backends.listen(METRICS_ADDRESS, METRICS_PORT, (request) => metrics.handle(request));
    return started;
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
    if (fresh && components.includes('controllers')) await bootstrapAddons(parts);
    const { frontProxy, certificateAuthority } = this.options;
    if (frontProxy) await bootstrapExtensionAuthentication(parts, certificateAuthority?.certificate ?? '', frontProxy.authority);
  }

  /** @param userAgent names the field manager of what is written */
  client(user: UserInfo = ADMIN, userAgent = 'jibe'): Client {
    return new Client(this.transport(user, userAgent));
  }

  /** @param userAgent names the field manager of what is written */
  transport(user: UserInfo, userAgent: string): Transport {
    return new InProcessTransport(this.server, user, userAgent);
  }

  /**
   * Takes over objects of another cluster as they are, in place of those of the same name: neither admitted nor validated.
   * Resolves with those that could not be, and why.
   */
  adopt(objects: readonly KubernetesObject[]): Promise<readonly NotAdopted[]> {
    return this.server.adopt(objects);
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
    await this.process?.stop();
    this.server.close();
    await this.store.close();
  }
}
