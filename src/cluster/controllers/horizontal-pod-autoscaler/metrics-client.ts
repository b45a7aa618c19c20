// Where an autoscaler's numbers come from: the metrics APIs, which other servers have. All values are in thousandths. What is thrown says
// why there are none, as the controller's conditions tell it. Follows pkg/controller/podautoscaler/metrics.
import type { CrossVersionObjectReference } from '#api/autoscaling/v2';
import { isObject, splitApiVersion, type JsonObject } from '../../../apimachinery/object.ts';
import { parseQuantity, quantityMilliValue } from '../../../apimachinery/quantity.ts';
import { isNotFound } from '../../../apimachinery/status-error.ts';
import { parseDuration, timeMs } from '../../../apimachinery/time.ts';
import type { Client } from '../../../client/client.ts';

export interface PodMetric {
  readonly atMs: number;
  readonly windowMs: number;
  readonly value: number;
}

/** By name of the pod. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** A metric that cannot be had: expected, and told to people. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
}

const DEFAULT_WINDOW_MS = 60_000;
const RESOURCE_API = { group: 'metrics.k8s.io', version: 'v1beta1', resource: 'pods' };
const CUSTOM = 'custom.metrics.k8s.io';
/** The newer first. */
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1'];
const EXTERNAL = { group: 'external.metrics.k8s.io', version: 'v1beta1' };

const itemsOf = ({ items }: JsonObject): JsonObject[] => (Array.isArray(items) ? items.filter(isObject) : []);
const milli = (value: unknown): number => Number(quantityMilliValue(parseQuantity(String(value))));
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** There is no such API: told in client-go's words, whichever way the server said it. */
function reasonOf(error: unknown, what: string): string {
  const { message } = error as Error;
  return isNotFound(error) && !/\bmetric\b/.test(message) ? `the server could not find the requested resource (get ${what})` : message;
}

/** Of one container where it is named, else of whole pods: those of which a container's use is not known are left out. */
export async function resourceMetrics(
  client: Client,
  resource: string,
  namespace: string,
  labelSelector: string,
  container: string,
): Promise<PodMetrics> {
  let list: JsonObject;
  try {
    list = await client.read('list', { ...RESOURCE_API, namespace }, { labelSelector });
  } catch (error) {
    throw new MetricError(`unable to fetch metrics from resource metrics API: ${reasonOf(error, 'pods.metrics.k8s.io')}`, { cause: error });
  }
  const items = itemsOf(list);
  if (items.length === 0) throw new MetricError('no metrics returned from resource metrics API');
  const found = new Map<string, PodMetric>();
  for (const { metadata, timestamp, window, containers } of items) {
    const { name = '' } = metadata as { name?: string };
    const all = (containers as readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[] | undefined) ?? [];
    const wanted = container ? all.filter((c) => c.name === container) : all;
    if (container && wanted.length === 0)
      throw new MetricError(`failed to get container metrics: container ${container} not present in metrics for pod ${namespace}/${name}`);
    if (wanted.some(({ usage }) => usage[resource] === undefined)) continue;
    const value = wanted.reduce((sum, { usage }) => sum + milli(usage[resource]), 0);
    found.set(name, { atMs: timeMs(text(timestamp)), windowMs: (parseDuration(text(window)) ?? 0) / 1e6, value });
  }
  return found;
}

async function custom(
  client: Client,
  place: { readonly resource: string; readonly namespace: string; readonly name: string; readonly subresource: string },
  query: Readonly<Record<string, string>>,
): Promise<JsonObject[]> {
  let refused: unknown;
  for (const version of CUSTOM_VERSIONS) {
    try {
      return itemsOf(await client.read('get', { group: CUSTOM, version, ...place }, query));
    } catch (error) {
      refused = error;
      // another version may be there
      if (!isNotFound(error) || /\bmetric\b/.test((error as Error).message)) break;
      refused = new Error(`no custom metrics API (${CUSTOM}) registered`);
    }
  }
  throw new MetricError(`unable to fetch metrics from custom metrics API: ${(refused as Error).message}`, { cause: refused });
}

/** Of each pod that the selector selects. */
export async function podsMetric(
  client: Client,
  metric: string,
  namespace: string,
  labelSelector: string,
  metricLabelSelector: string,
): Promise<PodMetrics> {
  const place = { resource: 'pods', namespace, name: '*', subresource: metric };
  const items = await custom(client, place, { labelSelector, ...(metricLabelSelector ? { metricLabelSelector } : {}) });
  if (items.length === 0) throw new MetricError('no metrics returned from custom metrics API');
  return new Map(
    items.map(({ describedObject, timestamp, windowSeconds, value }) => [
      text((describedObject as JsonObject | undefined)?.['name']),
      {
        atMs: timeMs(text(timestamp)),
        windowMs: typeof windowSeconds === 'number' ? windowSeconds * 1000 : DEFAULT_WINDOW_MS,
        value: milli(value),
      },
    ]),
  );
}

export async function objectMetric(
  client: Client,
  metric: string,
  namespace: string,
  { kind, name, apiVersion = 'v1' }: CrossVersionObjectReference,
  metricLabelSelector: string,
): Promise<number> {
  const { group } = splitApiVersion(apiVersion);
  const query: Readonly<Record<string, string>> = metricLabelSelector ? { metricLabelSelector } : {};
  let place = { resource: 'metrics', namespace: name, name: metric, subresource: '' };
  if (kind !== 'Namespace' || group !== '') {
    const mapping = await client.resolveGroupKind(group, kind);
    if (!mapping)
      throw new MetricError(`unable to fetch metrics from custom metrics API: no matches for kind "${kind}" in group "${group}"`);
    const resource = group ? `${mapping.resource}.${group}` : mapping.resource;
    place = { resource, namespace: mapping.namespaced ? namespace : '', name, subresource: metric };
  }
  const [item] = await custom(client, place, query);
  if (!item) throw new MetricError('unable to fetch metrics from custom metrics API: the custom metrics API server returned 0 results');
  return milli(item['value']);
}

export async function externalMetric(client: Client, metric: string, namespace: string, labelSelector: string): Promise<readonly number[]> {
  let list: JsonObject;
  try {
    list = await client.read('list', { ...EXTERNAL, resource: metric, namespace }, labelSelector ? { labelSelector } : {});
  } catch (error) {
    const why = reasonOf(error, `${metric}.${EXTERNAL.group}`);
    throw new MetricError(`unable to fetch metrics from external metrics API: ${why}`, { cause: error });
  }
  const items = itemsOf(list);
  if (items.length === 0) throw new MetricError('no metrics returned from external metrics API');
  return items.map(({ value }) => milli(value));
}
