// The cluster as the engine works on it: a client, its time, and a place to try things out. And the first half of every command: from
// manifests to a plan.
import type { Clock } from '../apimachinery/clock.ts';
import type { Client } from '../client/client.ts';
import type { Locking } from './apply/app-lock.ts';
import type { RuleBook } from './health/known-kinds.ts';
import { listMembers, readApplySet, type ApplySet, type DefinedBy } from './plan/apply-set.ts';
import { asDesired, type DesiredResource, type IsNamespaced } from './plan/desired.ts';
import { madeNamespace } from './plan/made-namespace.ts';
import { withoutPermission } from './plan/permissions.ts';
import { makePlan, type Plan, type PrunePolicy } from './plan/plan.ts';
import type { Scratch } from './plan/scratch.ts';
import { NO_POLICY, type SyncPolicy } from './plan/sync-policy.ts';
import type { Manifest } from './render/manifests.ts';
import type { DesiredObject } from './render/manifest-document.ts';
import type { ManifestOrigin } from './render/origin.ts';
import { KnownKinds, type ServedKinds } from './validate/known-kinds.ts';
import { servedKinds } from './prepare.ts';

export interface Engine {
  readonly client: Client;
  readonly clock: Clock;
  /** `embedded:NAME` or `context:NAME`. */
  readonly cluster: string;
  /** The cluster is not ours: what its user may not do is found out before anything is written. */
  readonly asksPermissions?: boolean;
  /** Others may sync the same apps at the same time: one waits for the other. */
  readonly locking?: Locking;
  /** Rules of health of the user's own. */
  readonly healthRules?: RuleBook | undefined;
  /** Nobody acts on custom resources: the cluster lives in this process. */
  readonly withoutOperators?: boolean;
  /** A place to try one plan out. */
  scratch(): Promise<Scratch>;
}

export interface PlanRequest {
  readonly app: string;
  /** Where the app's memory is kept. */
  readonly namespace: string;
  /** Where objects go that name no namespace; the same one unless told otherwise. */
  readonly objectNamespace?: string;
  readonly policy?: SyncPolicy;
  /** Kinds that are not served yet, but will be before these objects are applied. */
  readonly arriving?: ServedKinds;
  /** Of an app that a source defines among others. */
  readonly definedBy?: DefinedBy;
  readonly objects: readonly { readonly object: DesiredObject; readonly origin: ManifestOrigin | undefined }[];
  readonly prune: PrunePolicy;
  /** The plan is to be done: what the user may not do is refused in it. */
  readonly writes?: boolean;
  readonly onProgress?: (done: number, of: number) => void;
}

export const fromManifests = (manifests: readonly Manifest[]): PlanRequest['objects'] => manifests;

export async function planSync(engine: Engine, request: PlanRequest): Promise<Plan> {
  const { app, namespace, objectNamespace = namespace, policy = NO_POLICY, objects, prune, writes, onProgress } = request;
  const found = await readApplySet(engine.client, app, namespace);
  const set = request.definedBy ? { ...found, definedBy: request.definedBy } : found;
  const [members, isNamespaced, scratch] = await Promise.all([
    listMembers(engine.client, set),
    scopes(engine.client, objects, request.arriving),
    engine.scratch(),
  ]);
  const own = objects.flatMap(({ object, origin }) => asDesired(object, origin, isNamespaced, objectNamespace, policy.options));
  const made = await madeNamespace(engine.client, objectNamespace, policy, own);
  const desired: DesiredResource[] = [...made, ...own];
  const plan = await makePlan({ desired, members, set, scratch, prune, policy, ...(onProgress ? { onProgress } : {}) });
  return writes && engine.asksPermissions ? withoutPermission(engine.client, plan) : plan;
}

async function scopes(client: Client, objects: PlanRequest['objects'], arriving: ServedKinds = () => undefined): Promise<IsNamespaced> {
  const kinds = KnownKinds.beside(
    objects.map(({ object }) => object),
    await servedKinds(client),
  );
  return (apiVersion, kind) => (kinds.get(apiVersion, kind) ?? arriving(apiVersion, kind))?.namespaced ?? true;
}

/** Nothing is desired, yet the app has objects: taken for a mistake, never for a wish. */
export const wouldEmpty = (objects: PlanRequest['objects'], set: ApplySet): boolean => objects.length === 0 && set.parent !== undefined;
