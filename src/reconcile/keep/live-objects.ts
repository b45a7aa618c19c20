// The live objects of all apps, watched: which of them were changed by whomever since they were last compared, and how healthy they are.
// It notices; what a change means is for the keeper to find out.
import { appliedEntry } from '../../apimachinery/apply/extract.ts';
import { deepEqual, type KubernetesObject } from '../../apimachinery/object.ts';
import { Follower, type FollowedCluster } from '../apply/follower.ts';
import { hasRollout, rolloutOf, type Rollout } from '../apply/rollout.ts';
import { worst } from '../health/health.ts';
import type { Health, HealthStatus } from '../health/verdict.ts';
import type { Plan, PlannedResource } from '../plan/plan.ts';
import { idOf, kindOf, resourceKey } from '../plan/resource-id.ts';
import { FIELD_MANAGER } from '../plan/scratch.ts';

/** An object that an app is to have, and the plan of which it was a part. */
export interface Watched {
  readonly app: string;
  readonly planned: PlannedResource;
}

/** An object that an app is to have, as it is now. */
export interface Seen {
  readonly planned: PlannedResource;
  readonly health: Health;
}

/** How an app is now. */
export interface AppView {
  readonly health: HealthStatus;
  readonly rollouts: readonly Rollout[];
}

export class LiveObjects {
  private readonly cluster: FollowedCluster;
  private readonly onChange: () => void;
  private follower: Follower | undefined;
  private readonly namespaces = new Set<string>();
  /** What is seen now was there when the plan was made. */
  private isFirstLook = false;
  private readonly watched = new Map<string, Watched>();
  private readonly plans = new Map<string, Plan>();
  /** Keys of objects that must be compared anew. */
  private readonly dirty = new Set<string>();
  private readonly restless = new Set<string>();
  private readonly appsIn = new Map<string, Set<string>>();

  /** @param onChange called when there is something to look at */
  constructor(cluster: FollowedCluster, onChange: () => void) {
    this.cluster = cluster;
    this.onChange = onChange;
  }

  /** Takes over what apps are to have from now on; resolves once all of it is watched. Others stay as they are. @param gone apps that are no more */
  async expect(plans: ReadonlyMap<string, Plan>, gone: readonly string[] = []): Promise<void> {
    for (const app of gone) this.forget(app);
    const kinds = new Set(['v1/Pod']);
    const keys: string[] = [];
    for (const [app, plan] of plans) {
      this.forget(app);
      this.plans.set(app, plan);
      for (const planned of plan.resources) {
        if (!isExpected(planned)) continue;
        const { id } = planned;
        const key = resourceKey(id);
        keys.push(key);
        this.watched.set(key, { app, planned });
        kinds.add(kindOf(id));
        if (id.namespace) this.namespaces.add(id.namespace);
        const inNamespace = this.appsIn.get(id.namespace);
        if (inNamespace) inNamespace.add(app);
        else this.appsIn.set(id.namespace, new Set([app]));
      }
      this.restless.add(app);
    }
    await this.watch(kinds, keys);
  }

  private forget(app: string): void {
    for (const { id } of this.plans.get(app)?.resources ?? []) {
      const key = resourceKey(id);
      // another app may have it by now
      if (this.watched.get(key)?.app === app) this.watched.delete(key);
      this.appsIn.get(id.namespace)?.delete(app);
    }
    this.plans.delete(app);
  }

  /** @param keys of objects of which it is not known whether they are there */
  private async watch(kinds: ReadonlySet<string>, keys: readonly string[]): Promise<void> {
    let [toFollow, unseen]: [Iterable<string>, Iterable<string>] = [kinds, keys];
    if (!this.follower || [...this.namespaces].some((namespace) => !this.follower!.covers(namespace))) {
      await this.follower?.stop();
      this.follower = new Follower(this.cluster, this.namespaces, undefined, (object, old) => this.noticed(object, old));
      toFollow = new Set([...kinds, ...[...this.watched.values()].map(({ planned }) => kindOf(planned.id))]);
      unseen = this.watched.keys();
      for (const app of this.plans.keys()) this.restless.add(app);
    }
    const { follower } = this;
    this.isFirstLook = true;
    await Promise.all([...toFollow].map((kind) => follower.follow(kind)));
    this.isFirstLook = false;
    // what was never made, or is gone while nobody looked
    for (const key of unseen) if (!follower.get(this.watched.get(key)!.planned.id)) this.dirty.add(key);
  }

  /** @param old how it was before; undefined where it is new or gone */
  private noticed(object: KubernetesObject, old: KubernetesObject | undefined): void {
    const id = idOf(object);
    const key = resourceKey(id);
    const watched = this.watched.get(key);
    if (watched) {
      this.restless.add(watched.app);
      const isChanged = old ? !deepEqual(essence(old), essence(object)) : !this.isFirstLook || othersWroteLast(object);
      if (isChanged) this.dirty.add(key);
    } else if (id.kind === 'Pod') for (const app of this.appsIn.get(id.namespace) ?? []) this.restless.add(app);
    else return;
    this.onChange();
  }

  /** What must be compared, by app; each is told once. */
  takeDirty(): ReadonlyMap<string, { readonly plan: Plan; readonly keys: ReadonlySet<string> }> {
    const byApp = new Map<string, { readonly plan: Plan; readonly keys: Set<string> }>();
    for (const key of this.dirty) {
      const app = this.watched.get(key)?.app;
      const plan = app === undefined ? undefined : this.plans.get(app);
      if (app === undefined || !plan) continue;
      const found = byApp.get(app);
      if (found) found.keys.add(key);
      else byApp.set(app, { plan, keys: new Set([key]) });
    }
    this.dirty.clear();
    return byApp;
  }

  /** They could not be compared. */
  putBack(keys: Iterable<string>): void {
    for (const key of keys) this.dirty.add(key);
  }

  /** How apps are in which something has changed; each is told once. */
  takeHealth(): ReadonlyMap<string, AppView> {
    const views = new Map<string, AppView>();
    for (const app of this.restless) {
      if (!this.follower || !this.plans.has(app)) continue;
      views.set(app, { health: worst(this.look(app).map(({ health }) => health.status)), rollouts: this.rolloutsOf(app) });
    }
    this.restless.clear();
    return views;
  }

  /** The objects of an app as they are now; none before its first sync. */
  look(app: string): readonly Seen[] {
    const { follower } = this;
    const expected = this.plans.get(app)?.resources.filter(isExpected) ?? [];
    return follower ? expected.map((planned) => ({ planned, health: follower.health(planned.id) })) : [];
  }

  rolloutsOf(app: string): readonly Rollout[] {
    const { follower } = this;
    const seen = this.look(app).filter(({ planned: { id } }) => hasRollout(id));
    return seen.flatMap(({ planned: { id }, health }) => {
      const object = follower?.get(id);
      return object ? [rolloutOf(id, object, health, follower!.podsOf)] : [];
    });
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }
}

/** Objects that are to stay: no hooks, and nothing that is passed over or on its way out. */
const isExpected = ({ desired, action }: PlannedResource): boolean =>
  desired !== undefined && !desired.isHook && action !== 'skip' && action !== 'prune';

/** What only the server and the object's own controllers write is nobody's drift. */
function essence({ metadata, ...rest }: KubernetesObject): object {
  const { status: _status, ...own } = rest as typeof rest & { readonly status?: unknown };
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...named } = metadata;
  return { ...own, metadata: named };
}

/** Whether somebody else has written the object, status aside, since jibe did. */
function othersWroteLast({ metadata }: KubernetesObject): boolean {
  const entries = (metadata.managedFields ?? []).filter(({ subresource }) => subresource !== 'status');
  const own = appliedEntry(entries, FIELD_MANAGER)?.time ?? '';
  return entries.some(({ manager, time = '' }) => manager !== FIELD_MANAGER && time >= own);
}
