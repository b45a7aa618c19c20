// One sync of a prepared source, or of a part of it, whether it defines apps or is one: for keepers, which are called the same either way.
import type { PreparedSource } from '../apps/prepare-apps.ts';
import { syncApps } from '../apps/sync-apps.ts';
import type { Engine } from '../engine.ts';
import type { Plan, PrunePolicy } from '../plan/plan.ts';
import type { Selection } from '../plan/selection.ts';
import type { AppResult, SyncResult } from '../report/result.ts';
import { sync, type SyncEvent, type SyncOptions } from '../sync.ts';
import type { App } from '../apps/app.ts';

export interface KeptSync {
  /** What the source as a whole is called. */
  readonly name: string;
  /** Of a source that defines apps: only this one. Of any other: what it is called instead. */
  readonly only?: string | undefined;
  /** Of a source that defines apps: only these. */
  readonly among?: ReadonlySet<string>;
  /** Where the memories of apps are kept. */
  readonly namespace: string;
  readonly prune: PrunePolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly partial?: boolean;
  readonly selects?: Selection;
  readonly record?: SyncOptions['record'];
  /** Why an app is to be left alone now; undefined where it is not. @param app undefined where the source is one itself */
  readonly holds: (app: App | undefined, name: string) => Promise<string | undefined>;
  readonly onProgress?: (event: SyncEvent, app: string) => void;
  /** Told of each app as soon as it is done. */
  readonly onApp?: (name: string, result: KeptApp, plan: Plan | undefined) => void;
  /** Aborted where it is no longer worth while to wait for health. */
  readonly superseded?: AbortSignal;
  /** Of a source that defines apps: what it defines no longer stays for now. */
  readonly keepsOthers?: boolean;
}

/** What an app's part of a sync came to. */
export type KeptApp = Pick<AppResult, 'sync' | 'health' | 'resources' | 'message' | 'errors' | 'warnings'> & {
  /** Why it was left alone; undefined where it was not. */
  readonly held: string | undefined;
};

/** What a sync came to. */
export interface KeptResult {
  /** Undefined where the source is one app, and that was left alone. */
  readonly whole: SyncResult | undefined;
  /** Names of those that were looked at. */
  readonly apps: ReadonlySet<string>;
}

/** Resolves with the result also where it is a failure. Throws where the cluster cannot be reached. */
export async function syncPrepared(
  engine: Engine,
  { plain, tree }: PreparedSource,
  { name, only, onApp, ...options }: KeptSync,
): Promise<KeptResult> {
  const plans = new Map<string, Plan>();
  const planned = (plan: Plan, app: string): void => void plans.set(app, plan);
  const apps = new Set<string>();
  const done = (app: string, result: KeptApp): void => {
    apps.add(app);
    onApp?.(app, result, plans.get(app));
  };
  if (tree) {
    const whole = await syncApps(engine, tree, {
      ...options,
      name,
      ...(only === undefined ? {} : { only }),
      onPlan: planned,
      onApp: (app) => done(app.app, { ...app, held: app.state === 'suspended' ? app.message : undefined }),
    });
    return { whole, apps };
  }
  const app = only ?? name;
  const { onProgress, holds, ...rest } = options;
  const held = await holds(undefined, app);
  if (held !== undefined) {
    done(app, leftAlone(held));
    return { whole: undefined, apps };
  }
  const whole = await sync(engine, plain, {
    ...rest,
    app,
    onPlan: (plan) => planned(plan, app),
    onProgress: (event) => onProgress?.(event, app),
  });
  const message = whole.errors[0]?.message ?? (whole.timedOut ? 'timed out waiting' : '');
  done(app, { ...whole, message, held: undefined });
  return { whole, apps };
}

const leftAlone = (held: string): KeptApp => ({
  held,
  sync: 'Synced',
  health: 'Suspended',
  resources: [],
  message: held,
  errors: [],
  warnings: [],
});
