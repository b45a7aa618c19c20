// Data: claims and volumes that go, that stay behind without anybody, or that do not come; and custom resources that go with their kind.
import type { PersistentVolumeClaim } from '#api/core/v1';
import { idOf, resourceText } from '../../plan/resource-id.ts';
import type { Finding } from '../consequence.ts';
import { plannedOf, type Evidence, type Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';

export const dataLoss: Rule = (evidence) => [...volumesGone(evidence), ...unboundClaims(evidence), ...customResources(evidence)];

export const dataLeft: Rule = (evidence) => [...claimsLeft(evidence), ...volumesLeft(evidence)];

export const claims: Rule = (evidence) => [...pending(evidence), ...terminating(evidence)];

const REMEDY = 'keep the claim, or back up its data and set the reclaim policy of its volume to Retain';

function volumesGone({ before, after }: Evidence): Finding[] {
  return before.of('v1/PersistentVolume').flatMap((volume): Finding[] => {
    const { claimRef, persistentVolumeReclaimPolicy: policy = 'Retain' } = volume.spec ?? {};
    if (after.find(idOf(volume)) || volume.status?.phase !== 'Bound') return [];
    const claim = claimRef && before.get('v1/PersistentVolumeClaim', claimRef.namespace ?? '', claimRef.name ?? '');
    const gone = claim && !after.find(idOf(claim));
    const object = idOf(gone ? claim : volume);
    const with_ = gone
      ? `, and with it its volume ${volume.metadata.name} (reclaim policy ${policy})`
      : ', and what it holds can no longer be claimed';
    return [
      {
        severity: 'error',
        type: 'DataLoss',
        reason: 'VolumeDeleted',
        object,
        message: `${resourceText(object)} is deleted${with_}`,
        remedy: REMEDY,
      },
    ];
  });
}

/** What was never used here may be used where others are. */
function unboundClaims({ before, after, plan }: Evidence): Finding[] {
  return plan.resources.flatMap(({ id, action }): Finding[] => {
    if (id.kind !== 'PersistentVolumeClaim' || action !== 'prune') return [];
    const claim = before.find(id) as unknown as PersistentVolumeClaim | undefined;
    if (!claim || claim.spec?.volumeName || after.find(id)) return [];
    return [
      {
        severity: 'error',
        type: 'DataLoss',
        reason: 'ClaimDeleted',
        object: id,
        message: `${resourceText(id)} is deleted: its volume is released, and deleted where the reclaim policy says so`,
        remedy: REMEDY,
      },
    ];
  });
}

function customResources({ before, after }: Evidence): Finding[] {
  return before.of('apiextensions.k8s.io/v1/CustomResourceDefinition').flatMap((definition): Finding[] => {
    const object = idOf(definition);
    if (after.find(object)) return [];
    const { group, names } = definition.spec;
    const lost = before.ofGroupKind(`${group}/${names.kind}`).length;
    return [
      {
        severity: 'error',
        type: 'DataLoss',
        reason: 'CustomResourcesDeleted',
        object,
        message: `${resourceText(object)} is deleted, and with it every ${names.kind} of all namespaces${lost ? `: ${lost} here` : ''}`,
        remedy: 'keep the definition, or save its resources first',
      },
    ];
  });
}

const claimsInUse = (snapshot: Snapshot): ReadonlySet<string> =>
  new Set(
    snapshot
      .of('v1/Pod')
      .flatMap(({ metadata, spec }) =>
        (spec.volumes ?? []).flatMap((v) =>
          v.persistentVolumeClaim ? [`${metadata.namespace}/${v.persistentVolumeClaim.claimName}`] : [],
        ),
      ),
  );

/** Claims that nobody declares and that no pod uses any more. */
function claimsLeft(evidence: Evidence): Finding[] {
  const [used, stillUsed] = [claimsInUse(evidence.before), claimsInUse(evidence.after)];
  return evidence.after.of('v1/PersistentVolumeClaim').flatMap((claim): Finding[] => {
    const object = idOf(claim);
    const key = `${object.namespace}/${object.name}`;
    if (!used.has(key) || stillUsed.has(key) || claim.metadata.deletionTimestamp || plannedOf(evidence, object)?.desired) return [];
    return [
      {
        severity: 'info',
        type: 'DataLeft',
        reason: 'ClaimUnused',
        object,
        message: `${resourceText(object)} stays, and no pod uses it any more`,
        remedy: 'delete it by hand when nobody needs its data',
      },
    ];
  });
}

function volumesLeft({ before, after }: Evidence): Finding[] {
  return after.of('v1/PersistentVolume').flatMap((volume): Finding[] => {
    const { phase } = volume.status ?? {};
    const object = idOf(volume);
    if (phase !== 'Released' && phase !== 'Failed') return [];
    if (before.get('v1/PersistentVolume', '', object.name)?.status?.phase === phase) return [];
    const { namespace = '', name = '' } = volume.spec?.claimRef ?? {};
    return [
      {
        severity: 'warning',
        type: 'DataLeft',
        reason: 'VolumeReleased',
        object,
        message: `${resourceText(object)} stays with the data of ${namespace}/${name}, and no new claim gets it`,
        remedy: 'back up what is needed and delete it, or take spec.claimRef away to let it be claimed again',
      },
    ];
  });
}

function pending(evidence: Evidence): Finding[] {
  const { before, after, observed } = evidence;
  const used = claimsInUse(after);
  return after.of('v1/PersistentVolumeClaim').flatMap((claim): Finding[] => {
    const object = idOf(claim);
    if (
      claim.status?.phase !== 'Pending' ||
      before.get('v1/PersistentVolumeClaim', object.namespace, object.name)?.status?.phase === 'Pending'
    )
      return [];
    const storageClass = after.get('storage.k8s.io/v1/StorageClass', '', claim.spec?.storageClassName ?? '');
    // it is bound once a pod wants it
    if (storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !used.has(`${object.namespace}/${object.name}`)) return [];
    const event = observed.events.findLast(
      (e) => e.object.kind === 'PersistentVolumeClaim' && e.object.name === object.name && e.object.namespace === object.namespace,
    );
    return [
      {
        severity: 'error',
        type: 'ClaimPending',
        reason: 'Pending',
        object,
        message: `${resourceText(object)} gets no volume`,
        cause: event?.message ?? '',
        remedy: 'name a StorageClass that is there, or provide a volume that suits',
        fields: ['spec.storageClassName'],
      },
    ];
  });
}

function terminating({ before, after }: Evidence): Finding[] {
  return after.of('v1/PersistentVolumeClaim').flatMap((claim): Finding[] => {
    const object = idOf(claim);
    if (
      !claim.metadata.deletionTimestamp ||
      before.get('v1/PersistentVolumeClaim', object.namespace, object.name)?.metadata.deletionTimestamp
    )
      return [];
    return [
      {
        severity: 'error',
        type: 'ClaimTerminating',
        reason: 'InUse',
        object,
        message: `${resourceText(object)} is to be deleted and goes, with its data, as soon as the last pod that uses it does`,
        remedy: 'keep the claim, or take it out of the pods in the same change',
      },
    ];
  });
}
