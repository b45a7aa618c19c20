// HorizontalPodAutoscalers of autoscaling/v1, which knows the share of a CPU and nothing else: what version 2 has beyond it stands in
// annotations, in a form of their own. Follows pkg/apis/autoscaling/v1/conversion.go.
import type { HorizontalPodAutoscaler as V1, HorizontalPodAutoscalerSpec as V1Spec } from '#api/autoscaling/v1';
import type { HorizontalPodAutoscaler as V2, HorizontalPodAutoscalerSpec, MetricSpec, MetricStatus } from '#api/autoscaling/v2';
import { canonical, DecodeError } from '../../../apimachinery/codec/decode.ts';
import { isObject, type JsonObject, type KubernetesObject, type Mutable } from '../../../apimachinery/object.ts';
import { setHorizontalPodAutoscalerDefaults } from '../defaults/horizontal-pod-autoscaler.ts';
import type { Draft, VersionDefinition } from '../generic/resource-definition.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const BEHAVIOR = `${PREFIX}behavior`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;

export const horizontalPodAutoscalerV1: Required<Pick<VersionDefinition, 'toStorage' | 'fromStorage'>> = {
  toStorage: (draft) => toV2(draft as unknown as V1) as unknown as Draft,
  fromStorage: (stored) => toV1(stored as unknown as V2) as unknown as KubernetesObject,
};

function toV2({ metadata, spec, status, ...rest }: V1): V2 {
  const {
    [METRICS]: metrics,
    [BEHAVIOR]: behavior,
    [CURRENT_METRICS]: current,
    [CONDITIONS]: conditions,
    ...annotations
  } = metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: percent, ...same } = (spec ?? {}) as V1Spec;
  const { currentCPUUtilizationPercentage: currentPercent, ...sameStatus } = status ?? { currentReplicas: 0, desiredReplicas: 0 };
  const { annotations: _, ...meta } = metadata;
  const v2 = {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: { ...meta, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: {
      ...same,
      metrics: [...listFrom(metrics, metricToV2, 'MetricSpec'), ...(percent === undefined ? [] : [cpu('target', percent)])],
      ...behaviorFrom(behavior),
    },
    status: {
      ...sameStatus,
      currentMetrics:
        current === undefined && currentPercent !== undefined
          ? [cpu('current', currentPercent)]
          : listFrom(current, statusToV2, 'MetricStatus'),
      ...(conditions === undefined ? {} : { conditions: listFrom(conditions, (c) => c, 'HorizontalPodAutoscalerCondition') }),
    },
  };
  setHorizontalPodAutoscalerDefaults(v2 as unknown as Mutable<V2>);
  return v2 as unknown as V2;
}

const cpu = (part: 'target' | 'current', averageUtilization: number): JsonObject => ({
  type: 'Resource',
  resource: { name: 'cpu', [part]: { ...(part === 'target' ? { type: 'Utilization' } : {}), averageUtilization } },
});

function toV1({ metadata, spec, status, ...rest }: V2): V1 {
  const { metrics = [], behavior, ...same } = (spec ?? {}) as HorizontalPodAutoscalerSpec;
  const { currentMetrics, conditions, currentReplicas = 0, desiredReplicas = 0, ...told } = status ?? {};
  const isCPU = ({ resource }: MetricSpec): boolean => resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
  const others = metrics.filter((m) => !isCPU(m));
  const percent = metrics.find((m) => m.resource?.name === 'cpu')?.resource?.target.averageUtilization;
  const current = (currentMetrics as readonly MetricStatus[] | null | undefined)?.findLast(
    (m) => m.resource?.name === 'cpu' && m.resource.current.averageUtilization !== undefined,
  );
  const added = {
    ...(others.length ? { [METRICS]: JSON.stringify(others.map(metricToV1)) } : {}),
    ...(currentMetrics?.length ? { [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(statusToV1)) } : {}),
    ...(conditions?.length ? { [CONDITIONS]: JSON.stringify(conditions) } : {}),
    ...(behavior ? { [BEHAVIOR]: JSON.stringify(behaviorToText(behavior)) } : {}),
  };
  const annotations = { ...metadata.annotations, ...added };
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: { ...metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
    spec: { ...same, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    status: {
      ...told,
      currentReplicas,
      desiredReplicas,
      ...(current ? { currentCPUUtilizationPercentage: current.resource!.current.averageUtilization! } : {}),
    },
  };
}

/** What is no such list says nothing: clients may write what they like into annotations. */
function listFrom(text: string | undefined, convert: (item: JsonObject) => JsonObject, type: string): readonly JsonObject[] {
  const value = parsed(text);
  return Array.isArray(value) ? (fitting(`[]autoscaling/v2.${type}`, value.filter(isObject).map(convert)) ?? []) : [];
}

/** The value as the type has it; nothing where it does not fit. */
function fitting<T>(type: string, value: T): T | undefined {
  try {
    return canonical(type, value);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // not JSON: as if it were not there
    return undefined;
  }
}

/** `{ field: value }` where there is a value. */
const given = (field: string, value: unknown): JsonObject => (value === undefined || value === null ? {} : { [field]: value });

const identifier = (name: unknown, selector: unknown): JsonObject => ({ metric: { name: name ?? '', ...given('selector', selector) } });

function metricToV2(metric: JsonObject): JsonObject {
  const { type, object, pods, resource, containerResource, external } = metric as Readonly<Record<string, JsonObject | undefined>>;
  const ofResource = (source: JsonObject): JsonObject => ({
    name: source['name'],
    target: {
      type: source['targetAverageUtilization'] === undefined ? 'AverageValue' : 'Utilization',
      ...given('averageValue', source['targetAverageValue']),
      ...given('averageUtilization', source['targetAverageUtilization']),
    },
  });
  return {
    type,
    ...(object && {
      object: {
        describedObject: object['target'],
        target:
          object['averageValue'] === undefined
            ? { type: 'Value', ...given('value', object['targetValue']) }
            : { type: 'AverageValue', ...given('averageValue', object['averageValue']) },
        ...identifier(object['metricName'], object['selector']),
      },
    }),
    ...(pods && {
      pods: {
        ...identifier(pods['metricName'], pods['selector']),
        target: { type: 'AverageValue', ...given('averageValue', pods['targetAverageValue']) },
      },
    }),
    ...(resource && { resource: ofResource(resource) }),
    ...(containerResource && { containerResource: { ...ofResource(containerResource), container: containerResource['container'] } }),
    ...(external && {
      external: {
        ...identifier(external['metricName'], external['metricSelector']),
        target: {
          type: external['targetValue'] === undefined ? 'AverageValue' : 'Value',
          ...given('value', external['targetValue']),
          ...given('averageValue', external['targetAverageValue']),
        },
      },
    }),
  };
}

function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): JsonObject {
  const ofResource = ({ name, target }: NonNullable<MetricSpec['resource']>): JsonObject => ({
    name,
    ...given('targetAverageUtilization', target.averageUtilization),
    ...given('targetAverageValue', target.averageValue),
  });
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? '0',
        ...given('selector', object.metric.selector),
        ...given('averageValue', object.target.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? '0',
        ...given('selector', pods.metric.selector),
      },
    }),
    ...(resource && { resource: ofResource(resource) }),
    ...(containerResource && { containerResource: { ...ofResource(containerResource), container: containerResource.container } }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...given('metricSelector', external.metric.selector),
        ...given('targetValue', external.target.value),
        ...given('targetAverageValue', external.target.averageValue),
      },
    }),
  };
}

function statusToV2(status: JsonObject): JsonObject {
  const { type, object, pods, resource, containerResource, external } = status as Readonly<Record<string, JsonObject | undefined>>;
  const current = (source: JsonObject): JsonObject => ({
    current: {
      ...given('value', source['currentValue']),
      ...given('averageValue', source['averageValue'] ?? source['currentAverageValue']),
      ...given('averageUtilization', source['currentAverageUtilization']),
    },
  });
  return {
    type,
    ...(object && {
      object: { ...identifier(object['metricName'], object['selector']), ...current(object), describedObject: object['target'] },
    }),
    ...(pods && { pods: { ...identifier(pods['metricName'], pods['selector']), ...current(pods) } }),
    ...(resource && { resource: { name: resource['name'], ...current(resource) } }),
    ...(containerResource && {
      containerResource: { name: containerResource['name'], ...current(containerResource), container: containerResource['container'] },
    }),
    ...(external && { external: { ...identifier(external['metricName'], external['metricSelector']), ...current(external) } }),
  };
}

function statusToV1({ type, object, pods, resource, containerResource, external }: MetricStatus): JsonObject {
  const ofResource = ({ name, current }: NonNullable<MetricStatus['resource']>): JsonObject => ({
    name,
    ...given('currentAverageUtilization', current.averageUtilization),
    currentAverageValue: current.averageValue ?? '0',
  });
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? '0',
        ...given('selector', object.metric.selector),
        ...given('averageValue', object.current.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? '0',
        ...given('selector', pods.metric.selector),
      },
    }),
    ...(resource && { resource: ofResource(resource) }),
    ...(containerResource && { containerResource: { ...ofResource(containerResource), container: containerResource.container } }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...given('metricSelector', external.metric.selector),
        currentValue: external.current.value ?? '0',
        ...given('currentAverageValue', external.current.averageValue),
      },
    }),
  };
}

const RULES = ['StabilizationWindowSeconds', 'SelectPolicy', 'Policies', 'Tolerance'];
const uncapitalized = (name: string): string => name[0]!.toLowerCase() + name.slice(1);

/** Fields bear the names that they have in Go, and those that are absent are null. */
function behaviorToText(behavior: NonNullable<HorizontalPodAutoscalerSpec['behavior']>): JsonObject {
  const rules = (direction: 'scaleUp' | 'scaleDown'): JsonObject | null => {
    const given = behavior[direction] as JsonObject | undefined;
    if (!given) return null;
    return Object.fromEntries(
      RULES.map((name) => {
        const value = given[uncapitalized(name)] ?? null;
        return [name, name === 'Policies' && Array.isArray(value) ? value.map(policyToText) : value];
      }),
    );
  };
  return { ScaleUp: rules('scaleUp'), ScaleDown: rules('scaleDown') };
}

const policyToText = ({ type, value, periodSeconds }: JsonObject): JsonObject => ({
  Type: type,
  Value: value,
  PeriodSeconds: periodSeconds,
});

function behaviorFrom(text: string | undefined): JsonObject {
  const value = parsed(text);
  return isObject(value) ? given('behavior', fitting('autoscaling/v2.HorizontalPodAutoscalerBehavior', uncapitalizedKeys(value))) : {};
}

function uncapitalizedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(uncapitalizedKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, v]) => name !== '' && v !== null)
      .map(([name, v]) => [uncapitalized(name), uncapitalizedKeys(v)]),
  );
}
