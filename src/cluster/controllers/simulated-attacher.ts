// Attaches and detaches volumes as an external attacher beside a CSI driver would: at once, with nothing behind it. While a volume is
// attached, neither it nor its attachment can go. Follows kubernetes-csi/external-attacher.
import type { PersistentVolume } from '#api/core/v1';
import type { VolumeAttachment } from '#api/storage/v1';
import { isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { isStoodFor, type Provisioners } from './simulated-provisioner.ts';

const WORKERS = 10;
const ATTACHMENT = 'storage.k8s.io/v1/VolumeAttachment';
const VOLUME = 'v1/PersistentVolume';
const VOLUME_KEY = 'volume:';
const ATTACHMENT_KEY = 'attachment:';
const NODE_ID = 'csi.alpha.kubernetes.io/node-id';
const BY_VOLUME = 'volume';

/** Held by an attachment, and by its volume. */
export const attacherFinalizer = (driver: string): string =>
  `external-attacher/${driver.replace(/[^A-Za-z0-9-]/g, '-').replace(/-$/, '-X')}`;

/** @param provisioners those whose drivers it stands for */
export function simulatedAttacher(deps: ControllerDeps, provisioners: Provisioners): Controller {
  const { client, informers } = deps;
  const attachments = informers.of(ATTACHMENT);
  const volumes = informers.of(VOLUME);
  attachments.addIndex(BY_VOLUME, ({ spec }) => (spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : []));

  return controller({
    name: 'simulated-attacher',
    deps,
    workers: WORKERS,
    watch(queue) {
      const changed = ({ metadata, spec }: VolumeAttachment): void => {
        if (isStoodFor(provisioners, spec.attacher)) queue.add(ATTACHMENT_KEY + metadata.name);
      };
      const volumeChanged = ({ metadata }: PersistentVolume): void => {
        if (metadata.deletionTimestamp) queue.add(VOLUME_KEY + metadata.name);
      };
      attachments.addHandler({
        added: changed,
        updated: changed,
        deleted({ spec }) {
          const volume = volumes.get('', spec.source.persistentVolumeName ?? '');
          if (volume) volumeChanged(volume);
        },
      });
      volumes.addHandler({ added: volumeChanged, updated: volumeChanged });
    },
    async reconcile(key) {
      try {
        if (key.startsWith(VOLUME_KEY)) await letGo(volumes.get('', key.slice(VOLUME_KEY.length)));
        else {
          const attachment = attachments.get('', key.slice(ATTACHMENT_KEY.length));
          if (attachment?.metadata.deletionTimestamp) await detach(attachment);
          else if (attachment && attachment.status?.attached !== true) await attach(attachment);
        }
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });

  async function attach({ metadata, spec, status }: VolumeAttachment): Promise<void> {
    const finalizer = attacherFinalizer(spec.attacher);
    const volume = volumes.get('', spec.source.persistentVolumeName ?? '');
    if (volume && !volume.metadata.finalizers?.includes(finalizer)) await hold(volume, finalizer);
    if (!metadata.finalizers?.includes(finalizer)) {
      const annotations = { [NODE_ID]: spec.nodeName };
      await client.patch(ATTACHMENT, metadata.name, { metadata: { annotations, finalizers: [finalizer] } }, { type: 'strategic' });
    }
    const attached = { status: { ...status, attached: true } };
    await client.patch(ATTACHMENT, metadata.name, attached, { type: 'strategic', subresource: 'status' });
  }

  async function detach({ metadata, spec, status }: VolumeAttachment): Promise<void> {
    const finalizer = attacherFinalizer(spec.attacher);
    if (!metadata.finalizers?.includes(finalizer)) return;
    if (status?.attached)
      await client.patch(ATTACHMENT, metadata.name, { status: { attached: false } }, { type: 'strategic', subresource: 'status' });
    await release(ATTACHMENT, metadata.name, finalizer);
  }

  /** A volume that is to go, and is attached nowhere. */
  async function letGo(volume: PersistentVolume | undefined): Promise<void> {
    const driver = volume?.spec?.csi?.driver;
    if (!volume || driver === undefined || !isStoodFor(provisioners, driver)) return;
    const { name, finalizers = [] } = volume.metadata;
    const finalizer = attacherFinalizer(driver);
    if (!finalizers.includes(finalizer) || !attachments.byIndex(BY_VOLUME, name)[Symbol.iterator]().next().done) return;
    await release(VOLUME, name, finalizer);
  }

  async function hold({ metadata: { name, resourceVersion, finalizers = [] } }: PersistentVolume, finalizer: string): Promise<void> {
    await client.patch(VOLUME, name, { metadata: { resourceVersion, finalizers: [...finalizers, finalizer] } }, { type: 'merge' });
  }

  async function release(kind: string, name: string, finalizer: string): Promise<void> {
    await client.patch(kind, name, { metadata: { '$deleteFromPrimitiveList/finalizers': [finalizer] } }, { type: 'strategic' });
  }
}
