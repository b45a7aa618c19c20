// HorizontalPodAutoscalers of v2. Follows pkg/apis/autoscaling/v2/defaults.go.
import type { HorizontalPodAutoscaler, HPAScalingRules } from '#api/autoscaling/v2';
import type { EmptyField } from '../../../apimachinery/codec/decode.ts';
import type { Mutable } from '../../../apimachinery/object.ts';

const CPU_PERCENT = 80;

export function setHorizontalPodAutoscalerDefaults(
  { spec }: Mutable<HorizontalPodAutoscaler>,
  _existing?: unknown,
  empties: readonly EmptyField[] = [],
): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length)
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } } }];
  const { behavior } = spec;
  if (!behavior) return;
  behavior.scaleUp = { ...scaleUp(), ...behavior.scaleUp };
  behavior.scaleDown = { ...scaleDown(), ...behavior.scaleDown };
  // no policies at all are a choice, though no valid one
  for (const direction of ['scaleUp', 'scaleDown'] as const)
    if (empties.some(({ path }) => path.join('.') === `spec.behavior.${direction}.policies`)) delete behavior[direction]!.policies;
}

const scaleUp = (): Mutable<HPAScalingRules> => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
});

const scaleDown = (): Mutable<HPAScalingRules> => ({
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
});
