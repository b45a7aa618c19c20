// Which claims a pod uses, and an index from claims to pods. Follows the pvc indexers of kube-controller-manager.
import type { Pod } from '#api/core/v1';
import type { Informer } from '../../../client/informer.ts';

const BY_CLAIM = 'claim';

/** Names of the claims that the pod uses: those it names, and those made for its ephemeral volumes. */
export function claimNames({ spec, metadata }: Pod): readonly string[] {
  const names: string[] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of spec.volumes ?? []) {
    if (persistentVolumeClaim) names.push(persistentVolumeClaim.claimName);
    else if (ephemeral) names.push(`${metadata.name}-${name}`);
  }
  return names;
}

/** Must be called before the informer starts. */
export function indexByClaim(pods: Informer<Pod>): void {
  pods.addIndex(BY_CLAIM, (pod) => claimNames(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`));
}

/** @param claim `namespace/name` */
export const podsUsing = (pods: Informer<Pod>, claim: string): Iterable<Pod> => pods.byIndex(BY_CLAIM, claim);
