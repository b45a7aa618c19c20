// What an app's parent remembers of a sync, and how it is written.
import type { Secret } from '#api/core/v1';
import { deepEqual, type KubernetesObject, type Manifest } from '../apimachinery/object.ts';
import type { Client } from '../client/client.ts';
import { retryOnConflict } from '../client/retry-on-conflict.ts';
import type { Outcome } from './apply/execute.ts';
import { parentManifest, readApplySet, type ApplySet, type Remembered } from './plan/apply-set.ts';
import { asStored } from './plan/desired.ts';
import type { Plan } from './plan/plan.ts';
import { idOf, resourceKey, type ResourceId } from './plan/resource-id.ts';
import { FIELD_MANAGER } from './plan/scratch.ts';
import type { DesiredObject } from './render/manifest-document.ts';
import type { SourceInfo } from './source/snapshot.ts';

/** What was applied, and of what could not be applied what was there before. */
export function memory(source: SourceInfo, plan: Plan, outcomes: readonly Outcome[]): Remembered {
  const failed = new Set(
    outcomes.filter(({ action }) => action === 'failed' || action === 'skipped').map(({ planned }) => resourceKey(planned.id)),
  );
  const before = new Map((plan.set.remembered?.objects ?? []).map((object) => [resourceKey(idOf(asStored(object))), object]));
  const objects = new Map<string, DesiredObject>();
  for (const { desired, id } of plan.resources) {
    const key = resourceKey(id);
    const object = failed.has(key) && !desired?.isHook ? before.get(key) : desired?.object;
    if (object) objects.set(key, object);
  }
  return { source, objects: [...objects.values()] };
}

/** Writes nothing where the parent says all of it already. Others may suspend the app meanwhile: that stays. */
export function writeParent(
  client: Client,
  set: ApplySet,
  members: readonly ResourceId[],
  memories: Remembered | undefined,
): Promise<Secret> {
  return retryOnConflict(async (attempt) => {
    if (attempt === 1) return writeOnce(client, set, members, memories);
    const { parent, suspended } = await readApplySet(client, set.app, set.namespace);
    return writeOnce(client, { ...set, parent, suspended }, members, memories);
  });
}

async function writeOnce(client: Client, set: ApplySet, members: readonly ResourceId[], memories: Remembered | undefined): Promise<Secret> {
  const manifest = parentManifest(set, members, memories);
  const { parent } = set;
  const { labels, annotations } = manifest.metadata;
  if (
    parent &&
    deepEqual(parent.data ?? {}, manifest.data ?? {}) &&
    deepEqual(parent.metadata.labels, labels) &&
    deepEqual(parent.metadata.annotations, annotations)
  )
    return parent;
  if (!parent) return client.create('v1/Secret', manifest, { fieldManager: FIELD_MANAGER });
  const { metadata, ...rest } = manifest as Manifest<KubernetesObject>;
  const merged = { ...rest, metadata: { ...parent.metadata, ...metadata } };
  return client.update('v1/Secret', merged as unknown as typeof parent, { fieldManager: FIELD_MANAGER });
}
