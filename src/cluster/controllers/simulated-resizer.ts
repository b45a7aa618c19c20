// Makes volumes larger as an external resizer beside a CSI driver would: at once, and never in vain. A volume with a file system then
// waits for the kubelet of a node where it is used. Follows kubernetes-csi/external-resizer.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { nodeResizePending, PRE_RESIZE_CAPACITY, resizeBegun, resizeFinished, resizeStatusOf } from '../../apimachinery/core/claim-size.ts';
import { driverOf } from '../../apimachinery/core/csi-volumes.ts';
import { annotation, capacityOf, claimCapacityOf, requestOf } from '../../apimachinery/core/volume-matching.ts';
import { compareQuantities, parseQuantity, quantityOf, quantityValue, type Quantity } from '../../apimachinery/quantity.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { isStoodFor, type Provisioners } from './simulated-provisioner.ts';

const WORKERS = 5;
const CLAIM = 'v1/PersistentVolumeClaim';
const VOLUME = 'v1/PersistentVolume';

/** What is to be done: nothing, the volume made as large as this, or what was noted on the volume taken off again. */
export type ResizePlan = { readonly is: 'done' } | { readonly is: 'resize'; readonly size: Quantity } | { readonly is: 'forget' };

export function planResize(claim: PersistentVolumeClaim, volume: PersistentVolume): ResizePlan {
  const [asked, has, ofVolume] = [requestOf(claim), claimCapacityOf(claim), capacityOf(volume)];
  if (compareQuantities(asked, has) <= 0) {
    const grown = compareQuantities(has, ofVolume) >= 0 && annotation(volume, PRE_RESIZE_CAPACITY) !== undefined;
    return { is: grown ? 'forget' : 'done' };
  }
  const state = resizeStatusOf(claim);
  const onNode = state === 'NodeResizePending' || state === 'NodeResizeInProgress';
  const text = claim.status?.allocatedResources?.['storage'];
  const begun = text === undefined ? undefined : parseQuantity(text);
  if (compareQuantities(ofVolume, asked) >= 0) return onNode ? { is: 'done' } : { is: 'resize', size: begun ?? asked };
  if (!onNode && state !== 'ControllerResizeInProgress') return { is: 'resize', size: asked };
  // what was begun is ended first
  const size = begun ?? asked;
  return onNode && compareQuantities(ofVolume, size) >= 0 ? { is: 'done' } : { is: 'resize', size };
}

/** @param provisioners those that it stands for */
export function simulatedResizer(deps: ControllerDeps, provisioners: Provisioners): Controller {
  const { client, informers, events, clock } = deps;
  const claims = informers.of(CLAIM);
  const volumes = informers.of(VOLUME);

  return controller({
    name: 'simulated-resizer',
    deps,
    workers: WORKERS,
    watch(queue) {
      const claimChanged = (claim: PersistentVolumeClaim): void => {
        if (claim.status?.phase === 'Bound') queue.add(objectKey(claim));
      };
      claims.addHandler({ added: claimChanged, updated: claimChanged });
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = claims.get(namespace, name);
      const volume = claim?.spec?.volumeName ? volumes.get('', claim.spec.volumeName) : undefined;
      if (!claim || !volume || volume.spec?.claimRef?.uid !== claim.metadata.uid) return;
      const { driver } = driverOf(volume) ?? {};
      if (driver === undefined || !isStoodFor(provisioners, driver)) return;
      const plan = planResize(claim, volume);
      if (plan.is === 'resize') await resize(claim, volume, plan.size);
      else if (plan.is === 'forget') await patchVolume(volume, { metadata: { annotations: { [PRE_RESIZE_CAPACITY]: null } } });
    },
  });

  async function resize(claim: PersistentVolumeClaim, volume: PersistentVolume, size: Quantity): Promise<void> {
    const { status = {} } = claim;
    const begun =
      status.allocatedResources?.['storage'] === size.text && resizeStatusOf(claim) === 'ControllerResizeInProgress'
        ? claim
        : await client.updateStatus(CLAIM, { ...claim, status: resizeBegun(status, size.text, clock.now()) });
    events.event(begun, 'Normal', 'Resizing', `External resizer is resizing volume ${volume.metadata.name}`);
    // drivers count bytes
    const grown = quantityOf(quantityValue(size), 'BinarySI').text;
    const onNode = volume.spec?.volumeMode !== 'Block';
    const before = claimCapacityOf(claim).text;
    const noted = onNode && annotation(volume, PRE_RESIZE_CAPACITY) === undefined;
    await patchVolume(volume, {
      spec: { capacity: { storage: grown } },
      ...(noted ? { metadata: { annotations: { [PRE_RESIZE_CAPACITY]: before } } } : {}),
    });
    if (onNode) {
      const pending = await client.updateStatus(CLAIM, { ...begun, status: nodeResizePending(begun.status ?? {}, clock.now()) });
      events.event(pending, 'Normal', 'FileSystemResizeRequired', 'Require file system resize of volume on node');
    } else {
      const finished = await client.updateStatus(CLAIM, { ...begun, status: resizeFinished(begun.status ?? {}, grown) });
      events.event(finished, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
    }
  }

  async function patchVolume({ metadata: { name } }: PersistentVolume, patch: object): Promise<void> {
    await client.patch(VOLUME, name, patch, { type: 'strategic' });
  }
}
