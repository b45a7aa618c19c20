// One process of a cluster beside its API server: some of its components, with informers, clients and event recorders of their own. A
// cluster is usually one such process; a simulation has several, which end and begin again at any moment.
import type { Node, Pod } from '#api/core/v1';
import type { UserInfo } from '../apimachinery/api-request.ts';
import type { Clock } from '../apimachinery/clock.ts';
import type { NodeApi } from '../apimachinery/node-api.ts';
import { runtimeUid } from '../apimachinery/core/static-pods.ts';
import type { Manifest } from '../apimachinery/object.ts';
import type { Random } from '../apimachinery/random.ts';
import { Client } from '../client/client.ts';
import type { Controller, ControllerDeps } from '../client/controller.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informer.ts';
import type { Transport } from '../client/transport.ts';
import { serviceLoadBalancerController, type LoadBalancerRange } from './cloud-provider/service-load-balancer.ts';
import { controllerSpecs, type ControllerOptions } from './controllers/controllers.ts';
import { ADMIN, CONTROLLER_MANAGER, controllerUser, nodeUser, PROXY, SCHEDULER } from './identities.ts';
import { kubelets, type KubeletsController } from './kubelet/kubelets.ts';
import type { Machines } from './machines.ts';
import { metricsServer, type MetricsServer } from './metrics-server/metrics-server.ts';
import { proxy } from './proxy/proxy.ts';
import { scheduler } from './scheduler/scheduler.ts';

/** What a cluster consists of besides its API server. */
export const COMPONENT_NAMES = ['controllers', 'scheduler', 'nodes', 'metrics-server'] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];
/** `nodes` are both of the latter. */
export type ProcessPart = ComponentName | 'kubelets' | 'proxy';

/** Private addresses that are none of the cluster's own. */
const LOAD_BALANCERS: LoadBalancerRange = { first: '172.29.0.1', last: '172.29.255.254' };

export interface ProcessOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The way to the API server. @param userAgent names the field manager of what is written */
  transport(user: UserInfo, userAgent: string): Transport;
  readonly machines: Machines;
  readonly controllers: ControllerOptions;
  /** Nodes that its kubelets register. */
  readonly register: readonly Manifest<Node>[];
  /** What nodes run whatever the API server says: their manifests. */
  readonly staticPods?: (node: string) => readonly Manifest<Pod>[];
  /** Which nodes have their kubelet here: asked again whenever a node changes. Default: all. */
  readonly manages?: (node: Node) => boolean;
  /** Told of failures that a component will try to mend by itself. */
  readonly onError?: (component: string, key: string, error: unknown) => void;
}

export class ComponentProcess {
  private readonly options: ProcessOptions;
  private readonly informers: Informers;
  private readonly recorders: EventRecorder[] = [];
  private readonly components: Controller[] = [];
  private kubelets: KubeletsController | undefined;
  /** Answers metrics.k8s.io; undefined where it is none of this process's components. */
  metrics: MetricsServer | undefined;

  private constructor(options: ProcessOptions) {
    this.options = options;
    this.informers = new Informers(this.client(CONTROLLER_MANAGER, 'kube-controller-manager'), options.clock);
  }

  /** Resolves when all of its informers have read their first list, and its components work. */
  static async start(names: ReadonlySet<ProcessPart>, options: ProcessOptions): Promise<ComponentProcess> {
    const process = new ComponentProcess(options);
    process.make(names);
    await process.informers.start();
    for (const component of process.components) component.start();
    return process;
  }

  private make(names: ReadonlySet<ProcessPart>): void {
    const { options, components } = this;
    options.machines.know(this.informers);
    if (names.has('controllers')) components.push(...this.controllers());
    if (names.has('scheduler')) components.push(scheduler(this.deps('default-scheduler', SCHEDULER)));
    if (names.has('nodes') || names.has('proxy')) components.push(this.proxy());
    if (names.has('nodes') || names.has('kubelets')) components.push((this.kubelets = this.newKubelets()));
    if (names.has('metrics-server')) components.push(this.metricsServer());
  }

  private controllers(): Controller[] {
    const specs = controllerSpecs(this.options.controllers);
    return [
      ...specs.map(({ component, serviceAccount = component, make }) => make(this.deps(component, controllerUser(serviceAccount)))),
      serviceLoadBalancerController(this.deps('service-controller', controllerUser('service-controller')), LOAD_BALANCERS),
    ];
  }

  private proxy(): Controller {
    return proxy(this.deps('kube-proxy', PROXY), { backend: this.options.machines.network });
  }

  private newKubelets(): KubeletsController {
    const { machines, register, manages, staticPods } = this.options;
    return kubelets(this.deps('kubelet', ADMIN), {
      runtime: machines.runtime,
      traits: machines.traits,
      stages: machines.stages,
      register,
      clientOf: memoized((node) => this.client(nodeUser(node), 'kubelet')),
      ...(manages ? { manages } : {}),
      ...(staticPods ? { staticPods } : {}),
    });
  }

  private metricsServer(): Controller {
    const { runtime } = this.options.machines;
    return (this.metrics = metricsServer(this.deps('metrics-server', ADMIN), {
      usage: (pod, atMs) => runtime.usage(runtimeUid(pod), atMs),
    }));
  }

  private deps(component: string, user: UserInfo): ControllerDeps {
    const { informers } = this;
    const { clock, random, onError } = this.options;
    const client = this.client(user, programOf(component));
    const events = new EventRecorder(client, clock, { component });
    this.recorders.push(events);
    return { client, informers, clock, random: random.fork(), events, ...(onError ? { onError } : {}) };
  }

  /** @param userAgent the program, as fields that it writes are marked */
  private client(user: UserInfo, userAgent: string): Client {
    return new Client(this.options.transport(user, userAgent));
  }

  /** Where its nodes are asked; undefined where it has none. */
  get nodeApi(): NodeApi | undefined {
    return this.kubelets?.nodes;
  }

  /** Keys that wait or are being handled. */
  get pending(): number {
    return this.components.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** What is under way is done first. */
  async stop(): Promise<void> {
    await Promise.all(this.components.map((component) => component.stop()));
    await this.informers.stop();
    await Promise.all(this.recorders.map((recorder) => recorder.flushed()));
  }
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

/** Components that are programs of their own in Kubernetes, and which; all others are part of the controller manager. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'default-scheduler': 'kube-scheduler',
  'service-controller': 'cloud-controller-manager',
  'kube-proxy': 'kube-proxy',
  kubelet: 'kubelet',
  'metrics-server': 'metrics-server',
  'external-attacher': 'csi-attacher',
  'external-provisioner': 'csi-provisioner',
  'external-resizer': 'csi-resizer',
};

const programOf = (component: string): string => PROGRAMS[component] ?? 'kube-controller-manager';
