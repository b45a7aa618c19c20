// No eviction goes beyond a budget: each takes one of the disruptions that its budget allows, and none is taken that is not there. What
// nodes lose is no eviction.
import type { Pod } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import { isPodReady, podCondition } from '../../../apimachinery/core/pod.ts';
import { LabelSelector } from '../../../apimachinery/label-selector.ts';
import type { StoreEvent } from '../../storage/store.ts';
import type { WriteInvariant } from './invariant.ts';

const BUDGETS = '/registry/poddisruptionbudgets/';
const PODS = '/registry/pods/';

/** Of each run its own: it knows the budgets as they are. */
export function evictionsWithinBudgets(): WriteInvariant {
  const budgets = new Map<string, PodDisruptionBudget>();
  return {
    name: 'no eviction goes beyond a budget',
    check(event) {
      if (event.key.startsWith(PODS)) return uncounted(event, budgets.values());
      if (!event.key.startsWith(BUDGETS)) return undefined;
      const budget = event.value as unknown as PodDisruptionBudget;
      const before = budgets.get(event.key);
      if (event.type === 'delete') budgets.delete(event.key);
      else budgets.set(event.key, budget);
      return event.type === 'update' && before ? overdrawn(event.key, budget, before) : undefined;
    },
  };
}

/** A budget is written: pods that are new among its disrupted ones were taken from what it allowed. */
function overdrawn(key: string, { status }: PodDisruptionBudget, { status: before }: PodDisruptionBudget): string | undefined {
  const [allowed, allowedBefore] = [status?.disruptionsAllowed ?? 0, before?.disruptionsAllowed ?? 0];
  const taken = Object.keys(status?.disruptedPods ?? {}).filter((pod) => before?.disruptedPods?.[pod] === undefined);
  if (allowed < 0) return `${key}: ${allowed} disruptions are allowed`;
  if (taken.length > 0 && allowed !== allowedBefore - taken.length)
    return `${key}: ${taken.join(', ')} is taken of ${allowedBefore} disruptions, and ${allowed} are left`;
  return undefined;
}

/** A healthy pod is marked as evicted: the budget that covers it must know. */
function uncounted({ key, value, previous }: StoreEvent, budgets: Iterable<PodDisruptionBudget>): string | undefined {
  const [pod, before] = [value as unknown as Pod, previous as unknown as Pod | undefined];
  if (!before || before.metadata.deletionTimestamp || !isEvicted(pod) || isEvicted(before) || !isPodReady(before)) return undefined;
  for (const { metadata, spec, status } of budgets) {
    if (metadata.namespace !== pod.metadata.namespace) continue;
    if (!LabelSelector.fromSpec(spec?.selector).matches(pod.metadata.labels)) continue;
    if (status?.disruptedPods?.[pod.metadata.name] === undefined)
      return `${key}: is evicted, and budget ${metadata.name} does not count it`;
  }
  return undefined;
}

function isEvicted(pod: Pod): boolean {
  const mark = podCondition(pod, 'DisruptionTarget');
  return mark?.status === 'True' && mark.reason === 'EvictionByEvictionAPI';
}
