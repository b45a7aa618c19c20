// The resources of API group storage.k8s.io.
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass } from '#api/storage/v1';
import { setCSIDriverDefaults, setStorageClassDefaults } from '../defaults/storage.ts';
import { defaulting, define, typed } from '../generic/define.ts';
import type { ResourceDefinition } from '../generic/resource-definition.ts';
import { keep, statusStrategy } from '../generic/status-strategy.ts';
import {
  csiDriverColumns,
  csiNodeColumns,
  storageClassColumns,
  volumeAttachmentColumns,
  volumeAttributesClassColumns,
} from '../tables/other-groups.ts';
import { validateCoreObjectMetaUpdate } from '../validation/object-meta.ts';
import * as rules from '../validation/storage.ts';
import * as csi from '../validation/volume-attachment.ts';
import { Path } from '../../../apimachinery/validation/field-error.ts';

const GROUP = 'storage.k8s.io';
const METADATA = Path.of('metadata');

const tokenWarnings = ({ spec }: CSIDriver): string[] =>
  spec.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined
    ? [
        'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
      ]
    : [];

export function storageResources(): ResourceDefinition[] {
  return [
    define(GROUP, 'csidrivers', {
      versions: { v1: defaulting<CSIDriver>(setCSIDriverDefaults) },
      strategy: typed<CSIDriver>({
        // behind a feature gate that is off
        prepareForCreate(driver) {
          const { preventPodSchedulingIfMissing: _, ...spec } = driver.spec;
          driver.spec = spec;
        },
        validate: rules.validateCSIDriver,
        warningsOnCreate: tokenWarnings,
        validateUpdate: (driver, old) => [
          ...validateCoreObjectMetaUpdate(driver.metadata, old.metadata, METADATA),
          ...rules.validateCSIDriver(driver),
        ],
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
