// Hooks: objects that a sync makes afresh each time it has something to do, and whose end it waits for. Deleted as their policy says.
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { isNotFound } from '../../apimachinery/status-error.ts';
import type { DesiredResource } from '../plan/desired.ts';
import { kindOf, type ResourceId } from '../plan/resource-id.ts';
import { FIELD_MANAGER } from '../plan/scratch.ts';
import type { ExecuteDeps } from './execute.ts';

export interface HookResult {
  readonly ok: boolean;
  readonly message: string;
}

export async function runHook(desired: DesiredResource, deps: ExecuteDeps): Promise<HookResult> {
  const { client, follower, deadline, signal, onWait } = deps;
  const { sync, object } = desired;
  if (object.metadata.name && sync.deletePolicies.includes('BeforeHookCreation')) await remove(desired.id, deps);
  const created = (await client.create(kindOf(desired.id), object, { fieldManager: FIELD_MANAGER })) as KubernetesObject;
  const id = { ...desired.id, name: created.metadata.name };
  follower.wrote(id, created);
  onWait([id]);
  const result = await follower.waitUntil(() => follower.isSettled(id, follower.health(id)), deadline, signal);
  const { status, message } = follower.health(id);
  const ok = result === 'done' && status !== 'Degraded';
  if (sync.deletePolicies.includes(ok ? 'HookSucceeded' : 'HookFailed')) await remove(id, deps);
  if (ok) return { ok, message: `${desired.phase} hook succeeded` };
  return {
    ok,
    message:
      result === 'timeout' ? `the ${desired.phase} hook did not end in time: ${message}` : `the ${desired.phase} hook failed: ${message}`,
  };
}

async function remove(id: ResourceId, { client, follower, deadline, signal }: ExecuteDeps): Promise<void> {
  try {
    await client.delete(kindOf(id), id.name, { ...(id.namespace ? { namespace: id.namespace } : {}), propagationPolicy: 'Background' });
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  await follower.waitUntil(() => follower.get(id) === undefined, deadline, signal);
}
