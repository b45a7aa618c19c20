// The scheduler's picture of the cluster: every node with its pods, including pods that it has placed and whose binding it has not seen
// yet. It is the snapshot that cycles work on: nothing else changes it while a cycle runs.
import type { Node, Pod } from '#api/core/v1';
import { deepEqual } from '../../apimachinery/object.ts';
import { AffinityIndex } from './affinity-index.ts';
import type { ImageState, Snapshot } from './framework.ts';
import { NodeInfo } from './node-info.ts';
import { podInfo, type PodInfo } from './pod-info.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

export class SchedulerCache implements Snapshot {
  private readonly byName = new Map<string, NodeInfo>();
  private ordered: readonly NodeInfo[] | undefined = [];
  readonly affinity = new AffinityIndex();
  /** Nodes in the order in which they changed; the oldest are let go. */
  private changes: NodeInfo[] = [];
  private changesFrom = 0;
  slotsInUse = 0;
  private slotsOf: readonly NodeInfo[] | undefined;
  private orderedSlots = new Int32Array();
  private readonly freeSlots: number[] = [];
  private readonly claims = new Map<string, number>();
  private readonly images = new Map<string, { sizeBytes: number; readonly nodes: Set<string> }>();
  /** uid → the name of the node. */
  private readonly places = new Map<string, string>();
  /** Pods on nodes that are not there (yet). */
  private readonly adrift = new Map<string, Map<string, PodInfo>>();
  private readonly assumed = new Set<string>();

  get isEmpty(): boolean {
    return this.byName.size === 0;
  }

  get nodes(): readonly NodeInfo[] {
    this.ordered ??= zonesInTurn(this.byName.values());
    return this.ordered;
  }

  get slots(): Int32Array {
    const { nodes } = this;
    if (this.slotsOf !== nodes) {
      this.slotsOf = nodes;
      this.orderedSlots = Int32Array.from(nodes, ({ slot }) => slot);
    }
    return this.orderedSlots;
  }

  node(name: string): NodeInfo | undefined {
    return this.byName.get(name);
  }

  isClaimUsed(key: string): boolean {
    return this.claims.has(key);
  }

  image(name: string): ImageState | undefined {
    return this.images.get(name);
  }

  get position(): number {
    return this.changesFrom + this.changes.length;
  }

  changedSince(position: number): readonly NodeInfo[] | undefined {
    if (position < this.changesFrom) return undefined;
    return position === this.position ? NONE : this.changes.slice(position - this.changesFrom);
  }

  /** Others wait for room on the node than before. @param awaited whether anybody does */
  setAwaited(name: string, awaited: boolean): void {
    const node = this.byName.get(name);
    if (!node) return;
    node.awaited = awaited;
    this.changed(node);
  }

  private changed(node: NodeInfo): void {
    // whoever is so far behind is quicker looking at all
    if (this.changes.length > MIN_CHANGES + 2 * this.byName.size) {
      const drop = this.changes.length >> 1;
      this.changes = this.changes.slice(drop);
      this.changesFrom += drop;
    }
    this.changes.push(node);
  }

  setNode(node: Node): void {
    const { name } = node.metadata;
    const known = this.byName.get(name);
    if (known) {
      if (zoneOf(known.node) !== zoneOf(node)) this.ordered = undefined;
      if (known.node.status?.images !== node.status?.images) {
        this.forgetImages(known.node);
        this.addImages(node);
      }
      const before = known.node;
      if (!deepEqual(before.metadata.labels, node.metadata.labels)) this.relabel(known, node);
      known.setNode(node);
      // most updates are heartbeats
      if (isOtherwise(node, before)) this.changed(known);
      return;
    }
    const info = new NodeInfo(node);
    info.slot = this.freeSlots.pop() ?? this.slotsInUse++;
    this.changed(info);
    this.byName.set(name, info);
    this.ordered = undefined;
    this.addImages(node);
    for (const pod of this.adrift.get(name)?.values() ?? []) this.put(info, pod);
    this.adrift.delete(name);
  }

  removeNode(name: string): void {
    const info = this.byName.get(name);
    if (!info) return;
    this.byName.delete(name);
    this.ordered = undefined;
    this.forgetImages(info.node);
    info.gone = true;
    this.changed(info);
    this.freeSlots.push(info.slot);
    const left = new Map<string, PodInfo>();
    for (const [uid, pod] of info.pods) {
      left.set(uid, pod);
      this.countClaims(pod, -1);
      this.affinity.add(pod, info.labels, -1);
    }
    if (left.size) this.adrift.set(name, left);
  }

  /** A pod that has a node, as the API server has it. */
  setPod(pod: Pod): void {
    this.assumed.delete(pod.metadata.uid);
    this.place(podInfo(pod), pod.spec.nodeName!);
  }

  removePod(uid: string): void {
    this.assumed.delete(uid);
    this.displace(uid);
  }

  /** The pod will be bound to the node: from now on it counts there. */
  assume(info: PodInfo, nodeName: string): void {
    this.assumed.add(info.pod.metadata.uid);
    this.place(info, nodeName);
  }

  /** The binding failed. */
  forget(uid: string): void {
    if (this.assumed.delete(uid)) this.displace(uid);
  }

  isAssumed(uid: string): boolean {
    return this.assumed.has(uid);
  }

  private place(info: PodInfo, nodeName: string): void {
    const { uid } = info.pod.metadata;
    const node = this.byName.get(nodeName);
    if (node && this.places.get(uid) === nodeName && node.replace(info)) return;
    this.displace(uid);
    this.places.set(uid, nodeName);
    if (node) this.put(node, info);
    else {
      const adrift = this.adrift.get(nodeName);
      if (adrift) adrift.set(uid, info);
      else this.adrift.set(nodeName, new Map([[uid, info]]));
    }
  }

  private put(node: NodeInfo, info: PodInfo): void {
    node.add(info);
    this.countClaims(info, 1);
    this.affinity.add(info, node.labels, 1);
    this.changed(node);
  }

  private relabel(info: NodeInfo, node: Node): void {
    for (const pod of info.pods.values()) {
      this.affinity.add(pod, info.labels, -1);
      this.affinity.add(pod, node.metadata.labels ?? {}, 1);
    }
  }

  private displace(uid: string): void {
    const name = this.places.get(uid);
    if (name === undefined) return;
    this.places.delete(uid);
    const node = this.byName.get(name);
    if (node) {
      const info = node.remove(uid);
      if (!info) return;
      this.countClaims(info, -1);
      this.affinity.add(info, node.labels, -1);
      this.changed(node);
      return;
    }
    const adrift = this.adrift.get(name);
    adrift?.delete(uid);
    if (adrift?.size === 0) this.adrift.delete(name);
  }

  private countClaims({ claims }: PodInfo, sign: 1 | -1): void {
    for (const key of claims) {
      const count = (this.claims.get(key) ?? 0) + sign;
      if (count > 0) this.claims.set(key, count);
      else this.claims.delete(key);
    }
  }

  private addImages(node: Node): void {
    for (const { names, sizeBytes = 0 } of node.status?.images ?? []) {
      for (const name of names) {
        const state = this.images.get(name) ?? { sizeBytes, nodes: new Set<string>() };
        state.nodes.add(node.metadata.name);
        this.images.set(name, state);
      }
    }
  }

  private forgetImages(node: Node): void {
    for (const { names } of node.status?.images ?? []) {
      for (const name of names) {
        const state = this.images.get(name);
        state?.nodes.delete(node.metadata.name);
        if (state?.nodes.size === 0) this.images.delete(name);
      }
    }
  }
}

const NONE: readonly NodeInfo[] = [];
const MIN_CHANGES = 1024;

/** In anything that plugins look at. */
const isOtherwise = (node: Node, before: Node): boolean =>
  !deepEqual(node.metadata.labels, before.metadata.labels) ||
  !deepEqual(node.metadata.annotations, before.metadata.annotations) ||
  !deepEqual(node.spec, before.spec) ||
  !deepEqual(node.status?.allocatable, before.status?.allocatable);

function zoneOf({ metadata: { labels = {} } }: Node): string {
  return `${labels[REGION] ?? ''}/${labels[ZONE] ?? ''}`;
}

/** One of each zone, then the second of each, and so on: the first nodes that fit are then spread. */
function zonesInTurn(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const info of nodes) {
    const zone = zones.get(zoneOf(info.node));
    if (zone) zone.push(info);
    else zones.set(zoneOf(info.node), [info]);
  }
  const ordered: NodeInfo[] = [];
  const lists = [...zones.values()];
  const longest = lists.reduce((most, list) => Math.max(most, list.length), 0);
  for (let i = 0; i < longest; i++) for (const list of lists) if (i < list.length) ordered.push(list[i]!);
  return ordered;
}
