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
import { NO_TERMS, podInfo, type AffinityTerm, type AffinityTerms, type PodInfo } from '../pod-info.ts';
import { Kept, Tally, TallyView } from '../tally.ts';

const HARD_AFFINITY_WEIGHT = 1;

type NamespaceLabels = Lister['namespaceLabels'];

export function interPodAffinity(lister: Lister): Plugin {
  const { namespaceLabels } = lister;
  const kept = new Kept<AffinityTerms, OwnTallies>();
  const tallies = ({ terms }: PodInfo, snapshot: Snapshot): OwnTallies => {
    const make = (): OwnTallies => new OwnTallies(terms, lister);
    const found = kept.of(snapshot, terms, make);
    found.follow(snapshot);
    return found;
  };
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
      const others = othersTerms(pod, namespaceLabels, snapshot, (terms) => terms.antiAffinity.map((term) => [term, 1]));
      if (!hasTerms(pod) && others.size === 0) return undefined;
      return new AffinityFilter(pod, namespaceLabels, hasTerms(pod) ? tallies(pod, snapshot) : NO_TALLIES, others);
    },
    preScore: (pod, _feasible, snapshot) => affinityScorer(pod, namespaceLabels, snapshot, tallies),
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

/** How many pods match each of the pod's own terms, by the value of its topology key. */
class OwnTallies {
  readonly affinity: readonly Tally[];
  readonly antiAffinity: readonly Tally[];
  readonly preferred: readonly { readonly term: AffinityTerm; readonly weight: number; readonly tally: Tally }[];
  private readonly lister: Lister | undefined;
  private readonly byNamespaceLabels: boolean;
  private namespacesVersion: number | undefined;

  constructor(terms: AffinityTerms, lister: Lister | undefined) {
    const tally = (term: AffinityTerm, all: readonly AffinityTerm[]): Tally =>
      new Tally(
        ({ labels }) => labels[term.topologyKey],
        (node) => countMatching(node, all, lister!.namespaceLabels),
      );
    const one = (term: AffinityTerm): Tally => tally(term, [term]);
    // a pod counts for required affinity where it matches all terms
    this.affinity = terms.affinity.map((term) => tally(term, terms.affinity));
    this.antiAffinity = terms.antiAffinity.map(one);
    this.preferred = [
      ...terms.preferredAffinity.map((term) => ({ term, weight: term.weight, tally: one(term) })),
      ...terms.preferredAntiAffinity.map((term) => ({ term, weight: -term.weight, tally: one(term) })),
    ];
    this.lister = lister;
    this.byNamespaceLabels = Object.values(terms).some((list: readonly AffinityTerm[]) => list.some((t) => t.namespaceSelector));
  }

  follow(snapshot: Snapshot): void {
    const version = this.byNamespaceLabels ? this.lister?.namespacesVersion : undefined;
    const again = version !== this.namespacesVersion;
    this.namespacesVersion = version;
    for (const tally of this.affinity) tally.follow(snapshot, again);
    for (const tally of this.antiAffinity) tally.follow(snapshot, again);
    for (const { tally } of this.preferred) tally.follow(snapshot, again);
  }
}

const NO_TALLIES = new OwnTallies(NO_TERMS, undefined);

function countMatching(node: NodeInfo, terms: readonly AffinityTerm[], namespaceLabels: NamespaceLabels): number {
  if (node.pods.size === 0) return 0;
  const [term] = terms;
  let count = 0;
  // one selector in named namespaces: the node has an index
  if (terms.length === 1 && !term!.namespaceSelector) {
    for (const namespace of term!.namespaces) count += node.countMatching(namespace, term!.selector, true);
    return count;
  }
  for (const other of node.pods.values()) if (matchesAll(terms, other, namespaceLabels)) count++;
  return count;
}

/** By topology key: the pods that run whose terms match the pod, counted by value, and what each counts. */
type OthersTerms = ReadonlyMap<string, readonly { readonly counts: ReadonlyMap<string, number>; readonly weight: number }[]>;

function othersTerms(
  pod: PodInfo,
  namespaceLabels: NamespaceLabels,
  { affinity }: Snapshot,
  weighted: (terms: AffinityTerms) => readonly (readonly [AffinityTerm, number])[],
): OthersTerms {
  if (affinity.empty) return NOBODY;
  const found = new Map<string, { readonly counts: ReadonlyMap<string, number>; readonly weight: number }[]>();
  for (const kind of affinity.about(pod.pod.metadata.namespace ?? ''))
    for (const [term, weight] of weighted(kind.terms)) {
      if (weight === 0 || !matches(term, pod, namespaceLabels)) continue;
      const entry = { counts: kind.counts(term), weight };
      const list = found.get(term.topologyKey);
      if (list) list.push(entry);
      else found.set(term.topologyKey, [entry]);
    }
  return found;
}

const NOBODY: OthersTerms = new Map();

/** What the others' terms amount to on a node with these labels. */
function sumOfOthers(others: OthersTerms, labels: Labels): number {
  let sum = 0;
  for (const [topologyKey, list] of others) {
    const value = labels[topologyKey];
    if (value !== undefined) for (const { counts, weight } of list) sum += weight * (counts.get(value) ?? 0);
  }
  return sum;
}

const viewOf = (tally: Tally): TallyView => new TallyView(tally);
const cloneOf = (view: TallyView): TallyView => view.clone();

const NOT_NEAR = refuseForGood("node(s) didn't match pod affinity rules");
const TOO_NEAR = refuse("node(s) didn't match pod anti-affinity rules");
const UNWANTED = refuse("node(s) didn't satisfy existing pods anti-affinity rules");

class AffinityFilter implements PodFilter {
  private readonly pod: PodInfo;
  private readonly namespaceLabels: NamespaceLabels;
  /** Where running pods do not want this one. */
  private readonly others: OthersTerms;
  /** Changes to it in a what-if: topology key, value → pods. */
  private readonly othersChanged = new Map<string, Map<string, number>>();
  private readonly affinity: readonly TallyView[];
  private readonly antiAffinity: readonly TallyView[];

  constructor(
    pod: PodInfo,
    namespaceLabels: NamespaceLabels,
    { affinity, antiAffinity }: Pick<OwnTallies, 'affinity' | 'antiAffinity'>,
    others: OthersTerms,
    from?: AffinityFilter,
  ) {
    this.pod = pod;
    this.namespaceLabels = namespaceLabels;
    this.others = others;
    this.affinity = from ? from.affinity.map(cloneOf) : affinity.map(viewOf);
    this.antiAffinity = from ? from.antiAffinity.map(cloneOf) : antiAffinity.map(viewOf);
    if (from) for (const [key, changed] of from.othersChanged) this.othersChanged.set(key, new Map(changed));
  }

  change(other: PodInfo, { labels }: NodeInfo, sign: 1 | -1): void {
    const { affinity, antiAffinity } = this.pod;
    for (const term of other.antiAffinity) {
      const value = labels[term.topologyKey];
      if (value === undefined || !matches(term, this.pod, this.namespaceLabels)) continue;
      const changed = this.othersChanged.get(term.topologyKey) ?? new Map<string, number>();
      changed.set(value, (changed.get(value) ?? 0) + sign);
      this.othersChanged.set(term.topologyKey, changed);
    }
    if (matchesAll(affinity, other, this.namespaceLabels)) addTo(this.affinity, affinity, labels, sign);
    for (const [i, term] of antiAffinity.entries())
      if (matches(term, other, this.namespaceLabels)) addTo([this.antiAffinity[i]!], [term], labels, sign);
  }

  clone(): AffinityFilter {
    return new AffinityFilter(this.pod, this.namespaceLabels, NO_TALLIES, this.others, this);
  }

  filter(node: NodeInfo): ReturnType<PodFilter['filter']> {
    if (!this.nearOthers(node)) return NOT_NEAR;
    // a node has a count where it has the label
    for (const view of this.antiAffinity) if ((view.countAround(node) ?? 0) > 0) return TOO_NEAR;
    return this.isUnwanted(node.labels) ? UNWANTED : undefined;
  }

  private isUnwanted(labels: Labels): boolean {
    if (this.othersChanged.size === 0) return this.others.size > 0 && sumOfOthers(this.others, labels) > 0;
    for (const key of new Set([...this.others.keys(), ...this.othersChanged.keys()])) {
      const value = labels[key];
      if (value === undefined) continue;
      let pods = this.othersChanged.get(key)?.get(value) ?? 0;
      for (const { counts } of this.others.get(key) ?? []) pods += counts.get(value) ?? 0;
      if (pods > 0) return true;
    }
    return false;
  }

  private nearOthers(node: NodeInfo): boolean {
    let near = true;
    for (const view of this.affinity) {
      const count = view.countAround(node);
      // it has no such label
      if (count === undefined) return false;
      near &&= count > 0;
    }
    // the first of a group that wants to be together cannot wait for the others
    return near || (this.affinity.every(({ total }) => total === 0) && matchesAll(this.pod.affinity, this.pod, this.namespaceLabels));
  }
}

function addTo(views: readonly TallyView[], terms: readonly AffinityTerm[], labels: Labels, sign: 1 | -1): void {
  for (const [i, { topologyKey }] of terms.entries()) {
    const value = labels[topologyKey];
    if (value !== undefined) views[i]!.add(value, sign);
  }
}

/** What those that run feel about a pod that matches: a required term counts as a slight preference. */
const feelings = (terms: AffinityTerms): (readonly [AffinityTerm, number])[] => [
  ...terms.affinity.map((t) => [t, HARD_AFFINITY_WEIGHT] as const),
  ...terms.preferredAffinity.map((t) => [t, t.weight] as const),
  ...terms.preferredAntiAffinity.map((t) => [t, -t.weight] as const),
];

function affinityScorer(
  pod: PodInfo,
  namespaceLabels: NamespaceLabels,
  snapshot: Snapshot,
  tallies: (pod: PodInfo, snapshot: Snapshot) => OwnTallies,
): PodScorer | undefined {
  const prefers = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
  const others = othersTerms(pod, namespaceLabels, snapshot, feelings);
  if (!prefers && others.size === 0) return undefined;
  const { preferred } = prefers ? tallies(pod, snapshot) : NO_TALLIES;
  return {
    score({ labels }) {
      let sum = sumOfOthers(others, labels);
      for (const { term, weight, tally } of preferred) {
        const value = labels[term.topologyKey];
        if (value !== undefined) sum += weight * tally.count(value);
      }
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
