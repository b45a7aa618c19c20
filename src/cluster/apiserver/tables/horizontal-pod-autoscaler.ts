// The table of HorizontalPodAutoscalers, in the form of v2. Follows pkg/printers/internalversion.
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '#api/autoscaling/v2';
import { age } from './ages.ts';
import { columnsOf, NONE, text, UNKNOWN, UNSET } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

const MAX_METRICS = 2;

/** What is, and what should be: `cpu: 12%/80%`. */
function metricCell({ type, resource, containerResource, pods, object, external }: MetricSpec, seen: MetricStatus | undefined): string {
  const percent = (value: number | undefined): string => (value === undefined ? UNKNOWN : `${value}%`);
  switch (type) {
    case 'Resource':
    case 'ContainerResource': {
      const wanted = type === 'Resource' ? resource : containerResource;
      const now = (type === 'Resource' ? seen?.resource : seen?.containerResource)?.current;
      const { averageValue, averageUtilization } = wanted?.target ?? {};
      const name = `${wanted?.name}: `;
      if (averageValue !== undefined) return `${name}${now?.averageValue ?? UNKNOWN}/${averageValue}`;
      return `${name}${percent(now?.averageUtilization)}/${averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`}`;
    }
    case 'Pods':
      return `${seen?.pods?.current.averageValue ?? UNKNOWN}/${pods?.target.averageValue}`;
    case 'Object':
    case 'External': {
      const wanted = (type === 'Object' ? object : external)?.target;
      const now = (type === 'Object' ? seen?.object : seen?.external)?.current;
      if (wanted?.averageValue !== undefined) return `${now?.averageValue ?? UNKNOWN}/${wanted.averageValue} (avg)`;
      return `${now?.value ?? UNKNOWN}/${wanted?.value}`;
    }
    default:
      return '<unknown type>';
  }
}

function targetsCell({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const cells = metrics.map((metric, i) => metricCell(metric, status?.currentMetrics?.[i]));
  if (cells.length <= MAX_METRICS) return cells.join(', ');
  return `${cells.slice(0, MAX_METRICS).join(', ')} + ${cells.length - MAX_METRICS} more...`;
}

export const horizontalPodAutoscalerColumns = columnsOf<HorizontalPodAutoscaler>(
  [
    NAME,
    text('Reference', 'What it scales.'),
    text('Targets', 'Metrics as they are, and as they should be.'),
    text('MinPods', 'At least so many pods.'),
    text('MaxPods', 'At most so many pods.'),
    text('Replicas', 'Pods that there are.'),
    AGE,
  ],
  (one, now) => [
    one.metadata.name!,
    `${one.spec.scaleTargetRef.kind}/${one.spec.scaleTargetRef.name}`,
    targetsCell(one),
    one.spec.minReplicas === undefined ? UNSET : String(one.spec.minReplicas),
    one.spec.maxReplicas,
    one.status?.currentReplicas ?? 0,
    age(one.metadata.creationTimestamp, now),
  ],
);
