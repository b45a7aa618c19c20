// A node and what runs on it, summed up: kept current pod by pod, so that a scheduling cycle adds up nothing.
import type { Node } from '#api/core/v1';
import type { LabelSelector } from '../../apimachinery/label-selector.ts';
import { parseQuantity, quantityNumber } from '../../apimachinery/quantity.ts';
import type { HostPort, PodInfo } from './pod-info.ts';
import { addResources, noResources, readResources, type Resources } from '../../apimachinery/core/pod-requests.ts';

/** So many selectors are counted for each node; beyond that the oldest is forgotten. */
const MAX_COUNTERS = 32;

interface Counter {
  readonly namespace: string;
  readonly selector: LabelSelector;
  readonly terminating: boolean;
  count: number;
}

const counts = (counter: Counter, { pod }: PodInfo): boolean =>
  pod.metadata.namespace === counter.namespace &&
  (counter.terminating || !pod.metadata.deletionTimestamp) &&
  counter.selector.matches(pod.metadata.labels);

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
  private readonly counters = new Map<string, Counter>();

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
    for (const counter of this.counters.values()) if (counts(counter, info)) counter.count += sign;
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
   * How many pods of the namespace match. Counted once, then kept current.
   * @param terminating whether pods that are being deleted count
   */
  countMatching(namespace: string, selector: LabelSelector, terminating: boolean): number {
    if (this.pods.size === 0) return 0;
    const at = `${namespace}/${terminating ? '+' : '-'}${selectorText(selector)}`;
    let counter = this.counters.get(at);
    if (!counter) {
      counter = { namespace, selector, terminating, count: 0 };
      for (const info of this.pods.values()) if (counts(counter, info)) counter.count++;
      if (this.counters.size >= MAX_COUNTERS) this.counters.delete(this.counters.keys().next().value!);
      this.counters.set(at, counter);
    }
    return counter.count;
  }

  /** One that can be changed without changing this. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.node);
    for (const info of this.pods.values()) copy.add(info);
    return copy;
  }
}

const texts = new WeakMap<LabelSelector, string>();

function selectorText(selector: LabelSelector): string {
  let text = texts.get(selector);
  if (text === undefined) {
    text = selector.toString();
    texts.set(selector, text);
  }
  return text;
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
