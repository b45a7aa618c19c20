// What merging head into base would do: base is brought to rest in an embedded cluster on a virtual clock, head is synced over it, and
// what happened is told.
import { VirtualClock } from '../../apimachinery/clock.ts';
import { Random } from '../../apimachinery/random.ts';
import { Cluster, type BehaviourDocument } from '../../cluster/cluster.ts';
import { hasRollout, type Rollout } from '../apply/rollout.ts';
import { differencesOf } from '../difference.ts';
import { fromManifests, planSync, type Engine } from '../engine.ts';
import { findCondition } from '../health/conditions.ts';
import type { Plan, PlannedResource, PrunePolicy } from '../plan/plan.ts';
import { idOf, resourceKey, resourceText } from '../plan/resource-id.ts';
import { applyObject, copyScratch } from '../plan/scratch.ts';
import type { Prepared } from '../prepare.ts';
import { desiredResources } from '../plan/desired.ts';
import { inApplyOrder } from '../plan/order.ts';
import { servedKinds } from '../prepare.ts';
import { originOf, type ObjectDifference, type ReportedError, type SyncResult } from '../report/result.ts';
import { sync, type SyncEvent } from '../sync.ts';
import { dataAtRisk, podsRestart, refused, type Consequence, type Severity } from './consequence.ts';
import { Observer } from './observer.ts';

export interface PreviewResult {
  /** The commits; null where a side is no commit. */
  readonly base: string | null;
  readonly head: string | null;
  readonly changes: readonly ObjectDifference[];
  /** The gravest first. */
  readonly consequences: readonly Consequence[];
  readonly rollouts: readonly (Rollout & {
    readonly durationSeconds: number;
    readonly minAvailable: number;
    readonly podsCreated: number;
    readonly podsDeleted: number;
  })[];
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly endpointsBefore: number;
    readonly endpointsAfter: number;
    readonly secondsWithoutEndpoints: number;
  }[];
  /** Faults of the sources, and of base what was not healthy before the change. */
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly ReportedError[];
}

export interface PreviewOptions {
  readonly namespace: string;
  readonly nodes: number;
  /** What the cluster holds besides. */
  readonly world?: Prepared;
  /** How containers start, fail and stop. */
  readonly behaviour?: BehaviourDocument;
  /** Milliseconds since 1970: the time at which the story begins. */
  readonly now: number;
  /** The same seed tells the same story. */
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (side: 'base' | 'head', event: SyncEvent) => void;
}

/** How long a side may take to come to rest, by the cluster's clock. */
const REST_MS = 30 * 60_000;
/** How long pods that are no longer wanted may take to go. */
const TERMINATION_MS = 10 * 60_000;
const APP = 'preview';

export async function preview(base: Prepared, head: Prepared, options: PreviewOptions): Promise<PreviewResult> {
  const clock = new VirtualClock(options.now);
  const { seed, nodes, behaviour } = options;
  const cluster = await Cluster.start({ clock, random: new Random(seed), nodes, ...(behaviour ? { behaviour } : {}) });
  try {
    return await cluster.run(story(cluster, base, head, options));
  } finally {
    await cluster.stop();
  }
}

async function story(cluster: Cluster, base: Prepared, head: Prepared, options: PreviewOptions): Promise<PreviewResult> {
  const client = cluster.client();
  const engine: Engine = {
    client,
    clock: cluster.clock,
    cluster: 'embedded:(preview)',
    scratch: async () => copyScratch((await cluster.scratch()).client()),
  };
  if (options.world) await applyWorld(engine, options.world, options.namespace);
  const before = await bring(engine, base, options, 'base');
  const objects = fromManifests(head.manifests);
  const plan = await planSync(engine, { app: APP, namespace: options.namespace, objects, prune: pruneOf(head) });
  const observer = new Observer(client, cluster.clock);
  await observer.start();
  try {
    const after = await bring(engine, head, options, 'head');
    await observer.goneBy(TERMINATION_MS);
    return told({ base, head, plan, before, after, observer });
  } finally {
    await observer.stop();
  }
}

/** What cannot be read is taken to be there still. */
const pruneOf = ({ errors }: Prepared): PrunePolicy => (errors.length ? 'none' : 'all');

/** What is refused is told and does not keep the rest from being applied. */
async function bring(engine: Engine, prepared: Prepared, options: PreviewOptions, side: 'base' | 'head'): Promise<SyncResult> {
  const { namespace, signal, onProgress } = options;
  const sound: Prepared = { ...prepared, errors: [] };
  return sync(engine, sound, {
    app: APP,
    namespace,
    prune: pruneOf(prepared),
    timeoutMs: REST_MS,
    signal,
    partial: true,
    ...(onProgress ? { onProgress: (event: SyncEvent) => onProgress(side, event) } : {}),
  });
}

async function applyWorld({ client }: Engine, world: Prepared, namespace: string): Promise<void> {
  const served = await servedKinds(client);
  const desired = desiredResources(world.manifests, (apiVersion, kind) => served(apiVersion, kind)?.namespaced ?? true, namespace);
  // a world with storage of its own has only that
  if (world.manifests.some(({ object }) => object.kind === 'StorageClass')) await client.deleteCollection('storage.k8s.io/v1/StorageClass');
  for (const resource of inApplyOrder(desired)) await applyObject(client, resource, undefined);
}

interface Story {
  readonly base: Prepared;
  readonly head: Prepared;
  readonly plan: Plan;
  readonly before: SyncResult;
  readonly after: SyncResult;
  readonly observer: Observer;
}

function told({ base, head, plan, before, after, observer }: Story): PreviewResult {
  const consequences = [
    ...plan.resources.flatMap(refused),
    ...refusedLater(plan, after),
    ...plan.resources.flatMap(dataAtRisk),
    ...unschedulable(observer, plan),
    ...stuckRollouts(plan, before, after),
    ...plan.resources.flatMap((planned) => podsRestart(planned, countsOf(observer, planned))),
    ...withoutEndpoints(observer),
  ];
  return {
    base: base.source.revision,
    head: head.source.revision,
    changes: differencesOf(plan),
    consequences: bySeverity(consequences),
    rollouts: rollouts(plan, after, observer),
    services: observer
      .serviceCounts()
      .filter(({ endpointsBefore, endpointsAfter, withoutEndpointsMs }) => endpointsBefore !== endpointsAfter || withoutEndpointsMs > 0)
      .map(({ withoutEndpointsMs, ...service }) => ({ ...service, secondsWithoutEndpoints: seconds(withoutEndpointsMs) })),
    errors: [...base.errors, ...head.errors, ...founded(head, plan, after)],
    warnings: head.warnings,
  };
}

/** Doubts about what is really refused: they name its place in the file. */
function founded({ doubts }: Prepared, plan: Plan, after: SyncResult): ReportedError[] {
  const failed = new Set(after.resources.filter(({ action }) => action === 'failed').map(resourceKey));
  return plan.resources
    .filter(({ id, action }) => action === 'refused' || failed.has(resourceKey(id)))
    .flatMap(({ desired }) => (desired?.origin && doubts.get(desired.origin)) ?? []);
}

/** What the plan foresaw is told by it; a refusal may also come up only when it is done. */
function refusedLater(plan: Plan, after: SyncResult): Consequence[] {
  const foreseen = new Set(plan.resources.filter(({ action }) => action === 'refused').map(({ id }) => resourceKey(id)));
  return after.resources
    .filter((resource) => resource.action === 'failed' && !foreseen.has(resourceKey(resource)))
    .map(({ group, version, kind, namespace, name, message, origin }) => ({
      severity: 'error',
      type: 'Rejected',
      object: { group, version, kind, namespace, name },
      message: `${kind} ${namespace ? `${namespace}/` : ''}${name} is refused`,
      cause: message,
      remedy: '',
      origin,
    }));
}

function unschedulable(observer: Observer, plan: Plan): Consequence[] {
  const found = new Map<string, Consequence>();
  for (const pod of observer.pods()) {
    const scheduled = findCondition(pod.status?.conditions, 'PodScheduled');
    if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') continue;
    const workload = observer.workloadOfPod(pod);
    const planned = plan.resources.find(({ id }) => `${id.kind}/${id.namespace}/${id.name}` === workload);
    if (found.has(workload)) continue;
    found.set(workload, {
      severity: 'error',
      type: 'Unschedulable',
      object: planned?.id ?? idOf(pod as never),
      message: `pods of ${planned ? resourceText(planned.id) : workload} find no node`,
      cause: scheduled.message ?? '',
      remedy: 'lower what its pods ask for, loosen their constraints, or add nodes',
      origin: originOf(planned?.desired?.origin),
    });
  }
  return [...found.values()];
}

function stuckRollouts(plan: Plan, before: SyncResult, after: SyncResult): Consequence[] {
  return after.rollouts
    .filter(({ status }) => status === 'failed' || status === 'progressing')
    .filter((rollout) => !before.rollouts.some((r) => sameObject(r, rollout) && r.status === rollout.status))
    .map((rollout) => {
      const planned = plan.resources.find(({ id }) => sameObject(id, rollout));
      return {
        severity: 'error',
        type: 'DeadlineExceeded',
        object: planned!.id,
        message: `the rollout of ${rollout.kind} ${rollout.namespace}/${rollout.name} does not end: ${rollout.message}`,
        cause: '',
        remedy: 'see why its pods do not become ready',
        origin: originOf(planned?.desired?.origin),
      };
    });
}

function withoutEndpoints(observer: Observer): Consequence[] {
  return observer
    .serviceCounts()
    .filter(({ endpointsBefore, withoutEndpointsMs }) => endpointsBefore > 0 && withoutEndpointsMs > 0)
    .map(({ namespace, name, endpointsAfter, withoutEndpointsMs }) => ({
      severity: endpointsAfter === 0 ? 'error' : 'warning',
      type: 'ServiceWithoutEndpoints',
      object: { group: '', version: 'v1', kind: 'Service', namespace, name },
      message:
        endpointsAfter === 0
          ? `Service ${namespace}/${name} ends up without any ready endpoint`
          : `Service ${namespace}/${name} has no ready endpoint for ${seconds(withoutEndpointsMs)} s`,
      cause: '',
      remedy:
        endpointsAfter === 0
          ? 'check that its selector still matches the labels of ready pods'
          : 'run more than one replica, or let the rollout surge (maxUnavailable: 0)',
      origin: null,
    }));
}

function rollouts(plan: Plan, after: SyncResult, observer: Observer): PreviewResult['rollouts'] {
  return after.rollouts
    .filter((rollout) => plan.resources.some(({ id, action }) => hasRollout(id) && sameObject(id, rollout) && action !== 'unchanged'))
    .map((rollout) => {
      const counts = observer.podCounts(`${rollout.kind}/${rollout.namespace}/${rollout.name}`);
      return {
        ...rollout,
        durationSeconds: seconds(counts?.lastChangeMs ?? 0),
        minAvailable: counts?.minAvailable ?? 0,
        podsCreated: counts?.created ?? 0,
        podsDeleted: counts?.deleted ?? 0,
      };
    });
}

const countsOf = (observer: Observer, { id }: PlannedResource) =>
  observer.podCounts(`${id.kind}/${id.namespace}/${id.name}`) ?? { created: 0, deleted: 0 };

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

const sameObject = (
  a: { readonly kind: string; readonly namespace: string; readonly name: string },
  b: { readonly kind: string; readonly namespace: string; readonly name: string },
): boolean => a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];
const bySeverity = (consequences: readonly Consequence[]): Consequence[] =>
  [...consequences].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));

/** Whether a preview shows something at least as grave. */
export const isHazard = ({ consequences, errors }: PreviewResult, failOn: Severity | 'never'): boolean =>
  failOn !== 'never' &&
  (errors.length > 0 || consequences.some(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(failOn)));
