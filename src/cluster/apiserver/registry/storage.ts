// The resources of API group storage.k8s.io.
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from '#api/storage/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { setCSIDriverDefaults, setStorageClassDefaults } from '../defaults/storage.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import { bumpGeneration } from '../generic/generation.ts';
import type { Draft, ResourceDefinition } from '../generic/resource-definition.ts';
import { keep, statusStrategy } from '../generic/status-strategy.ts';
import {
  csiDriverColumns,
  csiNodeColumns,
  storageClassColumns,
  volumeAttachmentColumns,
  volumeAttributesClassColumns,
} from '../tables/other-groups.ts';
import * as rules from '../validation/storage.ts';
import * as csi from '../validation/volume-attachment.ts';

const GROUP = 'storage.k8s.io';

const tokenWarnings = ({ spec }: CSIDriver): string[] =>
  spec.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined
    ? [
        'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
      ]
    : [];

/** Fields behind a feature gate that is off. */
function withoutGated(given: CSIDriver['spec']): CSIDriver['spec'] {
  const { preventPodSchedulingIfMissing: _, ...spec } = given;
  return spec;
}

export function storageResources(): ResourceDefinition[] {
  return [
    define(GROUP, 'csidrivers', {
      versions: { v1: defaulting<CSIDriver>(setCSIDriverDefaults) },
      strategy: typed<CSIDriver>({
        prepareForCreate(driver) {
          driver.spec = withoutGated(driver.spec);
        },
        prepareForUpdate(driver, old) {
          if (old.spec.preventPodSchedulingIfMissing === undefined) driver.spec = withoutGated(driver.spec);
          const [written, before] = [driver as unknown as Draft, old as unknown as KubernetesObject];
          bumpGeneration(written, before);
        },
        validate: rules.validateCSIDriver,
        warningsOnCreate: tokenWarnings,
        validateUpdate: rules.validateCSIDriverUpdate,
        warningsOnUpdate: tokenWarnings,
      }),
      columns: csiDriverColumns,
    }),
    define(GROUP, 'csinodes', {
      strategy: typed<CSINode>({ validate: csi.validateCSINode, validateUpdate: csi.validateCSINodeUpdate }),
      columns: csiNodeColumns,
    }),
    define(GROUP, 'csistoragecapacities', {
      strategy: typed<CSIStorageCapacity>({
        validate: csi.validateCSIStorageCapacity,
        validateUpdate: csi.validateCSIStorageCapacityUpdate,
      }),
    }),
    define(GROUP, 'storageclasses', {
      shortNames: ['sc'],
      versions: { v1: defaulting<StorageClass>(setStorageClassDefaults) },
      strategy: typed<StorageClass>({
        allowUnconditionalUpdate: true,
        validate: rules.validateStorageClass,
        validateUpdate: (one, old) => [...rules.validateStorageClass(one), ...rules.validateStorageClassUpdate(one, old)],
      }),
      returnsDeletedObject: true,
      columns: storageClassColumns,
    }),
    define(GROUP, 'volumeattachments', {
      strategy: {
        resetFields: [['status']],
        ...typed<VolumeAttachment>({
          prepareForCreate(attachment) {
            attachment.status = { attached: false };
          },
          validate: csi.validateVolumeAttachment,
          validateUpdate: (attachment, old) => [
            ...csi.validateVolumeAttachment(attachment),
            ...csi.validateVolumeAttachmentUpdate(attachment, old),
          ],
        }),
        prepareForUpdate: (attachment, old) => keep(attachment, old, 'status'),
      },
      subresources: { status: { strategy: statusStrategy } },
      returnsDeletedObject: true,
      columns: volumeAttachmentColumns,
    }),
    define(GROUP, 'volumeattributesclasses', {
      shortNames: ['vac'],
      strategy: typed<VolumeAttributesClass>({
        allowUnconditionalUpdate: true,
        validate: rules.validateVolumeAttributesClass,
        validateUpdate: (one, old) => [...rules.validateVolumeAttributesClassUpdate(one, old), ...rules.validateVolumeAttributesClass(one)],
      }),
      returnsDeletedObject: true,
      columns: volumeAttributesClassColumns,
    }),
  ];
}
