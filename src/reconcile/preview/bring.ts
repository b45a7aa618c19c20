// Syncs one side of a preview into its cluster, and plans the other: a single set of manifests, or the apps of a source, each behind what it
// depends on. What is refused is told and keeps nothing else from being applied; what cannot be read is taken to be there still.
import type { AppTree, PreparedApp } from '../apps/prepare-apps.ts';
import { policyOf, syncApps } from '../apps/sync-apps.ts';
import { withdrawnApps } from '../apps/withdrawn.ts';
import { fromManifests, planSync, type Engine } from '../engine.ts';
import type { Plan, PrunePolicy } from '../plan/plan.ts';
import { resourceKey } from '../plan/resource-id.ts';
import { copyScratch } from '../plan/scratch.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Prepared } from '../prepare.ts';
import type { SyncResult } from '../report/result.ts';
import { sync, type SyncEvent } from '../sync.ts';
import type { Evidence } from './evidence.ts';

export interface BringOptions {
  /** Where what belongs to an app is remembered, and where objects go that name no namespace. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (event: SyncEvent) => void;
}

/** How long a side may take to come to rest, by the cluster's clock. */
const REST_MS = 30 * 60_000;
const APP = 'preview';

const pruneOf = ({ errors }: Pick<Prepared, 'errors'>): PrunePolicy => (errors.length ? 'none' : 'all');

/** @param tree of a source that defines apps */
export async function bring(engine: Engine, prepared: Prepared, tree: AppTree | undefined, options: BringOptions): Promise<SyncResult> {
  const common = { namespace: options.namespace, timeoutMs: REST_MS, signal: options.signal, partial: true };
  const { onProgress } = options;
  if (!tree)
    return sync(
      engine,
      { ...prepared, errors: [] },
      { ...common, app: APP, prune: pruneOf(prepared), ...(onProgress ? { onProgress } : {}) },
    );
  return syncApps(engine, sound(tree), { ...common, name: APP, prune: pruneOf(tree), ...(onProgress ? { onProgress } : {}) });
}

/** What is wrong with an app is told elsewhere; here it only keeps the app from taking anything away. */
const sound = (tree: AppTree): AppTree => ({
  ...tree,
  errors: [],
  apps: tree.apps.map((app) => ({
    ...app,
    app: { ...app.app, prune: app.app.prune && app.prepared.errors.length === 0 },
    prepared: { ...app.prepared, errors: [] },
  })),
});

/** The plan of head, made on a copy of the cluster, and what the server warns of meanwhile. */
export async function planned(
  engine: Engine,
  past: Cluster,
  head: Prepared,
  tree: AppTree | undefined,
  { namespace }: BringOptions,
): Promise<Pick<Evidence, 'plan' | 'warnings'> & { readonly appOf: ReadonlyMap<string, string> }> {
  const warnings = new Map<string, string[]>();
  const scratch = copyScratch((await past.scratch()).client(), (id, text) => {
    const key = resourceKey(id);
    warnings.set(key, [...(warnings.get(key) ?? []), text]);
  });
  const dry: Engine = { ...engine, scratch: async () => scratch };
  const appOf = new Map<string, string>();
  if (!tree) {
    const plan = await planSync(dry, { app: APP, namespace, objects: fromManifests(head.manifests), prune: pruneOf(head) });
    return { plan, warnings, appOf };
  }
  const plans: Plan[] = [];
  for (const app of await appsToPlan(dry, sound(tree), namespace)) {
    const plan = await planApp(dry, app, tree, namespace);
    plans.push(plan);
    for (const { id } of plan.resources) appOf.set(resourceKey(id), app.name);
  }
  const [first = await planSync(dry, { app: APP, namespace, objects: [], prune: 'none' })] = plans;
  return { plan: { ...first, resources: whereItStays(plans.flatMap(({ resources }) => resources)) }, warnings, appOf };
}

/** Those that will be synced, and those that are gone and take their objects with them. */
async function appsToPlan(engine: Engine, tree: AppTree, namespace: string): Promise<readonly PreparedApp[]> {
  const withdrawn = pruneOf(tree) === 'none' ? [] : await withdrawnApps(engine, tree, namespace);
  return [
    ...tree.apps.filter(({ app }) => !app.suspend && app.notRendered === undefined),
    ...withdrawn.filter(({ set }) => set.definedBy?.cascade).map(({ prepared }) => prepared),
  ];
}

function planApp(engine: Engine, { app, name, prepared }: PreparedApp, { served }: AppTree, namespace: string): Promise<Plan> {
  return planSync(engine, {
    app: name,
    namespace,
    objectNamespace: app.namespace ?? 'default',
    policy: policyOf(app),
    arriving: served,
    objects: fromManifests(prepared.manifests),
    prune: app.prune ? 'all' : 'none',
  });
}

/** What one app gives up and another takes over does not go. */
function whereItStays(resources: Plan['resources']): Plan['resources'] {
  const wanted = new Set(resources.filter(({ desired }) => desired).map(({ id }) => resourceKey(id)));
  return resources.filter(({ id, desired }) => desired || !wanted.has(resourceKey(id)));
}
