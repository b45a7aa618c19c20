// InterPodAffinity: pods that want to be near others or away from them, and pods that others want to be away from. What is required
// decides, what is preferred scores; a running pod's required affinity counts as a slight preference.
import type { Labels } from '../../../apimachinery/label-selector.ts';
import {
  eventNode,
  eventPod,
  MAX_NODE_SCORE,
  refuse,
  refuseForGood,
  type Lister,
  type Plugin,
  type PodFilter,
  type PodScorer,
  type Snapshot,
} from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { podInfo, type AffinityTerm, type PodInfo } from '../pod-info.ts';

const HARD_AFFINITY_WEIGHT = 1;

type NamespaceLabels = Lister['namespaceLabels'];

export function interPodAffinity(lister: Lister): Plugin {
  const { namespaceLabels } = lister;
  const hasTerms = (pod: PodInfo): boolean => pod.affinity.length + pod.antiAffinity.length > 0;
  return {
    name: 'InterPodAffinity',
    weight: 2,
    events: [
      {
        resource: 'Pod',
        actions: ['Add', 'Delete', 'UpdateLabel'],
        mayHelp(pod, event) {
          const other = podInfo(eventPod(event));
          if (!event.actions.includes('Delete') && matchesAll(pod.affinity, other, namespaceLabels)) return true;
          if (event.actions.includes('Add')) return false;
          return (
            pod.antiAffinity.some((t) => matches(t, other, namespaceLabels)) ||
            other.antiAffinity.some((t) => matches(t, pod, namespaceLabels)) ||
            event.actions.includes('UpdateLabel')
          );
        },
      },
      {
        resource: 'Node',
        actions: ['Add', 'UpdateLabel'],
        mayHelp: (pod, event) =>
          !hasTerms(pod) ||
          [...pod.affinity, ...pod.antiAffinity].some((t) => eventNode(event).metadata.labels?.[t.topologyKey] !== undefined),
      },
      { resource: 'Pod', actions: ['UpdateSelf'] },
    ],
    preFilter(pod, snapshot) {
      if (!hasTerms(pod) && snapshot.nodesWithRequiredAntiAffinity.size === 0) return undefined;
      return new AffinityFilter(pod, namespaceLabels, snapshot);
    },
    preScore: (pod, _feasible, snapshot) => affinityScorer(pod, namespaceLabels, snapshot),
  };
}

function matches(term: AffinityTerm, { pod }: PodInfo, namespaceLabels: NamespaceLabels): boolean {
  const { namespace = '', labels } = pod.metadata;
  const inNamespace = term.namespaces.has(namespace) || (term.namespaceSelector?.matches(namespaceLabels(namespace) ?? NO_LABELS) ?? false);
  return inNamespace && term.selector.matches(labels);
}

const NO_LABELS: Labels = {};

const matchesAll = (terms: readonly AffinityTerm[], other: PodInfo, namespaceLabels: NamespaceLabels): boolean =>
  terms.length > 0 && terms.every((t) => matches(t, other, namespaceLabels));

/** `topologyKey\nvalue` → how many pods, or what score. */
type Pairs = Map<string, number>;

const pairOf = (key: string, value: string): string => `${key}\n${value}`;

function addPair(pairs: Pairs, topologyKey: string, labels: Labels, by: number): void {
  const value = labels[topologyKey];
  if (value === undefined || by === 0) return;
  const pair = pairOf(topologyKey, value);
  const sum = (pairs.get(pair) ?? 0) + by;
  if (sum === 0) pairs.delete(pair);
  else pairs.set(pair, sum);
}

const inPair = (pairs: Pairs, { topologyKey }: AffinityTerm, labels: Labels): boolean => {
  const value = labels[topologyKey];
  return value !== undefined && (pairs.get(pairOf(topologyKey, value)) ?? 0) > 0;
};

class AffinityFilter implements PodFilter {
  private readonly pod: PodInfo;
  private readonly namespaceLabels: NamespaceLabels;
  private affinity: Pairs = new Map();
  private antiAffinity: Pairs = new Map();
  /** Where running pods do not want this one. */
  private existing: Pairs = new Map();

  constructor(pod: PodInfo, namespaceLabels: NamespaceLabels, snapshot: Snapshot | undefined) {
    this.pod = pod;
    this.namespaceLabels = namespaceLabels;
    if (!snapshot) return;
    for (const node of snapshot.nodesWithRequiredAntiAffinity)
      for (const other of node.podsWithRequiredAntiAffinity.values()) this.countExisting(other, node, 1);
    if (pod.affinity.length || pod.antiAffinity.length) for (const node of snapshot.nodes) this.countNode(node);
  }

  private countNode(node: NodeInfo): void {
    if (node.pods.size === 0) return;
    const { affinity, antiAffinity } = this.pod;
    // one selector in named namespaces: the node has counted them
    if (affinity.length === 1 && !affinity[0]!.namespaceSelector) addCounted(this.affinity, affinity[0]!, node);
    else if (affinity.length) for (const other of node.pods.values()) this.countAffinity(other, node, 1);
    for (const term of antiAffinity) {
      if (!term.namespaceSelector) addCounted(this.antiAffinity, term, node);
      else
        for (const other of node.pods.values())
          if (matches(term, other, this.namespaceLabels)) addPair(this.antiAffinity, term.topologyKey, node.labels, 1);
    }
  }

  private countAffinity(other: PodInfo, { labels }: NodeInfo, sign: 1 | -1): void {
    if (!matchesAll(this.pod.affinity, other, this.namespaceLabels)) return;
    for (const { topologyKey } of this.pod.affinity) addPair(this.affinity, topologyKey, labels, sign);
  }

  private countExisting(other: PodInfo, { labels }: NodeInfo, sign: 1 | -1): void {
    for (const term of other.antiAffinity)
      if (matches(term, this.pod, this.namespaceLabels)) addPair(this.existing, term.topologyKey, labels, sign);
  }

  change(other: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    this.countExisting(other, node, sign);
    this.countAffinity(other, node, sign);
    for (const term of this.pod.antiAffinity)
      if (matches(term, other, this.namespaceLabels)) addPair(this.antiAffinity, term.topologyKey, node.labels, sign);
  }

  clone(): AffinityFilter {
    const copy = new AffinityFilter(this.pod, this.namespaceLabels, undefined);
    copy.affinity = new Map(this.affinity);
    copy.antiAffinity = new Map(this.antiAffinity);
    copy.existing = new Map(this.existing);
    return copy;
  }

  filter({ labels }: NodeInfo): ReturnType<PodFilter['filter']> {
    if (!this.nearOthers(labels)) return refuseForGood("node(s) didn't match pod affinity rules");
    if (this.pod.antiAffinity.some((t) => inPair(this.antiAffinity, t, labels)))
      return refuse("node(s) didn't match pod anti-affinity rules");
    if (this.existing.size)
      for (const key in labels)
        if ((this.existing.get(pairOf(key, labels[key]!)) ?? 0) > 0)
          return refuse("node(s) didn't satisfy existing pods anti-affinity rules");
    return undefined;
  }

  private nearOthers(labels: Labels): boolean {
    const { affinity } = this.pod;
    if (affinity.length === 0) return true;
    if (affinity.some((t) => labels[t.topologyKey] === undefined)) return false;
    if (affinity.every((t) => inPair(this.affinity, t, labels))) return true;
    // the first of a group that wants to be together cannot wait for the others
    return this.affinity.size === 0 && matchesAll(affinity, this.pod, this.namespaceLabels);
  }
}

function addCounted(pairs: Pairs, term: AffinityTerm, node: NodeInfo): void {
  let count = 0;
  for (const namespace of term.namespaces) count += node.countMatching(namespace, term.selector, true);
  addPair(pairs, term.topologyKey, node.labels, count);
}

function addPreferred(scores: Pairs, term: AffinityTerm, node: NodeInfo, weight: number, namespaceLabels: NamespaceLabels): void {
  if (node.pods.size === 0) return;
  let count = 0;
  if (!term.namespaceSelector) for (const namespace of term.namespaces) count += node.countMatching(namespace, term.selector, true);
  else for (const other of node.pods.values()) if (matches(term, other, namespaceLabels)) count++;
  addPair(scores, term.topologyKey, node.labels, weight * count);
}

function affinityScorer(pod: PodInfo, namespaceLabels: NamespaceLabels, snapshot: Snapshot): PodScorer | undefined {
  const prefers = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
  if (!prefers && snapshot.nodesWithAffinity.size === 0) return undefined;
  const scores: Pairs = new Map();
  const add = (terms: readonly AffinityTerm[], about: PodInfo, labels: Labels, weight: (t: AffinityTerm) => number): void => {
    for (const term of terms) if (matches(term, about, namespaceLabels)) addPair(scores, term.topologyKey, labels, weight(term));
  };
  if (prefers)
    for (const node of snapshot.nodes) {
      for (const term of pod.preferredAffinity) addPreferred(scores, term, node, term.weight, namespaceLabels);
      for (const term of pod.preferredAntiAffinity) addPreferred(scores, term, node, -term.weight, namespaceLabels);
    }
  for (const node of snapshot.nodesWithAffinity) {
    const { labels } = node;
    for (const other of node.podsWithAffinity.values()) {
      add(other.affinity, pod, labels, () => HARD_AFFINITY_WEIGHT);
      add(other.preferredAffinity, pod, labels, (t) => t.weight);
      add(other.preferredAntiAffinity, pod, labels, (t) => -t.weight);
    }
  }
  if (scores.size === 0) return undefined;
  return {
    score({ labels }) {
      let sum = 0;
      for (const key in labels) sum += scores.get(pairOf(key, labels[key]!)) ?? 0;
      return sum;
    },
    normalize(all) {
      let [min, max] = [Infinity, -Infinity];
      for (const score of all) {
        min = Math.min(min, score);
        max = Math.max(max, score);
      }
      for (let i = 0; i < all.length; i++) all[i] = max > min ? Math.trunc((MAX_NODE_SCORE * (all[i]! - min)) / (max - min)) : 0;
    },
  };
}
