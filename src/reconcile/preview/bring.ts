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
  /** Where objects go that name no namespace. */
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Asked of an app that is not ready: whether what waits for it goes on all the same. */
  readonly overlooks: (id: string) => boolean;
  readonly onProgress?: (event: SyncEvent) => void;
}

/** How long a side may take to come to rest, by the cluster's clock. */
const REST_MS = 30 * 60_000;
const APP = 'preview';
/** Where it is remembered what belongs to an app: a namespace that is always there. */
const HOME = 'default';

const pruneOf = ({ errors }: Pick<Prepared, 'errors'>): PrunePolicy => (errors.length ? 'none' : 'all');

/** @param tree of a source that defines apps */
export async function bring(engine: Engine, prepared: Prepared, tree: AppTree | undefined, options: BringOptions): Promise<SyncResult> {
  if (!tree) return bringPlain(engine, prepared, options);
  const { onProgress, overlooks } = options;
  return syncApps(engine, sound(tree), {
    ...common(options),
    name: APP,
    prune: pruneOf(tree),
    overlooks,
    ...(onProgress ? { onProgress } : {}),
  });
}

const common = ({ signal }: BringOptions) => ({ namespace: HOME, timeoutMs: REST_MS, signal, partial: true });

function bringPlain(engine: Engine, prepared: Prepared, options: BringOptions, onPlan?: (plan: Plan) => void): Promise<SyncResult> {
  const { onProgress } = options;
  return sync(
    engine,
    { ...prepared, errors: [] },
    {
      ...common(options),
      app: APP,
      objectNamespace: options.namespace,
      prune: pruneOf(prepared),
      ...(onPlan ? { onPlan } : {}),
      ...(onProgress ? { onProgress } : {}),
    },
  );
}

/** Head as it was planned on a copy of the cluster, what the server warned of meanwhile, and what came of it. */
export interface Brought extends Pick<Evidence, 'plan' | 'warnings' | 'synced'> {
  /** Which app an object belongs to, by its key. */
  readonly appOf: ReadonlyMap<string, string>;
}

/** @param past the cluster before @param begin called once it is planned, where that is done apart, and before anything is written */
export async function bringHead(
  engine: Engine,
  past: Cluster,
  head: Prepared,
  tree: AppTree | undefined,
  options: BringOptions,
  begin: () => void,
): Promise<Brought> {
  const warnings = new Map<string, string[]>();
  const scratch = copyScratch((await past.scratch()).client(), (id, text) => {
    const key = resourceKey(id);
    warnings.set(key, [...(warnings.get(key) ?? []), text]);
  });
  const listening: Engine = { ...engine, scratch: async () => scratch };
  if (tree) {
    const { plan, appOf } = await planned(listening, tree);
    begin();
    return { plan, appOf, warnings, synced: await bring(engine, head, tree, options) };
  }
  begin();
  const plans: Plan[] = [];
  const synced = await bringPlain(listening, head, options, (plan) => plans.push(plan));
  return { plan: plans[0]!, appOf: new Map(), warnings, synced };
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

/** The plans of all apps of head, as one. */
async function planned(engine: Engine, tree: AppTree): Promise<Pick<Brought, 'plan' | 'appOf'>> {
  const appOf = new Map<string, string>();
  const plans: Plan[] = [];
  for (const app of await appsToPlan(engine, sound(tree))) {
    const plan = await planApp(engine, app, tree);
    plans.push(plan);
    for (const { id } of plan.resources) appOf.set(resourceKey(id), app.name);
  }
  const [first = await planSync(engine, { app: APP, namespace: HOME, objects: [], prune: 'none' })] = plans;
  return { plan: { ...first, resources: whereItStays(plans.flatMap(({ resources }) => resources)) }, appOf };
}

/** Those that will be synced, and those that are gone and take their objects with them. */
async function appsToPlan(engine: Engine, tree: AppTree): Promise<readonly PreparedApp[]> {
  const withdrawn = pruneOf(tree) === 'none' ? [] : await withdrawnApps(engine, tree, HOME);
  return [
    ...tree.apps.filter(({ app }) => !app.suspend && app.notRendered === undefined),
    ...withdrawn.filter(({ set }) => set.definedBy?.cascade).map(({ prepared }) => prepared),
  ];
}

function planApp(engine: Engine, { app, name, prepared }: PreparedApp, { served }: AppTree): Promise<Plan> {
  return planSync(engine, {
    app: name,
    namespace: HOME,
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
