// Which claims a pod uses, and an index from claims to pods. Follows the pvc indexers of kube-controller-manager.
import type { Pod } from '#api/core/v1';
import { claimVolumes } from '../../../apimachinery/core/csi-volumes.ts';
import type { Informer } from '../../../client/informer.ts';

const BY_CLAIM = 'claim';

/** Names of the claims that the pod uses: those it names, and those made for its ephemeral volumes. */
export const claimNames = (pod: Pod): readonly string[] => claimVolumes(pod).map(([, claim]) => claim);

/** Must be called before the informer starts. */
export function indexByClaim(pods: Informer<Pod>): void {
  pods.addIndex(BY_CLAIM, (pod) => claimNames(pod).map((name) => `${pod.metadata.namespace ?? ''}/${name}`));
}

/** @param claim `namespace/name` */
export const podsUsing = (pods: Informer<Pod>, claim: string): Iterable<Pod> => pods.byIndex(BY_CLAIM, claim);
