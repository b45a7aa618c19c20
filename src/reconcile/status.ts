// How the apps of a cluster are: against what was last synced, without the source.
import { Follower } from './apply/follower.ts';
import { hasRollout, rolloutOf } from './apply/rollout.ts';
import { planSync, type Engine } from './engine.ts';
import { worst } from './health/health.ts';
import { listApplySets, type ApplySet } from './plan/apply-set.ts';
import { driftOf } from './plan/drift.ts';
import { kindOf } from './plan/resource-id.ts';
import type { AppStatus, StatusResult } from './report/result.ts';

/**
 * @param app only this one
 * @param namespace where the apps' memories are kept; all by default
 */
export async function status(engine: Engine, app?: string, namespace?: string): Promise<StatusResult> {
  const sets = (await listApplySets(engine.client, namespace)).filter((set) => app === undefined || set.app === app);
  const follower = new Follower(engine, new Set(sets.flatMap((set) => [set.namespace, ...set.namespaces])));
  try {
    const apps: AppStatus[] = [];
    for (const set of sets) apps.push(await appStatus(engine, set, follower));
    return { cluster: engine.cluster, apps };
  } finally {
    await follower.stop();
  }
}

async function appStatus(engine: Engine, set: ApplySet, follower: Follower): Promise<AppStatus> {
  const objects = (set.remembered?.objects ?? []).map((object) => ({ object, origin: undefined }));
  const plan = await planSync(engine, { app: set.app, namespace: set.namespace, objects, prune: set.remembered ? 'all' : 'none' });
  for (const kind of new Set(['v1/Pod', 'storage.k8s.io/v1/StorageClass', ...plan.resources.map(({ id }) => kindOf(id))]))
    await follower.follow(kind);
  const shown = plan.resources.filter(({ action }) => action !== 'hook' && action !== 'skip');
  const resources = shown.map(({ id, action, desired, refusal }) => {
    const health = follower.health(id);
    return {
      ...id,
      sync: action === 'unchanged' ? ('Synced' as const) : ('OutOfSync' as const),
      health: health.status,
      message: refusal?.message ?? health.message,
      wave: desired?.wave ?? 0,
      hook: null,
      origin: null,
    };
  });
  return {
    app: set.app,
    namespace: set.namespace,
    source: set.remembered?.source ?? null,
    // a first sync that did not get to its end remembers nothing
    sync: set.remembered && resources.every(({ sync }) => sync === 'Synced') ? 'Synced' : 'OutOfSync',
    health: worst(resources.map(({ health }) => health)),
    ...(set.suspended === undefined ? {} : { suspended: set.suspended }),
    resources,
    rollouts: shown
      .filter(({ id, live }) => live && hasRollout(id))
      .map(({ id }) => rolloutOf(id, follower.get(id), follower.health(id), follower.podsOf)),
    drift: driftOf(plan),
  };
}
