// Notices claims that ask for more than they have. Volumes are made larger by their drivers, outside: this only says so.
// Follows pkg/controller/volume/expand of kube-controller-manager.
import type { PersistentVolumeClaim } from '#api/core/v1';
import { driverOf } from '../../apimachinery/core/csi-volumes.ts';
import { PRE_RESIZE_CAPACITY } from '../../apimachinery/core/claim-size.ts';
import { annotation, claimCapacityOf, requestOf } from '../../apimachinery/core/volume-matching.ts';
import { compareQuantities } from '../../apimachinery/quantity.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';

const WORKERS = 10;
const STORAGE_RESIZER = 'volume.kubernetes.io/storage-resizer';

export function volumeExpandController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const claims = informers.of('v1/PersistentVolumeClaim');

  return controller({
    name: 'expand-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const bound = (claim: PersistentVolumeClaim): void => {
        if (claim.status?.phase === 'Bound') queue.add(objectKey(claim));
      };
      claims.addHandler({
        added: bound,
        updated(claim, old) {
          const asksForMore = compareQuantities(requestOf(claim), requestOf(old)) > 0;
          if (asksForMore || compareQuantities(claimCapacityOf(claim), claimCapacityOf(old)) > 0) bound(claim);
        },
      });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      if (!claim?.spec?.volumeName) return;
      const volume = await client.get('v1/PersistentVolume', claim.spec.volumeName);
      if (volume.spec?.claimRef?.uid !== claim.metadata.uid)
        throw new Error(`persistent Volume is not bound to PVC being updated : ${key}`);
      if (compareQuantities(requestOf(claim), claimCapacityOf(claim)) <= 0 && annotation(volume, PRE_RESIZE_CAPACITY) === undefined) return;
      const { driver, migratedFrom } = driverOf(volume) ?? {};
      if (driver === undefined || migratedFrom === undefined) {
        events.event(claim, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC');
        return;
      }
      events.event(
        claim,
        'Normal',
        'ExternalExpanding',
        `CSI migration enabled for ${migratedFrom}; waiting for external resizer to expand the pvc`,
      );
      if (annotation(claim, STORAGE_RESIZER) === driver) return;
      const patch = { metadata: { annotations: { [STORAGE_RESIZER]: driver } } };
      await client.patch('v1/PersistentVolumeClaim', name, patch, { type: 'strategic', namespace, subresource: 'status' });
    },
  });
}
