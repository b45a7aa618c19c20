// The resources of API group autoscaling: one kind, stored as v2; v1 is a view of it.
import type { HorizontalPodAutoscaler as V1 } from '#api/autoscaling/v1';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { setHorizontalPodAutoscalerDefaults } from '../defaults/horizontal-pod-autoscaler.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { Draft, ResourceDefinition } from '../generic/resource-definition.ts';
import { keep, statusStrategy } from '../generic/status-strategy.ts';
import { horizontalPodAutoscalerColumns } from '../tables/horizontal-pod-autoscaler.ts';
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerUpdate } from '../validation/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1 } from './autoscaling-v1.ts';

const inStoredForm = (object: KubernetesObject): KubernetesObject =>
  object.apiVersion === 'autoscaling/v1'
    ? (horizontalPodAutoscalerV1.toStorage(object as unknown as Draft) as unknown as KubernetesObject)
    : object;

export function autoscalingResources(): ResourceDefinition[] {
  return [
    define('autoscaling', 'horizontalpodautoscalers', {
      shortNames: ['hpa'],
      categories: ['all'],
      storageVersion: 'v2',
      versions: {
        v1: {
          ...defaulting<V1>(({ spec }) => {
            if (spec) spec.minReplicas ??= 1;
          }),
          ...horizontalPodAutoscalerV1,
        },
        v2: defaulting<HorizontalPodAutoscaler>(setHorizontalPodAutoscalerDefaults),
      },
      strategy: {
        allowUnconditionalUpdate: true,
        resetFields: [['status']],
        ...typed<HorizontalPodAutoscaler>({
          prepareForCreate(one) {
            one.status = { desiredReplicas: 0, currentMetrics: null } as unknown as NonNullable<HorizontalPodAutoscaler['status']>;
          },
          validate: validateHorizontalPodAutoscaler,
          validateUpdate: validateHorizontalPodAutoscalerUpdate,
        }),
        prepareForUpdate: (one, old) => keep(one, old, 'status'),
      },
      subresources: { status: { strategy: statusStrategy } },
      columns: {
        ...horizontalPodAutoscalerColumns,
        cells: (object, now) => horizontalPodAutoscalerColumns.cells(inStoredForm(object), now),
      },
    }),
  ];
}
