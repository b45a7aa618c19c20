// One pod's scheduling cycle: which nodes can take it, which of them takes it best, and if none can, why. A pure function of the
// snapshot: it changes nothing and asks nobody. Follows pkg/scheduler's schedulePod.
import type { Random } from '../../apimachinery/random.ts';
import { isRefusal, type PodFilter, type Plugin, type Refusal, type Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { podPriority, type PodInfo } from './pod-info.ts';
import { Verdict, type ShapeCache, type ShapeKnowledge, type WeightedScorer } from './shape-cache.ts';

/** With fewer nodes all are looked at. */
const MIN_FEASIBLE_NODES = 100;
const MIN_PERCENTAGE = 5;

export interface CycleInput {
  readonly plugins: readonly Plugin[];
  readonly snapshot: Snapshot;
  /** How many percent of the nodes must be found fit before the search ends; 0: fewer the more nodes there are. */
  readonly percentageOfNodesToScore: number;
  /** Where the search starts, so that over many cycles every node is looked at alike. */
  readonly startAt: number;
  readonly random: Random;
  /** What is known of nodes from cycles before; absent: nothing, and nothing is kept. */
  readonly known?: ShapeCache;
  /** Pods that wait for room to be made on the node. */
  nominated(nodeName: string): readonly PodInfo[];
  /** The node on which the pod itself waits for room. Needed where `known` is. */
  nominatedTo?(uid: string): string | undefined;
}

export interface NamedFilter {
  readonly plugin: string;
  readonly filter: PodFilter;
}

export interface NodeRefusal extends Refusal {
  readonly plugin: string;
}

/** Why each of some nodes was refused, in the order of the snapshot. To be asked only while that stays as it is. */
export class Refusals {
  readonly nodes: readonly NodeInfo[];
  private readonly list: () => readonly NodeRefusal[];
  private listed: readonly NodeRefusal[] | undefined;
  private counted: ReadonlyMap<NodeRefusal, number> | undefined;

  /** @param counts how many nodes have each, where that is known already */
  constructor(nodes: readonly NodeInfo[], list: () => readonly NodeRefusal[], counts?: ReadonlyMap<NodeRefusal, number>) {
    this.nodes = nodes;
    this.list = list;
    this.counted = counts;
  }

  /** Of each node. Equal ones that follow each other are the same object more often than not. */
  get refusals(): readonly NodeRefusal[] {
    return (this.listed ??= this.list());
  }

  get size(): number {
    return this.nodes.length;
  }

  of(nodeName: string): NodeRefusal | undefined {
    return this.refusals[this.nodes.findIndex(({ name }) => name === nodeName)];
  }

  /** How many nodes have each. */
  counts(): ReadonlyMap<NodeRefusal, number> {
    return (this.counted ??= this.count());
  }

  /** Those where taking pods away could help. */
  resolvable(): readonly NodeInfo[] {
    if ([...this.counts().keys()].every(({ resolvable }) => resolvable)) return this.nodes;
    return this.nodes.filter((_, i) => this.refusals[i]!.resolvable);
  }

  private count(): ReadonlyMap<NodeRefusal, number> {
    const counts = new Map<NodeRefusal, number>();
    const { refusals } = this;
    for (let i = 0; i < refusals.length;) {
      const refusal = refusals[i]!;
      const from = i;
      while (refusals[i] === refusal) i++;
      counts.set(refusal, (counts.get(refusal) ?? 0) + i - from);
    }
    return counts;
  }
}

export interface Diagnosis {
  readonly totalNodes: number;
  /** Why each node was refused. */
  readonly refused: Refusals;
  /** Of nodes that were not even looked at. */
  readonly absent: NodeRefusal | undefined;
  /** Said before any node was looked at. */
  readonly preFilterMessage: string | undefined;
  readonly plugins: ReadonlySet<string>;
  readonly filters: readonly NamedFilter[];
}

export type CycleOutcome =
  | { readonly is: 'fits'; readonly node: NodeInfo; readonly looked: number }
  | { readonly is: 'unschedulable'; readonly diagnosis: Diagnosis; readonly looked: number }
  | { readonly is: 'noNodes' };

export function schedulePod(pod: PodInfo, input: CycleInput): CycleOutcome {
  const { snapshot } = input;
  if (snapshot.nodes.length === 0) return { is: 'noNodes' };
  const prepared = prepareFilters(pod, input.plugins, snapshot);
  if ('refusal' in prepared) return { is: 'unschedulable', diagnosis: refusedEverywhere(prepared.refusal, snapshot), looked: 0 };
  const { feasible, refused, looked, known } = findFeasible(pod, prepared, input);
  if (feasible.length === 0) return { is: 'unschedulable', diagnosis: diagnose(prepared, refused!, snapshot), looked };
  const node = feasible.length === 1 ? feasible[0]! : best(pod, feasible, input, known);
  return { is: 'fits', node, looked };
}

export interface Prepared {
  readonly filters: readonly NamedFilter[];
  /** Undefined: all. */
  readonly onlyNodes: ReadonlySet<string> | undefined;
  readonly restrictedBy: readonly string[];
}

export function prepareFilters(pod: PodInfo, plugins: readonly Plugin[], snapshot: Snapshot): Prepared | { readonly refusal: NodeRefusal } {
  const filters: NamedFilter[] = [];
  let onlyNodes: ReadonlySet<string> | undefined;
  const restrictedBy: string[] = [];
  for (const plugin of plugins) {
    const filter = plugin.preFilter?.(pod, snapshot);
    if (!filter) continue;
    if (isRefusal(filter)) return { refusal: { ...filter, plugin: plugin.name } };
    filters.push({ plugin: plugin.name, filter });
    if (!filter.onlyNodes) continue;
    restrictedBy.push(plugin.name);
    const { onlyNodes: theirs } = filter;
    onlyNodes = onlyNodes ? new Set([...onlyNodes].filter((n) => theirs.has(n))) : theirs;
    if (onlyNodes.size === 0) {
      const reason = `node(s) didn't satisfy plugin(s) [${[...restrictedBy].sort().join(' ')}] simultaneously`;
      return { refusal: { resolvable: false, reasons: [reason], plugin: plugin.name } };
    }
  }
  return { filters, onlyNodes, restrictedBy: restrictedBy.sort() };
}

function refusedEverywhere(refusal: NodeRefusal, snapshot: Snapshot): Diagnosis {
  return {
    totalNodes: snapshot.nodes.length,
    refused: new Refusals([], () => []),
    absent: refusal,
    preFilterMessage: refusal.reasons.join(', '),
    plugins: new Set([refusal.plugin]),
    filters: [],
  };
}

interface Search {
  readonly feasible: readonly NodeInfo[];
  /** Where nothing is feasible: of every node that was looked at. */
  readonly refused?: Refusals;
  readonly looked: number;
  readonly known?: KnownScores;
}

function findFeasible(pod: PodInfo, prepared: Prepared, input: CycleInput): Search {
  const { snapshot } = input;
  const { filters, onlyNodes } = prepared;
  const { nominatedNodeName } = pod.pod.status ?? {};
  const nominated = nominatedNodeName ? snapshot.node(nominatedNodeName) : undefined;
  // if it is refused, it is so again among the others
  if (nominated && (!onlyNodes || onlyNodes.has(nominated.name)) && !filterWithNominated(pod, nominated, filters, input))
    return { feasible: [nominated], looked: 0 };
  if (onlyNodes) {
    const named = [...onlyNodes].map((n) => snapshot.node(n)).filter((n) => n !== undefined);
    return { ...search(named, 0, input, (node) => filterWithNominated(pod, node, filters, input)), looked: 0 };
  }
  const known = input.known?.of(pod.shape, snapshot);
  const start = input.startAt % snapshot.nodes.length;
  return known
    ? searchKnown(pod, filters, start, input, known)
    : search(snapshot.nodes, start, input, (node) => filterWithNominated(pod, node, filters, input));
}

/** From the node at `start` on, until enough are found. */
function search(
  candidates: readonly NodeInfo[],
  start: number,
  { percentageOfNodesToScore }: CycleInput,
  refusalOn: (node: NodeInfo) => NodeRefusal | undefined,
): Search {
  const wanted = nodesToFind(candidates.length, percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const refusals: NodeRefusal[] = [];
  let looked = 0;
  for (; looked < candidates.length && feasible.length < wanted; looked++) {
    const node = candidates[(start + looked) % candidates.length]!;
    const refusal = refusalOn(node);
    if (refusal) refusals.push(refusal);
    else feasible.push(node);
  }
  if (feasible.length) return { feasible, looked };
  return { feasible, looked, refused: new Refusals(candidates, () => fromStart(refusals, start)) };
}

/**
 * The same, taking the verdicts of the first filters, as far as they look at the node alone, from cycles before: where there are no others,
 * a node costs a look into an array, and where no node fits only those are looked at that have changed.
 */
function searchKnown(pod: PodInfo, filters: readonly NamedFilter[], start: number, input: CycleInput, known: ShapeKnowledge): Search {
  const { nodes, slots } = input.snapshot;
  const local = filters.slice(0, filters.findIndex(({ filter }) => !filter.local) >>> 0);
  const others = filters.slice(local.length);
  const ownName = input.nominatedTo?.(pod.pod.metadata.uid);
  const own = ownName === undefined ? undefined : input.snapshot.node(ownName)?.slot;
  const look = (node: NodeInfo): NodeRefusal | undefined => filterWithNominated(pod, node, local, input);
  if (others.length === 0 && own === undefined) {
    const counts = known.refusedOnAll(nodes, look);
    const list = (): readonly NodeRefusal[] => nodes.map((node) => known.verdict(node, look)!);
    if (counts) return { feasible: [], looked: nodes.length, refused: new Refusals(nodes, list, counts) };
  }
  const refusalOn = (at: number): NodeRefusal | undefined => {
    const slot = slots[at]!;
    const node = nodes[at]!;
    // where it waits for room itself it does not count for itself, as it does for others; and who waits may matter to the other filters
    if (slot === own || (others.length && node.awaited)) return filterWithNominated(pod, node, filters, input);
    const refusal = known.verdicts[slot] === Verdict.Fits ? undefined : known.verdict(node, look);
    return refusal ?? runFilters(node, others);
  };
  const wanted = nodesToFind(nodes.length, input.percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const feasibleSlots = new Int32Array(wanted);
  const refusals: NodeRefusal[] = [];
  let looked = 0;
  for (let at = start; looked < nodes.length && feasible.length < wanted; looked++) {
    const slot = slots[at]!;
    const isPlain = others.length === 0 && slot !== own;
    const refusal = isPlain && known.verdicts[slot] === Verdict.Fits ? undefined : refusalOn(at);
    if (refusal) refusals.push(refusal);
    else {
      feasibleSlots[feasible.length] = slot;
      feasible.push(nodes[at]!);
    }
    if (++at === nodes.length) at = 0;
  }
  if (feasible.length) return { feasible, looked, known: { of: known, slots: feasibleSlots } };
  return { feasible, looked, refused: new Refusals(nodes, () => fromStart(refusals, start)) };
}

/** What was collected from `start` on and around, in the order of what it was collected from. */
function fromStart<T>(collected: readonly T[], start: number): readonly T[] {
  const end = collected.length - start;
  return start === 0 ? collected : [...collected.slice(end), ...collected.slice(0, end)];
}

function diagnose({ filters, onlyNodes, restrictedBy }: Prepared, refused: Refusals, snapshot: Snapshot): Diagnosis {
  const plugins = new Set<string>(restrictedBy);
  for (const { plugin } of refused.counts().keys()) plugins.add(plugin);
  const reasons = [`node(s) didn't satisfy plugin(s) [${restrictedBy.join(' ')}]`];
  const absent: NodeRefusal | undefined = onlyNodes ? { resolvable: false, reasons, plugin: restrictedBy[0]! } : undefined;
  return { totalNodes: snapshot.nodes.length, refused, absent, preFilterMessage: undefined, plugins, filters };
}

/** How many fit nodes are enough. */
export function nodesToFind(nodes: number, percentage: number): number {
  if (nodes < MIN_FEASIBLE_NODES) return nodes;
  const share = percentage || Math.max(50 - Math.floor(nodes / 125), MIN_PERCENTAGE);
  return share >= 100 ? nodes : Math.max(Math.floor((nodes * share) / 100), MIN_FEASIBLE_NODES);
}

/** The same object for refusals of the same plugin for the same single reason, of which there are few. */
function named(refusal: Refusal, plugin: string): NodeRefusal {
  const { resolvable, reasons } = refusal;
  if (reasons.length !== 1) return { resolvable, reasons, plugin };
  let byReason = single.get(plugin);
  if (!byReason) single.set(plugin, (byReason = new Map()));
  let known = byReason.get(reasons[0]!);
  if (known?.resolvable !== resolvable) {
    known = { resolvable, reasons, plugin };
    if (byReason.size >= MAX_SINGLE) byReason.clear();
    byReason.set(reasons[0]!, known);
  }
  return known;
}

const single = new Map<string, Map<string, NodeRefusal>>();
const MAX_SINGLE = 1000;

export function runFilters(node: NodeInfo, filters: readonly NamedFilter[]): NodeRefusal | undefined {
  for (const { plugin, filter } of filters) {
    const refusal = filter.filter(node);
    if (refusal) return named(refusal, plugin);
  }
  return undefined;
}

/**
 * Pods of the same or a higher priority for which room is being made count as if they were there; the pod must fit without them too,
 * as they may go elsewhere (it may rely on them by affinity).
 */
export function filterWithNominated(
  pod: PodInfo,
  node: NodeInfo,
  filters: readonly NamedFilter[],
  input: Pick<CycleInput, 'nominated'>,
): NodeRefusal | undefined {
  const priority = podPriority(pod.pod);
  const before = input.nominated(node.name).filter((n) => podPriority(n.pod) >= priority && n.pod.metadata.uid !== pod.pod.metadata.uid);
  if (before.length) {
    const crowded = node.clone();
    const changed = cloneFilters(filters);
    for (const other of before) {
      crowded.add(other);
      changeFilters(changed, other, crowded, 1);
    }
    const refusal = runFilters(crowded, changed);
    if (refusal) return refusal;
  }
  return runFilters(node, filters);
}

export const cloneFilters = (filters: readonly NamedFilter[]): NamedFilter[] =>
  filters.map(({ plugin, filter }) => ({ plugin, filter: filter.clone?.() ?? filter }));

export function changeFilters(filters: readonly NamedFilter[], pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
  for (const { filter } of filters) filter.change?.(pod, node, sign);
}

function best(pod: PodInfo, feasible: readonly NodeInfo[], { plugins, snapshot, random }: CycleInput, known?: KnownScores): NodeInfo {
  const totals = scoreNodes(pod, feasible, plugins, snapshot, known);
  let highest = -Infinity;
  let equal = 0;
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i]!;
    if (total > highest) {
      highest = total;
      equal = 1;
    } else if (total === highest) equal++;
  }
  // each of the best has the same chance
  let skip = equal > 1 ? random.below(equal) : 0;
  let i = 0;
  while (totals[i] !== highest || skip-- > 0) i++;
  return feasible[i]!;
}

/** What is known of the nodes from cycles before. */
interface KnownScores {
  readonly of: ShapeKnowledge;
  /** Of the nodes, in their order. */
  readonly slots: Int32Array;
}

/** The weighted sum of all plugins' scores, in the order of the nodes. */
export function scoreNodes(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  plugins: readonly Plugin[],
  snapshot: Snapshot,
  known?: KnownScores,
): Float64Array {
  const totals = new Float64Array(nodes.length);
  const scores = new Float64Array(nodes.length);
  const plain: WeightedScorer[] = [];
  for (const plugin of plugins) {
    const scorer = plugin.preScore?.(pod, nodes, snapshot);
    if (!scorer) continue;
    const weight = plugin.weight ?? 1;
    if (known && scorer.local && !scorer.normalize) {
      plain.push({ scorer, weight });
      continue;
    }
    if (known && scorer.local) known.of.fill(plugin.name, [{ scorer, weight: 1 }], nodes, known.slots, scores);
    else for (let i = 0; i < nodes.length; i++) scores[i] = scorer.score(nodes[i]!);
    scorer.normalize?.(scores, nodes);
    for (let i = 0; i < nodes.length; i++) totals[i]! += scores[i]! * weight;
  }
  if (known && plain.length) {
    // which plugins these are depends on the shape alone: the sum is known as well
    known.of.fill('', plain, nodes, known.slots, scores);
    for (let i = 0; i < nodes.length; i++) totals[i]! += scores[i]!;
  }
  return totals;
}
