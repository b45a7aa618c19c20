// DefaultPreemption: where a pod fits nowhere, which pods of lower priority would have to go so that it fits somewhere, and where that
// does the least harm. Pure: it decides, the scheduler acts. Follows the defaultpreemption plugin of kube-scheduler.
import type { Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { podCondition } from '../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { timeMs } from '../../apimachinery/time.ts';
import { changeFilters, cloneFilters, filterWithNominated, type CycleInput, type Diagnosis } from './cycle.ts';
import { histogram } from './fit-error.ts';
import type { NodeInfo } from './node-info.ts';
import { shortages } from './plugins/node-resources-fit.ts';
import { isSamePod, podPriority, type PodInfo } from './pod-info.ts';
import type { ShapeCache } from './shape-cache.ts';

/** So many nodes where it would work are enough. */
const MIN_CANDIDATES = 100;
const CANDIDATES_PERCENT = 10;

export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  readonly budgetsViolated: number;
  readonly harm: Harm;
}

/** What is compared, the most important first: the less the better. */
type Harm = readonly [budgetsViolated: number, highestPriority: number, sumOfPriorities: number, victims: number, minusStart: number];

export type PreemptionOutcome =
  | { readonly is: 'preempt'; readonly candidate: Candidate }
  /** In the scheduler's words. */
  | { readonly is: 'no'; readonly message: string };

export interface PreemptionInput extends Pick<CycleInput, 'snapshot' | 'nominated' | 'random'> {
  readonly diagnosis: Diagnosis;
  /** Of a namespace; undefined: there are none at all. */
  readonly budgets: ((namespace: string) => Iterable<PodDisruptionBudget>) | undefined;
  /** What is known of nodes from before. */
  readonly known?: ShapeCache;
  /** As for a cycle: needed where `known` is. */
  nominatedTo?(uid: string): string | undefined;
}

/** What would come of taking pods from a node, and who could be taken: the most important first. */
export interface DryRun {
  readonly lower: readonly PodInfo[];
  /** Of these, those whose budgets allow no more. */
  readonly violating: readonly PodInfo[];
  /** Or why it would not help. */
  readonly found: Candidate | string;
}

export function preempt(pod: PodInfo, input: PreemptionInput): PreemptionOutcome {
  const refusal = notEligible(pod, input);
  if (refusal !== undefined) return { is: 'no', message: refusal };
  const { snapshot, diagnosis, random } = input;
  const potential = diagnosis.refused.resolvable();
  const wanted = Math.max(MIN_CANDIDATES, Math.floor((potential.length * CANDIDATES_PERCENT) / 100));
  const start = potential.length > wanted ? random.below(potential.length) : 0;
  const dryRun = dryRunsFor(pod, input);
  const reasons: string[] = [];
  let candidate: Candidate | undefined;
  let candidates = 0;
  for (let i = 0, at = start; i < potential.length && candidates < wanted; i++) {
    const { found } = dryRun(potential[at]!);
    if (++at === potential.length) at = 0;
    if (typeof found === 'string') {
      reasons.push(found);
      continue;
    }
    candidates++;
    if (!candidate || isLess(found.harm, candidate.harm)) candidate = found;
  }
  if (candidate) return { is: 'preempt', candidate };
  const counts = new Map<string, number>();
  const count = (reason: string, by: number): void => void counts.set(reason, (counts.get(reason) ?? 0) + by);
  const hopeless = snapshot.nodes.length - potential.length;
  if (hopeless > 0) count('Preemption is not helpful for scheduling', hopeless);
  for (const reason of reasons) count(reason, 1);
  return { is: 'no', message: `0/${snapshot.nodes.length} nodes are available:${histogram(counts)}` };
}

function notEligible({ pod }: PodInfo, { snapshot, diagnosis }: PreemptionInput): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.status?.nominatedNodeName;
  if (!nominated || diagnosis.refused.of(nominated)?.resolvable === false) return undefined;
  for (const other of snapshot.node(nominated)?.pods.values() ?? [])
    if (podPriority(other.pod) < podPriority(pod) && isGoingByPreemption(other.pod))
      return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

/** One that goes for another reason makes no room that was asked for. */
function isGoingByPreemption(pod: Pod): boolean {
  if (!pod.metadata.deletionTimestamp) return false;
  const target = podCondition(pod, 'DisruptionTarget');
  return target?.status === 'True' && target.reason === PREEMPTED;
}

/** Why the condition `DisruptionTarget` of a pod is true that the scheduler takes away. */
export const PREEMPTED = 'PreemptionByScheduler';

/** A dry run of each node; what came of it before is taken as far as the node, who waits for it, and the budgets in question are as they were. */
function dryRunsFor(pod: PodInfo, input: PreemptionInput): (node: NodeInfo) => DryRun {
  const local = input.diagnosis.filters.every(({ filter }) => filter.local);
  const known = local ? input.known?.of(pod.shape, input.snapshot) : undefined;
  const violatingAmong = violationsOf(input.budgets);
  const afresh = (node: NodeInfo): DryRun => {
    const lower = lowerOn(node, pod);
    return dryRun(node, pod, lower, violatingAmong(lower), input);
  };
  if (!known) return afresh;
  const own = input.nominatedTo?.(pod.pod.metadata.uid);
  return (node) => {
    if (node.name === own) return afresh(node);
    const { dryRuns } = known;
    const before = dryRuns.get(node.slot);
    if (before && isSameList(violatingAmong(before.lower), before.violating)) return before;
    const now = afresh(node);
    dryRuns.set(node.slot, now);
    return now;
  };
}

const isSameList = (a: readonly PodInfo[], b: readonly PodInfo[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

/** The most important first. */
function lowerOn(node: NodeInfo, { pod }: PodInfo): readonly PodInfo[] {
  const priority = podPriority(pod);
  const lower: PodInfo[] = [];
  for (const other of node.pods.values()) if (podPriority(other.pod) < priority) lower.push(other);
  return lower.sort(moreImportantFirst);
}

/** The fewest pods that must leave the node. */
function dryRun(node: NodeInfo, pod: PodInfo, lower: readonly PodInfo[], violating: readonly PodInfo[], input: PreemptionInput): DryRun {
  const told = (found: Candidate | string): DryRun => ({ lower, violating, found });
  if (lower.length === 0) return told('No preemption victims found for incoming pod');
  const emptied = node.clone();
  const filters = cloneFilters(input.diagnosis.filters);
  const remove = (other: PodInfo): void => {
    emptied.remove(other.pod.metadata.uid);
    changeFilters(filters, other, emptied, -1);
  };
  const put = (other: PodInfo): void => {
    emptied.add(other);
    changeFilters(filters, other, emptied, 1);
  };
  for (const other of lower) remove(other);
  const without = filterWithNominated(pod, emptied, filters, input);
  if (without) return told(without.reasons.join(', '));
  const victims: PodInfo[] = [];
  let budgetsViolated = 0;
  // as many as possible stay, those under a budget first
  const reprieve = (other: PodInfo): boolean => {
    put(other);
    if (!filterWithNominated(pod, emptied, filters, input)) return true;
    remove(other);
    victims.push(other);
    return false;
  };
  for (const other of violating) if (!reprieve(other)) budgetsViolated++;
  for (const other of lower) if (!violating.includes(other)) reprieve(other);
  victims.sort(moreImportantFirst);
  return told({ node, victims, budgetsViolated, harm: harmOf(victims, budgetsViolated) });
}

const startMs = ({ pod }: PodInfo): number => timeMs(pod.status?.startTime ?? pod.metadata.creationTimestamp);

/** Of the same priority the one that has run longer. */
const moreImportantFirst = (a: PodInfo, b: PodInfo): number => podPriority(b.pod) - podPriority(a.pod) || startMs(a) - startMs(b);

/** Of pods in a list those whose going would break a budget, when all before them went. */
function violationsOf(budgets: PreemptionInput['budgets']): (pods: readonly PodInfo[]) => readonly PodInfo[] {
  if (!budgets) return () => NOBODY;
  const byNamespace = new Map<string, readonly Budget[]>();
  const ofNamespace = (namespace: string): readonly Budget[] => {
    let known = byNamespace.get(namespace);
    if (!known) byNamespace.set(namespace, (known = [...budgets(namespace)].map(readBudget).filter(({ selector }) => !selector.empty)));
    return known;
  };
  return (pods) => {
    const left = new Map<Budget, number>();
    return pods.filter(({ pod: { metadata } }) => {
      let violated = false;
      for (const budget of ofNamespace(metadata.namespace ?? '')) {
        if (!isNotEmpty(metadata.labels) || !budget.selector.matches(metadata.labels) || budget.disrupted(metadata.name)) continue;
        const allowed = (left.get(budget) ?? budget.allowed) - 1;
        left.set(budget, allowed);
        if (allowed < 0) violated = true;
      }
      return violated;
    });
  };
}

interface Budget {
  readonly selector: LabelSelector;
  readonly allowed: number;
  /** Whether the pod's going is counted already. */
  disrupted(name: string): boolean;
}

const readBudget = ({ spec, status }: PodDisruptionBudget): Budget => ({
  selector: LabelSelector.fromSpec(spec?.selector),
  allowed: status?.disruptionsAllowed ?? 0,
  disrupted: (name) => status?.disruptedPods?.[name] !== undefined,
});

const NOBODY: readonly PodInfo[] = [];

/** A pod without labels is under no budget. */
function isNotEmpty(labels: Readonly<Record<string, string>> | undefined): boolean {
  for (const key in labels) if (key) return true;
  return false;
}

function harmOf(victims: readonly PodInfo[], budgetsViolated: number): Harm {
  const OFFSET = 2 ** 31;
  const highest = victims.length ? podPriority(victims[0]!.pod) : -Infinity;
  const sum = victims.reduce((total, v) => total + podPriority(v.pod) + OFFSET, 0);
  const started = Math.min(...victims.filter((v) => podPriority(v.pod) === highest).map(startMs));
  return [budgetsViolated, highest, sum, victims.length, -started];
}

/** Fewest budgets broken, then lowest highest priority, smallest sum, fewest victims, latest start of the most important. */
function isLess(a: Harm, b: Harm): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

/**
 * Whether the node has room for what the pod asks for, or could have by preemption as it could not before a pod left.
 * @param before pods that wait for room on the node
 * @param priority that of the pod that left: the room of a lower one could have been made before
 */
export function hasRoomFor(pod: PodInfo, node: NodeInfo, before: readonly PodInfo[], priority: number): boolean {
  const own = podPriority(pod.pod);
  const others = before.filter((other) => podPriority(other.pod) >= own && !isSamePod(other, pod));
  const mayPreempt = priority >= own && pod.pod.spec.preemptionPolicy !== 'Never';
  if (others.length === 0 && shortages(pod, node).reasons.length === 0) return true;
  if (others.length === 0 && !mayPreempt) return false;
  const then = node.clone();
  for (const other of others) then.add(other);
  if (mayPreempt) for (const other of node.pods.values()) if (podPriority(other.pod) < own) then.remove(other.pod.metadata.uid);
  return shortages(pod, then).reasons.length === 0;
}
