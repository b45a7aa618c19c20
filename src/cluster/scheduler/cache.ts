// The scheduler's picture of the cluster: every node with its pods, including pods that it has placed and whose binding it has not seen
// yet. It is the snapshot that cycles work on: nothing else changes it while a cycle runs.
import type { Node, Pod } from '#api/core/v1';
import type { ImageState, Snapshot } from './framework.ts';
import { NodeInfo } from './node-info.ts';
import { podInfo, type PodInfo } from './pod-info.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

export class SchedulerCache implements Snapshot {
  private readonly byName = new Map<string, NodeInfo>();
  private ordered: readonly NodeInfo[] | undefined = [];
  readonly nodesWithAffinity = new Set<NodeInfo>();
  readonly nodesWithRequiredAntiAffinity = new Set<NodeInfo>();
  private readonly claims = new Map<string, number>();
  private readonly images = new Map<string, { sizeBytes: number; readonly nodes: Set<string> }>();
  /** uid → the name of the node. */
  private readonly places = new Map<string, string>();
  /** Pods on nodes that are not there (yet). */
  private readonly adrift = new Map<string, Map<string, PodInfo>>();
  private readonly assumed = new Set<string>();

  get nodes(): readonly NodeInfo[] {
    this.ordered ??= zonesInTurn(this.byName.values());
    return this.ordered;
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

  setNode(node: Node): void {
    const { name } = node.metadata;
    const known = this.byName.get(name);
    if (known) {
      if (zoneOf(known.node) !== zoneOf(node)) this.ordered = undefined;
      if (known.node.status?.images !== node.status?.images) {
        this.forgetImages(known.node);
        this.addImages(node);
      }
      known.setNode(node);
      return;
    }
    const info = new NodeInfo(node);
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
    this.nodesWithAffinity.delete(info);
    this.nodesWithRequiredAntiAffinity.delete(info);
    const left = new Map<string, PodInfo>();
    for (const [uid, pod] of info.pods) {
      left.set(uid, pod);
      this.countClaims(pod, -1);
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
    this.displace(uid);
    this.places.set(uid, nodeName);
    const node = this.byName.get(nodeName);
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
    this.noteAffinity(node);
  }

  private displace(uid: string): void {
    const name = this.places.get(uid);
    if (name === undefined) return;
    this.places.delete(uid);
    const node = this.byName.get(name);
    if (node) {
      const info = node.remove(uid);
      if (info) this.countClaims(info, -1);
      this.noteAffinity(node);
      return;
    }
    const adrift = this.adrift.get(name);
    adrift?.delete(uid);
    if (adrift?.size === 0) this.adrift.delete(name);
  }

  private noteAffinity(node: NodeInfo): void {
    if (node.podsWithAffinity.size) this.nodesWithAffinity.add(node);
    else this.nodesWithAffinity.delete(node);
    if (node.podsWithRequiredAntiAffinity.size) this.nodesWithRequiredAntiAffinity.add(node);
    else this.nodesWithRequiredAntiAffinity.delete(node);
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
