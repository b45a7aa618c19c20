// Whether single objects are still as the last sync left them, asked anew: the same comparison that a sync makes, for those objects alone.
import type { Engine } from '../engine.ts';
import { driftOf, type Drift } from '../plan/drift.ts';
import { makePlan, type Plan } from '../plan/plan.ts';
import { resourceKey } from '../plan/resource-id.ts';

/** By key, those that differ. Throws a StatusError where the cluster cannot be asked. @param keys of objects of the plan */
export async function compare(
  engine: Engine,
  { resources, set, policy }: Plan,
  keys: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Drift>> {
  const desired = resources.flatMap(({ id, desired: wanted }) => (wanted && keys.has(resourceKey(id)) ? [wanted] : []));
  const plan = await makePlan({ desired, members: [], set, scratch: await engine.scratch(), prune: 'none', policy });
  const drifts = driftOf(plan);
  // what cannot even be tried, since its namespace went with it, is missing too
  const lost = plan.resources.filter(({ action, live }) => action === 'refused' && !live);
  const missing = lost.map(({ id }): Drift => ({ ...id, type: 'missing', fields: [] }));
  return new Map([...drifts, ...missing].map((drift) => [resourceKey(drift), drift]));
}
