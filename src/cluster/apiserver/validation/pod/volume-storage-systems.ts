// Volumes of particular storage systems, most of them of the past. Follows pkg/apis/core/validation.
import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '#api/core/v1';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { byteLength, inclusiveRangeError } from '../../../../apimachinery/validation/names.ts';
import { checkDNS1123Label, checkOptionalEnum, checkRequired } from '../checks.ts';

function checkLun(lun: number, field: Path, errors: FieldError[]): void {
  if (lun < 0 || lun > 255) errors.push(invalid(field, lun, inclusiveRangeError(0, 255)));
}

function checkPartition(partition: number | undefined, field: Path, errors: FieldError[]): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) errors.push(invalid(field, partition, inclusiveRangeError(1, 255)));
}

export function validateGCEPersistentDisk({ pdName, partition }: GCEPersistentDiskVolumeSource, field: Path, errors: FieldError[]): void {
  checkRequired(pdName, field.child('pdName'), errors);
  checkPartition(partition, field.child('partition'), errors);
}

export function validateAWSElasticBlockStore(
  { volumeID, partition }: AWSElasticBlockStoreVolumeSource,
  field: Path,
  errors: FieldError[],
): void {
  checkRequired(volumeID, field.child('volumeID'), errors);
  checkPartition(partition, field.child('partition'), errors);
}

export function validateNFS({ server, path }: NFSVolumeSource, field: Path, errors: FieldError[]): void {
  checkRequired(server, field.child('server'), errors);
  checkRequired(path, field.child('path'), errors);
  if (!path.startsWith('/')) errors.push(invalid(field.child('path'), path, 'must be an absolute path'));
}

const INITIATOR_FORMATS: readonly (readonly [string, RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[A-Za-z0-9-,.:]+)?$/i],
  ['eui', /^eui.[A-Za-z0-9]{16}$/i],
  ['naa', /^naa.[A-Za-z0-9]{32}$/i],
];

function checkInitiator(name: string, field: Path, errors: FieldError[]): void {
  const format = INITIATOR_FORMATS.find(([prefix]) => name.startsWith(prefix));
  if (!format) errors.push(invalid(field, name, 'must be valid format starting with iqn, eui, or naa'));
  else if (!format[1].test(name)) errors.push(invalid(field, name, 'must be valid format'));
}

const MAX_INITIATOR = 64;
export const INITIATOR_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

/** The initiator is named after both. */
export const isInitiatorTooLong = (volume: string, { initiatorName, targetPortal }: ISCSIVolumeSource): boolean =>
  initiatorName !== undefined && byteLength(`${volume}:${targetPortal}`) > MAX_INITIATOR;

/** @param volume the name of a PersistentVolume; of a pod's the caller has looked at it */
export function validateISCSI(source: ISCSIVolumeSource, field: Path, errors: FieldError[], volume?: string): void {
  const { targetPortal, iqn, lun, chapAuthDiscovery, chapAuthSession, secretRef, initiatorName } = source;
  checkRequired(targetPortal, field.child('targetPortal'), errors);
  if (volume !== undefined && isInitiatorTooLong(volume, source))
    errors.push(invalid(field.child('targetportal'), targetPortal, INITIATOR_TOO_LONG));
  if (!iqn) errors.push(required(field.child('iqn')));
  else checkInitiator(iqn, field.child('iqn'), errors);
  checkLun(lun, field.child('lun'), errors);
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef) errors.push(required(field.child('secretRef')));
  if (initiatorName !== undefined) checkInitiator(initiatorName, field.child('initiatorname'), errors);
}

export function validateFlocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, field: Path, errors: FieldError[]): void {
  if (!datasetName && !datasetUUID) errors.push(required(field, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    errors.push(invalid(field, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (datasetName.includes('/')) errors.push(invalid(field.child('datasetName'), datasetName, "must not contain '/'"));
}

export function validateQuobyte({ registry, volume, tenant = '' }: QuobyteVolumeSource, field: Path, errors: FieldError[]): void {
  const what = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) errors.push(required(field.child('registry'), what));
  else if (tenant.length >= 65) errors.push(required(field.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'));
  else
    for (const pair of registry.split(','))
      if (!/^(?:[^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair)) errors.push(invalid(field.child('registry'), registry, what));
  checkRequired(volume, field.child('volume'), errors);
}

export function validateFC({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, field: Path, errors: FieldError[]): void {
  const at = field.child('targetWWNs');
  if (targetWWNs.length === 0 && wwids.length === 0) errors.push(required(at, 'must specify either targetWWNs or wwids, but not both'));
  if (targetWWNs.length && wwids.length) errors.push(invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  if (targetWWNs.length === 0) return;
  if (lun === undefined) errors.push(required(field.child('lun'), 'lun is required if targetWWNs is specified'));
  else checkLun(lun, field.child('lun'), errors);
}

export function validateFlexVolume({ driver, options = {} }: FlexVolumeSource, field: Path, errors: FieldError[]): void {
  checkRequired(driver, field.child('driver'), errors);
  for (const key of Object.keys(options)) {
    const namespace = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io'))
      errors.push(invalid(field.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved'));
  }
}

export function validateAzureDisk(source: AzureDiskVolumeSource, field: Path, errors: FieldError[]): void {
  const { diskName, diskURI, cachingMode, kind } = source;
  checkRequired(diskName, field.child('diskName'), errors);
  checkRequired(diskURI, field.child('diskURI'), errors);
  checkOptionalEnum(cachingMode, ['None', 'ReadOnly', 'ReadWrite'], field.child('cachingMode'), errors);
  checkOptionalEnum(kind, ['Dedicated', 'Managed', 'Shared'], field.child('kind'), errors);
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    errors.push(
      notSupported(field.child('diskURI'), diskURI, [
        '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
      ]),
    );
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    errors.push(
      notSupported(field.child('diskURI'), diskURI, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']),
    );
}

export function validateStorageOS(source: StorageOSVolumeSource, field: Path, errors: FieldError[]): void {
  const { volumeName, volumeNamespace, secretRef } = source;
  if (!volumeName) errors.push(required(field.child('volumeName')));
  else checkDNS1123Label(volumeName, field.child('volumeName'), errors);
  if (volumeNamespace) checkDNS1123Label(volumeNamespace, field.child('volumeNamespace'), errors);
  if (secretRef) checkRequired(secretRef.name, field.child('secretRef', 'name'), errors);
}
