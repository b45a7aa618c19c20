// Which CSI driver stands behind a volume, and the names that kube-controller-manager and kubelets agree on for it. Pure.
// Follows pkg/volume/csi and k8s.io/csi-translation-lib.
import { createHash } from 'node:crypto';
import type { PersistentVolume, Pod } from '#api/core/v1';
import type { CSIDriver } from '#api/storage/v1';

/** Kinds of volumes that drivers took over: field of the volume → plugin, and its driver. */
const MIGRATED: Readonly<Record<string, readonly [plugin: string, driver: string]>> = {
  awsElasticBlockStore: ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  azureDisk: ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  azureFile: ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  cinder: ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  gcePersistentDisk: ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  portworxVolume: ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
  vsphereVolume: ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
};

/** In-tree plugins whose volumes are those of a CSI driver nowadays: plugin → driver. */
export const MIGRATED_PLUGINS: Readonly<Record<string, string>> = Object.fromEntries(Object.values(MIGRATED));

export interface DriverOfVolume {
  readonly driver: string;
  /** The in-tree plugin that the volume's own words name. */
  readonly migratedFrom?: string;
}

/** Undefined for volumes that no CSI driver has to do with. */
export function driverOf({ spec }: PersistentVolume): DriverOfVolume | undefined {
  if (spec?.csi) return { driver: spec.csi.driver };
  for (const [field, [migratedFrom, driver]] of Object.entries(MIGRATED))
    if ((spec as Readonly<Record<string, unknown>> | undefined)?.[field]) return { driver, migratedFrom };
  return undefined;
}

/** How `status.volumesAttached` and `status.volumesInUse` of nodes name a volume. */
export const uniqueVolumeName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;

/** The name of the VolumeAttachment of a volume at a node. */
export const attachmentName = (handle: string, driver: string, node: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${node}`).digest('hex')}`;

/** Drivers of which nobody says otherwise want their volumes attached. */
export const isAttachRequired = (driver: CSIDriver | undefined): boolean => driver?.spec.attachRequired ?? true;

export const CONTROLLER_ATTACHES = 'volumes.kubernetes.io/controller-managed-attach-detach';

/** The claims that a pod's volumes are: `[volume, claim]` by name, those made for its ephemeral volumes too. */
export function claimVolumes({ spec, metadata }: Pod): readonly (readonly [volume: string, claim: string])[] {
  const found: [string, string][] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of spec.volumes ?? []) {
    if (persistentVolumeClaim) found.push([name, persistentVolumeClaim.claimName]);
    else if (ephemeral) found.push([name, `${metadata.name}-${name}`]);
  }
  return found;
}
