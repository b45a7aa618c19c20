// Tables of PersistentVolumes and PersistentVolumeClaims. Follows pkg/printers/internalversion.
import type { PersistentVolume, PersistentVolumeClaim } from '#api/core/v1';
import { age } from './ages.ts';
import { columnsOf, text, UNSET, wide } from './columns-of.ts';
import { AGE, NAME } from './workload-cells.ts';

const SHORT_MODES: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

const modesCell = (modes: readonly string[] = []): string =>
  SHORT_MODES.filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',');

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The annotation came first, and still wins. */
const classCell = ({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string =>
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';

const COLUMNS = {
  capacity: text('Capacity', 'How much it holds.'),
  modes: text('Access Modes', 'How it can be mounted.'),
  storageClass: text('StorageClass', 'Its StorageClass.'),
  attributes: text('VolumeAttributesClass', 'Its VolumeAttributesClass.'),
  mode: wide('VolumeMode', 'A file system, or a raw block device.'),
};

export const persistentVolumeColumns = columnsOf<PersistentVolume>(
  [
    NAME,
    COLUMNS.capacity,
    COLUMNS.modes,
    text('Reclaim Policy', 'What becomes of it when its claim is gone.'),
    text('Status', 'Whether it is bound.'),
    text('Claim', 'The claim that it is bound to.'),
    COLUMNS.storageClass,
    COLUMNS.attributes,
    text('Reason', 'Why it is in this state.'),
    AGE,
    COLUMNS.mode,
  ],
  (volume, now) => {
    const { metadata, spec, status = {} } = volume;
    const claim = spec.claimRef;
    const phase = metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? '');
    return [
      metadata.name!,
      spec.capacity?.['storage'] ?? '0',
      modesCell(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? '',
      phase,
      claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
      classCell(volume),
      spec.volumeAttributesClassName ?? UNSET,
      status.reason ?? '',
      age(metadata.creationTimestamp, now),
      spec.volumeMode ?? UNSET,
    ];
  },
);

export const persistentVolumeClaimColumns = columnsOf<PersistentVolumeClaim>(
  [
    NAME,
    text('Status', 'Whether it is bound.'),
    text('Volume', 'The volume that it is bound to.'),
    COLUMNS.capacity,
    COLUMNS.modes,
    COLUMNS.storageClass,
    COLUMNS.attributes,
    AGE,
    COLUMNS.mode,
  ],
  (claim, now) => {
    const { metadata, spec, status = {} } = claim;
    const bound = Boolean(spec.volumeName);
    return [
      metadata.name!,
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
      spec.volumeName ?? '',
      bound ? (status.capacity?.['storage'] ?? '0') : '',
      bound ? modesCell(status.accessModes) : '',
      classCell(claim),
      spec.volumeAttributesClassName ?? UNSET,
      age(metadata.creationTimestamp, now),
      spec.volumeMode ?? UNSET,
    ];
  },
);
