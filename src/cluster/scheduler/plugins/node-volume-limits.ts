// NodeVolumeLimits: a CSI driver can attach only so many volumes to a node, as its CSINode says.
import { refuse, type Lister, type Plugin } from '../framework.ts';
import { claimMayHelp, splitClaimKey } from './volume-binding.ts';

export function nodeVolumeLimits(lister: Lister): Plugin {
  /** `driver volume`, the same for all pods that share the volume. */
  const volumeOf = (key: string): { readonly driver: string; readonly id: string } | undefined => {
    const { namespace, name } = splitClaimKey(key);
    const spec = lister.claim(namespace, name)?.spec;
    if (!spec) return undefined;
    const csi = spec.volumeName ? lister.volume(spec.volumeName)?.spec?.csi : undefined;
    if (csi) return { driver: csi.driver, id: csi.volumeHandle };
    const provisioner = spec.volumeName ? undefined : lister.storageClass(spec.storageClassName ?? '')?.provisioner;
    // one that is still to be made
    return provisioner ? { driver: provisioner, id: key } : undefined;
  };
  return {
    name: 'NodeVolumeLimits',
    events: [
      { resource: 'CSINode', actions: ['Add', 'Update'] },
      { resource: 'Pod', actions: ['Delete'] },
      { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], mayHelp: claimMayHelp },
    ],
    preFilter({ claims }) {
      const wanted = claims.map(volumeOf).filter((v) => v !== undefined);
      if (wanted.length === 0) return undefined;
      return {
        filter(node) {
          for (const { name, allocatable } of lister.csiNode(node.name)?.spec?.drivers ?? []) {
            const limit = allocatable?.count;
            if (limit === undefined) continue;
            const attached = new Set<string>();
            for (const key of node.claims.keys()) {
              const volume = volumeOf(key);
              if (volume?.driver === name) attached.add(volume.id);
            }
            const more = wanted.filter(({ driver, id }) => driver === name && !attached.has(id));
            if (more.length && attached.size + new Set(more.map((v) => v.id)).size > limit)
              return refuse('node(s) exceed max volume count');
          }
          return undefined;
        },
      };
    },
  };
}
