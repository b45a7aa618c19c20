// Hooks: objects that a sync makes afresh each time it has something to do, and whose end it waits for. When they are deleted their
// policies say, as Argo CD reads them: before they are made anew, when the whole sync has succeeded, or when it has failed.
import { isNotFound } from '../../apimachinery/status-error.ts';
import type { DesiredResource } from '../plan/desired.ts';
import type { PlannedResource } from '../plan/plan.ts';
import { kindOf, type ResourceId } from '../plan/resource-id.ts';
import { applyObject, find } from '../plan/scratch.ts';
import type { HookDeletePolicy, Phase } from '../plan/sync-annotations.ts';
import type { ExecuteDeps } from './execute.ts';

/** A hook that was made. */
export interface RunningHook {
  readonly planned: PlannedResource;
  /** With the name that it was given. */
  readonly id: ResourceId;
}

/** What hooks whose names are left to the sync are told apart by. */
export interface HookNames {
  /** Of the source, if it has one. */
  readonly revision: string | null;
  /** When the sync began, in milliseconds since 1970. */
  readonly startedMs: number;
}

/** Deletes what is there of hooks that are to be made anew, and waits until it is gone. */
export async function clearBefore(hooks: readonly PlannedResource[], deps: ExecuteDeps): Promise<void> {
  const named = hooks.filter(({ desired }) => desired!.object.metadata.name && desired!.sync.deletePolicies.includes('BeforeHookCreation'));
  await Promise.all(named.map(({ id }) => remove(id, deps)));
}

/** Makes a hook, and does not wait for it. Throws a StatusError. */
export async function startHook(planned: PlannedResource, deps: ExecuteDeps): Promise<RunningHook> {
  const { client, follower } = deps;
  const desired = named(planned.desired!, deps.hookNames);
  await follower.follow(kindOf(desired.id));
  const made = await applyObject(client, desired, await find(client, desired.id));
  follower.wrote(desired.id, made);
  return { planned, id: desired.id };
}

/** As Argo CD names what has a generateName: after the revision, the phase, and the moment at which the sync began. */
function named(desired: DesiredResource, { revision, startedMs }: HookNames): DesiredResource {
  const { object, id, phase } = desired;
  const { name, generateName = '', ...metadata } = object.metadata;
  if (name) return desired;
  const ending = [...(revision ? [revision.slice(0, 7)] : []), phase, Math.floor(startedMs / 1000)].join('-').toLowerCase();
  const whole = `${generateName}${ending}`;
  return { ...desired, id: { ...id, name: whole }, object: { ...object, metadata: { ...metadata, name: whole } } };
}

export type HookEnd = { readonly ok: boolean; readonly message: string };

/** How a hook ended; undefined while it runs. One that is suspended runs. */
export function endOf({ planned, id }: RunningHook, { follower }: ExecuteDeps): HookEnd | undefined {
  const { status, message } = follower.lastHealth(id);
  const { phase } = planned.desired!;
  if (status === 'Healthy') return { ok: true, message: `${phase} hook succeeded` };
  if (status === 'Degraded' || status === 'Unknown') return { ok: false, message: `the ${phase} hook failed: ${message}` };
  return undefined;
}

export const unfinished = ({ planned }: RunningHook, why: string): string =>
  `the ${planned.desired!.phase satisfies Phase} hook did not end${why}`;

/** Deletes the hooks whose policy is this one. */
export async function removeBy(policy: HookDeletePolicy, hooks: readonly RunningHook[], deps: ExecuteDeps): Promise<void> {
  const those = hooks.filter(({ planned }) => planned.desired!.sync.deletePolicies.includes(policy));
  await Promise.all(those.map(({ id }) => remove(id, deps)));
}

async function remove(id: ResourceId, { client, follower, deadline, signal }: ExecuteDeps): Promise<void> {
  await follower.follow(kindOf(id));
  try {
    await client.delete(kindOf(id), id.name, { ...(id.namespace ? { namespace: id.namespace } : {}), propagationPolicy: 'Background' });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  await follower.waitUntil(() => follower.get(id) === undefined, deadline, signal);
}
