// HorizontalPodAutoscalers, in the form of v2. Follows pkg/apis/autoscaling/validation.
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '#api/autoscaling/v2';
import { splitApiVersion } from '../../../apimachinery/object.ts';
import { parseQuantity } from '../../../apimachinery/quantity.ts';
import { forbidden, invalid, notSupported, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isValidPathSegmentName, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Label } from './checks.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { checkContainerResourceName } from './resource-quantity.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const MAX_PERIOD_SECONDS = 1800;
const MAX_WINDOW_SECONDS = 3600;

export function validateHorizontalPodAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, true, nameIsDNSSubdomain, METADATA);
  return [...errors, ...checkSpec(spec ?? ({} as HorizontalPodAutoscalerSpec), undefined)];
}

export const validateHorizontalPodAutoscalerUpdate = (one: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): FieldError[] => [
  ...validateCoreObjectMetaUpdate(one.metadata, old.metadata, METADATA),
  ...checkSpec(one.spec ?? ({} as HorizontalPodAutoscalerSpec), old.spec),
];

function checkSpec(
  { minReplicas, maxReplicas, scaleTargetRef, metrics = [], behavior }: HorizontalPodAutoscalerSpec,
  old: HorizontalPodAutoscalerSpec | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalid(SPEC.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'));
  const maxAt = SPEC.child('maxReplicas');
  const max = maxReplicas ?? 0;
  if (max === 0) errors.push(required(maxAt, 'must be set and greater than 0'));
  else if (max < 1) errors.push(invalid(maxAt, max, 'must be greater than or equal to 1'));
  if (minReplicas !== undefined && max < minReplicas) errors.push(invalid(maxAt, max, 'must be greater than or equal to `minReplicas`'));
  checkReference(scaleTargetRef ?? {}, versionRuleOf(scaleTargetRef ?? {}, old?.scaleTargetRef), SPEC.child('scaleTargetRef'), errors);
  const hadWrong = old?.metrics?.some(({ object }) => object && wrongVersion(object.describedObject, 'any'));
  metrics.forEach((metric, i) => checkMetric(metric, hadWrong ? 'unchecked' : 'any', SPEC.child('metrics').index(i), errors));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      forbidden(SPEC.child('metrics'), 'must specify at least one Object or External metric to support scaling to zero replicas'),
    );
  if (behavior?.scaleUp) checkRules(behavior.scaleUp, SPEC.child('behavior', 'scaleUp'), errors);
  if (behavior?.scaleDown) checkRules(behavior.scaleDown, SPEC.child('behavior', 'scaleDown'), errors);
  return errors;
}

type Reference = Partial<CrossVersionObjectReference>;

/** What a version must be: nothing where it stands as it stood; of any group; of a group that is named. */
type VersionRule = 'unchecked' | 'any' | 'named';

/** Of what there is in the core group, replication controllers are what can be scaled. */
function versionRuleOf(target: Reference, old: Reference | undefined): VersionRule {
  if (old && old.apiVersion === target.apiVersion && old.kind === target.kind) return 'unchecked';
  return target.kind === 'ReplicationController' ? 'any' : 'named';
}

function wrongVersion({ apiVersion = '' }: Reference, rule: VersionRule): string | undefined {
  if (rule === 'unchecked') return undefined;
  if (apiVersion.split('/').length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  return rule === 'named' && splitApiVersion(apiVersion).group === '' ? 'apiVersion must specify API group' : undefined;
}

function checkReference(reference: Reference, rule: VersionRule, field: Path, errors: FieldError[]): void {
  const { kind, name, apiVersion = '' } = reference;
  if (!kind) errors.push(required(field.child('kind')));
  else check(isValidPathSegmentName, kind, field.child('kind'), errors);
  if (!name) errors.push(required(field.child('name')));
  else check(isValidPathSegmentName, name, field.child('name'), errors);
  const wrong = wrongVersion(reference, rule);
  if (wrong) errors.push(invalid(field.child('apiVersion'), apiVersion, wrong));
}

type Source = 'object' | 'external' | 'pods' | 'resource' | 'containerResource';
const SOURCES: readonly Source[] = ['object', 'external', 'pods', 'resource', 'containerResource'];
const SOURCE_OF_TYPE: Readonly<Record<string, Source>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function checkMetric(metric: MetricSpec, rule: VersionRule, field: Path, errors: FieldError[]): void {
  const { type } = metric;
  const expected = SOURCE_OF_TYPE[type];
  if (!type) errors.push(required(field.child('type'), 'must specify a metric source type'));
  // Kubernetes tells it twice: as a type, and as the source that there is for a type
  if (!expected) for (let i = 0; i < 2; i++) errors.push(notSupported(field.child('type'), type, Object.keys(SOURCE_OF_TYPE)));
  const present = SOURCES.filter((source) => metric[source]);
  const [first] = present;
  if (first) checkSource(metric, first, rule, field.child(first), errors);
  if (expected && !metric[expected]) errors.push(required(field.child(expected), 'must populate information for the given metric source'));
  if (present.length === 1) return;
  for (const source of [...present].sort())
    if (source !== expected) errors.push(forbidden(field.child(source), 'must populate the given metric source only'));
}

function checkSource(metric: MetricSpec, source: Source, rule: VersionRule, field: Path, errors: FieldError[]): void {
  const target: MetricTarget = metric[source]?.target ?? { type: '' };
  const at = field.child('target');
  switch (source) {
    case 'object':
      checkReference(metric.object!.describedObject, rule, field.child('describedObject'), errors);
      checkIdentifier(metric.object!.metric, field.child('metric'), errors);
      checkTarget(target, at, errors);
      if (target.value === undefined && target.averageValue === undefined)
        errors.push(required(at.child('averageValue'), 'must set either a target value or averageValue'));
      break;
    case 'external':
      checkIdentifier(metric.external!.metric, field.child('metric'), errors);
      checkTarget(target, at, errors);
      if (target.value === undefined && target.averageValue === undefined)
        errors.push(required(at.child('averageValue'), 'must set either a target value for metric or a per-pod target'));
      if (target.value !== undefined && target.averageValue !== undefined)
        errors.push(forbidden(at.child('value'), 'may not set both a target value for metric and a per-pod target'));
      break;
    case 'pods':
      checkIdentifier(metric.pods!.metric, field.child('metric'), errors);
      checkTarget(target, at, errors);
      if (target.averageValue === undefined) errors.push(required(at.child('averageValue'), 'must specify a positive target averageValue'));
      break;
    case 'containerResource':
    case 'resource': {
      checkResource(metric, source, field, errors);
      checkTarget(target, at, errors);
      if (target.averageUtilization === undefined && target.averageValue === undefined)
        errors.push(required(at.child('averageUtilization'), 'must set either a target raw value or a target utilization'));
      if (target.averageUtilization !== undefined && target.averageValue !== undefined)
        errors.push(forbidden(at.child('averageValue'), 'may not set both a target raw value and a target utilization'));
    }
  }
}

function checkResource(metric: MetricSpec, source: 'resource' | 'containerResource', field: Path, errors: FieldError[]): void {
  const name = metric[source]!.name;
  if (!name) errors.push(required(field.child('name'), 'must specify a resource name'));
  if (source === 'resource') return;
  if (name) checkContainerResourceName(name, field.child('name'), errors);
  const { container } = metric.containerResource!;
  if (!container) errors.push(required(field.child('container'), 'must specify a container'));
  else checkDNS1123Label(container, field.child('container'), errors);
}

function checkIdentifier({ name }: MetricIdentifier, field: Path, errors: FieldError[]): void {
  if (!name) errors.push(required(field.child('name'), 'must specify a metric name'));
  else check(isValidPathSegmentName, name, field.child('name'), errors);
}

function checkTarget({ type, value, averageValue, averageUtilization }: MetricTarget, field: Path, errors: FieldError[]): void {
  const at = field.child('type');
  if (!type) errors.push(required(at, 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    errors.push(invalid(at, type, 'must be either Utilization, Value, or AverageValue'));
  for (const [name, amount] of [['value', value] as const, ['averageValue', averageValue] as const])
    if (amount !== undefined && parseQuantity(amount).unscaled <= 0n) errors.push(invalid(field.child(name), amount, 'must be positive'));
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(field.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
}

function checkRules(
  { stabilizationWindowSeconds, selectPolicy, policies = [], tolerance }: HPAScalingRules,
  field: Path,
  errors: FieldError[],
): void {
  const windowAt = field.child('stabilizationWindowSeconds');
  if (stabilizationWindowSeconds !== undefined) {
    if (stabilizationWindowSeconds < 0) errors.push(invalid(windowAt, stabilizationWindowSeconds, 'must be greater than or equal to zero'));
    if (stabilizationWindowSeconds > MAX_WINDOW_SECONDS)
      errors.push(invalid(windowAt, stabilizationWindowSeconds, `must be less than or equal to ${MAX_WINDOW_SECONDS}`));
  }
  const selectPolicies = ['Disabled', 'Max', 'Min'];
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy))
    errors.push(notSupported(field.child('selectPolicy'), selectPolicy, selectPolicies));
  if (policies.length === 0) errors.push(required(field.child('policies'), 'must specify at least one Policy'));
  policies.forEach(({ type, value, periodSeconds }, i) => {
    const at = field.child('policies').index(i);
    if (type !== 'Percent' && type !== 'Pods') errors.push(notSupported(at.child('type'), type, ['Percent', 'Pods']));
    if (value <= 0) errors.push(invalid(at.child('value'), value, 'must be greater than zero'));
    if (periodSeconds <= 0) errors.push(invalid(at.child('periodSeconds'), periodSeconds, 'must be greater than zero'));
    if (periodSeconds > MAX_PERIOD_SECONDS)
      errors.push(invalid(at.child('periodSeconds'), periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`));
  });
  if (tolerance !== undefined && parseQuantity(tolerance).unscaled < 0n)
    errors.push(invalid(field.child('tolerance'), tolerance, 'must be greater or equal to zero'));
}
