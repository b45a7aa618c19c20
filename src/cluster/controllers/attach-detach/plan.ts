// What one node's volumes need: which are to be attached, which may go, and what its status should say. Pure.
// Follows the reconciler of pkg/controller/volume/attachdetach.
import type { ContainerStatus, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { CSIDriver, VolumeAttachment } from '#api/storage/v1';
import { isAttachRequired, uniqueVolumeName } from '../../../apimachinery/core/csi-volumes.ts';
import { isPodTerminal } from '../../../apimachinery/core/pod.ts';
import { isBoundTo } from '../../../apimachinery/core/volume-matching.ts';
import { claimNames } from '../shared/claims-of-pod.ts';

/** A volume that its kubelet does not let go of is taken from a node that is not ready after this long. */
export const MAX_WAIT_FOR_UNMOUNT_MS = 360_000;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/** A PersistentVolume that must be attached before it can be mounted. */
export interface AttachableVolume {
  readonly name: string;
  readonly driver: string;
  readonly handle: string;
  /** `namespace/name` */
  readonly claim: string;
  /** At several nodes at a time. */
  readonly shared: boolean;
}

export interface Desired {
  readonly volume: AttachableVolume;
  /** Who uses it on this node. */
  readonly pods: readonly Pod[];
}

interface Lister<T> {
  get(namespace: string, name: string): T | undefined;
}

export interface VolumeListers {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly drivers: Lister<CSIDriver>;
}

export function volumesOfPod(pod: Pod, { claims, volumes, drivers }: VolumeListers): AttachableVolume[] {
  const found: AttachableVolume[] = [];
  if (isTerminated(pod)) return found;
  const { namespace = '' } = pod.metadata;
  for (const claimName of claimNames(pod)) {
    const claim = claims.get(namespace, claimName);
    const volume = claim?.status?.phase === 'Bound' && claim.spec?.volumeName ? volumes.get('', claim.spec.volumeName) : undefined;
    const csi = volume?.spec?.csi;
    if (!claim || !volume || !csi || !isBoundTo(volume, claim) || !isAttachRequired(drivers.get('', csi.driver))) continue;
    const modes = volume.spec?.accessModes ?? [];
    const shared = modes.length === 0 || modes.includes('ReadWriteMany') || modes.includes('ReadOnlyMany');
    found.push({ name: volume.metadata.name, driver: csi.driver, handle: csi.volumeHandle, claim: `${namespace}/${claimName}`, shared });
  }
  return found;
}

/** Over, or on its way and nothing of it runs any more. */
function isTerminated(pod: Pod): boolean {
  const runs = ({ state }: ContainerStatus): boolean => !state?.terminated && !state?.waiting;
  return isPodTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.status?.containerStatuses?.some(runs));
}

export interface NodeVolumesSeen {
  readonly node: Node | undefined;
  /** By the volume's name. */
  readonly desired: ReadonlyMap<string, Desired>;
  readonly attachments: readonly { readonly attachment: VolumeAttachment; readonly volume: PersistentVolume }[];
  /** Since when a volume waits for its kubelet. */
  detaching(volume: string): number | undefined;
  readonly now: number;
}

export interface NodeVolumesPlan {
  readonly attach: readonly Desired[];
  readonly detach: readonly VolumeAttachment[];
  /** Newly attached. */
  readonly succeeded: readonly Desired[];
  /** What the status should name; undefined: it does. */
  readonly attached: readonly string[] | undefined;
  /** Volumes that their kubelet still has, and since when they are waited for. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly againInMs: number | undefined;
}

export function planNode({ node, desired, attachments, detaching, now }: NodeVolumesSeen): NodeVolumesPlan {
  const inUse = new Set(node?.status?.volumesInUse);
  const said = (node?.status?.volumesAttached ?? []).map(({ name }) => name);
  const isReady = node?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;
  const isOutOfService = node?.spec?.taints?.some((t) => t.key === OUT_OF_SERVICE) === true;
  const detach: VolumeAttachment[] = [];
  const succeeded: Desired[] = [];
  const attached: string[] = [];
  const waiting = new Map<string, number>();
  const known = new Set<string>();
  let againInMs: number | undefined;
  for (const { attachment, volume } of attachments) {
    const { name } = volume.metadata;
    known.add(name);
    if (attachment.metadata.deletionTimestamp) continue;
    const { driver, volumeHandle } = volume.spec!.csi!;
    const unique = uniqueVolumeName(driver, volumeHandle);
    const user = desired.get(name);
    if (!user) {
      const since = detaching(name) ?? now;
      const left = since + MAX_WAIT_FOR_UNMOUNT_MS - now;
      if (inUse.has(unique) && !isOutOfService && (isReady || left > 0)) {
        waiting.set(name, since);
        if (left > 0) againInMs = Math.min(againInMs ?? Infinity, left);
      } else {
        detach.push(attachment);
        continue;
      }
    }
    if (attachment.status?.attached !== true) continue;
    attached.push(unique);
    if (user && !said.includes(unique)) succeeded.push(user);
  }
  return {
    attach: [...desired.values()].filter(({ volume }) => !known.has(volume.name)),
    detach,
    succeeded,
    attached: sameNames(said, attached) ? undefined : attached,
    waiting,
    againInMs,
  };
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name) => b.includes(name));

/** Why a volume cannot come to the node of a pod. @param there pods that have it on other nodes */
export function blockers({ metadata: { namespace } }: Pod, there: readonly Pod[]): string {
  if (there.length === 0) return "Volume is already exclusively attached to one node and can't be attached to another";
  const local = there.filter((pod) => pod.metadata.namespace === namespace).map((pod) => pod.metadata.name);
  const others = there.length - local.length;
  if (local.length === 0) return `Volume is already used by ${others} pod(s) in different namespaces`;
  return `Volume is already used by pod(s) ${local.join(', ')}${others > 0 ? ` and ${others} pod(s) in different namespaces` : ''}`;
}
