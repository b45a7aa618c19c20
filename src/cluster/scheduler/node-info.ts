// A node and what runs on it, summed up: kept current pod by pod, so that a scheduling cycle adds up nothing.
import type { Node } from '#api/core/v1';
import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { addResources, noResources, readResources, type Resources } from '../../apimachinery/core/pod-requests.ts';

const labelKey = (namespace: string | undefined, key: string, value: string): string => `${namespace}/${key}=${value}`;

export class NodeInfo {
  node: Node;
  allocatable: Resources;
  maxPods: number;
  readonly pods = new Map<string, PodInfo>();
  requested: Resources = noResources();
  /** CPU and memory with defaults for pods that ask for nothing: for scoring. */
  scored: Resources = noResources();
  /** `namespace/name` of claims → how many pods use them here. */
  readonly claims = new Map<string, number>();
  /** A small number that no other node of the cache has while this one is there: what is known of nodes is kept in arrays. */
  slot = 0;
  /** Pods wait for room to be made here. */
  awaited = false;
  /** The cache does not have it any more. */
  gone = false;
  private readonly ports = new Map<string, number>();
  /** `namespace/key=value` → the pods with this label: selectors nearly always name one. Made when first asked for. */
  private byLabel: Map<string, Set<PodInfo>> | undefined;

  constructor(node: Node, allocatable = readResources(node.status?.allocatable), maxPods = podLimit(node)) {
    this.node = node;
    this.allocatable = allocatable;
    this.maxPods = maxPods;
  }

  get name(): string {
    return this.node.metadata.name;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node.metadata.labels ?? NO_LABELS;
  }

  setNode(node: Node): void {
    if (node.status?.allocatable !== this.node.status?.allocatable) {
      this.allocatable = readResources(node.status?.allocatable);
      this.maxPods = podLimit(node);
    }
    this.node = node;
  }

  add(info: PodInfo): void {
    const { uid } = info.pod.metadata;
    this.remove(uid);
    this.pods.set(uid, info);
    this.account(info, 1);
  }

  /** A newer version of a pod that counts like the one that is here; false: it does not, and nothing has changed. */
  replace(info: PodInfo): boolean {
    const old = this.pods.get(info.pod.metadata.uid);
    if (!old || !countsAlike(old, info)) return false;
    this.pods.set(info.pod.metadata.uid, info);
    if (this.byLabel) {
      index(this.byLabel, old, -1);
      index(this.byLabel, info, 1);
    }
    return true;
  }

  remove(uid: string): PodInfo | undefined {
    const info = this.pods.get(uid);
    if (!info) return undefined;
    this.pods.delete(uid);
    this.account(info, -1);
    return info;
  }

  private account(info: PodInfo, sign: 1 | -1): void {
    addResources(this.requested, info.requests, sign);
    addResources(this.scored, info.scored, sign);
    for (const port of info.hostPorts) addCount(this.ports, portKey(port), sign);
    for (const claim of info.claims) addCount(this.claims, claim, sign);
    if (this.byLabel) index(this.byLabel, info, sign);
  }

  /** A port of all addresses is in the way of each single one, and the other way round. */
  hasPort(wanted: HostPort): boolean {
    if (this.ports.size === 0) return false;
    if (wanted.ip === ANY) {
      const end = `/${wanted.protocol}/${wanted.port}`;
      for (const used of this.ports.keys()) if (used.endsWith(end)) return true;
      return false;
    }
    return this.ports.has(portKey(wanted)) || this.ports.has(portKey({ ...wanted, ip: ANY }));
  }

  /**
   * How many pods of the namespace match.
   * @param terminating whether pods that are being deleted count
   */
  countMatching(namespace: string, selector: LabelSelector, terminating: boolean): number {
    let count = 0;
    for (const { pod } of this.candidates(namespace, selector))
      if (pod.metadata.namespace === namespace && (terminating || !pod.metadata.deletionTimestamp) && selector.matches(pod.metadata.labels))
        count++;
    return count;
  }

  /** The fewest pods among which all that match are. */
  private candidates(namespace: string, { requirements }: LabelSelector): Iterable<PodInfo> {
    if (this.pods.size === 0) return [];
    if (!this.byLabel) {
      this.byLabel = new Map();
      for (const info of this.pods.values()) index(this.byLabel, info, 1);
    }
    let fewest: ReadonlySet<PodInfo> | undefined;
    for (const { key, operator, values } of requirements) {
      if ((operator !== '=' && operator !== '==' && operator !== 'in') || values.length !== 1) continue;
      const pods = this.byLabel.get(labelKey(namespace, key, values[0]!));
      if (!pods) return [];
      if (!fewest || pods.size < fewest.size) fewest = pods;
    }
    return fewest ?? this.pods.values();
  }

  /** One that can be changed without changing this. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.node, this.allocatable, this.maxPods);
    copy.slot = this.slot;
    for (const [uid, info] of this.pods) copy.pods.set(uid, info);
    for (const [claim, count] of this.claims) copy.claims.set(claim, count);
    for (const [port, count] of this.ports) copy.ports.set(port, count);
    copy.requested = copyResources(this.requested);
    copy.scored = copyResources(this.scored);
    return copy;
  }
}

const countsAlike = (a: PodInfo, b: PodInfo): boolean =>
  a.terms === b.terms &&
  sameRequests(a, b) &&
  a.hostPorts.length + b.hostPorts.length === 0 &&
  a.claims.length + b.claims.length === 0 &&
  a.pod.status?.startTime === b.pod.status?.startTime &&
  !a.pod.metadata.deletionTimestamp === !b.pod.metadata.deletionTimestamp &&
  deepEqual(a.pod.metadata.labels, b.pod.metadata.labels);

const sameRequests = (a: PodInfo, b: PodInfo): boolean =>
  a.shape === b.shape || (!a.requests.scalars && !b.requests.scalars && deepEqual(a.requests, b.requests) && deepEqual(a.scored, b.scored));

const copyResources = (from: Resources): Resources => ({ ...from, scalars: from.scalars && new Map(from.scalars) });

function index(byLabel: Map<string, Set<PodInfo>>, info: PodInfo, sign: 1 | -1): void {
  const { namespace, labels } = info.pod.metadata;
  for (const key in labels) {
    const at = labelKey(namespace, key, labels[key]!);
    const pods = byLabel.get(at);
    if (sign > 0) {
      if (pods) pods.add(info);
      else byLabel.set(at, new Set([info]));
    } else if (pods?.delete(info) && pods.size === 0) byLabel.delete(at);
  }
}

const NO_LABELS: Readonly<Record<string, string>> = {};
const ANY = '0.0.0.0';

const portKey = ({ ip, protocol, port }: HostPort): string => `${ip}/${protocol}/${port}`;

function podLimit(node: Node): number {
  const text = node.status?.allocatable?.['pods'];
  return text === undefined ? 0 : quantityNumber(parseQuantity(text));
}

function addCount(map: Map<string, number>, key: string, by: number): void {
  const count = (map.get(key) ?? 0) + by;
  if (count > 0) map.set(key, count);
  else map.delete(key);
}
