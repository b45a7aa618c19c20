// The quality of service of a pod, which follows from what it requests and is limited to. Follows pkg/apis/core/v1/helper/qos.
import type { PodSpec, ResourceRequirements } from '#api/core/v1';
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../apimachinery/quantity.ts';

export type PodQOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;

/**
 * Guaranteed: every container is limited in both processor and memory, to what it requests. BestEffort: none requests or is limited
 * to anything. Resources of the pod as a whole count in their containers' stead.
 */
export function podQOSClass(spec: PodSpec): PodQOSClass {
  const { resources } = spec;
  const parts = resources ? [resources] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.resources ?? {});
  const requests: Record<string, Quantity> = {};
  const limits: Record<string, Quantity> = {};
  let limited = true;
  for (const part of parts) {
    sum(requests, part.requests);
    if (sum(limits, part.limits) < COMPUTE.length) limited = false;
  }
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return 'BestEffort';
  const same =
    Object.keys(requests).length === Object.keys(limits).length &&
    Object.entries(requests).every(([name, amount]) => limits[name] && compareQuantities(limits[name], amount) === 0);
  return limited && same ? 'Guaranteed' : 'Burstable';
}

/** Returns how many of the resources are in the list with more than nothing. */
function sum(into: Record<string, Quantity>, list: ResourceRequirements['limits']): number {
  let found = 0;
  for (const name of COMPUTE) {
    const text = list?.[name];
    if (text === undefined) continue;
    const amount = parseQuantity(text);
    if (amount.unscaled <= 0n) continue;
    found++;
    into[name] = into[name] ? addQuantities(into[name], amount) : amount;
  }
  return found;
}
