// What the rules judge: the cluster before and after, the plan of head, and what was seen while it was done. A rule is a pure function
// of it.
import type { Plan, PlannedResource } from '../plan/plan.ts';
import { resourceKey, type ResourceId } from '../plan/resource-id.ts';
import type { SyncResult } from '../report/result.ts';
import type { Finding } from './consequence.ts';
import type { Observed } from './observed.ts';
import type { Permissions } from './permissions.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload, WorkloadKey } from './workloads.ts';

export interface Evidence {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly workloads: { readonly before: ReadonlyMap<WorkloadKey, Workload>; readonly after: ReadonlyMap<WorkloadKey, Workload> };
  readonly plan: Plan;
  /** Its resources by {@link resourceKey}; of a hook of several phases the first. */
  readonly planned: ReadonlyMap<string, PlannedResource>;
  /** What the sync of base did. */
  readonly settled: SyncResult;
  /** What the sync of head did. */
  readonly synced: SyncResult;
  readonly observed: Observed;
  readonly permissions: { readonly before: Permissions; readonly after: Permissions };
  /** The server's warnings at each object, by {@link resourceKey}. */
  readonly warnings: ReadonlyMap<string, readonly string[]>;
  /** The release that is to take head, as `1.36`; undefined: the one that is simulated. */
  readonly kubernetesVersion: string | undefined;
}

export type Rule = (evidence: Evidence) => readonly Finding[];

export const plannedOf = ({ planned }: Evidence, id: ResourceId): PlannedResource | undefined => planned.get(resourceKey(id));

/** The fields of an object that head changes. */
export const changedFields = (evidence: Evidence, id: ResourceId): string[] =>
  (plannedOf(evidence, id)?.differences ?? []).map(({ path }) => path);

/** Workloads that are the same object before and after. */
export function stayed({
  workloads: { before, after },
}: Evidence): { readonly key: WorkloadKey; readonly was: Workload; readonly is: Workload }[] {
  return [...after].flatMap(([key, is]) => {
    const was = before.get(key);
    return was && was.uid === is.uid ? [{ key, was, is }] : [];
  });
}

/** Hooks are told of as such, and not as the Jobs that they mostly are. */
export const isHook = (evidence: Evidence, id: ResourceId): boolean => plannedOf(evidence, id)?.desired?.isHook === true;
