// What a sync would change, told and not done.
import { fromManifests, planSync, wouldEmpty, type Engine } from './engine.ts';
import type { SyncPolicy } from './plan/sync-policy.ts';
import type { ServedKinds } from './validate/known-kinds.ts';
import type { Prepared } from './prepare.ts';
import type { DiffResult } from './report/result.ts';
import { semanticDifferences } from './semantic-difference.ts';
import { refusals } from './sync-report.ts';

export interface DiffOptions {
  readonly app: string;
  readonly namespace: string;
  /** Where objects go that name no namespace; the same one unless told otherwise. */
  readonly objectNamespace?: string;
  readonly policy?: SyncPolicy;
  /** Kinds that will be served before these objects are applied. */
  readonly arriving?: ServedKinds;
  /** Nothing defines the app any longer: that it has no objects is no mistake. */
  readonly isWithdrawn?: boolean;
  /** Whether a sync would prune; default yes. */
  readonly prunes?: boolean;
  readonly onProgress?: (done: number, of: number) => void;
}

/** What is wrong with the source, or would be refused, is part of the result. */
export async function diff(engine: Engine, prepared: Prepared, options: DiffOptions): Promise<DiffResult> {
  const { app, namespace, prunes = true, isWithdrawn: _, onProgress, ...placing } = options;
  const objects = fromManifests(prepared.manifests);
  const plan = await planSync(engine, {
    app,
    namespace,
    ...placing,
    objects,
    prune: prunes ? 'all' : 'none',
    ...(onProgress ? { onProgress } : {}),
  });
  // an empty or broken source is no reason to speak of removals
  const told =
    prepared.errors.length || (wouldEmpty(objects, plan.set) && !options.isWithdrawn)
      ? { ...plan, resources: plan.resources.filter(({ action }) => action !== 'prune') }
      : plan;
  return {
    source: prepared.source,
    cluster: engine.cluster,
    app,
    differences: await semanticDifferences(told),
    errors: [...prepared.errors, ...(await refusals(plan.resources.map((planned) => ({ planned, refusal: planned.refusal }))))],
    warnings: prepared.warnings,
  };
}
