// What merging head into base would do: base is brought to rest in an embedded cluster on a virtual clock, head is synced over it, and
// what happened is told. What follows from it is said by the rules that are listed here.
import type { Node } from '#api/core/v1';
import { unlessAborted } from '../../apimachinery/abort.ts';
import { VirtualClock } from '../../apimachinery/clock.ts';
import type { UserInfo } from '../../apimachinery/api-request.ts';
import type { Manifest as ObjectManifest } from '../../apimachinery/object.ts';
import type { Manifest } from '../render/manifests.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { Random } from '../../apimachinery/random.ts';
import { Cluster, type BehaviourDocument } from '../../cluster/cluster.ts';
import type { Client } from '../../client/client.ts';
import type { AppTree } from '../apps/prepare-apps.ts';
import type { Engine } from '../engine.ts';
import type { Plan } from '../plan/plan.ts';
import { kindOf, resourceKey } from '../plan/resource-id.ts';
import { copyScratch, type Scratch } from '../plan/scratch.ts';
import type { Prepared } from '../prepare.ts';
import type { SyncResult } from '../report/result.ts';
import type { SyncEvent } from '../sync.ts';
import { nodesFor } from './assumed-nodes.ts';
import { assumptionsOf } from './assumptions.ts';
import { bring, bringHead, type BringOptions } from './bring.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { Evidence, Rule } from './evidence.ts';
import { Observer } from './observer.ts';
import { affectedSubjects, readPermissions } from './permissions.ts';
import { previewResult, type PreviewResult } from './result.ts';
import { availabilityLoss } from './rules/availability.ts';
import { cascades, orphans } from './rules/cascade.ts';
import { connectivity } from './rules/connectivity.ts';
import { danglingReference } from './rules/dangling-reference.ts';
import { claims, dataLeft, dataLoss } from './rules/data.ts';
import { serverWarnings } from './rules/server-warnings.ts';
import { disruptionBudgets } from './rules/disruption-budget.ts';
import { hooks } from './rules/hooks.ts';
import { ownership } from './rules/ownership.ts';
import { permissionChanges } from './rules/permission.ts';
import { refusals } from './rules/refusal.ts';
import { refusedPods } from './rules/refused-pods.ts';
import { resourceDelta } from './rules/resource-delta.ts';
import { restarts } from './rules/restart.ts';
import { stuckRollouts } from './rules/rollout.ts';
import { preemption, unschedulable } from './rules/scheduling.ts';
import { services } from './rules/services.ts';
import { silentConfigChanges } from './rules/silent-config.ts';
import { workloadChanges } from './rules/workload-changes.ts';
import { takeSnapshot } from './snapshot.ts';
import { provide, takenForGranted, type Part, type TakenForGranted } from './taken-for-granted.ts';
import { workloadsOf } from './workloads.ts';
import { adoptSnapshot, applyOthers, applyWorld, makeRoomForClasses } from './world.ts';

/** In the order in which what is equally grave is told. */
const RULES: readonly Rule[] = [
  refusals,
  hooks,
  dataLoss,
  cascades,
  unschedulable,
  refusedPods,
  danglingReference,
  stuckRollouts,
  availabilityLoss,
  services,
  claims,
  preemption,
  disruptionBudgets,
  permissionChanges,
  connectivity,
  ownership,
  silentConfigChanges,
  restarts,
  workloadChanges,
  dataLeft,
  orphans,
  serverWarnings,
  resourceDelta,
];

export interface PreviewOptions {
  readonly namespace: string;
  /** How many alike, or which; beside those of the world. By default enough for base. */
  readonly nodes?: number | readonly ObjectManifest<Node>[];
  /** What the cluster holds besides, as manifests. */
  readonly world?: Prepared;
  /** Kinds that nothing defines are taken as they stand; else only those of base, of which a cluster must know something. */
  readonly assumeKinds?: boolean;
  /** What another cluster held: taken over before the manifests of the world. */
  readonly snapshot?: ClusterSnapshot;
  /** Of sources that define apps: what is synced in place of base and head, which are all of their objects together. */
  readonly apps?: { readonly base: AppTree; readonly head: AppTree };
  /** Of apps that are not run: what must be there all the same. What of it is refused is left out, and told. */
  readonly others?: readonly Manifest[];
  /** What is taken for granted besides, in sentences. */
  readonly assumed?: readonly string[];
  /** How containers start, fail and stop. */
  readonly behaviour?: BehaviourDocument;
  /** Milliseconds since 1970: the time at which the story begins. */
  readonly now: number;
  /** The same seed tells the same story. */
  readonly seed: number;
  /** The release that is to take head, as `1.36`. Default: the one that is simulated. */
  readonly kubernetesVersion?: string;
  /** What others do to the cluster once base is at rest, before head comes. */
  readonly meanwhile?: (client: Client) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress?: (side: 'base' | 'head', event: SyncEvent) => void;
}

/** How long all else may take to come to rest once a side is synced: pods that go, Jobs that are cleaned up. */
const REST_AFTER_MS = 10 * 60_000;

export async function preview(base: Prepared, head: Prepared, options: PreviewOptions): Promise<PreviewResult> {
  const clock = new VirtualClock(options.now);
  const { seed, behaviour } = options;
  const nodes = options.nodes ?? nodesFor(partsOf(base, options.apps?.base, options).flatMap(soundObjects));
  const cluster = await Cluster.start({ clock, random: new Random(seed), nodes, ...(behaviour ? { behaviour } : {}) });
  try {
    // what goes on in the cluster may have no end
    return await cluster.run(unlessAborted(story(cluster, base, head, options), options.signal));
  } finally {
    await cluster.stop();
  }
}

/** What did not end in the time that a sync has will not end soon. */
const restMs = ({ timedOut }: SyncResult): number => (timedOut ? 30_000 : REST_AFTER_MS);

async function story(cluster: Cluster, base: Prepared, head: Prepared, options: PreviewOptions): Promise<PreviewResult> {
  const client = cluster.client();
  const scratch = async (): Promise<Scratch> => copyScratch((await cluster.scratch()).client());
  const engine: Engine = { client, clock: cluster.clock, cluster: 'embedded:(preview)', withoutOperators: true, scratch };
  const observer = new Observer(client, cluster.clock);
  await observer.start();
  try {
    const { world, snapshot } = options;
    const restless: string[] = [];
    const described = [...(snapshot?.objects ?? []), ...[world, base].flatMap((side) => (side ? objectsOf(side) : []))];
    await makeRoomForClasses(client, described, objectsOf(head));
    const notTaken = snapshot ? await adoptSnapshot(cluster, snapshot) : [];
    // its pods are made anew
    if (snapshot && !(await observer.rest(REST_AFTER_MS))) restless.push('the world');
    const granted = await provide(client, takenForGrantedOf(base, head, options));
    if (world) await applyWorld(client, world.manifests, options.namespace);
    const refused = await applyOthers(client, options.others ?? [], options.namespace);
    // base is there, whatever its apps would wait for; what waits in vain already does not begin to with head
    const unready = new Set<string>();
    const anyway = (id: string): boolean => unready.add(id).has(id);
    const settled = await bring(engine, base, options.apps?.base, optionsOf('base', anyway, options));
    if (!(await observer.rest(restMs(settled)))) restless.push('base');
    if (options.meanwhile) {
      await options.meanwhile(client);
      await observer.rest(REST_AFTER_MS);
    }
    const past = await cluster.scratch();
    const brought = await bringHead(
      engine,
      past,
      head,
      options.apps?.head,
      optionsOf('head', (id) => unready.has(id), options),
      () => observer.begin(),
    );
    const { plan, warnings, synced, appOf } = brought;
    await pruneTheRest(client, plan, synced);
    if (!(await observer.rest(restMs(synced)))) restless.push('head');
    const evidence = await gathered(cluster, past, {
      plan,
      warnings,
      settled,
      synced,
      observed: observer.observed(),
      kubernetesVersion: options.kubernetesVersion,
    });
    const assumptions = assumptionsOf({
      before: evidence.before,
      nodesForBase: options.nodes === undefined,
      seed: options.seed,
      kubernetesVersion: options.kubernetesVersion,
      behaves: options.behaviour !== undefined,
      described: world?.manifests.length,
      snapshot,
      notTaken: [...notTaken, ...refused],
      after: evidence.after,
      unread: { base: base.errors.length, head: head.errors.length },
      restless,
    });
    return await previewResult(base, head, evidence, {
      rules: RULES,
      appOf,
      assumed: [...(options.assumed ?? []), ...granted, ...assumptions],
    });
  } finally {
    await observer.stop();
  }
}

const optionsOf = (
  side: 'base' | 'head',
  overlooks: BringOptions['overlooks'],
  { namespace, signal, onProgress }: PreviewOptions,
): BringOptions => ({
  namespace,
  signal,
  overlooks,
  ...(onProgress ? { onProgress: (event: SyncEvent) => onProgress(side, event) } : {}),
});

/** Where a cluster was read, it has what it has. */
function takenForGrantedOf(base: Prepared, head: Prepared, options: PreviewOptions): TakenForGranted {
  const { world, snapshot, others = [], apps, assumeKinds = false } = options;
  const described = [...(snapshot?.objects ?? []), ...(world ? objectsOf(world) : []), ...others.map(({ object }) => object)];
  const granted = takenForGranted(partsOf(base, apps?.base, options), partsOf(head, apps?.head, options), described, assumeKinds);
  return snapshot ? { kinds: assumeKinds ? granted.kinds : [], namespaces: [], needs: [], made: [] } : granted;
}

const partsOf = (side: Prepared, tree: AppTree | undefined, { namespace }: PreviewOptions): readonly Part[] =>
  tree ? tree.apps.map(({ app, prepared }) => partOf(prepared, app.namespace ?? 'default')) : [partOf(side, namespace)];

function partOf(prepared: Prepared, home: string): Part {
  const faulty = prepared.manifests.filter(({ origin }) => prepared.doubts.has(origin));
  return { home, objects: objectsOf(prepared), faulty: new Set(faulty.map(({ object }) => object)) };
}

const soundObjects = ({ objects, faulty }: Part) => objects.filter((object) => !faulty.has(object));

const objectsOf = ({ manifests }: Prepared) => manifests.map(({ object }) => object);

/** A sync takes nothing away while something else is refused. That will be mended one day, and what goes then is part of the story. */
async function pruneTheRest(client: Client, { resources }: Plan, synced: SyncResult): Promise<void> {
  const left = new Set(synced.resources.filter(({ action }) => action === 'skipped').map(resourceKey));
  for (const { id, action } of resources) {
    if (action !== 'prune' || !left.has(resourceKey(id))) continue;
    const scope = id.namespace ? { namespace: id.namespace } : {};
    try {
      await client.delete(kindOf(id), id.name, { ...scope, propagationPolicy: 'Background' });
    } catch (error) {
      // what it was in went with it
      if (!isNotFound(error)) throw error;
    }
  }
}

async function gathered(
  cluster: Cluster,
  past: Cluster,
  seen: Omit<Evidence, 'before' | 'after' | 'planned' | 'workloads' | 'permissions'>,
): Promise<Evidence> {
  const [before, after] = [await takeSnapshot(past.client()), await takeSnapshot(cluster.client())];
  const subjects = affectedSubjects(before, after);
  const as =
    (of: Cluster) =>
    ({ username, groups }: Pick<UserInfo, 'username' | 'groups'>): Client =>
      of.client({ username, groups } as UserInfo);
  return {
    ...seen,
    planned: new Map([...seen.plan.resources].reverse().map((planned) => [resourceKey(planned.id), planned])),
    before,
    after,
    workloads: { before: workloadsOf(before), after: workloadsOf(after) },
    permissions: { before: await readPermissions(subjects, as(past)), after: await readPermissions(subjects, as(cluster)) },
  };
}
