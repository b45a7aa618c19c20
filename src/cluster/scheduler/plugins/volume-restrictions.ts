// VolumeRestrictions: a claim of access mode ReadWriteOncePod is for one pod alone, wherever it runs.
// DEVIATION: disks that pods name directly (GCE, AWS, RBD, iSCSI) may be used by two pods of a node.
import { eventPod, refuse, refuseForGood, type Lister, type Plugin } from '../framework.ts';
import { podInfo, type PodInfo } from '../pod-info.ts';
import { claimMayHelp, splitClaimKey } from './volume-binding.ts';

const REASON = 'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';

export function volumeRestrictions(lister: Lister): Plugin {
  const shares = (a: PodInfo, b: PodInfo): boolean => a.claims.some((key) => b.claims.includes(key));
  return {
    name: 'VolumeRestrictions',
    events: [
      { resource: 'Pod', actions: ['Delete'], mayHelp: (pod, event) => shares(pod, podInfo(eventPod(event))) },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], mayHelp: claimMayHelp },
    ],
    preFilter(pod, snapshot) {
      const exclusive: string[] = [];
      for (const key of pod.claims) {
        const { namespace, name } = splitClaimKey(key);
        const claim = lister.claim(namespace, name);
        if (!claim) return refuseForGood(`persistentvolumeclaim "${name}" not found`);
        if (claim.spec?.accessModes?.includes('ReadWriteOncePod')) exclusive.push(key);
      }
      if (exclusive.length === 0) return undefined;
      let conflicts = 0;
      for (const key of exclusive) if (snapshot.isClaimUsed(key)) conflicts++;
      const filter = (count: { conflicts: number }): ReturnType<NonNullable<Plugin['preFilter']>> => ({
        filter: () => (count.conflicts > 0 ? refuse(REASON) : undefined),
        change(other, _node, sign) {
          for (const key of exclusive) if (other.claims.includes(key)) count.conflicts += sign;
        },
        clone: () => filter({ ...count }) as Exclude<ReturnType<typeof filter>, undefined | { reasons: unknown }>,
      });
      return filter({ conflicts });
    },
  };
}
