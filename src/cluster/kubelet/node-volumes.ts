// The CSI volumes that the pods of one node use: which are in use is said in the node's status before they are mounted, and nothing is
// mounted that is not attached; file systems grow after their volumes. Follows the volume manager of the kubelet.
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { CSIDriver } from '#api/storage/v1';
import { nodeResizeBegun, resizeFinished, resizeStatusOf } from '../../apimachinery/core/claim-size.ts';
import { claimVolumes, isAttachRequired, uniqueVolumeName } from '../../apimachinery/core/csi-volumes.ts';
import { capacityOf, claimCapacityOf } from '../../apimachinery/core/volume-matching.ts';
import type { Clock } from '../../apimachinery/clock.ts';
import { compareQuantities } from '../../apimachinery/quantity.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { EventType } from '../../client/event-recorder.ts';

export interface VolumeLister {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  driver(name: string): CSIDriver | undefined;
}

export interface NodeVolumesParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly lister: VolumeLister;
  node(): Node;
  event(about: Pod | PersistentVolumeClaim, type: EventType, reason: string, message: string): void;
  /** More may be mounted than before. */
  changed(): void;
  onError(error: unknown): void;
}

const RETRY_MS = 1000;

export class NodeVolumes {
  private readonly parts: NodeVolumesParts;
  /** Pod → what it uses, by the names that node statuses have. */
  private readonly inUse = new Map<string, readonly string[]>();
  private reported: readonly string[] | undefined;
  private reporting = false;
  private closed = false;
  private readonly expanding = new Set<string>();

  constructor(parts: NodeVolumesParts) {
    this.parts = parts;
  }

  /** @returns the pod's volumes that cannot be mounted yet, by the names that it gives them */
  unattached(pod: Pod): string[] {
    const wanted = this.attachable(pod);
    this.use(pod, wanted);
    const attached = new Set(this.parts.node().status?.volumesAttached?.map(({ name }) => name));
    return wanted.filter(({ unique }) => !attached.has(unique) || !this.reported?.includes(unique)).map(({ volume }) => volume);
  }

  /** A pod that was started before has its volumes still. */
  recovered(pod: Pod): void {
    this.use(pod, this.attachable(pod));
  }

  /** The node is no longer this kubelet's: nothing more is said. */
  close(): void {
    this.closed = true;
  }

  /** Nothing of the pod runs any more. */
  release(podUid: string): void {
    if (this.inUse.delete(podUid)) this.report();
  }

  /** Lets the file systems of the pod's volumes grow to what their volumes have become. */
  async expand(pod: Pod): Promise<void> {
    const { namespace = '' } = pod.metadata;
    for (const [, name] of claimVolumes(pod)) {
      const claim = this.parts.lister.claim(namespace, name);
      const state = claim && resizeStatusOf(claim);
      if (!claim || (state !== 'NodeResizePending' && state !== 'NodeResizeInProgress')) continue;
      const volume = this.parts.lister.volume(claim.spec?.volumeName ?? '');
      const { uid } = claim.metadata;
      if (!volume || this.expanding.has(uid)) continue;
      this.expanding.add(uid);
      try {
        await this.expandOne(pod, claim, volume);
      } catch (error) {
        // it was written meanwhile: its change wakes the pod again
        if (!isConflict(error) && !isNotFound(error)) throw error;
      } finally {
        this.expanding.delete(uid);
      }
    }
  }

  private async expandOne(pod: Pod, claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client, event, node } = this.parts;
    const size = capacityOf(volume);
    if (compareQuantities(size, claimCapacityOf(claim)) <= 0) return;
    const kind = 'v1/PersistentVolumeClaim';
    const begun = await client.updateStatus(kind, { ...claim, status: nodeResizeBegun(claim.status ?? {}) });
    const message = `MountVolume.NodeExpandVolume succeeded for volume "${volume.metadata.name}" ${node().metadata.name}`;
    for (const about of [pod, begun]) event(about, 'Normal', 'FileSystemResizeSuccessful', message);
    await client.updateStatus(kind, { ...begun, status: resizeFinished(begun.status ?? {}, size.text) });
  }

  private attachable(pod: Pod): { readonly volume: string; readonly unique: string }[] {
    const { lister } = this.parts;
    const found: { volume: string; unique: string }[] = [];
    for (const [volume, claimName] of claimVolumes(pod)) {
      const claim = lister.claim(pod.metadata.namespace ?? '', claimName);
      const csi = claim?.spec?.volumeName ? lister.volume(claim.spec.volumeName)?.spec?.csi : undefined;
      if (csi && isAttachRequired(lister.driver(csi.driver)))
        found.push({ volume, unique: uniqueVolumeName(csi.driver, csi.volumeHandle) });
    }
    return found;
  }

  private use(pod: Pod, wanted: readonly { readonly unique: string }[]): void {
    const { uid } = pod.metadata;
    const names = wanted.map(({ unique }) => unique);
    if (sameNames(names, this.inUse.get(uid) ?? [])) return;
    this.inUse.set(uid, names);
    this.report();
  }

  /** What is so when the instant is over. */
  private report(): void {
    if (this.reporting || this.closed) return;
    this.reporting = true;
    this.parts.clock.schedule(0, () => void this.write());
  }

  private async write(): Promise<void> {
    if (this.closed) return;
    const { client, clock, node, onError, changed } = this.parts;
    const names = [...new Set([...this.inUse.values()].flat())].sort();
    const known = this.reported ?? node().status?.volumesInUse ?? [];
    try {
      if (!sameNames(names, known)) {
        const status = { volumesInUse: names.length > 0 ? names : null };
        await client.patch('v1/Node', node().metadata.name, { status }, { type: 'strategic', subresource: 'status' });
      }
      this.reported = names;
      this.reporting = false;
      if (!sameNames(names, [...new Set([...this.inUse.values()].flat())].sort())) this.report();
      changed();
    } catch (error) {
      this.reporting = false;
      // without a node nothing is to be said
      if (isNotFound(error)) return;
      onError(error);
      clock.schedule(RETRY_MS, () => this.report());
    }
  }
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);
