// The resources of API group policy.
import type { PodDisruptionBudget } from '#api/policy/v1';
import { define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { specStrategy } from '../generic/spec-strategy.ts';
import { keep } from '../generic/status-strategy.ts';
import { podDisruptionBudgetColumns } from '../tables/networking.ts';
import { validatePodDisruptionBudget } from '../validation/pod-disruption-budget.ts';

export function policyResources(): ResourceDefinition[] {
  return [
    define('policy', 'poddisruptionbudgets', {
      shortNames: ['pdb'],
      strategy: {
        ...specStrategy({ status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } }),
        ...typed<PodDisruptionBudget>({
          validate: (budget) => validatePodDisruptionBudget(budget),
          validateUpdate: validatePodDisruptionBudget,
        }),
      },
      subresources: {
        status: { strategy: { resetFields: [['spec']], prepareForUpdate: (object, old) => keep(object, old, 'spec') } },
      },
      columns: podDisruptionBudgetColumns,
    }),
  ];
}
