// What a sync would do, as a value: for each object desired or owned, what happens to it, why, and which fields differ. `diff` prints
// it, `sync` executes it; making it changes nothing in the cluster.
import { appliedEntry } from '../../apimachinery/apply/extract.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { StatusError } from '../../apimachinery/status-error.ts';
import { PART_OF_LABEL, type ApplySet } from './apply-set.ts';
import { labelled, type DesiredResource } from './desired.ts';
import { isAutoscalersAlone } from './autoscaled.ts';
import { fieldDifferences, type FieldDifference } from './field-difference.ts';
import { removalsOf, stagesOf } from './change-rules.ts';
import { ignoredPaths, withLive, withPaths } from './ignored.ts';
import { inApplyOrder, kindRank } from './order.ts';
import { refusal, type Refusal } from './refusal.ts';
import { idOf, resourceKey, resourceText, type ResourceId } from './resource-id.ts';
import { sideBySide } from '../side-by-side.ts';
import { isAppliedAlready } from './no-op.ts';
import { FIELD_MANAGER, type Scratch } from './scratch.ts';
import { readSyncAnnotations } from './sync-annotations.ts';
import { NO_POLICY, type SyncPolicy } from './sync-policy.ts';

export type PlannedAction =
  | 'create'
  | 'configure'
  | 'recreate'
  | 'unchanged'
  | 'hook'
  | 'prune'
  | 'skip'
  | 'refused'
  /** Others make it; it is waited for until it is there. */
  | 'await';

export interface PlannedResource {
  readonly id: ResourceId;
  readonly action: PlannedAction;
  /** Why, where the action does not say it; empty otherwise. */
  readonly reason: string;
  readonly differences: readonly FieldDifference[];
  readonly desired: DesiredResource | undefined;
  readonly live: KubernetesObject | undefined;
  /** As the server would store it. */
  readonly predicted: KubernetesObject | undefined;
  readonly refusal: Refusal | undefined;
  /** Of what is pruned: what is in an earlier stage is gone before it. */
  readonly stage?: number;
  /** Of what is pruned: keys of what is applied only once it is gone. */
  readonly goesBefore?: ReadonlySet<string>;
}

export interface Plan {
  readonly set: ApplySet;
  /** In the order in which they are done; removals come last. */
  readonly resources: readonly PlannedResource[];
  readonly policy: SyncPolicy;
}

export type PrunePolicy =
  /** All but what may hold data or others' objects. */
  | 'safe'
  | 'all'
  /** All, once somebody has said yes. */
  | 'confirm'
  | 'none';

export interface PlanParts {
  readonly desired: readonly DesiredResource[];
  /** The app's live objects. */
  readonly members: readonly KubernetesObject[];
  readonly set: ApplySet;
  readonly scratch: Scratch;
  readonly prune: PrunePolicy;
  readonly policy?: SyncPolicy;
  /** Of the plan as a whole, told while it is made: so many of so many objects. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Kinds whose removal takes data, or others' objects, with it. */
const PRECIOUS = new Set(['Namespace', 'CustomResourceDefinition', 'PersistentVolume', 'PersistentVolumeClaim']);

/** Resolves with the plan; what a server refuses is part of it. Throws where the server cannot be asked. */
export async function makePlan({ desired, members, set, scratch, prune, policy = NO_POLICY, onProgress }: PlanParts): Promise<Plan> {
  const { stages, circle } = stagesOf(desired.map(({ id, object }) => ({ id, annotations: object.metadata.annotations ?? {} })));
  const ordered = inApplyOrder(stages.size ? desired.map((item) => ({ ...item, stage: stages.get(resourceKey(item.id)) ?? 0 })) : desired);
  const entangled = new Set(circle.map(resourceKey));
  const known = new Map(members.map((object) => [resourceKey(idOf(object)), object]));
  const resources: PlannedResource[] = [];
  let done = 0;
  const plan = async ([i, item]: [number, DesiredResource]): Promise<void> => {
    resources[i] = entangled.has(resourceKey(item.id)) ? inCircle(item, circle) : await planOne(item, set, scratch, policy, known);
    onProgress?.(++done, ordered.length);
  };
  const [first, others] = split([...ordered.entries()], ([, { id }]) => !scratch.apart || MAKES_ROOM.has(id.kind));
  for (const item of first) await plan(item);
  await sideBySide(others, AT_A_TIME, plan);
  const wanted = new Set(desired.map(({ id }) => resourceKey(id)));
  const unwanted = members.filter((object) => !wanted.has(resourceKey(idOf(object))));
  return { set, policy, resources: [...resources, ...planRemovals(unwanted, desired, (object) => planRemoval(object, prune, policy))] };
}

/** How many objects are tried at a time, where each is by itself. */
const AT_A_TIME = 16;

/** What other objects of the same change may need to be there. */
const MAKES_ROOM: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition']);

const split = <T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [T[], T[]] => [
  items.filter(isFirst),
  items.filter((item) => !isFirst(item)),
];

/** Objects that wait for each other can never be applied. */
function inCircle(desired: DesiredResource, circle: readonly ResourceId[]): PlannedResource {
  const message = `objects wait for each other in a circle: ${[...circle, circle[0]!].map(resourceText).join(' → ')}`;
  const faults = [{ path: 'metadata.annotations', message }];
  const why: Refusal = { message, code: 422, faults, immutable: false, remedy: 'remove one of the dependencies' };
  return { id: desired.id, desired, action: 'refused', reason: '', differences: [], live: undefined, predicted: undefined, refusal: why };
}

/** @param known live objects that have been read already */
async function planOne(
  desired: DesiredResource,
  set: ApplySet,
  scratch: Scratch,
  policy: SyncPolicy,
  known: ReadonlyMap<string, KubernetesObject>,
): Promise<PlannedResource> {
  const { id, sync } = desired;
  const none = { id, desired, differences: [], live: undefined, predicted: undefined, refusal: undefined };
  if (desired.phase === 'Skip') return { ...none, action: 'skip', reason: 'a hook of another occasion' };
  if (desired.phase === 'PostDelete' && !policy.deletes) return { ...none, action: 'skip', reason: 'a hook of the deletion of the app' };
  if (sync.awaited) return planAwaited(desired, scratch);
  if (sync.ignored) return { ...none, action: 'skip', reason: 'an annotation says to leave it alone' };
  if (desired.isHook) return { ...none, action: 'hook', reason: `${desired.phase} hook` };
  const own = desired.unowned ? desired : { ...desired, object: labelled(desired.object, { [PART_OF_LABEL]: set.id }) };
  try {
    const read = known.get(resourceKey(id));
    const live = read?.apiVersion === desired.object.apiVersion ? read : await scratch.get(id).catch(unknownKind);
    const owner = live?.metadata.labels?.[PART_OF_LABEL];
    if (owner !== undefined && owner !== set.id) return { ...none, live, action: 'refused', reason: '', refusal: foreign(owner) };
    if (live && sync.onlyCreate) return { ...none, desired: own, live, predicted: live, action: 'unchanged', reason: '' };
    return await tried(own, live, set, scratch, policy);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (sync.mayLackKind && lacksKind(error)) return { ...none, desired: own, action: 'create', reason: 'its kind is not there yet' };
    return { ...none, desired: own, action: 'refused', reason: '', refusal: refusal(error, id) };
  }
}

/** Whether it is there; whoever makes it may be part of the same sync. */
async function planAwaited(desired: DesiredResource, scratch: Scratch): Promise<PlannedResource> {
  const { id } = desired;
  const live = await scratch.get(id).catch(unknownKind);
  const common = { id, desired, live, predicted: live, differences: [], refusal: undefined };
  return live
    ? { ...common, action: 'skip', reason: 'it is there, and others make it' }
    : { ...common, action: 'await', reason: 'others are to make it' };
}

/** A kind that the server does not have will be refused when it is applied, in better words. */
function unknownKind(error: unknown): undefined {
  if (error instanceof StatusError && error.code === 404) return undefined;
  throw error;
}

const lacksKind = (error: StatusError): boolean => error.code === 404 && !/^namespaces? "/.test(error.message);

async function tried(
  desired: DesiredResource,
  live: KubernetesObject | undefined,
  set: ApplySet,
  scratch: Scratch,
  policy: SyncPolicy,
): Promise<PlannedResource> {
  const { id } = desired;
  const ignored = live ? ignoredPaths(live, id, policy.ignoreDifferences) : [];
  const written = live && policy.options.includes('RespectIgnoreDifferences=true') ? withLive(desired, live, ignored) : desired;
  const common = { id, desired: written, live, refusal: undefined };
  if (live && !written.sync.replace && isMember(live, set) && isAppliedAlready(live, written.object, FIELD_MANAGER))
    return { ...common, action: 'unchanged', reason: '', differences: [], predicted: live };
  try {
    const predicted = await scratch.apply(written, live);
    if (!live) return { ...common, action: 'create', reason: '', differences: [], predicted };
    const told = fieldDifferences(live, ignored.length ? withPaths(predicted, live, ignored) : predicted);
    const scaled = isAutoscalersAlone(live, told);
    const differences = scaled ? [] : told;
    // what is taken over changes nothing but its owner
    const same = differences.length === 0 && appliedEntry(live.metadata.managedFields, FIELD_MANAGER) && isMember(live, set);
    return {
      ...common,
      action: same ? 'unchanged' : differences.length && written.sync.recreate ? 'recreate' : 'configure',
      reason:
        differences.length && written.sync.recreate
          ? 'an annotation says to make it anew'
          : same && scaled
            ? "its replicas are an autoscaler's"
            : same || differences.length
              ? ''
              : 'taken over',
      differences,
      predicted,
    };
  } catch (error) {
    if (!(error instanceof StatusError) || !live) throw error;
    const why = refusal(error, id);
    if (!why.immutable || !desired.sync.force)
      return { ...common, action: 'refused', reason: '', differences: wished(live, desired), predicted: undefined, refusal: why };
    const predicted = await scratch.recreate(desired);
    return { ...common, action: 'recreate', reason: why.message, differences: fieldDifferences(live, predicted), predicted };
  }
}

/** What the manifest itself would change: of what it leaves out nobody can say what the server would have made. */
function wished(live: KubernetesObject, { object }: DesiredResource): readonly FieldDifference[] {
  const merged = { ...live, ...object, metadata: { ...live.metadata, ...object.metadata } };
  return fieldDifferences(live, merged).filter((difference) => 'desired' in difference);
}

const isMember = ({ metadata }: KubernetesObject, { id }: ApplySet): boolean => metadata.labels?.[PART_OF_LABEL] === id;

const foreign = (owner: string): Refusal => ({
  message: `it belongs to another app (${PART_OF_LABEL}: ${owner})`,
  code: 409,
  faults: [{ path: `metadata.labels[${PART_OF_LABEL}]`, message: `belongs to ${owner}` }],
  immutable: false,
  remedy: 'remove it from one of the two sources, or take the label away to hand it over',
});

function planRemoval(live: KubernetesObject, prune: PrunePolicy, { options }: SyncPolicy): PlannedResource {
  const id = idOf(live);
  const common = { id, desired: undefined, live, predicted: undefined, differences: [], refusal: undefined };
  const { keep, confirm, ignored } = readSyncAnnotations(live.metadata, options);
  if (keep || ignored) return { ...common, action: 'skip', reason: 'an annotation keeps it from being pruned' };
  if (prune === 'none') return { ...common, action: 'skip', reason: 'no longer in the source; pruning is off' };
  if (prune === 'safe' && confirm)
    return { ...common, action: 'skip', reason: 'no longer in the source; Prune=confirm: it is pruned only with --prune=all' };
  if (prune === 'safe' && PRECIOUS.has(id.kind))
    return { ...common, action: 'skip', reason: `no longer in the source; a ${id.kind} is pruned only with --prune=all` };
  return { ...common, action: 'prune', reason: 'no longer in the source' };
}

/** What others need goes last, unless rules say otherwise: the opposite of the order in which it was made. */
function planRemovals(
  objects: readonly KubernetesObject[],
  desired: readonly DesiredResource[],
  plan: (object: KubernetesObject) => PlannedResource,
): PlannedResource[] {
  const ruled = objects.map((object) => ({ id: idOf(object), annotations: object.metadata.annotations ?? {} }));
  const applied = desired.map(({ id, object }) => ({ id, annotations: object.metadata.annotations ?? {} }));
  const { stages, circle, goesBefore } = removalsOf(ruled, applied);
  const entangled = new Set(circle.map(resourceKey));
  const ranked = objects.map((object) => {
    const key = resourceKey(idOf(object));
    return { object, key, wave: readSyncAnnotations(object.metadata).wave, stage: stages.get(key) ?? 0 };
  });
  ranked.sort(
    (a, b) => b.wave - a.wave || a.stage - b.stage || kindRank(b.object.kind) - kindRank(a.object.kind) || (a.key < b.key ? 1 : -1),
  );
  return ranked.map(({ object, key, stage }) => {
    const planned = plan(object);
    if (entangled.has(key))
      return {
        ...planned,
        action: 'skip',
        reason: `its removal waits in a circle: ${[...circle, circle[0]!].map(resourceText).join(' → ')}`,
      };
    const before = goesBefore.get(key);
    return { ...planned, ...(stage ? { stage } : {}), ...(before ? { goesBefore: before } : {}) };
  });
}

/** Whether doing the plan would write anything. Hooks run only along with other work, but for those of a deletion. */
export const changesAnything = ({ resources }: Plan): boolean =>
  resources.some(
    ({ action, desired }) =>
      (action === 'hook' && desired!.phase === 'PostDelete') ||
      action === 'create' ||
      action === 'configure' ||
      action === 'recreate' ||
      action === 'prune',
  );
