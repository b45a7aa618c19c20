// PersistentVolumes and PersistentVolumeClaims. Follows pkg/registry/core/persistentvolume and persistentvolumeclaim.
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference } from '#api/core/v1';
import { formatTime } from '../../../apimachinery/time.ts';
import { setPersistentVolumeDefaults } from '../defaults/core-kinds.ts';
import { setPersistentVolumeClaimDefaults } from '../defaults/persistent-volume-claim.ts';
import { defaulting, define, typed, type TypedStrategy } from '../generic/define.ts';
import type { ResourceDefinition, SelectableFields } from '../generic/resource-definition.ts';
import { keep } from '../generic/status-strategy.ts';
import { persistentVolumeClaimColumns, persistentVolumeColumns } from '../tables/volumes.ts';
import {
  validatePersistentVolumeClaim,
  validatePersistentVolumeClaimStatusUpdate,
  validatePersistentVolumeClaimUpdate,
} from '../validation/persistent-volume-claim.ts';
import {
  validatePersistentVolume,
  validatePersistentVolumeStatusUpdate,
  validatePersistentVolumeUpdate,
} from '../validation/persistent-volume.ts';
import { persistentVolumeClaimWarnings, persistentVolumeWarnings } from '../warnings/storage.ts';

const persistentVolumeStrategy: TypedStrategy<PersistentVolume> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) };
  },
  validate: validatePersistentVolume,
  warningsOnCreate: persistentVolumeWarnings,
  prepareForUpdate: (volume, old) => keep(volume, old, 'status'),
  validateUpdate: validatePersistentVolumeUpdate,
  warningsOnUpdate: persistentVolumeWarnings,
};

const persistentVolumeStatusStrategy: TypedStrategy<PersistentVolume> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate(volume, old, { now }) {
    keep(volume, old, 'spec');
    const { phase, lastPhaseTransitionTime: told } = volume.status ?? {};
    if (phase !== old.status?.phase && (told === undefined || told === old.status?.lastPhaseTransitionTime))
      volume.status = { ...volume.status, lastPhaseTransitionTime: formatTime(now) };
  },
  validateUpdate: validatePersistentVolumeStatusUpdate,
};

function isClaimOrSnapshot({ apiGroup: group, kind }: TypedLocalObjectReference): boolean {
  const apiGroup = group ?? '';
  return apiGroup === '' ? kind === 'PersistentVolumeClaim' : apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot';
}

/** Where the contents come from is said in two fields: the older one knows claims and snapshots alone. Follows KEP-1495. */
function withSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): PersistentVolumeClaimSpec {
  let { dataSource, dataSourceRef, ...rest } = spec;
  if (!dataSource && !dataSourceRef) return spec;
  const inUse = old !== undefined && (old.dataSource !== undefined || old.dataSourceRef !== undefined);
  if (!inUse && !dataSourceRef && dataSource && !isClaimOrSnapshot(dataSource)) dataSource = undefined;
  // sources in other namespaces are behind a feature gate that is off
  if (dataSourceRef?.namespace && !old?.dataSourceRef) dataSourceRef = undefined;
  if (dataSource && !dataSourceRef) dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    dataSource = local;
  }
  return { ...rest, ...(dataSource ? { dataSource } : {}), ...(dataSourceRef ? { dataSourceRef } : {}) };
}

const claimStrategy: TypedStrategy<PersistentVolumeClaim> = {
  allowUnconditionalUpdate: true,
  resetFields: [['status']],
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    claim.spec = withSources(claim.spec ?? {}, undefined);
  },
  validate: (claim) => validatePersistentVolumeClaim(claim),
  warningsOnCreate: persistentVolumeClaimWarnings,
  prepareForUpdate(claim, old) {
    keep(claim, old, 'status');
    claim.spec = withSources(claim.spec ?? {}, old.spec);
  },
  validateUpdate: validatePersistentVolumeClaimUpdate,
  warningsOnUpdate: persistentVolumeClaimWarnings,
};

const claimStatusStrategy: TypedStrategy<PersistentVolumeClaim> = {
  allowUnconditionalUpdate: true,
  resetFields: [['spec']],
  prepareForUpdate: (claim, old) => keep(claim, old, 'spec'),
  validateUpdate: validatePersistentVolumeClaimStatusUpdate,
};

const byName: SelectableFields = { names: ['name'], read: ({ metadata }) => ({ name: metadata.name }) };

export function volumeResources(): ResourceDefinition[] {
  return [
    define('', 'persistentvolumeclaims', {
      shortNames: ['pvc'],
      versions: { v1: defaulting<PersistentVolumeClaim>(setPersistentVolumeClaimDefaults) },
      strategy: typed(claimStrategy),
      subresources: { status: { strategy: typed(claimStatusStrategy) } },
      returnsDeletedObject: true,
      selectableFields: byName,
      columns: persistentVolumeClaimColumns,
    }),
    define('', 'persistentvolumes', {
      shortNames: ['pv'],
      versions: { v1: defaulting<PersistentVolume>(setPersistentVolumeDefaults) },
      strategy: typed(persistentVolumeStrategy),
      subresources: { status: { strategy: typed(persistentVolumeStatusStrategy) } },
      returnsDeletedObject: true,
      selectableFields: byName,
      columns: persistentVolumeColumns,
    }),
  ];
}
