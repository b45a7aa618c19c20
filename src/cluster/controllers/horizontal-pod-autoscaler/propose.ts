// What one metric of an autoscaler says: how many replicas it asks for and what its status tells, or why it cannot be had. Reads through
// the client and decides nothing else. Follows computeReplicasForMetric of pkg/controller/podautoscaler.
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '#api/autoscaling/v2';
import { goLabelSelector } from '../../../apimachinery/go-text.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import { milliQuantity, parseQuantity, quantityMilliValue } from '../../../apimachinery/quantity.ts';
import type { Client } from '../../../client/client.ts';
import { externalMetric, MetricError, objectMetric, podsMetric, resourceMetrics } from './metrics-client.ts';
import { averageValueReplicas, perPodReplicas, utilizationReplicas, valueReplicas, type Situation } from './replica-calculator.ts';

export interface Scaled extends Situation {
  readonly namespace: string;
  /** Of the target's pods. */
  readonly selector: string;
  /** How many replicas the target's status tells of. */
  readonly statusReplicas: number;
}

export type MetricResult =
  | { readonly is: 'found'; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  /** `message` is that of the condition, `error` that of the event about all metrics. */
  | { readonly is: 'failed'; readonly reason: string; readonly message: string; readonly error: string };

const milli = (text: string): number => Number(quantityMilliValue(parseQuantity(text)));
const quantity = (thousandths: number): string => milliQuantity(thousandths).text;

/** The error as each of its tellers words it. */
class Failure extends Error {
  readonly told: string;

  /** @param told in the event about all metrics; the condition has the message */
  constructor(message: string, told: string) {
    super(message);
    this.told = told;
  }
}

export async function propose(client: Client, spec: MetricSpec, scaled: Scaled): Promise<MetricResult> {
  try {
    return await found(client, spec, scaled);
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof MetricError)) throw error;
    const told = error instanceof Failure ? error.told : error.message;
    return { is: 'failed', reason: `FailedGet${spec.type}Metric`, message: error.message, error: told };
  }
}

function found(client: Client, spec: MetricSpec, scaled: Scaled): Promise<MetricResult> {
  const { resource, containerResource, pods, object, external } = spec;
  if (resource) return resourceResult(client, scaled, resource.name, '', resource.target);
  if (containerResource)
    return resourceResult(client, scaled, containerResource.name, containerResource.container, containerResource.target);
  if (pods) return podsResult(client, scaled, pods);
  if (object) return objectResult(client, scaled, object);
  if (external) return externalResult(client, scaled, external);
  throw new MetricError(`unknown metric source type ${JSON.stringify(spec.type)}`);
}

async function resourceResult(
  client: Client,
  scaled: Scaled,
  name: string,
  container: string,
  target: MetricTarget,
): Promise<MetricResult> {
  const type = container ? 'ContainerResource' : 'Resource';
  const { averageValue, averageUtilization } = target;
  const what = averageValue === undefined ? 'utilization' : 'usage';
  const whose = container ? `failed to get ${container} container metric value` : `failed to get ${name} resource metric value`;
  const failed = (message: string): Failure => new Failure(message, `${whose}: ${message}`);
  if (averageValue === undefined && averageUtilization === undefined)
    throw failed('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  const fail = (error: unknown, prefix = ''): never => {
    if (!(error instanceof MetricError)) throw error;
    throw failed(`failed to get ${name} ${what}: ${prefix}${error.message}`);
  };
  const metrics = await resourceMetrics(client, name, scaled.namespace, scaled.selector, container).catch((error: unknown) =>
    fail(error, `unable to get metrics for resource ${name}: `),
  );
  const proposal = attempt(
    () =>
      averageValue === undefined
        ? utilizationReplicas(scaled, metrics, { resource: name, container, target: averageUtilization! })
        : averageValueReplicas(scaled, metrics, milli(averageValue), name),
    fail,
  );
  const current: MetricValueStatus = {
    averageValue: quantity(proposal.value),
    ...(proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization }),
  };
  const of = container ? 'container resource' : 'resource';
  const metric = averageValue === undefined ? `${name} ${of} utilization (percentage of request)` : `${name} resource`;
  const status = container ? { type, containerResource: { name, container, current } } : { type, resource: { name, current } };
  return { is: 'found', replicas: proposal.replicas, metric, status };
}

function attempt<T>(calculate: () => T, fail: (error: unknown) => never): T {
  try {
    return calculate();
  } catch (error) {
    return fail(error);
  }
}

const selectorText = (selector: { readonly matchLabels?: Readonly<Record<string, string>> } | undefined): string =>
  selector ? LabelSelector.fromSpec(selector).toString() : '';

async function podsResult(client: Client, scaled: Scaled, { metric, target }: NonNullable<MetricSpec['pods']>): Promise<MetricResult> {
  const fail = (error: unknown, prefix = ''): never => {
    if (!(error instanceof MetricError)) throw error;
    const message = `${prefix}${error.message}`;
    throw new Failure(message, `failed to get pods metric value: ${message}`);
  };
  const selector = selectorText(metric.selector);
  const metrics = await podsMetric(client, metric.name, scaled.namespace, scaled.selector, selector).catch((error: unknown) =>
    fail(error, `unable to get metric ${metric.name}: `),
  );
  const { replicas, value } = attempt(() => averageValueReplicas(scaled, metrics, milli(target.averageValue ?? '0'), ''), fail);
  const status = { type: 'Pods', pods: { metric, current: { averageValue: quantity(value) } } };
  return { is: 'found', replicas, metric: `pods metric ${metric.name}`, status };
}

/** Of a number that stands for all pods together: the target is one for each of them, or one for the number itself. */
function forMeasured(scaled: Scaled, measured: number, { averageValue, value = '0' }: MetricTarget): Measured {
  if (averageValue === undefined) {
    const proposal = valueReplicas(scaled, measured, milli(value));
    return { replicas: proposal.replicas, current: { value: quantity(proposal.value) } };
  }
  const proposal = perPodReplicas(scaled.statusReplicas, scaled.tolerances, measured, milli(averageValue));
  return { replicas: proposal.replicas, current: { averageValue: quantity(proposal.value) } };
}

interface Measured {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

async function objectResult(client: Client, scaled: Scaled, source: NonNullable<MetricSpec['object']>): Promise<MetricResult> {
  const { metric, target, describedObject } = source;
  const { namespace } = scaled;
  const fail = (error: unknown, about = false): never => {
    if (!(error instanceof MetricError)) throw error;
    // in the order in which kube-controller-manager puts them
    const where = `${describedObject.kind} on ${namespace} ${describedObject.name}`;
    const message = about ? `unable to get metric ${metric.name}: ${where}/${error.message}` : error.message;
    throw new Failure(message, `failed to get object metric value: ${message}`);
  };
  const measured = await objectMetric(client, metric.name, namespace, describedObject, selectorText(metric.selector)).catch(
    (error: unknown) => fail(error, true),
  );
  const perPod = target.averageValue !== undefined;
  const { replicas, current } = attempt(() => forMeasured(scaled, measured, target), fail);
  const status = { type: 'Object', object: { describedObject, metric, current } };
  // a target for each pod is told as an external metric, upstream too
  const name = perPod ? `external metric ${metric.name}(${goSelector(metric.selector)})` : `${describedObject.kind} metric ${metric.name}`;
  return { is: 'found', replicas, metric: name, status };
}

const goSelector = (selector: Parameters<typeof goLabelSelector>[0] | undefined): string => (selector ? goLabelSelector(selector) : 'nil');

async function externalResult(client: Client, scaled: Scaled, source: NonNullable<MetricSpec['external']>): Promise<MetricResult> {
  const { metric, target } = source;
  const { namespace } = scaled;
  const perPod = target.averageValue !== undefined;
  const whose = perPod ? `failed to get ${metric.name} external metric` : `failed to get external metric ${metric.name}`;
  const fail = (error: unknown, prefix = ''): never => {
    if (!(error instanceof MetricError)) throw error;
    const message = `${prefix}${error.message}`;
    throw new Failure(message, `failed to get ${metric.name} external metric value: ${whose}: ${message}`);
  };
  const values = await externalMetric(client, metric.name, namespace, selectorText(metric.selector)).catch((error: unknown) =>
    fail(error, `unable to get external metric ${namespace}/${metric.name}/${goSelector(metric.selector)}: `),
  );
  const measured = values.reduce((sum, value) => sum + value, 0);
  const { replicas, current } = attempt(() => forMeasured(scaled, measured, target), fail);
  const name = `external metric ${metric.name}(${goSelector(metric.selector)})`;
  return { is: 'found', replicas, metric: name, status: { type: 'External', external: { metric, current } } };
}
