// Where a plan is tried out: what the server would make of each object, without a trace in the cluster. Beside an embedded cluster that
// is a copy of it, where the change is really applied, so that namespaces and kinds which arrive in the same change are there for what
// needs them. A real cluster is asked for a dry run.
import type { Client } from '../../client/client.ts';
import { retryOnConflict } from '../../client/retry-on-conflict.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isForbidden, isNotFound } from '../../apimachinery/status-error.ts';
import { asStored, type DesiredResource } from './desired.ts';
import { kindOf, type ResourceId } from './resource-id.ts';
import { handOver, withoutHandedOver } from './take-over.ts';

/** Names the owner of the fields that jibe applies. */
export const FIELD_MANAGER = 'jibe';

export interface Scratch {
  /** Each object is tried by itself: several may be at a time, once namespaces and definitions of kinds have been. */
  readonly apart?: true;
  /** The object as it would be stored. Throws a StatusError where the server refuses. */
  apply(desired: DesiredResource, live: KubernetesObject | undefined): Promise<KubernetesObject>;
  /** The object as the plan so far leaves it; undefined where there is none. */
  get(id: ResourceId): Promise<KubernetesObject | undefined>;
  /** The object as it would be made anew in place of one that cannot be changed. */
  recreate(desired: DesiredResource): Promise<KubernetesObject>;
}

const APPLY = { type: 'apply', fieldManager: FIELD_MANAGER, force: true, fieldValidation: 'Strict' } as const;

export async function find(client: Client, id: ResourceId): Promise<KubernetesObject | undefined> {
  try {
    return (await client.get(kindOf(id), id.name, id.namespace ? { namespace: id.namespace } : {})) as KubernetesObject;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export interface ApplyOptions {
  readonly dryRun?: boolean;
  /** Jibe by default. */
  readonly fieldManager?: string;
  readonly onWarning?: (text: string) => void;
}

/**
 * Server-side apply, as sync does it.
 *
 * @param live the object as it is, if it is: what kubectl applied of it is taken over first
 */
export async function applyObject(
  client: Client,
  desired: DesiredResource,
  live: KubernetesObject | undefined,
  options: ApplyOptions = {},
): Promise<KubernetesObject> {
  if (live && desired.sync.replace) return replaceObject(client, desired);
  if (live) await takeOver(client, desired.id, live);
  return applyAlone(client, desired, options);
}

/** Puts the manifest in place of what is there, whole: `Replace=true`. */
async function replaceObject(
  client: Client,
  { id, object }: Pick<DesiredResource, 'id' | 'object'>,
  options: { readonly dryRun?: boolean } = {},
): Promise<KubernetesObject> {
  const whole = object as unknown as KubernetesObject;
  return client.update(kindOf(id), whole, { fieldManager: FIELD_MANAGER, ...options }) as Promise<KubernetesObject>;
}

function takeOver(client: Client, id: ResourceId, found: KubernetesObject): Promise<void> {
  return retryOnConflict(async (attempt) => {
    const live = attempt === 1 ? found : await find(client, id);
    const handed = live && handOver(live, FIELD_MANAGER);
    if (!handed) return;
    const scope = id.namespace ? { namespace: id.namespace } : {};
    await client.patch(kindOf(id), id.name, handed, { type: 'merge', fieldManager: FIELD_MANAGER, ...scope });
  });
}

/** Server-side apply of what nobody else has applied. */
export async function applyAlone(
  client: Client,
  { id, object }: Pick<DesiredResource, 'id' | 'object'>,
  options: ApplyOptions = {},
): Promise<KubernetesObject> {
  const scope = id.namespace ? { namespace: id.namespace } : {};
  const { object: applied } = await client.patch(kindOf(id), id.name, object, { ...APPLY, ...options, ...scope });
  return applied as KubernetesObject;
}

/** A pod came before the account that every namespace gets a moment after it was made. */
export const lacksDefaultAccount = (error: unknown): boolean =>
  isForbidden(error) && /error looking up service account [^/]+\/default:/.test(error.message);

/**
 * @param copy a client of the copy: it is written to
 * @param onWarning told what the server warns of, and at which object
 */
export const copyScratch = (copy: Client, onWarning?: (id: ResourceId, text: string) => void): Scratch => ({
  async apply(desired, live) {
    const options = onWarning ? { onWarning: (text: string) => onWarning(desired.id, text) } : {};
    try {
      return await applyObject(copy, desired, live, options);
    } catch (error) {
      if (!lacksDefaultAccount(error)) throw error;
      // no controller works here; where it will be applied one gives each new namespace its account
      const { namespace } = desired.id;
      await copy.create('v1/ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
      return applyObject(copy, desired, live, options);
    }
  },
  get: (id) => find(copy, id),
  async recreate(desired) {
    const { id } = desired;
    const scope = id.namespace ? { namespace: id.namespace } : {};
    await copy.delete(kindOf(id), id.name, { ...scope, gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    // whoever holds it back with a finalizer does not work here
    const held = await find(copy, id);
    if (held) await copy.patch(kindOf(id), id.name, { metadata: { finalizers: null } }, { type: 'merge', ...scope });
    return applyAlone(copy, desired);
  },
});

/** @param client of the cluster itself, which is only asked */
export function dryRunScratch(client: Client): Scratch {
  const arriving = new Set<string>();
  return {
    apart: true,
    async apply(desired, live) {
      const { id, object } = desired;
      if (id.kind === 'Namespace' && id.group === '') arriving.add(id.name);
      try {
        if (live && desired.sync.replace) return await replaceObject(client, desired, { dryRun: true });
        const predicted = await applyAlone(client, desired, { dryRun: true });
        return live ? withoutHandedOver(predicted, live, FIELD_MANAGER) : predicted;
      } catch (error) {
        // its namespace, or its kind, comes with this very change: nobody can say more until it is there
        if (isNotFound(error) && (arriving.has(id.namespace) || !(await client.resolve(kindOf(id))))) return asStored(object);
        throw error;
      }
    },
    get: (id) => find(client, id),
    recreate: async ({ object }) => asStored(object),
  };
}
