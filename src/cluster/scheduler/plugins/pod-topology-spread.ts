// PodTopologySpread: pods that match are spread over zones, hosts, or whatever label the constraint names: as a must (DoNotSchedule) or
// as a wish (ScheduleAnyway). A pod without constraints is spread softly with the others of its Service or controller.
import type { Node, Pod, TopologySpreadConstraint } from '#api/core/v1';
import type { LabelSelector } from '../../../apimachinery/label-selector.ts';
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
import { matchesRequiredNodeAffinity } from '../../../apimachinery/core/node-affinity.ts';
import type { NodeInfo } from '../node-info.ts';
import { withLabelKeys, type PodInfo } from '../pod-info.ts';
import { Kept, Tally, TallyView } from '../tally.ts';
import { untoleratedTaint } from '../../../apimachinery/core/taints.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const REASON = "node(s) didn't match pod topology spread constraints";

const TOO_MANY = refuse(REASON);

interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly minDomains: number;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

/** The tally of each constraint. */
interface Counted {
  readonly constraints: readonly Constraint[];
  readonly tallies: readonly Tally[];
}

export function podTopologySpread(lister: Lister): Plugin {
  const kept = new Kept<string, Counted>();
  /** Pods alike share what is counted for them. @param all whether a node must have all labels to count */
  const counted = (info: PodInfo, constraints: readonly Constraint[], all: boolean, snapshot: Snapshot): Counted => {
    const key = `${countKey(info.pod, constraints)} ${all}`;
    const found = kept.of(snapshot, key, () => ({ constraints, tallies: constraints.map((c) => tallyOf(info.pod, c, constraints, all)) }));
    for (const tally of found.tallies) tally.follow(snapshot);
    return found;
  };
  return {
    name: 'PodTopologySpread',
    weight: 2,
    events: [
      {
        resource: 'Pod',
        actions: ['Add', 'Delete', 'UpdateLabel'],
        mayHelp: ({ pod }, event) => concerns(pod, eventPod(event)) || (event.old !== undefined && concerns(pod, event.old as Pod)),
      },
      {
        resource: 'Node',
        actions: ['Add', 'Delete', 'UpdateLabel', 'UpdateTaint'],
        mayHelp: ({ pod }, event) =>
          hard(pod).some(({ topologyKey }) => eventNode(event).metadata.labels?.[topologyKey] !== undefined) ||
          event.actions.includes('UpdateLabel'),
      },
      { resource: 'Pod', actions: ['UpdateSelf'] },
    ],
    preFilter(pod, snapshot) {
      const constraints = hard(pod.pod);
      if (!constraints.length) return undefined;
      const { tallies } = counted(pod, constraints, true, snapshot);
      return new SpreadFilter(pod.pod, constraints, tallies);
    },
    preScore(info, feasible, snapshot) {
      const { pod } = info;
      const own = pod.spec.topologySpreadConstraints ?? [];
      const constraints = own.length ? read(pod, own, 'ScheduleAnyway') : byDefault(pod, lister);
      if (!constraints.length) return undefined;
      const requireAll = own.length > 0;
      return spreadScorer(counted(info, constraints, requireAll, snapshot), requireAll, feasible);
    },
  };
}

const NONE: readonly Constraint[] = [];

const hard = (pod: Pod): readonly Constraint[] => read(pod, pod.spec.topologySpreadConstraints ?? [], 'DoNotSchedule');

const concerns = (pod: Pod, other: Pod): boolean =>
  pod.metadata.namespace === other.metadata.namespace && hard(pod).some(({ selector }) => selector.matches(other.metadata.labels));

function read(pod: Pod, constraints: readonly TopologySpreadConstraint[], when: string): readonly Constraint[] {
  if (!constraints.some((c) => c.whenUnsatisfiable === when)) return NONE;
  return constraints
    .filter((c) => c.whenUnsatisfiable === when)
    .map((c) => ({
      maxSkew: c.maxSkew,
      topologyKey: c.topologyKey,
      selector: withLabelKeys(pod, c.labelSelector, c.matchLabelKeys),
      minDomains: c.minDomains ?? 1,
      honorsAffinity: (c.nodeAffinityPolicy ?? 'Honor') === 'Honor',
      honorsTaints: c.nodeTaintsPolicy === 'Honor',
    }));
}

function byDefault(pod: Pod, lister: Lister): Constraint[] {
  const selector = lister.ownSelector(pod);
  if (!selector) return [];
  const rest = { selector, minDomains: 1, honorsAffinity: true, honorsTaints: false };
  return [
    { ...rest, topologyKey: HOSTNAME, maxSkew: 3 },
    { ...rest, topologyKey: ZONE, maxSkew: 5 },
  ];
}

/** Whether the node counts for the constraint. */
const included = (c: Constraint, pod: Pod, node: Node): boolean =>
  (!c.honorsAffinity || matchesRequiredNodeAffinity(pod.spec, node)) && (!c.honorsTaints || !untoleratedTaint(node, pod.spec.tolerations));

const hasAllKeys = (constraints: readonly Constraint[], labels: Readonly<Record<string, string>>): boolean =>
  constraints.every((c) => labels[c.topologyKey] !== undefined);

/** An empty selector counts nothing. */
const countOn = (node: NodeInfo, namespace: string, { selector }: Constraint): number =>
  selector.empty ? 0 : node.countMatching(namespace, selector, false);

/** What the counts depend on. */
function countKey({ metadata, spec }: Pod, constraints: readonly Constraint[]): string {
  let key = metadata.namespace ?? '';
  let affinity = false;
  let taints = false;
  for (const c of constraints) {
    key += ` ${c.topologyKey} ${selectorKey(c.selector)} ${c.honorsAffinity} ${c.honorsTaints};`;
    affinity ||= c.honorsAffinity;
    taints ||= c.honorsTaints;
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (affinity && (required || spec.nodeSelector)) key += JSON.stringify([spec.nodeSelector, required]);
  return taints && spec.tolerations ? `${key}${JSON.stringify(spec.tolerations)}` : key;
}

const selectorKey = (selector: LabelSelector): string => {
  let key = selectorKeys.get(selector);
  if (key === undefined) selectorKeys.set(selector, (key = selector.matches({}) ? `any ${selector.toString()}` : selector.toString()));
  return key;
};

const selectorKeys = new WeakMap<LabelSelector, string>();

/** A node without the label counts as of the empty value where it may count at all. */
function tallyOf(pod: Pod, c: Constraint, constraints: readonly Constraint[], all: boolean): Tally {
  const namespace = pod.metadata.namespace ?? '';
  return new Tally(
    ({ labels, node }) => ((!all || hasAllKeys(constraints, labels)) && included(c, pod, node) ? (labels[c.topologyKey] ?? '') : undefined),
    (node) => countOn(node, namespace, c),
  );
}

class SpreadFilter implements PodFilter {
  private readonly pod: Pod;
  private readonly constraints: readonly Constraint[];
  private readonly tallies: readonly Tally[];
  /** The changes of a what-if. */
  private readonly views: readonly TallyView[];
  private readonly most: number[];

  constructor(pod: Pod, constraints: readonly Constraint[], tallies: readonly Tally[], views?: readonly TallyView[]) {
    this.pod = pod;
    this.constraints = constraints;
    this.tallies = tallies;
    this.views = views ?? tallies.map((tally) => new TallyView(tally));
    this.most = constraints.map((_, i) => this.mostOf(i));
  }

  /** As many matching pods as there may be in a domain for the pod to come to it. With fewer domains than there must be, one counts as being empty. */
  private mostOf(i: number): number {
    const { minDomains, maxSkew, selector } = this.constraints[i]!;
    const view = this.views[i]!;
    const least = view.size < minDomains ? 0 : view.least();
    return maxSkew + least - (selector.matches(this.pod.metadata.labels) ? 1 : 0);
  }

  filter(node: NodeInfo): ReturnType<PodFilter['filter']> {
    for (let i = 0; i < this.constraints.length; i++) {
      const count = this.views[i]!.countAround(node);
      if (count !== undefined) {
        if (count > this.most[i]!) return TOO_MANY;
        continue;
      }
      // one that does not count itself
      const { labels } = node;
      const value = labels[this.constraints[i]!.topologyKey];
      if (value === undefined) return refuseForGood(`${REASON} (missing required label)`);
      if (this.views[i]!.count(value) > this.most[i]!) return TOO_MANY;
    }
    return undefined;
  }

  change({ pod: other }: PodInfo, { labels, node }: NodeInfo, sign: 1 | -1): void {
    if (other.metadata.namespace !== this.pod.metadata.namespace || other.metadata.deletionTimestamp) return;
    if (!hasAllKeys(this.constraints, labels)) return;
    for (const [i, c] of this.constraints.entries()) {
      if (!c.selector.matches(other.metadata.labels) || !included(c, this.pod, node)) continue;
      this.views[i]!.add(labels[c.topologyKey]!, sign);
      this.most[i] = this.mostOf(i);
    }
  }

  clone(): SpreadFilter {
    return new SpreadFilter(
      this.pod,
      this.constraints,
      this.tallies,
      this.views.map((view) => view.clone()),
    );
  }
}

function spreadScorer({ constraints, tallies }: Counted, requireAll: boolean, feasible: readonly NodeInfo[]): PodScorer {
  const ignored = new Set<NodeInfo>();
  const values = constraints.map(() => new Set<string>());
  for (const node of feasible) {
    if (requireAll && !hasAllKeys(constraints, node.labels)) ignored.add(node);
    else for (const [i, c] of constraints.entries()) if (c.topologyKey !== HOSTNAME) values[i]!.add(node.labels[c.topologyKey] ?? '');
  }
  // the more values there are, the more a single pod counts
  const weights = constraints.map((c, i) => Math.log((c.topologyKey === HOSTNAME ? feasible.length - ignored.size : values[i]!.size) + 2));
  return {
    score(node) {
      if (ignored.has(node)) return 0;
      let score = 0;
      for (let i = 0; i < constraints.length; i++) {
        const c = constraints[i]!;
        const value = node.labels[c.topologyKey];
        if (value === undefined) continue;
        const count =
          c.topologyKey === HOSTNAME ? tallies[i]!.countOnly(node) : (tallies[i]!.countAround(node) ?? tallies[i]!.count(value));
        score += count * weights[i]! + c.maxSkew - 1;
      }
      return Math.round(score);
    },
    normalize: (scores, nodes) => normalizeSpread(scores, nodes, ignored),
  };
}

/** Fewer is better; nodes without the labels get nothing. */
function normalizeSpread(scores: Float64Array, nodes: readonly NodeInfo[], ignored: ReadonlySet<NodeInfo>): void {
  let [min, max] = [Infinity, 0];
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i]!)) continue;
    min = Math.min(min, scores[i]!);
    max = Math.max(max, scores[i]!);
  }
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i]!)) scores[i] = 0;
    else scores[i] = max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - scores[i]!)) / max);
  }
}
