// DefaultPreemption: where a pod fits nowhere, which pods of lower priority would have to go so that it fits somewhere, and where that
// does the least harm. Pure: it decides, the scheduler acts. Follows the defaultpreemption plugin of kube-scheduler.
import type { PodDisruptionBudget } from '#api/policy/v1';
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
  readonly budgets: (namespace: string) => Iterable<PodDisruptionBudget>;
  /** What is known of nodes from before; only where there are no budgets, and the pod waits for no node. */
  readonly known?: ShapeCache;
}

export function preempt(pod: PodInfo, input: PreemptionInput): PreemptionOutcome {
  const refusal = notEligible(pod, input);
  if (refusal !== undefined) return { is: 'no', message: refusal };
  const { snapshot, diagnosis, random } = input;
  const reasons = new Map<string, number>();
  const count = (reason: string, by = 1): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + by);
  const { nodes, refusals } = diagnosis.refused;
  const potential = nodes.filter((_, i) => refusals[i]!.resolvable);
  const hopeless = snapshot.nodes.length - potential.length;
  if (hopeless > 0) count('Preemption is not helpful for scheduling', hopeless);
  const wanted = Math.max(MIN_CANDIDATES, Math.floor((potential.length * CANDIDATES_PERCENT) / 100));
  const candidates: Candidate[] = [];
  const known = diagnosis.filters.every(({ filter }) => filter.local) ? input.known?.of(pod.shape, snapshot) : undefined;
  const start = potential.length > wanted ? random.below(potential.length) : 0;
  for (let i = 0; i < potential.length && candidates.length < wanted; i++) {
    const node = potential[(start + i) % potential.length]!;
    const found = known ? known.victims(node, () => victimsOn(node, pod, input)) : victimsOn(node, pod, input);
    if (typeof found === 'string') count(found);
    else candidates.push(found);
  }
  const candidate = leastHarm(candidates);
  if (candidate) return { is: 'preempt', candidate };
  return { is: 'no', message: `0/${snapshot.nodes.length} nodes are available:${histogram(reasons)}` };
}

function notEligible({ pod }: PodInfo, { snapshot, diagnosis }: PreemptionInput): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = pod.status?.nominatedNodeName;
  if (!nominated || diagnosis.refused.of(nominated)?.resolvable === false) return undefined;
  for (const other of snapshot.node(nominated)?.pods.values() ?? [])
    if (other.pod.metadata.deletionTimestamp && podPriority(other.pod) < podPriority(pod))
      return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}

/** The fewest pods that must leave the node; or why none would help. */
function victimsOn(node: NodeInfo, pod: PodInfo, input: PreemptionInput): Candidate | string {
  const priority = podPriority(pod.pod);
  const lower = [...node.pods.values()].filter((other) => podPriority(other.pod) < priority);
  if (lower.length === 0) return 'No preemption victims found for incoming pod';
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
  if (without) return without.reasons.join(', ');
  lower.sort(moreImportantFirst);
  const { violating, others } = byBudget(lower, input.budgets);
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
  for (const other of others) reprieve(other);
  victims.sort(moreImportantFirst);
  return { node, victims, budgetsViolated, harm: harmOf(victims, budgetsViolated) };
}

const startMs = ({ pod }: PodInfo): number => timeMs(pod.status?.startTime ?? pod.metadata.creationTimestamp);

/** Of the same priority the one that has run longer. */
const moreImportantFirst = (a: PodInfo, b: PodInfo): number => podPriority(b.pod) - podPriority(a.pod) || startMs(a) - startMs(b);

function byBudget(
  pods: readonly PodInfo[],
  budgets: PreemptionInput['budgets'],
): { readonly violating: readonly PodInfo[]; readonly others: readonly PodInfo[] } {
  const left = new Map<PodDisruptionBudget, number>();
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const info of pods) {
    const { name, namespace = '', labels = {} } = info.pod.metadata;
    let violated = false;
    if (Object.keys(labels).length)
      for (const budget of budgets(namespace)) {
        const selector = LabelSelector.fromSpec(budget.spec?.selector);
        if (selector.empty || !selector.matches(labels) || budget.status?.disruptedPods?.[name] !== undefined) continue;
        const allowed = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
        left.set(budget, allowed);
        if (allowed < 0) violated = true;
      }
    (violated ? violating : others).push(info);
  }
  return { violating, others };
}

function harmOf(victims: readonly PodInfo[], budgetsViolated: number): Harm {
  const OFFSET = 2 ** 31;
  const highest = victims.length ? podPriority(victims[0]!.pod) : -Infinity;
  const sum = victims.reduce((total, v) => total + podPriority(v.pod) + OFFSET, 0);
  const started = Math.min(...victims.filter((v) => podPriority(v.pod) === highest).map(startMs));
  return [budgetsViolated, highest, sum, victims.length, -started];
}

/** Fewest budgets broken, then lowest highest priority, smallest sum, fewest victims, latest start of the most important. */
function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  let least = candidates[0];
  for (const candidate of candidates) if (isLess(candidate.harm, least!.harm)) least = candidate;
  return least;
}

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
