// DefaultPreemption: where a pod fits nowhere, which pods of lower priority would have to go so that it fits somewhere, and where that
// does the least harm. Pure: it decides, the scheduler acts. Follows the defaultpreemption plugin of kube-scheduler.
import type { PodDisruptionBudget } from '#api/policy/v1';
import { LabelSelector } from '../../apimachinery/label-selector.ts';
import { timeMs } from '../../apimachinery/time.ts';
import { changeFilters, cloneFilters, filterWithNominated, type CycleInput, type Diagnosis } from './cycle.ts';
import { histogram } from './fit-error.ts';
import type { NodeInfo } from './node-info.ts';
import { podPriority, type PodInfo } from './pod-info.ts';

/** So many nodes where it would work are enough. */
const MIN_CANDIDATES = 100;
const CANDIDATES_PERCENT = 10;

export interface Candidate {
  readonly node: NodeInfo;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  readonly budgetsViolated: number;
}

export type PreemptionOutcome =
  | { readonly is: 'preempt'; readonly candidate: Candidate }
  /** In the scheduler's words. */
  | { readonly is: 'no'; readonly message: string };

export interface PreemptionInput extends Pick<CycleInput, 'snapshot' | 'nominated' | 'random'> {
  readonly diagnosis: Diagnosis;
  readonly budgets: (namespace: string) => Iterable<PodDisruptionBudget>;
}

export function preempt(pod: PodInfo, input: PreemptionInput): PreemptionOutcome {
  const refusal = notEligible(pod, input);
  if (refusal !== undefined) return { is: 'no', message: refusal };
  const { snapshot, diagnosis, random } = input;
  const reasons = new Map<string, number>();
  const count = (reason: string, by = 1): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + by);
  const potential = snapshot.nodes.filter((node) => diagnosis.refused.get(node.name)?.resolvable);
  const hopeless = snapshot.nodes.length - potential.length;
  if (hopeless > 0) count('Preemption is not helpful for scheduling', hopeless);
  const wanted = Math.max(MIN_CANDIDATES, Math.floor((potential.length * CANDIDATES_PERCENT) / 100));
  const candidates: Candidate[] = [];
  const start = potential.length > wanted ? random.below(potential.length) : 0;
  for (let i = 0; i < potential.length && candidates.length < wanted; i++) {
    const found = victimsOn(potential[(start + i) % potential.length]!, pod, input);
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
  if (!nominated || diagnosis.refused.get(nominated)?.resolvable === false) return undefined;
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
  return { node, victims, budgetsViolated };
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

/** Fewest budgets broken, then lowest highest priority, smallest sum, fewest victims, latest start of the most important. */
function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  const OFFSET = 2 ** 31;
  const highest = ({ victims }: Candidate): number => (victims.length ? podPriority(victims[0]!.pod) : -Infinity);
  const sum = ({ victims }: Candidate): number => victims.reduce((total, v) => total + podPriority(v.pod) + OFFSET, 0);
  const started = (c: Candidate): number => Math.min(...c.victims.filter((v) => podPriority(v.pod) === highest(c)).map(startMs));
  let left = [...candidates];
  for (const harm of [
    (c: Candidate) => c.budgetsViolated,
    highest,
    sum,
    (c: Candidate) => c.victims.length,
    (c: Candidate) => -started(c),
  ]) {
    if (left.length <= 1) break;
    const harms = left.map(harm);
    const least = Math.min(...harms);
    left = left.filter((_, i) => harms[i] === least);
  }
  return left[0];
}
