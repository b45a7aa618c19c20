// One sync of a prepared source, or of a part of it, whether it defines apps or is one: for keepers, which are called the same either way.
import type { PreparedSource } from '../apps/prepare-apps.ts';
import { syncApps } from '../apps/sync-apps.ts';
import type { Engine } from '../engine.ts';
import type { Plan, PrunePolicy } from '../plan/plan.ts';
import type { Selection } from '../plan/selection.ts';
import type { AppResult, SyncResult } from '../report/result.ts';
import { sync, type SyncEvent } from '../sync.ts';

export interface KeptSync {
  /** What the source as a whole is called. */
  readonly name: string;
  /** Of a source that defines apps: only this one. Of any other: what it is called instead. */
  readonly only?: string | undefined;
  /** Where the memories of apps are kept. */
  readonly namespace: string;
  readonly prune: PrunePolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly partial?: boolean;
  readonly selects?: Selection;
  readonly onProgress?: (event: SyncEvent, app: string) => void;
}

/** What a sync came to: for each app its own part, and what was planned for it. */
export interface KeptResult {
  readonly whole: SyncResult;
  readonly apps: ReadonlyMap<string, Pick<AppResult, 'sync' | 'health' | 'resources' | 'errors' | 'message'>>;
  readonly plans: ReadonlyMap<string, Plan>;
}

/** Resolves with the result also where it is a failure. Throws where the cluster cannot be reached. */
export async function syncPrepared(
  engine: Engine,
  { plain, tree }: PreparedSource,
  { name, only, ...options }: KeptSync,
): Promise<KeptResult> {
  const plans = new Map<string, Plan>();
  const planned = (plan: Plan, app: string): void => void plans.set(app, plan);
  if (tree) {
    const whole = await syncApps(engine, tree, { ...options, name, ...(only === undefined ? {} : { only }), onPlan: planned });
    return { whole, plans, apps: new Map((whole.apps ?? []).map((app) => [app.app, app])) };
  }
  const app = only ?? name;
  const { onProgress, ...rest } = options;
  const whole = await sync(engine, plain, {
    ...rest,
    app,
    onPlan: (plan) => planned(plan, app),
    onProgress: (event) => onProgress?.(event, app),
  });
  const message = whole.errors[0]?.message ?? (whole.timedOut ? 'timed out waiting' : '');
  return { whole, plans, apps: new Map([[app, { ...whole, message }]]) };
}
