// Each claim that a pod uses has a volume of its own, and no volume is kept for a claim that is gone.
import type { StatefulSet } from '#api/apps/v1';
import type { PersistentVolumeClaim } from '#api/core/v1';
import { nameOf } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const claimsAreBound: RestInvariant = {
  name: 'claims are bound',
  check({ claims, volumes, pods, statefulSets }) {
    const problems: string[] = [];
    const byName = new Map(volumes.map((volume) => [volume.metadata.name, volume]));
    const takenBy = new Map<string, string>();
    const byUid = new Set(claims.map(({ metadata }) => metadata.uid));
    const used = new Set(
      pods.flatMap(({ metadata, spec }) =>
        (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
          persistentVolumeClaim ? [`${metadata.namespace}/${persistentVolumeClaim.claimName}`] : [],
        ),
      ),
    );
    for (const claim of claims) {
      const { volumeName = '' } = claim.spec ?? {};
      const phase = claim.status?.phase ?? 'Pending';
      if (phase !== 'Bound' && used.has(nameOf(claim))) problems.push(`claim ${nameOf(claim)} is ${phase}, and a pod uses it`);
      if (!volumeName) continue;
      const volume = byName.get(volumeName);
      if (!volume) problems.push(`claim ${nameOf(claim)} is bound to volume ${volumeName}, which is no more`);
      else if (volume.spec?.claimRef?.uid !== claim.metadata.uid)
        problems.push(`claim ${nameOf(claim)} is bound to volume ${volumeName}, which is another one's`);
      const other = takenBy.get(volumeName);
      if (other) problems.push(`claims ${other} and ${nameOf(claim)} are bound to volume ${volumeName}`);
      takenBy.set(volumeName, nameOf(claim));
    }
    for (const { metadata, spec, status } of volumes)
      if (status?.phase === 'Bound' && !byUid.has(spec?.claimRef?.uid ?? ''))
        problems.push(`volume ${metadata.name} is bound to claim ${spec?.claimRef?.namespace}/${spec?.claimRef?.name}, which is no more`);
    return [...problems, ...statefulSets.flatMap((set) => claimsOf(set, claims))];
  },
};

/** Those of its templates: one for each ordinal, and where it asks for that none for ordinals that are no more. */
function claimsOf(set: StatefulSet, claims: readonly PersistentVolumeClaim[]): string[] {
  const { namespace, name } = set.metadata;
  const { replicas = 1, volumeClaimTemplates = [], persistentVolumeClaimRetentionPolicy } = set.spec ?? {};
  return volumeClaimTemplates.flatMap((template) => {
    const prefix = `${template.metadata?.name}-${name}-`;
    const ordinals = claims
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.name.startsWith(prefix))
      .map(({ metadata }) => Number(metadata.name.slice(prefix.length)));
    const problems: string[] = [];
    for (let i = 0; i < replicas; i++) if (!ordinals.includes(i)) problems.push(`claim ${namespace}/${prefix}${i} is missing`);
    if (persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete')
      for (const i of ordinals)
        if (i >= replicas) problems.push(`claim ${namespace}/${prefix}${i} is kept, and there are ${replicas} replicas`);
    return problems;
  });
}
