// HorizontalPodAutoscalers as v1 shows them: one number for the processor, and all that v1 has no field for in annotations. Follows
// pkg/apis/autoscaling/v1/conversion.go.
import type { HorizontalPodAutoscaler as V1 } from '#api/autoscaling/v1';
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec, MetricTarget } from '#api/autoscaling/v2';
import type { JsonObject, KubernetesObject } from '../../../apimachinery/object.ts';
import { setHorizontalPodAutoscalerDefaults } from '../defaults/horizontal-pod-autoscaler.ts';
import type { Draft } from '../generic/resource-definition.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';
const ALL = [METRICS, BEHAVIOR, CONDITIONS, CURRENT];

/** The metric that v1 has a field for. */
const isCpuUtilization = ({ type, resource }: MetricSpec): boolean =>
  type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;

const defined = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined));

export function hpaFromStorage(stored: KubernetesObject): KubernetesObject {
  const { metadata, spec, status } = stored as unknown as HorizontalPodAutoscaler;
  const { metrics = [], behavior, ...kept } = spec;
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const annotations: Record<string, string> = { ...metadata.annotations };
  if (others.length) annotations[METRICS] = JSON.stringify(others.map(metricToV1));
  if (behavior) annotations[BEHAVIOR] = JSON.stringify({ ScaleUp: rulesToGo(behavior.scaleUp), ScaleDown: rulesToGo(behavior.scaleDown) });
  const utilization = cpu?.resource?.target.averageUtilization;
  const { currentMetrics = [], conditions, ...counts } = status ?? { desiredReplicas: 0 };
  if (conditions?.length) annotations[CONDITIONS] = JSON.stringify(conditions);
  const current = (currentMetrics ?? []).find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu');
  const currentUtilization = current?.resource?.current.averageUtilization;
  const { annotations: _, ...meta } = metadata;
  return {
    ...stored,
    apiVersion: 'autoscaling/v1',
    metadata: { ...meta, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: { ...kept, ...(utilization === undefined ? {} : { targetCPUUtilizationPercentage: utilization }) },
    status: {
      currentReplicas: 0,
      ...counts,
      ...(currentUtilization === undefined ? {} : { currentCPUUtilizationPercentage: currentUtilization }),
    },
  } as unknown as KubernetesObject;
}

export function hpaToStorage(draft: Draft): Draft {
  const { metadata, spec, status } = draft as unknown as V1;
  const annotations: Record<string, string> = { ...metadata.annotations };
  const { targetCPUUtilizationPercentage: percent, ...kept } = spec ?? ({} as V1['spec']);
  const metrics = ((parsed(annotations[METRICS]) ?? []) as JsonObject[]).map(metricFromV1);
  if (percent !== undefined)
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } });
  const behavior = parsed(annotations[BEHAVIOR]) as JsonObject | undefined;
  for (const name of ALL) delete annotations[name];
  const { annotations: _, ...meta } = metadata;
  const { currentCPUUtilizationPercentage: __, ...counts } = status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const next = {
    ...draft,
    apiVersion: 'autoscaling/v2',
    metadata: { ...meta, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: defined({
      ...kept,
      metrics: metrics.length ? metrics : undefined,
      behavior: behavior && defined({ scaleUp: rulesFromGo(behavior['ScaleUp']), scaleDown: rulesFromGo(behavior['ScaleDown']) }),
    }),
    status: { ...counts, currentMetrics: null },
  };
  setHorizontalPodAutoscalerDefaults(next as unknown as Parameters<typeof setHorizontalPodAutoscalerDefaults>[0]);
  return next as unknown as Draft;
}

/** An annotation that is no JSON says nothing. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): JsonObject {
  return defined({
    type,
    object:
      object &&
      defined({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods: pods && defined({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue, selector: pods.metric.selector }),
    resource:
      resource &&
      defined({
        name: resource.name,
        targetAverageUtilization: resource.target.averageUtilization,
        targetAverageValue: resource.target.averageValue,
      }),
    containerResource:
      containerResource &&
      defined({
        name: containerResource.name,
        targetAverageUtilization: containerResource.target.averageUtilization,
        targetAverageValue: containerResource.target.averageValue,
        container: containerResource.container,
      }),
    external:
      external &&
      defined({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

function metricFromV1(metric: JsonObject): MetricSpec {
  const of = (name: string): JsonObject | undefined => metric[name] as JsonObject | undefined;
  const [object, pods, resource, container, external] = ['object', 'pods', 'resource', 'containerResource', 'external'].map(of);
  return defined({
    type: metric['type'],
    object: object && {
      describedObject: object['target'],
      metric: defined({ name: object['metricName'], selector: object['selector'] }),
      target: target(object['averageValue'] === undefined ? object['targetValue'] : undefined, object['averageValue'], undefined),
    },
    pods: pods && {
      metric: defined({ name: pods['metricName'], selector: pods['selector'] }),
      target: target(undefined, pods['targetAverageValue'], undefined),
    },
    resource: resource && {
      name: resource['name'],
      target: target(undefined, resource['targetAverageValue'], resource['targetAverageUtilization']),
    },
    containerResource: container && {
      name: container['name'],
      container: container['container'],
      target: target(undefined, container['targetAverageValue'], container['targetAverageUtilization']),
    },
    external: external && {
      metric: defined({ name: external['metricName'], selector: external['metricSelector'] }),
      target: target(external['targetValue'], external['targetAverageValue'], undefined),
    },
  }) as unknown as MetricSpec;
}

function target(value: unknown, averageValue: unknown, averageUtilization: unknown): MetricTarget {
  const type = averageUtilization === undefined ? (averageValue === undefined ? 'Value' : 'AverageValue') : 'Utilization';
  return defined({ type, value, averageValue, averageUtilization }) as unknown as MetricTarget;
}

/** The annotation has Go's names, and says null where there is nothing. */
function rulesToGo(rules: HPAScalingRules | undefined): JsonObject | null {
  if (!rules) return null;
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies: rules.policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null,
    Tolerance: rules.tolerance ?? null,
  };
}

function rulesFromGo(value: unknown): HPAScalingRules | undefined {
  if (!value) return undefined;
  const rules = value as JsonObject;
  const policies = rules['Policies'] as JsonObject[] | null | undefined;
  return defined({
    stabilizationWindowSeconds: rules['StabilizationWindowSeconds'] ?? undefined,
    selectPolicy: rules['SelectPolicy'] ?? undefined,
    policies: policies?.map((p) => ({ type: p['Type'], value: p['Value'], periodSeconds: p['PeriodSeconds'] })),
    tolerance: rules['Tolerance'] ?? undefined,
  }) as HPAScalingRules;
}
