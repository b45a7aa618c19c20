// The resources of API group scheduling.k8s.io.
import type { PriorityClass } from '#api/scheduling/v1';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { priorityClassColumns } from '../tables/other-groups.ts';
import { validatePriorityClass, validatePriorityClassUpdate } from '../validation/priority-class.ts';

export function schedulingResources(): ResourceDefinition[] {
  return [
    define('scheduling.k8s.io', 'priorityclasses', {
      shortNames: ['pc'],
      versions: {
        v1: defaulting<PriorityClass>((one) => {
          one.preemptionPolicy ??= 'PreemptLowerPriority';
        }),
      },
      strategy: typed<PriorityClass>({
        allowUnconditionalUpdate: true,
        prepareForCreate(one) {
          one.metadata.generation = 1;
        },
        validate: validatePriorityClass,
        validateUpdate: validatePriorityClassUpdate,
      }),
      columns: priorityClassColumns,
    }),
    define('scheduling.k8s.io', 'podgroups', { strategy: {} }),
    define('scheduling.k8s.io', 'workloads', { strategy: {} }),
  ];
}
