// Each claim that a pod uses has a volume of its own, and no volume is kept for a claim that is gone.
import { nameOf } from '../world.ts';
import type { RestInvariant } from './invariant.ts';

export const claimsAreBound: RestInvariant = {
  name: 'claims are bound',
  check({ claims, volumes, pods }) {
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
    return problems;
  },
};
