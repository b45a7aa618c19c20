// Tables of API groups storage.k8s.io, scheduling.k8s.io, node.k8s.io and coordination.k8s.io. Follows pkg/printers/internalversion.
import type { Lease } from '#api/coordination/v1';
import type { RuntimeClass } from '#api/node/v1';
import type { PriorityClass } from '#api/scheduling/v1';
import type { CSIDriver, CSINode, StorageClass, VolumeAttachment, VolumeAttributesClass } from '#api/storage/v1';
import { age } from './ages.ts';
import { columnsOf, flag, integer, text, UNSET } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

export const storageClassColumns = columnsOf<StorageClass>(
  [
    NAME,
    text('Provisioner', 'Who makes its volumes.'),
    text('ReclaimPolicy', 'What becomes of a volume whose claim is gone.'),
    text('VolumeBindingMode', 'When claims are bound.'),
    text('AllowVolumeExpansion', 'Whether volumes can grow.'),
    AGE,
  ],
  (one, now) => [
    `${one.metadata.name!}${one.metadata.annotations?.[IS_DEFAULT] === 'true' ? ' (default)' : ''}`,
    one.provisioner,
    one.reclaimPolicy ?? 'Delete',
    one.volumeBindingMode ?? 'Immediate',
    one.allowVolumeExpansion ?? false,
    age(one.metadata.creationTimestamp, now),
  ],
);

export const csiDriverColumns = columnsOf<CSIDriver>(
  [
    NAME,
    flag('AttachRequired', 'Whether volumes are attached before they are mounted.'),
    flag('PodInfoOnMount', 'Whether it is told of the pod.'),
    flag('StorageCapacity', 'Whether it tells what room there is.'),
    text('TokenRequests', 'Audiences of the tokens that it wants.'),
    flag('RequiresRepublish', 'Whether it is called again and again.'),
    text('Modes', 'Lives of volumes that it supports.'),
    AGE,
  ],
  ({ metadata, spec }, now) => [
    metadata.name!,
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests ? spec.tokenRequests.map(({ audience }) => audience).join(',') : UNSET,
    spec.requiresRepublish ?? false,
    (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
    age(metadata.creationTimestamp, now),
  ],
);

export const csiNodeColumns = columnsOf<CSINode>([NAME, integer('Drivers', 'How many drivers it has.'), AGE], ({ metadata, spec }, now) => [
  metadata.name!,
  spec.drivers?.length ?? 0,
  age(metadata.creationTimestamp, now),
]);

export const volumeAttachmentColumns = columnsOf<VolumeAttachment>(
  [
    NAME,
    text('Attacher', 'Who attaches it.'),
    text('PV', 'Which volume.'),
    text('Node', 'To which node.'),
    flag('Attached', 'Whether it is attached.'),
    AGE,
  ],
  ({ metadata, spec, status }, now) => [
    metadata.name!,
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status?.attached ?? false,
    age(metadata.creationTimestamp, now),
  ],
);

export const volumeAttributesClassColumns = columnsOf<VolumeAttributesClass>(
  [NAME, text('DriverName', 'Whose volumes it is about.'), AGE],
  ({ metadata, driverName }, now) => [metadata.name!, driverName, age(metadata.creationTimestamp, now)],
);

export const priorityClassColumns = columnsOf<PriorityClass>(
  [
    NAME,
    integer('Value', 'The priority.'),
    flag('Global-Default', 'Whether pods that name no class have it.'),
    AGE,
    text('PreemptionPolicy', 'Whether its pods take the place of others.'),
  ],
  ({ metadata, value, globalDefault = false, preemptionPolicy = '' }, now) => [
    metadata.name!,
    value,
    globalDefault,
    age(metadata.creationTimestamp, now),
    preemptionPolicy,
  ],
);

export const runtimeClassColumns = columnsOf<RuntimeClass>(
  [NAME, text('Handler', 'What the runtime calls it.'), AGE],
  ({ metadata, handler }, now) => [metadata.name!, handler, age(metadata.creationTimestamp, now)],
);

export const leaseColumns = columnsOf<Lease>([NAME, text('Holder', 'Who has it.'), AGE], ({ metadata, spec }, now) => [
  metadata.name!,
  spec?.holderIdentity ?? '',
  age(metadata.creationTimestamp, now),
]);
