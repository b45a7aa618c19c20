// What must be asked before a plan deletes: everything, where that was wished; and what looks more like a mistake than like a wish. Pure.
import type { Plan, PlannedResource, PrunePolicy } from './plan.ts';
import type { ResourceId } from './resource-id.ts';

export interface PruneQuestion {
  readonly removals: readonly ResourceId[];
  /** What it is asked for. */
  readonly why: string;
}

/** So many objects may go without a question, whatever the app has besides. */
const FEW = 10;

/** Undefined where the plan may be done as it is. */
export function pruneQuestion({ resources }: Plan, prune: PrunePolicy): PruneQuestion | undefined {
  const removals = resources.filter(({ action }) => action === 'prune').map(({ id }) => id);
  if (prune === 'all' || removals.length === 0) return undefined;
  const there = resources.filter(isMember).length;
  if (prune === 'confirm') return { removals, why: 'it is deleted only once somebody has confirmed it' };
  if (removals.length <= FEW || removals.length * 2 <= there) return undefined;
  return {
    removals,
    why: `${removals.length} of the app's ${there} objects would be deleted: that needs --prune=all, or somebody who confirms it`,
  };
}

/** Objects of the app that are there now. */
const isMember = ({ live, desired }: PlannedResource): boolean => live !== undefined && !desired?.isHook && !desired?.unowned;

/** The plan with nothing deleted. */
export const withoutPruning = (plan: Plan, why: string): Plan => ({
  ...plan,
  resources: plan.resources.map((planned) =>
    planned.action === 'prune' ? { ...planned, action: 'skip', reason: `no longer in the source; ${why}` } : planned,
  ),
});
