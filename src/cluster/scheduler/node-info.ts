// A node and what runs on it, summed up: kept current pod by pod, so that a scheduling cycle adds up nothing.
import type { Node } from '#api/core/v1';
import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { addResources, noResources, readResources, type Resources } from '../../apimachinery/core/pod-requests.ts';

const labelKey = (namespace: string | undefined, key: string, value: string): string => `${namespace}/${key}=${value}`;

export class NodeInfo {
  node: Node;
  allocatable: Resources;
  maxPods: number;
  readonly pods = new Map<string, PodInfo>();
  readonly podsWithAffinity = new Map<string, PodInfo>();
  readonly podsWithRequiredAntiAffinity = new Map<string, PodInfo>();
  readonly requested: Resources = noResources();
  /** CPU and memory with defaults for pods that ask for nothing: for scoring. */
  readonly scored: Resources = noResources();
  /** `namespace/name` of claims → how many pods use them here. */
  readonly claims = new Map<string, number>();
  private readonly ports = new Map<string, number>();
  /** `namespace/key=value` → the pods with this label: selectors nearly always name one. */
  private readonly byLabel = new Map<string, Set<PodInfo>>();

  constructor(node: Node) {
    this.node = node;
    this.allocatable = readResources(node.status?.allocatable);
    this.maxPods = podLimit(node);
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
    if (info.affinity.length || info.antiAffinity.length || info.preferredAffinity.length || info.preferredAntiAffinity.length)
      this.podsWithAffinity.set(uid, info);
    if (info.antiAffinity.length) this.podsWithRequiredAntiAffinity.set(uid, info);
    this.account(info, 1);
  }

  remove(uid: string): PodInfo | undefined {
    const info = this.pods.get(uid);
    if (!info) return undefined;
    this.pods.delete(uid);
    this.podsWithAffinity.delete(uid);
    this.podsWithRequiredAntiAffinity.delete(uid);
    this.account(info, -1);
    return info;
  }

  private account(info: PodInfo, sign: 1 | -1): void {
    addResources(this.requested, info.requests, sign);
    addResources(this.scored, info.scored, sign);
    for (const port of info.hostPorts) addCount(this.ports, portKey(port), sign);
    for (const claim of info.claims) addCount(this.claims, claim, sign);
    this.index(info, sign);
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

  private index(info: PodInfo, sign: 1 | -1): void {
    const { namespace, labels } = info.pod.metadata;
    for (const key in labels) {
      const at = labelKey(namespace, key, labels[key]!);
      const pods = this.byLabel.get(at);
      if (sign > 0) {
        if (pods) pods.add(info);
        else this.byLabel.set(at, new Set([info]));
      } else if (pods?.delete(info) && pods.size === 0) this.byLabel.delete(at);
    }
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
    const copy = new NodeInfo(this.node);
    for (const info of this.pods.values()) copy.add(info);
    return copy;
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
