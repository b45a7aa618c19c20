// What goes although nobody named it, because its namespace or its owner goes; and what stays although the source has it no longer.
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { idOf, resourceKey, resourceText, type ResourceId } from '../../plan/resource-id.ts';
import { readSyncAnnotations } from '../../plan/sync-annotations.ts';
import { counted, listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';

/** What controllers keep for themselves, and what other rules tell of. */
const NOT_COUNTED = new Set([
  'Pod',
  'ReplicaSet',
  'EndpointSlice',
  'Endpoints',
  'ControllerRevision',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'VolumeAttachment',
  'CSIStorageCapacity',
]);
const NAMESPACE_OWN = /^(?:ServiceAccount default|ConfigMap kube-root-ca\.crt)$/;

export const cascades: Rule = (evidence) => {
  const byCause = new Map<string, { readonly cause: ResourceId; readonly gone: KubernetesObject[] }>();
  for (const object of unnamed(evidence)) {
    const cause = causeOf(evidence, object);
    const key = resourceKey(cause);
    const known = byCause.get(key) ?? { cause, gone: [] };
    known.gone.push(object);
    byCause.set(key, known);
  }
  return [...byCause.values()].map(({ cause, gone }): Finding => {
    const names = gone.map((object) => `${object.kind} ${object.metadata.name}`);
    const itself = gone.length === 1 && resourceKey(idOf(gone[0]!)) === resourceKey(cause);
    return {
      severity: cause.kind === 'Namespace' ? 'error' : 'warning',
      type: 'CascadingDeletion',
      reason: itself ? 'ByItself' : cause.kind === 'Namespace' ? 'Namespace' : 'Owner',
      object: cause,
      message: itself
        ? `${resourceText(cause)} goes although it is not taken out of the source`
        : `with ${resourceText(cause)} ${counted(gone.length, 'object')} ${gone.length === 1 ? 'goes' : 'go'} that the source does not name: ${listed(names)}`,
      remedy: cause.kind === 'Namespace' ? 'move these objects first, or keep the namespace' : '',
    };
  });
};

function unnamed({ before, after, plan }: Evidence): KubernetesObject[] {
  const named = new Set(
    plan.resources
      .filter(({ action }) => action === 'prune' || action === 'recreate' || action === 'hook')
      .map(({ id }) => resourceKey(id)),
  );
  return [...before.all()].filter((object) => {
    const id = idOf(object);
    const label = `${object.kind} ${object.metadata.name}`;
    if (NOT_COUNTED.has(object.kind) || NAMESPACE_OWN.test(label) || named.has(resourceKey(id)) || isBookkeeping(object)) return false;
    return !after.find(id);
  });
}

/** What jibe itself remembers of the app. */
const isBookkeeping = ({ metadata }: KubernetesObject): boolean => metadata.labels?.['applyset.kubernetes.io/id'] !== undefined;

function causeOf({ after, before }: Evidence, object: KubernetesObject): ResourceId {
  const { namespace = '' } = object.metadata;
  const space = namespace && before.get('v1/Namespace', '', namespace);
  if (space && !after.find(idOf(space))) return idOf(space);
  const outermost = before.outermost(object);
  return after.find(idOf(outermost)) ? idOf(object) : idOf(outermost);
}

export const orphans: Rule = ({ plan, after }) =>
  plan.resources
    .filter(({ id, desired, live }) => !desired && live && readSyncAnnotations(live.metadata).keep && after.find(id))
    .map(({ id, reason }) => ({
      severity: 'info',
      type: 'Orphaned',
      reason: 'Kept',
      object: id,
      message: `${resourceText(id)} stays although the source has it no longer: ${reason}`,
      remedy: 'delete it by hand when nobody needs it',
    }));
