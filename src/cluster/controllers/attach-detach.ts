// Asks for volumes to be attached to the nodes whose pods use them, by a VolumeAttachment each, and to be detached when no pod there does
// and the kubelet has let go of them; says in the node's status what is attached. The attaching itself is done outside, by CSI drivers.
// Follows pkg/controller/volume/attachdetach of kube-controller-manager.
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '#api/core/v1';
import type { VolumeAttachment } from '#api/storage/v1';
import { attachmentName, CONTROLLER_ATTACHES } from '../../apimachinery/core/csi-volumes.ts';
import { deepEqual } from '../../apimachinery/object.ts';
import { isAlreadyExists, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/workqueue.ts';
import { blockers, planNode, volumesOfPod, type AttachableVolume, type Desired } from './attach-detach/plan.ts';
import { claimNames, indexByClaim, podsUsing } from './shared/claims-of-pod.ts';

const WORKERS = 10;
const ATTACHMENT = 'storage.k8s.io/v1/VolumeAttachment';
const BY_NODE = 'node-name';
const BY_VOLUME = 'volume';

export function attachDetachController(deps: ControllerDeps): Controller {
  const { client, informers, events, clock } = deps;
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  const claims = informers.of('v1/PersistentVolumeClaim');
  const volumes = informers.of('v1/PersistentVolume');
  const drivers = informers.of('storage.k8s.io/v1/CSIDriver');
  const attachments = informers.of(ATTACHMENT);
  indexByClaim(pods);
  pods.addIndex(BY_NODE, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []));
  attachments.addIndex(BY_NODE, ({ spec }) => [spec.nodeName]);
  attachments.addIndex(BY_VOLUME, ({ spec }) => (spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : []));
  /** By node: volumes that wait for its kubelet to let go, since when; and those of which it was said that they are in use elsewhere. */
  const detaching = new Map<string, ReadonlyMap<string, number>>();
  const reported = new Map<string, ReadonlySet<string>>();

  return controller({ name: 'attachdetach-controller', deps, workers: WORKERS, watch, reconcile });

  function watch(queue: WorkQueue): void {
    const podChanged = (pod: Pod): void => {
      if (pod.spec.nodeName && claimNames(pod).length > 0) queue.add(pod.spec.nodeName);
    };
    pods.addHandler({ added: podChanged, updated: podChanged, deleted: podChanged });
    nodes.addHandler({
      added: ({ metadata }) => queue.add(metadata.name),
      updated(node, old) {
        if (!deepEqual(seenOf(node), seenOf(old))) queue.add(node.metadata.name);
      },
      deleted: ({ metadata }) => queue.add(metadata.name),
    });
    const wakeUsers = (claim: string): void => {
      for (const { spec } of podsUsing(pods, claim)) if (spec.nodeName) queue.add(spec.nodeName);
    };
    claims.addHandler({
      added: (claim) => wakeUsers(objectKey(claim)),
      updated(claim: PersistentVolumeClaim, old) {
        if (claim.spec?.volumeName !== old.spec?.volumeName || claim.status?.phase !== old.status?.phase) wakeUsers(objectKey(claim));
      },
    });
    const attachmentChanged = ({ spec }: VolumeAttachment): void => queue.add(spec.nodeName);
    attachments.addHandler({
      added: attachmentChanged,
      updated: attachmentChanged,
      deleted(attachment) {
        attachmentChanged(attachment);
        // who waited for it elsewhere may have it now
        const ref = volumes.get('', attachment.spec.source.persistentVolumeName ?? '')?.spec?.claimRef;
        if (ref) wakeUsers(`${ref.namespace}/${ref.name}`);
      },
    });
  }

  async function reconcile(name: string, queue: WorkQueue): Promise<void> {
    const node = nodes.get('', name);
    const plan = planNode({
      node,
      desired: node?.metadata.annotations?.[CONTROLLER_ATTACHES] === 'true' ? desiredOn(name) : new Map(),
      attachments: attachmentsOf(name),
      detaching: (volume) => detaching.get(name)?.get(volume),
      now: clock.now(),
    });
    detaching.set(name, plan.waiting);
    if (plan.waiting.size === 0) detaching.delete(name);
    if (node && plan.attached) await sayAttached(node, plan.attached);
    for (const { volume, pods: users } of plan.succeeded)
      for (const pod of users)
        events.event(pod, 'Normal', 'SuccessfulAttachVolume', `AttachVolume.Attach succeeded for volume "${volume.name}" `);
    for (const { metadata } of plan.detach) await gone(client.delete(ATTACHMENT, metadata.name, { preconditions: { uid: metadata.uid } }));
    const held = plan.attach.filter(({ volume }) => isElsewhere(volume, name));
    for (const desired of held) if (!reported.get(name)?.has(desired.volume.name)) tellMultiAttach(desired, name);
    if (held.length > 0) reported.set(name, new Set(held.map(({ volume }) => volume.name)));
    else reported.delete(name);
    for (const desired of plan.attach) if (!held.includes(desired)) await attach(desired.volume, name);
    if (plan.againInMs !== undefined) queue.addAfter(name, plan.againInMs, { background: true });
  }

  function desiredOn(node: string): ReadonlyMap<string, Desired> {
    const desired = new Map<string, { volume: AttachableVolume; pods: Pod[] }>();
    for (const pod of pods.byIndex(BY_NODE, node))
      for (const volume of volumesOfPod(pod, { claims, volumes, drivers })) {
        const known = desired.get(volume.name);
        if (known) known.pods.push(pod);
        else desired.set(volume.name, { volume, pods: [pod] });
      }
    return desired;
  }

  /** Those that this controller makes: others are left alone. */
  function attachmentsOf(node: string): readonly { attachment: VolumeAttachment; volume: PersistentVolume }[] {
    const found: { attachment: VolumeAttachment; volume: PersistentVolume }[] = [];
    for (const attachment of attachments.byIndex(BY_NODE, node)) {
      const volume = volumes.get('', attachment.spec.source.persistentVolumeName ?? '');
      const csi = volume?.spec?.csi;
      if (csi && attachment.metadata.name === attachmentName(csi.volumeHandle, csi.driver, node)) found.push({ attachment, volume });
    }
    return found;
  }

  function nodesOf(volume: AttachableVolume): readonly string[] {
    return [...attachments.byIndex(BY_VOLUME, volume.name)].map(({ spec }) => spec.nodeName);
  }

  /** At another node, and it can be at one only. */
  function isElsewhere(volume: AttachableVolume, node: string): boolean {
    return !volume.shared && nodesOf(volume).some((n) => n !== node);
  }

  function tellMultiAttach({ volume, pods: users }: Desired, node: string): void {
    const elsewhere = nodesOf(volume).filter((n) => n !== node);
    const there = [...podsUsing(pods, volume.claim)].filter((pod) => elsewhere.includes(pod.spec.nodeName ?? ''));
    for (const pod of users) {
      const message = `Multi-Attach error for volume "${volume.name}" ${blockers(pod, there)}`;
      events.event(pod, 'Warning', 'FailedAttachVolume', message);
    }
  }

  async function attach(volume: AttachableVolume, node: string): Promise<void> {
    try {
      await client.create(ATTACHMENT, {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name: attachmentName(volume.handle, volume.driver, node) },
        spec: { attacher: volume.driver, nodeName: node, source: { persistentVolumeName: volume.name } },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async function sayAttached({ metadata }: Node, names: readonly string[]): Promise<void> {
    const volumesAttached = names.length > 0 ? names.map((name) => ({ name, devicePath: '' })) : null;
    await gone(client.patch('v1/Node', metadata.name, { status: { volumesAttached } }, { type: 'strategic', subresource: 'status' }));
  }
}

/** What of a node matters here. */
const seenOf = ({ metadata, spec, status }: Node): readonly unknown[] => [
  metadata.annotations?.[CONTROLLER_ATTACHES],
  spec?.taints,
  status?.volumesInUse,
  status?.volumesAttached,
  status?.conditions?.find((c) => c.type === 'Ready')?.status,
];

async function gone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
