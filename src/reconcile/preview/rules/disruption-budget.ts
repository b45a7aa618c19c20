// Disruption budgets that a rollout breaks, and those that from then on let nobody drain a node.
import { idOf, resourceText } from '../../plan/resource-id.ts';
import type { Finding } from '../consequence.ts';
import { plannedOf, type Evidence, type Rule } from '../evidence.ts';

const KIND = 'policy/v1/PodDisruptionBudget';

export const disruptionBudgets: Rule = (evidence) => [...violated(evidence), ...blocking(evidence)];

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
        fields: (plannedOf(evidence, object)?.differences ?? []).map(({ path }) => path),
      },
    ];
  });
}
