// One node's kubelet: its pods, each with a worker, and what it says of its node. It watches nothing by itself: kubelets.ts tells it.
import type { Container, Node, PersistentVolumeClaim, Pod } from '#api/core/v1';
import { deepEqual, type Manifest } from '../../apimachinery/object.ts';
import { isPodTerminal } from '../../apimachinery/core/pod.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import type { ControllerDeps } from '../../client/controller.ts';
import { EventRecorder, type EventType } from '../../client/event-recorder.ts';
import { rejection } from './admission.ts';
import { hostIPs, isReported, nodeConditions, nodeStatus } from './node-status.ts';
import { changedConditions, healthOf } from './node-health.ts';
import { NodeTroubles } from './node-troubles.ts';
import { NodeVolumes, type VolumeLister } from './node-volumes.ts';
import type { ConfigLister } from './pod-config.ts';
import { StaticPods } from './static-pods.ts';
import type { PodRunner } from './pod-runner.ts';
import { PodWorker, type PodWorkerDeps } from './pod-worker.ts';
import type { ContainerExit, Runtime } from './runtime/runtime.ts';
import type { StagePlayer } from './stages/stage-player.ts';
import type { Stages } from './stages/stages.ts';
import type { KubeletTraits } from './traits.ts';

/** As nodeStatusUpdateRetry: after so many it waits for the next heartbeat. */
const STATUS_TRIES = 5;

export interface KubeletParts {
  readonly deps: ControllerDeps;
  readonly runtime: Runtime;
  readonly traits: KubeletTraits;
  readonly config: ConfigLister;
  /** Absent: volumes count as there. */
  readonly volumes: VolumeLister | undefined;
  /** Absent: pods and nodes live as the runtime and the kubelet have it. */
  readonly stages: Stages | undefined;
  /** What the node runs whatever the API server says. */
  readonly staticPods: readonly Manifest<Pod>[];
  /** A pod of this node is known by this uid. */
  placed(uid: string): void;
  /** The node's address where its manifest gives none. */
  readonly address: string;
  readonly onError: (key: string, error: unknown) => void;
}

export class Kubelet {
  node: Node;
  private readonly parts: KubeletParts;
  private readonly workers = new Map<string, PodRunner>();
  private readonly pods = new Map<string, Pod>();
  /** Pods that are over: none may start them again. */
  private readonly over = new Set<string>();
  private recorder: EventRecorder | undefined;
  private reporting: Promise<void> | undefined;
  private readonly volumes: NodeVolumes | undefined;
  private readonly troubles: NodeTroubles;
  private readonly statics: StaticPods;
  /** Where Stages say what the node is like, and not the kubelet. */
  private readonly staged: StagePlayer | undefined;

  constructor(node: Node, parts: KubeletParts) {
    this.node = node;
    this.parts = parts;
    this.troubles = new NodeTroubles({
      clock: parts.deps.clock,
      runtime: parts.runtime,
      node: () => this.node,
      active: () => [...this.active()],
      event: (about, type, reason, message) => this.event(about, type, reason, message, undefined),
      onError: (error) => parts.onError(this.name, error),
    });
    this.statics = new StaticPods(parts.staticPods, {
      client: parts.deps.client,
      clock: parts.deps.clock,
      node: () => this.node,
      mirrorChanged: (uid) => this.workers.get(uid)?.mirrorChanged(),
      onError: (error) => parts.onError(this.name, error),
    });
    if (parts.stages?.playNodes) this.staged = parts.stages.node(node, (error) => parts.onError(this.name, error));
    if (parts.volumes)
      this.volumes = new NodeVolumes({
        client: parts.deps.client,
        clock: parts.deps.clock,
        lister: parts.volumes,
        node: () => this.node,
        event: (about, type, reason, message) => this.event(about, type, reason, message, undefined),
        changed: () => this.volumesChanged(),
        onError: (error) => parts.onError(this.name, error),
      });
  }

  get name(): string {
    return this.node.metadata.name;
  }

  get uid(): string {
    return this.node.metadata.uid;
  }

  /** Where its manifest gives none. */
  get address(): string {
    return this.parts.address;
  }

  /** Events that are still to be written. */
  flushed(): Promise<void> {
    return this.recorder?.flushed() ?? Promise.resolve();
  }

  nodeChanged(node: Node): void {
    const attached = this.node.status?.volumesAttached;
    this.node = node;
    if (!deepEqual(attached ?? [], node.status?.volumesAttached ?? [])) this.volumesChanged();
    this.troubles.nodeChanged();
    if (this.staged) this.staged.update(node);
    else void this.reportChanges();
  }

  /** The kubelet begins: it says so, and what its node is like. */
  async begin(): Promise<void> {
    this.event(this.node, 'Normal', 'Starting', 'Starting kubelet.', undefined);
    this.troubles.nodeChanged();
    if (this.staged) this.staged.update(this.node);
    else await this.reportChanges();
  }

  /** Where the node does not say what it should: it has changed, or an earlier write has failed. */
  async reportChanges(): Promise<void> {
    if (!this.staged && !isReported(this.node, this.parts.traits)) await this.report();
  }

  /** Writes the node's whole status. */
  private report(): Promise<void> {
    if (!this.reporting)
      for (const reason of changedConditions(this.node.status?.conditions ?? [], healthOf(this.node, this.parts.traits)))
        this.event(this.node, 'Normal', reason, `Node ${this.name} status is now: ${reason}`, undefined);
    this.reporting ??= this.write(() => nodeStatus(this.node, this.parts.address, this.parts.traits, this.parts.deps.clock.now())).finally(
      () => {
        this.reporting = undefined;
      },
    );
    return this.reporting;
  }

  /** Says again that the node is well. */
  async reportStatus(): Promise<void> {
    if (this.staged) return;
    await this.write(() => ({ conditions: nodeConditions(this.node, this.parts.traits, this.parts.deps.clock.now()) }));
  }

  private *active(): Iterable<{ readonly pod: Pod; readonly worker: PodRunner }> {
    for (const [uid, worker] of this.workers) {
      const pod = this.pods.get(uid);
      if (pod && !isPodTerminal(pod) && !pod.metadata.deletionTimestamp) yield { pod, worker };
    }
  }

  /** Tries it a few times: while pods are sent to a node that takes none, each is made anew and sent there again. */
  private async write(status: () => Node['status']): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.parts.deps.client.patch('v1/Node', this.name, { status: status() }, { type: 'strategic', subresource: 'status' });
        return;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) return;
        if (tries < STATUS_TRIES) continue;
        this.parts.onError(this.name, error);
        return;
      }
    }
  }

  /** @param known the node's pods that the API server has */
  beginStaticPods(known: readonly Pod[]): void {
    this.statics.begin(known);
    for (const pod of this.statics.pods.values()) {
      const { uid } = pod.metadata;
      this.parts.placed(uid);
      // one that ran before goes on from what its mirror says
      const { status } = this.statics.mirror(pod) ?? {};
      const found = status?.startTime === undefined ? pod : { ...pod, status };
      this.pods.set(uid, found);
      this.workers.set(
        uid,
        this.newWorker(found, () => this.statics.mirror(pod)),
      );
    }
  }

  isStatic(uid: string): boolean {
    return this.statics.has(uid);
  }

  podChanged(pod: Pod): void {
    if (this.statics.mirrorSeen(pod)) return;
    const { uid } = pod.metadata;
    this.pods.set(uid, pod);
    const worker = this.workers.get(uid);
    if (worker) worker.update(pod);
    else if (!this.over.has(uid)) this.workers.set(uid, this.newWorker(pod));
  }

  podGone(pod: Pod): void {
    if (this.statics.mirrorGone(pod)) return;
    const { uid } = pod.metadata;
    this.pods.delete(uid);
    this.over.delete(uid);
    const worker = this.workers.get(uid);
    this.workers.delete(uid);
    void this.killed(uid, worker);
  }

  /** Its volumes are in use until nothing of it runs. */
  private async killed(uid: string, worker: PodRunner | undefined): Promise<void> {
    await worker?.kill();
    this.volumes?.release(uid);
  }

  private volumesChanged(): void {
    for (const worker of this.workers.values()) worker.volumesChanged();
  }

  /** Of a pod that is no more: nothing of it may be left on the node. */
  async cleanUp(pod: Pod): Promise<void> {
    const { runtime } = this.parts;
    const running = runtime.recoverPod(pod)?.running.values() ?? [];
    await Promise.all(Array.from(running, ({ id }) => runtime.stopContainer(id, 0)));
    await runtime.stopPodSandbox(pod);
  }

  exited(podUid: string, containerId: string, exit: ContainerExit): boolean {
    const worker = this.workers.get(podUid);
    worker?.exited(containerId, exit);
    return worker !== undefined;
  }

  probesChanged(podUid: string): void {
    this.workers.get(podUid)?.probesChanged();
  }

  configChanged(podUid: string): void {
    this.workers.get(podUid)?.configChanged();
  }

  /** The node is not this kubelet's any more. */
  close(): void {
    this.troubles.close();
    this.statics.close();
    this.volumes?.close();
    this.staged?.close();
    for (const worker of this.workers.values()) worker.close();
    this.workers.clear();
  }

  private newWorker(pod: Pod, mirror?: () => Pod | undefined): PodRunner {
    const { stages } = this.parts;
    if (pod.status?.startTime !== undefined && !isPodTerminal(pod)) this.volumes?.recovered(pod);
    const deps = this.workerDeps(mirror);
    return !mirror && stages?.mayPlay(pod) ? stages.pod(pod, deps) : new PodWorker(pod, deps);
  }

  private workerDeps(mirror: (() => Pod | undefined) | undefined): PodWorkerDeps {
    const { deps, runtime, traits, config } = this.parts;
    const { volumes } = this;
    return {
      client: deps.client,
      clock: deps.clock,
      runtime,
      traits,
      config,
      nodeName: this.name,
      hostIPs: () => hostIPs(this.node),
      podCIDR: () => this.node.spec?.podCIDR,
      admit: (newcomer) => this.troubles.rejection(newcomer) ?? rejection(newcomer, this.node, this.running(newcomer)),
      ...(volumes ? { volumes } : {}),
      ...(mirror ? { mirror } : {}),
      event: (about, type, reason, message, container) => this.event(about, type, reason, message, container),
      onError: (about, error) => this.parts.onError(`${about.metadata.namespace}/${about.metadata.name}`, error),
      finished: (about) => {
        this.over.add(about.metadata.uid);
        volumes?.release(about.metadata.uid);
        this.workers.get(about.metadata.uid)?.close();
        this.workers.delete(about.metadata.uid);
      },
    };
  }

  private *running(but: Pod): Iterable<Pod> {
    for (const pod of this.pods.values()) {
      const { phase } = pod.status ?? {};
      if (pod.metadata.uid !== but.metadata.uid && phase !== 'Succeeded' && phase !== 'Failed') yield pod;
    }
  }

  private event(
    about: Pod | PersistentVolumeClaim | Node,
    type: EventType,
    reason: string,
    message: string,
    container: Container | undefined,
  ): void {
    const { deps, traits } = this.parts;
    if (!traits.events) return;
    this.recorder ??= new EventRecorder(deps.client, deps.clock, { component: 'kubelet', host: this.name });
    // kubelets name their node by its name alone
    const named = about.kind === 'Node' ? { ...about, metadata: { name: this.name, uid: this.name } } : about;
    this.recorder.event(named, type, reason, message, container ? { fieldPath: fieldPath(about as Pod, container) } : {});
  }
}

function fieldPath({ spec }: Pod, { name }: Container): string {
  const has = (list: readonly { readonly name: string }[] | undefined): boolean => list?.some((c) => c.name === name) ?? false;
  const list = has(spec.initContainers) ? 'initContainers' : has(spec.ephemeralContainers) ? 'ephemeralContainers' : 'containers';
  return `spec.${list}{${name}}`;
}
