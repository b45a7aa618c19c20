// kube-scheduler: gives every pod that has none a node. What happens in the cluster goes into the cache and wakes waiting pods; pods are
// tried one after the other, each on the cache as the one before left it; bindings are written side by side. Follows pkg/scheduler.
import type { Node, Pod } from '#api/core/v1';
import { deepEqual, type Manifest, type KubernetesObject } from '../../apimachinery/object.ts';
import { isPodTerminal, podCondition } from '../../apimachinery/core/pod.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatTime } from '../../apimachinery/time.ts';
import type { Controller, ControllerDeps } from '../../client/controller.ts';
import { objectKey } from '../../client/informer.ts';
import { SchedulerCache } from './cache.ts';
import { schedulePod, type Diagnosis } from './cycle.ts';
import { defaultPlugins } from './default-plugins.ts';
import { evict } from './eviction.ts';
import { fitErrorMessage, NO_NODES } from './fit-error.ts';
import type { Action, ClusterEvent, Reservation, Resource } from './framework.ts';
import { informerLister } from './lister.ts';
import type { NodeInfo } from './node-info.ts';
import { Nominator } from './nominator.ts';
import { VolumeBinder } from './plugins/volume-binding.ts';
import { podInfo, podPriority, type PodInfo } from './pod-info.ts';
import { hasRoomFor, preempt, type Candidate } from './preemption.ts';
import { ShapeCache } from './shape-cache.ts';
import { SchedulingQueue, type QueuedPod } from './queue.ts';

/** Bindings that are under way at once; more wait. */
const MAX_BINDINGS = 100;
/** Longest event message. */
const MAX_MESSAGE = 1024;

export interface SchedulerOptions {
  /** Pods that name it in `schedulerName` are its own. */
  readonly schedulerName?: string;
  /** Percent of nodes that must be found fit before the search ends; 0 (default): fewer the more nodes there are. */
  readonly percentageOfNodesToScore?: number;
}

export function scheduler(deps: ControllerDeps, options: SchedulerOptions = {}): Controller {
  return new Scheduler(deps, options);
}

class Scheduler implements Controller {
  readonly name: string;
  private readonly deps: ControllerDeps;
  private readonly percentageOfNodesToScore: number;
  private readonly cache = new SchedulerCache();
  private readonly plugins;
  private readonly binder: VolumeBinder;
  private readonly budgets;
  private readonly nominator = new Nominator((nodeName, awaited) => this.cache.setAwaited(nodeName, awaited));
  private readonly known = new ShapeCache();
  private readonly queue: SchedulingQueue;
  private running: Promise<void> | undefined;
  private started = false;
  private stopped = false;
  private startAt = 0;
  private readonly bindings = new Set<Promise<void>>();
  /** Of the bindings, those that wait for volumes to be bound: they may take as long as they like. */
  private waitingForVolumes = 0;

  constructor(deps: ControllerDeps, { schedulerName = 'default-scheduler', percentageOfNodesToScore = 0 }: SchedulerOptions) {
    this.name = schedulerName;
    this.deps = deps;
    this.percentageOfNodesToScore = percentageOfNodesToScore;
    const lister = informerLister(deps.informers);
    this.binder = new VolumeBinder(lister, deps.client, deps.clock);
    this.budgets = deps.informers.of('policy/v1/PodDisruptionBudget');
    this.plugins = defaultPlugins(lister, this.binder);
    this.queue = new SchedulingQueue(deps.clock, this.plugins, () => this.wake());
    this.watch();
  }

  get pending(): number {
    return this.queue.busy + this.bindings.size - this.waitingForVolumes;
  }

  start(): void {
    this.started = true;
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.queue.close();
    this.binder.close();
    await this.running;
    await Promise.all(this.bindings);
  }

  private watch(): void {
    const { informers } = this.deps;
    informers.of('v1/Pod').addHandler({
      added: (pod) => (isOnNode(pod) ? this.podPlaced(pod, undefined) : this.podWaits(pod)),
      updated: (pod, old) => (isOnNode(pod) ? this.podPlaced(pod, old) : this.podWaits(pod)),
      // one that has ended was gone already
      deleted: (pod) => {
        if (!isPodTerminal(pod)) this.podGone(pod);
      },
    });
    informers.of('v1/Node').addHandler({
      added: (node) => this.nodeChanged(node, undefined),
      updated: (node, old) => this.nodeChanged(node, old),
      deleted: (node) => {
        this.cache.removeNode(node.metadata.name);
        this.queue.moved({ resource: 'Node', actions: ['Delete'], object: node });
      },
    });
    this.watchOthers('PersistentVolumeClaim', 'v1/PersistentVolumeClaim', () => this.binder.claimChanged());
    this.watchOthers('PersistentVolume', 'v1/PersistentVolume');
    this.watchOthers('StorageClass', 'storage.k8s.io/v1/StorageClass');
    this.watchOthers('CSINode', 'storage.k8s.io/v1/CSINode');
  }

  private watchOthers(resource: Resource, kind: string, then?: () => void): void {
    const moved = (actions: readonly Action[], object: unknown, old?: unknown): void => {
      then?.();
      this.queue.moved({ resource, actions, object, old });
    };
    this.deps.informers.of(kind).addHandler({
      added: (object) => moved(['Add'], object),
      updated: (object, old) => moved(['Update'], object, old),
      deleted: (object) => moved(['Delete'], object),
    });
  }

  private podWaits(pod: Pod): void {
    if ((pod.spec.schedulerName || 'default-scheduler') !== this.name || isPodTerminal(pod)) {
      this.queue.delete(pod.metadata.uid);
      return;
    }
    if (this.cache.isAssumed(pod.metadata.uid)) return;
    const { nominatedNodeName } = pod.status ?? {};
    if (nominatedNodeName) this.nominator.set(podInfo(pod), nominatedNodeName);
    this.queue.update(pod);
  }

  private podPlaced(pod: Pod, old: Pod | undefined): void {
    const { uid } = pod.metadata;
    if (isPodTerminal(pod)) {
      if (!old || !isPodTerminal(old)) this.podGone(pod);
      return;
    }
    this.queue.delete(uid);
    this.nominator.delete(uid);
    this.cache.setPod(pod);
    if (!old || !isOnNode(old)) this.queue.moved({ resource: 'Pod', actions: ['Add'], object: pod });
    else {
      const actions: Action[] = [];
      if (!deepEqual(pod.metadata.labels, old.metadata.labels)) actions.push('UpdateLabel');
      if (pod.spec !== old.spec && !deepEqual(pod.spec.containers, old.spec.containers)) actions.push('Update');
      if (pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) actions.push('UpdateLabel');
      if (actions.length) this.queue.moved({ resource: 'Pod', actions, object: pod, old, ...this.roomAfter(pod) });
    }
  }

  private podGone(pod: Pod): void {
    const { uid } = pod.metadata;
    this.queue.delete(uid);
    this.nominator.delete(uid);
    this.cache.removePod(uid);
    if (isOnNode(pod)) this.queue.moved({ resource: 'Pod', actions: ['Delete'], object: pod, ...this.roomAfter(pod) });
  }

  /**
   * DEVIATION: a pod for which room is being made is not tried again when some pod leaves another node that is too full for it still. To try
   * it would end as before; with many such pods each that goes would wake them all.
   */
  private roomAfter(gone: Pod): Pick<ClusterEvent, 'leavesRoom' | 'awaitedBy'> {
    const { nodeName = '' } = gone.spec;
    const node = this.cache.node(nodeName);
    if (!node) return {};
    const awaitedBy = this.nominator.on(nodeName);
    return {
      awaitedBy,
      leavesRoom: (pod) => {
        const nominated = this.nominator.nodeOf(pod.pod.metadata.uid);
        return nominated === undefined || nominated === nodeName || hasRoomFor(pod, node, awaitedBy, podPriority(gone));
      },
    };
  }

  private nodeChanged(node: Node, old: Node | undefined): void {
    const first = this.cache.isEmpty;
    this.cache.setNode(node);
    if (first || !old) this.cache.setAwaited(node.metadata.name, this.nominator.on(node.metadata.name).length > 0);
    const actions = old ? nodeActions(node, old) : (['Add'] as const);
    if (actions.length) this.queue.moved({ resource: 'Node', actions, object: node, old });
    if (first) this.queue.awaitErrors();
  }

  private wake(): void {
    if (!this.started || this.running || this.stopped) return;
    this.running = Promise.resolve().then(() => this.run());
  }

  private async run(): Promise<void> {
    try {
      for (let next = this.queue.pop(); next && !this.stopped; next = this.queue.pop()) {
        this.tryPod(next);
        if (this.bindings.size - this.waitingForVolumes >= MAX_BINDINGS) await Promise.race(this.bindings);
      }
    } finally {
      this.running = undefined;
    }
  }

  private tryPod(queued: QueuedPod): void {
    const info = podInfo(queued.pod);
    const outcome = schedulePod(info, {
      plugins: this.plugins,
      snapshot: this.cache,
      percentageOfNodesToScore: this.percentageOfNodesToScore,
      startAt: this.startAt,
      known: this.known,
      random: this.deps.random,
      nominated: (nodeName) => this.nominator.on(nodeName),
      nominatedTo: (uid) => this.nominator.nodeOf(uid),
    });
    switch (outcome.is) {
      case 'noNodes':
        this.tell(queued, NO_NODES);
        this.queue.failed(queued, { plugins: new Set(), background: true });
        return;
      case 'unschedulable':
        this.startAt += outcome.looked;
        this.unschedulable(queued, info, outcome.diagnosis);
        return;
      case 'fits':
        this.startAt += outcome.looked;
        this.place(queued, info, outcome.node);
    }
  }

  private track(work: Promise<void>): void {
    const tracked = work.finally(() => this.bindings.delete(tracked));
    this.bindings.add(tracked);
  }

  private unschedulable(queued: QueuedPod, info: PodInfo, diagnosis: Diagnosis): void {
    const { tail, candidate } = this.postFilter(info, diagnosis);
    if (candidate) this.nominator.set(info, candidate.node.name);
    this.tell(queued, fitErrorMessage(diagnosis, tail), candidate?.node.name);
    if (candidate) this.track(this.makeRoom(queued, info.pod, candidate));
    this.queue.failed(queued, { plugins: diagnosis.plugins, nominated: this.nominator.nodeOf(queued.uid) !== undefined });
  }

  /** Whether others can make room; the words are those of the last plugins that were asked. */
  private postFilter(info: PodInfo, diagnosis: Diagnosis): { readonly tail: string; readonly candidate?: Candidate } {
    // nothing was prepared for the nodes, so that the first plugin that is asked fails
    if (diagnosis.preFilterMessage !== undefined) return { tail: 'not found' };
    const outcome = preempt(info, {
      snapshot: this.cache,
      diagnosis,
      random: this.deps.random,
      nominated: (nodeName) => this.nominator.on(nodeName),
      nominatedTo: (uid) => this.nominator.nodeOf(uid),
      budgets: this.budgets.size ? (namespace) => this.budgets.list(namespace) : undefined,
      known: this.known,
    });
    if (outcome.is === 'preempt') return { tail: '', candidate: outcome.candidate };
    return { tail: `no new claims to deallocate, preemption: ${outcome.message}` };
  }

  /**
   * Takes the victims away, and lower pods' claim to the node. As in kube-scheduler (KEP-4832) the pod is not tried again before the last of
   * them is on its way: it would find the others still there, and no event would tell of the last one.
   */
  private async makeRoom(queued: QueuedPod, preemptor: Pod, { node, victims }: Candidate): Promise<void> {
    const here = ({ pod }: PodInfo): Pod | undefined => node.pods.get(pod.metadata.uid)?.pod;
    const going = victims.map((victim) => here(victim) ?? victim.pod).filter((victim) => !victim.metadata.deletionTimestamp);
    const last = going.pop();
    let lastIsAsked = false;
    queued.held = () => last !== undefined && !(lastIsAsked && isGoing(node.pods.get(last.metadata.uid)));
    for (const other of this.nominator.on(node.name)) {
      if (podPriority(other.pod) >= podPriority(preemptor)) continue;
      const waiting = this.queue.get(other.pod.metadata.uid);
      this.nominator.delete(other.pod.metadata.uid);
      if (waiting) this.writeStatus(waiting, { nominatedNodeName: null });
    }
    const leave = (victim: Pod): Promise<boolean> => evict(this.deps, this.name, preemptor, victim, node.name);
    let allGo = (await Promise.all(going.map(leave))).every(Boolean);
    lastIsAsked = true;
    if (allGo && last) allGo = await leave(last);
    queued.held = undefined;
    // those that are left will tell when they go
    const nobodyLeft = !victims.some(here);
    if (!this.stopped && (!allGo || (queued.withheld && nobodyLeft))) this.queue.activate(queued);
  }

  private place(queued: QueuedPod, info: PodInfo, node: NodeInfo): void {
    const reservations = this.plugins.map((p) => p.reserve?.(info, node)).filter((r) => r !== undefined);
    this.cache.assume(info, node.name);
    this.nominator.delete(queued.uid);
    this.track(this.bind(queued, info, node.node, reservations));
  }

  private async bind(queued: QueuedPod, { pod }: PodInfo, node: Node, reservations: readonly Reservation[]): Promise<void> {
    const { client, events } = this.deps;
    const { name, namespace = '', uid } = pod.metadata;
    const binding: Manifest<KubernetesObject> = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { kind: 'Node', name: node.metadata.name },
    };
    try {
      // others may see where it will be while that takes its time
      if (reservations.length) this.writeStatus(queued, { nominatedNodeName: node.metadata.name });
      await queued.writing;
      for (const reservation of reservations) await this.fulfil(reservation);
      await client.create('v1/Pod', binding, { subresource: 'binding' });
      this.queue.done(queued);
      events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${objectKey(pod)} to ${node.metadata.name}`, { action: 'Binding' });
    } catch (error) {
      for (const reservation of reservations) reservation.release();
      this.bindingFailed(queued, error);
    }
  }

  private async fulfil(reservation: Reservation): Promise<void> {
    this.waitingForVolumes++;
    try {
      await reservation.bind();
    } finally {
      this.waitingForVolumes--;
    }
  }

  private bindingFailed(queued: QueuedPod, error: unknown): void {
    if (this.stopped) return;
    this.cache.forget(queued.uid);
    if (isNotFound(error)) {
      this.queue.done(queued);
      return;
    }
    // bound by someone else: the informer will tell
    if (!isConflict(error)) this.deps.onError?.(this.name, objectKey(queued.pod), error);
    this.queue.failed(queued, { plugins: new Set() });
  }

  /** An event, and the condition where it is not said already. */
  private tell(queued: QueuedPod, message: string, nominatedNodeName?: string): void {
    const { pod } = queued;
    const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 4)} ...` : message;
    this.deps.events.event(pod, 'Warning', 'FailedScheduling', text, { action: 'Scheduling' });
    const known = podCondition(pod, 'PodScheduled');
    const { generation } = pod.metadata;
    if (
      nominatedNodeName === undefined &&
      known?.status === 'False' &&
      known.reason === 'Unschedulable' &&
      known.message === message &&
      known.observedGeneration === generation
    )
      return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      ...(generation ? { observedGeneration: generation } : {}),
      lastTransitionTime:
        known?.status === 'False' && known.lastTransitionTime ? known.lastTransitionTime : formatTime(this.deps.clock.now()),
    };
    this.writeStatus(queued, { conditions: [condition], ...(nominatedNodeName ? { nominatedNodeName } : {}) });
  }

  private writeStatus(queued: QueuedPod, status: KubernetesObject['status']): void {
    const { name, namespace = '', uid } = queued.pod.metadata;
    const patch = { metadata: { uid }, status };
    queued.writing = queued.writing
      .then(() => this.deps.client.patch('v1/Pod', name, patch, { type: 'strategic', namespace, subresource: 'status' }))
      .then(
        () => undefined,
        (error: unknown) => {
          // the pod is gone: nobody is left to be told
          if (!isNotFound(error) && !isConflict(error)) this.deps.onError?.(this.name, objectKey(queued.pod), error);
        },
      );
    this.track(queued.writing);
  }
}

const isGoing = (info: PodInfo | undefined): boolean => !info || Boolean(info.pod.metadata.deletionTimestamp);

const isOnNode = (pod: Pod): boolean => Boolean(pod.spec.nodeName);

function nodeActions(node: Node, old: Node): Action[] {
  const actions: Action[] = [];
  const [status, before] = [node.status, old.status];
  if (!deepEqual(status?.allocatable, before?.allocatable)) actions.push('UpdateAllocatable');
  if (!deepEqual(node.metadata.labels, old.metadata.labels)) actions.push('UpdateLabel');
  if (node.spec !== old.spec && (!deepEqual(node.spec?.taints, old.spec?.taints) || node.spec?.unschedulable !== old.spec?.unschedulable))
    actions.push('UpdateTaint');
  return actions;
}
