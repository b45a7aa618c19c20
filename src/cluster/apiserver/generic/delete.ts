// Deleting objects: grace, finalizers, propagation, preconditions. Follows rest.BeforeDelete and the generic registry's Delete of
// k8s.io/apiserver.
import type { ObjectMeta } from '#api/meta/v1';
import type { JsonObject, KubernetesObject, ShallowMutable } from '../../../apimachinery/object.ts';
import { conflict, isNotFound, notFoundError, type StatusError } from '../../../apimachinery/status-error.ts';
import { formatTime, timeMs } from '../../../apimachinery/time.ts';
import type { Entry } from '../../storage/store.ts';
import type { AdmissionChain } from '../admission/admission.ts';
import type { RequestContext } from './context.ts';
import type { Draft } from './resource-definition.ts';
import { qualified, withRevision, type ObjectStore } from './object-store.ts';
import type { RequestOptions } from '../../../apimachinery/api-request.ts';

export interface DeleteParts {
  readonly objects: ObjectStore;
  readonly admission: AdmissionChain;
}

export interface Deletion {
  /** What is answered: the object, or a Status where the object is gone. */
  readonly object: KubernetesObject | JsonObject;
  /** The object is out of the store, not merely marked. */
  readonly gone: boolean;
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** What a deletion makes of an object: it goes, or it stays for a while and says so, or nothing changes. */
type Plan =
  | { readonly do: 'remove' }
  | { readonly do: 'mark'; readonly object: KubernetesObject; readonly removeAfter: boolean }
  | { readonly do: 'nothing' };

/** @param name the object's: a collection is deleted one by one */
export async function deleteObject(context: RequestContext, name: string, parts: DeleteParts): Promise<Deletion> {
  const { definition } = context.served;
  const { namespace } = context.request;
  const { warningOnDefaultDelete } = definition.strategy;
  if (warningOnDefaultDelete && propagation(context.options) === undefined) context.warn(warningOnDefaultDelete);
  for (;;) {
    const entry = await parts.objects.get(namespace, name);
    const { value: existing } = entry;
    checkPreconditions(context, existing, name);
    const plan = planDeletion(context, existing);
    if (plan.do === 'nothing') return { object: answer(context, existing), gone: false };
    await parts.admission.admit(context.admissionAttributes('DELETE', name, undefined, existing));
    await parts.admission.validate(context.admissionAttributes('DELETE', name, undefined, existing));
    if (plan.do === 'mark') {
      const marked = await write(context, entry, plan.object, parts.objects);
      if (!marked) continue;
      if (!plan.removeAfter || context.dryRun) return { object: marked.value, gone: plan.removeAfter };
      await finishDeletion(context, marked.value, parts.objects);
      return { object: answer(context, marked.value), gone: true };
    }
    if ((await parts.objects.delete(entry, existing, context.dryRun)) === 'changed') continue;
    if (!context.dryRun) definition.strategy.afterDelete?.(existing, context);
    return { object: answer(context, existing), gone: true };
  }
}

/** Takes an object out of the store, whatever its version by now. It may be gone already. */
export async function finishDeletion(context: RequestContext, object: KubernetesObject, objects: ObjectStore): Promise<void> {
  const { namespace = '', name } = object.metadata;
  for (;;) {
    let entry: Entry;
    try {
      entry = await objects.get(namespace, name);
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    if (entry.value.metadata.uid !== object.metadata.uid) return;
    if ((await objects.delete(entry, entry.value, context.dryRun)) === 'changed') continue;
    if (!context.dryRun) context.served.definition.strategy.afterDelete?.(entry.value, context);
    return;
  }
}

async function write(context: RequestContext, entry: Entry, object: KubernetesObject, objects: ObjectStore): Promise<Entry | undefined> {
  if (context.dryRun) return { ...entry, value: withRevision(object, entry.modRevision) };
  const { namespace = '', name } = object.metadata;
  let lost = false;
  const { object: stored } = await objects.update(namespace, name, false, (now) => {
    if (!now) throw notFoundError(qualified(objects.definition), name);
    lost = now.metadata.resourceVersion !== entry.value.metadata.resourceVersion;
    return lost ? 'unchanged' : object;
  });
  return lost ? undefined : { ...entry, value: stored, modRevision: Number(stored.metadata.resourceVersion) };
}

function checkPreconditions(context: RequestContext, existing: KubernetesObject, name: string): void {
  const { uid, resourceVersion } = context.options.preconditions ?? {};
  const { definition } = context.served;
  const about = { group: definition.group, resource: definition.kind };
  const { metadata } = existing;
  // kinds whose deletion takes its time check for themselves, in words of their own
  if (definition.strategy.heldBack) {
    const differs = (what: string, expected: string, own: string | undefined): StatusError =>
      conflict(qualified(definition), name, `Precondition failed: ${what} in precondition: ${expected}, ${what} in object meta: ${own}`);
    if (uid !== undefined && uid !== metadata.uid) throw differs('UID', uid, metadata.uid);
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
      throw differs('ResourceVersion', resourceVersion, metadata.resourceVersion);
    return;
  }
  const refuse = (why: string): StatusError => conflict(about, name, why);
  if (uid !== undefined && uid !== metadata.uid)
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
}

function planDeletion(context: RequestContext, existing: KubernetesObject): Plan {
  const { strategy } = context.served.definition;
  const { options } = context;
  const requested = options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  const grace = strategy.gracePeriod ? planGrace(context, existing, requested) : undefined;
  if (grace === 'pending') return { do: 'nothing' };
  const finalizers = plannedFinalizers(existing.metadata, options, strategy.defaultGarbageCollection ?? 'delete');
  const metadata: ShallowMutable<ObjectMeta> = { ...existing.metadata };
  setFinalizers(metadata, finalizers);
  const object = { ...existing, metadata } as KubernetesObject;
  if (grace) {
    Object.assign(metadata, grace.metadata);
    const stays = finalizers.length > 0 || grace.seconds > 0;
    return { do: 'mark', object, removeAfter: !stays };
  }
  if (finalizers.length === 0 && !strategy.heldBack?.(existing)) return { do: 'remove' };
  const held = strategy.heldBack?.(existing);
  if (held === undefined && !metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  if (!metadata.deletionTimestamp || timeMs(metadata.deletionTimestamp) > context.now) metadata.deletionTimestamp = formatTime(context.now);
  if (held === undefined) metadata.deletionGracePeriodSeconds = 0;
  strategy.terminate?.(object as unknown as Draft);
  return { do: 'mark', object, removeAfter: false };
}

function setFinalizers(metadata: ShallowMutable<ObjectMeta>, finalizers: readonly string[]): void {
  if (finalizers.length) metadata.finalizers = [...finalizers];
  else delete metadata.finalizers;
}

interface Grace {
  readonly seconds: number;
  readonly metadata: { readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number; readonly generation?: number };
}

/** Undefined: at once. `pending`: already on its way, and no sooner than asked for. */
function planGrace(context: RequestContext, existing: KubernetesObject, requested: number | undefined): Grace | 'pending' | undefined {
  const { metadata } = existing;
  const { deletionTimestamp, deletionGracePeriodSeconds: current } = metadata;
  if (deletionTimestamp) {
    if (current === undefined || current === 0) return undefined;
    if (requested === undefined || requested >= current) return 'pending';
    // the period can only be shortened, and not into the past
    const at = timeMs(deletionTimestamp) + (requested - current) * 1000;
    const late = at < context.now;
    const seconds = late && requested !== 0 ? 1 : requested;
    return { seconds, metadata: { deletionTimestamp: formatTime(late ? context.now : at), deletionGracePeriodSeconds: seconds } };
  }
  const seconds = context.served.definition.strategy.gracePeriod!(existing, requested);
  if (seconds === undefined) return undefined;
  const generation = metadata.generation ? { generation: metadata.generation + 1 } : {};
  return {
    seconds,
    metadata: { deletionTimestamp: formatTime(context.now + seconds * 1000), deletionGracePeriodSeconds: seconds, ...generation },
  };
}

/** Propagation is kept in finalizers: `orphan`, `foregroundDeletion`, or neither. */
function plannedFinalizers(
  metadata: ObjectMeta,
  options: RequestOptions,
  byDefault: 'orphan' | 'delete' | 'unsupported',
): readonly string[] {
  const finalizers = metadata.finalizers ?? [];
  const policy =
    byDefault === 'unsupported'
      ? undefined
      : (propagation(options) ?? inherited(finalizers) ?? (byDefault === 'orphan' ? 'Orphan' : 'Background'));
  const kept = finalizers.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  if (policy === 'Orphan') kept.push(ORPHAN);
  if (policy === 'Foreground') kept.push(FOREGROUND);
  const same = kept.length === finalizers.length && kept.every((f) => finalizers.includes(f));
  return same ? finalizers : kept;
}

function propagation({ orphanDependents, propagationPolicy }: RequestOptions): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background';
  return propagationPolicy;
}

function inherited(finalizers: readonly string[]): string | undefined {
  for (const f of finalizers) {
    if (f === ORPHAN) return 'Orphan';
    if (f === FOREGROUND) return 'Foreground';
  }
  return undefined;
}

/** Most kinds answer with a Status, some with the object itself. */
function answer(context: RequestContext, object: KubernetesObject): KubernetesObject | JsonObject {
  const { definition } = context.served;
  if (definition.returnsDeletedObject) return object;
  const details = {
    name: object.metadata.name,
    ...(definition.group ? { group: definition.group } : {}),
    kind: definition.resource,
    uid: object.metadata.uid,
  };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
