// Disruption budgets that a rollout breaks, and those that from then on let nobody drain a node: on their own, or because two have the same pods.
import type { PodDisruptionBudget } from '#api/policy/v1';
import { isPodActive } from '../../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { idOf, resourceText } from '../../plan/resource-id.ts';
import { counted, type Finding } from '../consequence.ts';
import { changedFields, type Evidence, type Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';

const KIND = 'policy/v1/PodDisruptionBudget';

export const disruptionBudgets: Rule = (evidence) => [...violated(evidence), ...blocking(evidence), ...overlapping(evidence)];

function violated({ observed, after, before }: Evidence): Finding[] {
  return [...observed.violatedBudgets].flatMap(([key, { healthy, demanded }]) => {
    const [namespace = '', name = ''] = key.split('/');
    const budget = before.get(KIND, namespace, name) && after.get(KIND, namespace, name);
    if (!budget) return [];
    const object = idOf(budget);
    return [
      {
        severity: 'warning',
        type: 'DisruptionBudget',
        reason: 'Violated',
        object,
        message: `${resourceText(object)} demands ${demanded} healthy pods, and at one time there are ${healthy}`,
        remedy: 'let the rollout take fewer pods away at once (maxUnavailable): budgets hold evictions back, not rollouts',
      },
    ];
  });
}

function blocking(evidence: Evidence): Finding[] {
  return evidence.after.of(KIND).flatMap((budget) => {
    const was = evidence.before.get(KIND, budget.metadata.namespace ?? '', budget.metadata.name);
    const { disruptionsAllowed, expectedPods, currentHealthy, desiredHealthy } = budget.status ?? {};
    if (disruptionsAllowed !== 0 || (was && was.status?.disruptionsAllowed === 0)) return [];
    const object = idOf(budget);
    const why =
      expectedPods === 0
        ? 'it selects no pod'
        : (currentHealthy ?? 0) < (expectedPods ?? 0)
          ? `only ${currentHealthy} of ${expectedPods} pods are healthy, and ${desiredHealthy} must be`
          : `${desiredHealthy} of ${expectedPods} pods must be healthy`;
    return [
      {
        severity: 'warning',
        type: 'DisruptionBudget',
        reason: 'BlocksEvictions',
        object,
        message: `${resourceText(object)} allows no eviction any more: ${why}; nodes cannot be drained`,
        cause: budget.status?.conditions?.find(({ type }) => type === 'DisruptionAllowed')?.message ?? '',
        remedy:
          expectedPods === 0
            ? 'let its selector match the labels of pods, or take it away'
            : 'demand fewer pods than there are, or run more replicas',
        fields: changedFields(evidence, object),
      },
    ];
  });
}

/** Kubernetes evicts no pod that is under more than one budget. */
function overlapping(evidence: Evidence): Finding[] {
  const known = overlaps(evidence.before);
  return [...overlaps(evidence.after)].flatMap(([key, { budgets, pods }]): Finding[] => {
    if (known.has(key)) return [];
    const isOld = ({ metadata }: PodDisruptionBudget): boolean =>
      evidence.before.get(KIND, metadata.namespace ?? '', metadata.name) !== undefined;
    const [one, other] = isOld(budgets[0]) ? budgets : [budgets[1], budgets[0]];
    const object = idOf(other);
    return [
      {
        severity: 'warning',
        type: 'DisruptionBudget',
        reason: 'Overlaps',
        object,
        message: `${resourceText(object)} and ${resourceText(idOf(one))} have the same ${counted(pods, 'pod')}: none of them can be evicted, and their nodes cannot be drained`,
        remedy: 'let each pod be under one budget only',
        fields: changedFields(evidence, object),
      },
    ];
  });
}

interface Overlap {
  readonly budgets: readonly [PodDisruptionBudget, PodDisruptionBudget];
  readonly pods: number;
}

/** By the budgets' names: pairs that select pods in common. */
function overlaps(snapshot: Snapshot): ReadonlyMap<string, Overlap> {
  const found = new Map<string, Overlap>();
  const budgets = snapshot.of(KIND);
  if (budgets.length < 2) return found;
  for (const { metadata } of snapshot.of('v1/Pod').filter(isPodActive)) {
    const own = budgets.filter(
      (budget) =>
        budget.metadata.namespace === metadata.namespace && LabelSelector.fromSpec(budget.spec?.selector).matches(metadata.labels),
    );
    for (const [i, one] of own.entries())
      for (const other of own.slice(i + 1)) {
        const key = `${metadata.namespace}/${one.metadata.name}/${other.metadata.name}`;
        found.set(key, { budgets: [one, other], pods: (found.get(key)?.pods ?? 0) + 1 });
      }
  }
  return found;
}
