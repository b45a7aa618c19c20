// All kubelets of this process: one set of handlers on the shared informers, each event handed to the kubelet of the node it is about.
// Nodes are registered here, and kubelets come and go with the nodes.
import type { Node, Pod } from '#api/core/v1';
import type { Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Controller, ControllerDeps } from '../../client/controller.ts';
import type { NodeApi } from '../../apimachinery/node-api.ts';
import { objectKey } from '../../client/informer.ts';
import { Heartbeats } from './heartbeats.ts';
import { Kubelet } from './kubelet.ts';
import { hostIPs, KUBELET_PORT, nodeLabels } from './node-status.ts';
import { nodeApi } from './node-api.ts';
import { usedObjects, type ConfigLister } from './pod-config.ts';
import type { VolumeLister } from './node-volumes.ts';
import { NODE_ANNOTATIONS, registerVolumes } from './registration.ts';
import type { Runtime } from './runtime/runtime.ts';
import { Stages } from './stages/stages.ts';
import { KUBELET_TRAITS, type KubeletTraits } from './traits.ts';

export interface KubeletsOptions {
  readonly runtime: Runtime;
  /** Default: all that a kubelet does. */
  readonly traits?: KubeletTraits;
  /** Nodes that are made at the start where they do not exist. */
  readonly register?: readonly Manifest<Node>[];
  /** Which nodes have their kubelet here: asked again whenever a node changes. Default: all. */
  readonly manages?: (node: Node) => boolean;
  /** How long a node counts as alive after its last heartbeat; 0: no heartbeats. Default: 40. */
  readonly leaseDurationSeconds?: number;
  /** What nodes run whatever the API server says: their manifests. */
  readonly staticPods?: (node: string) => readonly Manifest<Pod>[];
  /** kwok's Stages, checked: what they are for lives as they tell. */
  readonly stages?: readonly unknown[];
  /** As whom the kubelet of a node speaks. Default: all alike. */
  readonly clientOf?: (node: string) => Client;
}

const LEASE_SECONDS = 40;
/** Between two attempts to register a node, in milliseconds: doubled each time, up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 7_000;
const BY_NODE = 'spec.nodeName';

export interface KubeletsController extends Controller {
  /** What the API server asks of them. */
  readonly nodes: NodeApi;
}

export function kubelets(deps: ControllerDeps, options: KubeletsOptions): KubeletsController {
  return new Kubelets(deps, options);
}

class Kubelets implements KubeletsController {
  readonly name = 'kubelet';
  readonly nodes: NodeApi;
  private readonly deps: ControllerDeps;
  private readonly options: KubeletsOptions;
  private readonly traits: KubeletTraits;
  private readonly byNode = new Map<string, Kubelet>();
  private readonly heartbeats: Heartbeats | undefined;
  private readonly config: ConfigLister;
  private readonly volumes: VolumeLister | undefined;
  private readonly stages: Stages | undefined;
  /** `ConfigMap/namespace/name` → the pods (uid → node) that use it. */
  private readonly users = new Map<string, Map<string, string>>();
  private readonly used = new Map<string, readonly string[]>();
  /** The kubelet of each pod, by uid. */
  private readonly places = new Map<string, Kubelet>();
  private running = false;
  private readonly pods;
  private readonly nodeInformer;
  private busy = 0;

  constructor(deps: ControllerDeps, options: KubeletsOptions) {
    this.deps = deps;
    this.options = options;
    this.traits = options.traits ?? KUBELET_TRAITS;
    const { informers, clock } = deps;
    this.pods = informers.of('v1/Pod');
    this.nodeInformer = informers.of('v1/Node');
    this.pods.addIndex(BY_NODE, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
    const lease = options.leaseDurationSeconds ?? LEASE_SECONDS;
    if (lease > 0)
      this.heartbeats = new Heartbeats(
        (node) => this.clientOf(node),
        clock,
        lease,
        (node, error) => this.failed(node, error),
      );
    this.config = this.watchConfig();
    this.volumes = this.watchVolumes();
    if (options.stages?.length)
      this.stages = new Stages(options.stages, deps, { kubeletPort: KUBELET_PORT, nodeIPs: (node) => this.nodeIPs(node) });
    this.nodes = nodeApi({
      runtime: options.runtime,
      config: this.config,
      manages: (node) => this.byNode.has(node),
      podsOf: (node) => [...this.pods.byIndex(BY_NODE, node)],
      clock,
    });
    this.watch();
    options.runtime.subscribe({
      exited: (uid, id, exit) => void this.kubeletOf(uid)?.exited(uid, id, exit),
      changed: (uid) => this.kubeletOf(uid)?.probesChanged(uid),
    });
  }

  get pending(): number {
    return this.busy;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    for (const node of this.nodeInformer.list()) this.nodeChanged(node);
    for (const manifest of this.options.register ?? []) void this.register(manifest);
  }

  async stop(): Promise<void> {
    this.running = false;
    this.heartbeats?.stop();
    const all = [...this.byNode.values()];
    for (const kubelet of all) kubelet.close();
    this.byNode.clear();
    await Promise.all([...all.map((kubelet) => kubelet.flushed()), this.stages?.flushed()]);
  }

  private nodeIPs(name: string): readonly string[] {
    const node = this.nodeInformer.get('', name);
    const known = node ? hostIPs(node) : [];
    const kubelet = this.byNode.get(name);
    return known.length > 0 || !kubelet ? known : [kubelet.address];
  }

  private watch(): void {
    this.nodeInformer.addHandler({
      added: (node) => this.nodeChanged(node),
      updated: (node, old) => {
        if (node.metadata.uid !== old.metadata.uid) this.leave(old.metadata.name);
        this.nodeChanged(node);
      },
      deleted: (node) => this.leave(node.metadata.name),
    });
    this.pods.addHandler({
      added: (pod) => this.podChanged(pod),
      updated: (pod) => this.podChanged(pod),
      deleted: (pod) => this.podGone(pod),
    });
  }

  private nodeChanged(node: Node): void {
    if (!this.running) return;
    const { name } = node.metadata;
    const known = this.byNode.get(name);
    if (!(this.options.manages?.(node) ?? true)) {
      if (known) this.leave(name);
    } else if (known) known.nodeChanged(node);
    else this.take(node);
  }

  /** A kubelet starts on the node: with the pods that are there already. */
  private take(node: Node): void {
    const { name } = node.metadata;
    const kubelet = new Kubelet(node, {
      deps: { ...this.deps, client: this.clientOf(name) },
      runtime: this.options.runtime,
      traits: this.traits,
      config: this.config,
      volumes: this.volumes,
      stages: this.stages,
      staticPods: this.options.staticPods?.(name) ?? [],
      placed: (uid) => this.places.set(uid, kubelet),
      address: madeUpAddress(this.byNode.size),
      onError: (key, error) => this.failed(key, error),
    });
    this.byNode.set(name, kubelet);
    this.count(kubelet.begin());
    if (this.traits.volumes) this.count(this.registerVolumes(node));
    if (this.heartbeats) this.count(this.heartbeats.begin(kubelet));
    kubelet.beginStaticPods([...this.pods.byIndex(BY_NODE, name)]);
    for (const pod of this.pods.byIndex(BY_NODE, name)) this.podChanged(pod);
    // what was taken away by force while there was no kubelet must not go on
    for (const pod of this.options.runtime.podsOn(name))
      if (this.pods.getByKey(objectKey(pod))?.metadata.uid !== pod.metadata.uid && !kubelet.isStatic(pod.metadata.uid))
        this.count(kubelet.cleanUp(pod));
  }

  private clientOf(node: string): Client {
    return this.options.clientOf?.(node) ?? this.deps.client;
  }

  private leave(name: string): void {
    this.heartbeats?.end(name);
    this.byNode.get(name)?.close();
    this.byNode.delete(name);
  }

  private podChanged(pod: Pod): void {
    const kubelet = pod.spec.nodeName ? this.byNode.get(pod.spec.nodeName) : undefined;
    if (!kubelet) return;
    if (this.traits.config) this.noteUse(pod);
    this.places.set(pod.metadata.uid, kubelet);
    kubelet.podChanged(pod);
  }

  private podGone(pod: Pod): void {
    const { uid } = pod.metadata;
    for (const key of this.used.get(uid) ?? []) {
      const users = this.users.get(key);
      users?.delete(uid);
      if (users?.size === 0) this.users.delete(key);
    }
    this.used.delete(uid);
    this.places.delete(uid);
    if (pod.spec.nodeName) this.byNode.get(pod.spec.nodeName)?.podGone(pod);
  }

  private kubeletOf(podUid: string): Kubelet | undefined {
    return this.places.get(podUid);
  }

  /** What a pod uses never changes. */
  private noteUse(pod: Pod): void {
    const { uid } = pod.metadata;
    if (this.used.has(uid)) return;
    const keys = usedObjects(pod);
    this.used.set(uid, keys);
    for (const key of keys) {
      const users = this.users.get(key);
      if (users) users.set(uid, pod.spec.nodeName!);
      else this.users.set(key, new Map([[uid, pod.spec.nodeName!]]));
    }
  }

  private watchConfig(): ConfigLister {
    const { informers } = this.deps;
    if (!this.traits.config) return { configMap: () => undefined, secret: () => undefined, claim: () => undefined };
    const configMaps = informers.of('v1/ConfigMap');
    const secrets = informers.of('v1/Secret');
    const claims = informers.of('v1/PersistentVolumeClaim');
    const wakes = (kind: string) => {
      const wake = (object: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): void => {
        for (const [uid, node] of this.users.get(`${kind}/${objectKey(object)}`) ?? []) this.byNode.get(node)?.configChanged(uid);
      };
      return { added: wake, updated: wake, deleted: wake };
    };
    configMaps.addHandler(wakes('ConfigMap'));
    secrets.addHandler(wakes('Secret'));
    claims.addHandler(wakes('PersistentVolumeClaim'));
    return {
      configMap: (namespace, name) => configMaps.get(namespace, name),
      secret: (namespace, name) => secrets.get(namespace, name),
      claim: (namespace, name) => claims.get(namespace, name),
    };
  }

  private watchVolumes(): VolumeLister | undefined {
    if (!this.traits.volumes) return undefined;
    const { informers } = this.deps;
    const volumes = informers.of('v1/PersistentVolume');
    const drivers = informers.of('storage.k8s.io/v1/CSIDriver');
    return { claim: this.config.claim, volume: (name) => volumes.get('', name), driver: (name) => drivers.get('', name) };
  }

  private async registerVolumes(node: Node): Promise<void> {
    try {
      await registerVolumes(this.clientOf(node.metadata.name), node);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) this.failed(node.metadata.name, error);
    }
  }

  /** Until it is there: a kubelet without its node can do nothing. */
  private async register(manifest: Manifest<Node>, pauseMs = FIRST_PAUSE_MS): Promise<void> {
    try {
      const { metadata } = manifest;
      const labels = { ...nodeLabels(metadata.name ?? ''), ...metadata.labels };
      const annotations = { ...(this.traits.volumes ? NODE_ANNOTATIONS : {}), ...metadata.annotations };
      await this.deps.client.create('v1/Node', { ...manifest, metadata: { ...metadata, labels, annotations } });
    } catch (error) {
      if (isAlreadyExists(error) || !this.running) return;
      this.failed(manifest.metadata.name ?? '', error);
      const again = (): void => void (this.running && this.register(manifest, Math.min(pauseMs * 2, LONGEST_PAUSE_MS)));
      this.deps.clock.schedule(pauseMs, again, { background: true });
    }
  }

  private count(work: Promise<void>): void {
    this.busy++;
    void work.finally(() => this.busy--);
  }

  private failed(key: string, error: unknown): void {
    this.deps.onError?.(this.name, key, error);
  }
}

/** 10.64.0.0/10: beside the pods and the services. */
export function madeUpAddress(n: number): string {
  const host = n + 1;
  return `10.${64 + ((host >> 16) & 63)}.${(host >> 8) & 255}.${host & 255}`;
}
