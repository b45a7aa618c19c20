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
import { untoleratedTaint } from '../../../apimachinery/core/taints.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const REASON = "node(s) didn't match pod topology spread constraints";

interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly minDomains: number;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

export function podTopologySpread(lister: Lister): Plugin {
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
      return constraints.length ? new SpreadFilter(pod, constraints, snapshot) : undefined;
    },
    preScore({ pod }, feasible, snapshot) {
      const own = pod.spec.topologySpreadConstraints ?? [];
      const constraints = own.length ? read(pod, own, 'ScheduleAnyway') : byDefault(pod, lister);
      return constraints.length ? spreadScorer(pod, constraints, own.length > 0, feasible, snapshot) : undefined;
    },
  };
}

const hard = (pod: Pod): Constraint[] => read(pod, pod.spec.topologySpreadConstraints ?? [], 'DoNotSchedule');

const concerns = (pod: Pod, other: Pod): boolean =>
  pod.metadata.namespace === other.metadata.namespace && hard(pod).some(({ selector }) => selector.matches(other.metadata.labels));

function read(pod: Pod, constraints: readonly TopologySpreadConstraint[], when: string): Constraint[] {
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

class SpreadFilter implements PodFilter {
  private readonly pod: Pod;
  private readonly constraints: readonly Constraint[];
  /** For each constraint, topology value → matching pods. */
  private readonly counts: Map<string, number>[];
  private readonly least: (number | undefined)[];

  constructor({ pod }: PodInfo, constraints: readonly Constraint[], snapshot: Snapshot | undefined, counts?: Map<string, number>[]) {
    this.pod = pod;
    this.constraints = constraints;
    this.counts = counts ?? constraints.map(() => new Map<string, number>());
    this.least = constraints.map(() => undefined);
    for (const node of snapshot?.nodes ?? []) this.count(node);
  }

  private count(node: NodeInfo): void {
    const { labels } = node;
    if (!hasAllKeys(this.constraints, labels)) return;
    for (const [i, c] of this.constraints.entries()) {
      if (!included(c, this.pod, node.node)) continue;
      const value = labels[c.topologyKey]!;
      this.counts[i]!.set(value, (this.counts[i]!.get(value) ?? 0) + countOn(node, this.pod.metadata.namespace ?? '', c));
    }
  }

  filter({ labels }: NodeInfo): ReturnType<PodFilter['filter']> {
    for (const [i, c] of this.constraints.entries()) {
      const value = labels[c.topologyKey];
      if (value === undefined) return refuseForGood(`${REASON} (missing required label)`);
      const self = c.selector.matches(this.pod.metadata.labels) ? 1 : 0;
      if ((this.counts[i]!.get(value) ?? 0) + self - this.leastOf(i, c) > c.maxSkew) return refuse(REASON);
    }
    return undefined;
  }

  /** With fewer domains than there must be, one counts as being empty. */
  private leastOf(i: number, { minDomains }: Constraint): number {
    const counts = this.counts[i]!;
    return (this.least[i] ??= counts.size < minDomains || counts.size === 0 ? 0 : Math.min(...counts.values()));
  }

  change({ pod: other }: PodInfo, { labels, node }: NodeInfo, sign: 1 | -1): void {
    if (other.metadata.namespace !== this.pod.metadata.namespace || other.metadata.deletionTimestamp) return;
    if (!hasAllKeys(this.constraints, labels)) return;
    for (const [i, c] of this.constraints.entries()) {
      if (!c.selector.matches(other.metadata.labels) || !included(c, this.pod, node)) continue;
      const value = labels[c.topologyKey]!;
      this.counts[i]!.set(value, (this.counts[i]!.get(value) ?? 0) + sign);
      this.least[i] = undefined;
    }
  }

  clone(): SpreadFilter {
    const counts = this.counts.map((c) => new Map(c));
    return new SpreadFilter({ pod: this.pod } as PodInfo, this.constraints, undefined, counts);
  }
}

function spreadScorer(
  pod: Pod,
  constraints: readonly Constraint[],
  requireAll: boolean,
  feasible: readonly NodeInfo[],
  snapshot: Snapshot,
): PodScorer {
  const namespace = pod.metadata.namespace ?? '';
  const ignored = new Set<NodeInfo>();
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of feasible) {
    if (requireAll && !hasAllKeys(constraints, node.labels)) ignored.add(node);
    else for (const [i, c] of constraints.entries()) if (c.topologyKey !== HOSTNAME) counts[i]!.set(node.labels[c.topologyKey] ?? '', 0);
  }
  // the more values there are, the more a single pod counts
  const weights = constraints.map((c, i) => Math.log((c.topologyKey === HOSTNAME ? feasible.length - ignored.size : counts[i]!.size) + 2));
  if (counts.some((c) => c.size > 0)) {
    for (const node of snapshot.nodes) {
      if (requireAll && !hasAllKeys(constraints, node.labels)) continue;
      for (const [i, c] of constraints.entries()) {
        const value = node.labels[c.topologyKey] ?? '';
        const known = counts[i]!.get(value);
        if (known !== undefined && included(c, pod, node.node)) counts[i]!.set(value, known + countOn(node, namespace, c));
      }
    }
  }
  return {
    score(node) {
      if (ignored.has(node)) return 0;
      let score = 0;
      for (const [i, c] of constraints.entries()) {
        const value = node.labels[c.topologyKey];
        if (value === undefined) continue;
        const count = c.topologyKey === HOSTNAME ? countOn(node, namespace, c) : (counts[i]!.get(value) ?? 0);
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
