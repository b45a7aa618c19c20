// Defaults of a pod's volumes. Follows pkg/apis/core/v1/defaults.go.
import type { ObjectFieldSelector, Volume } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { defaultImagePullPolicy } from './image-pull-policy.ts';
import { setPersistentVolumeClaimSpecDefaults } from './persistent-volume-claim.ts';

/** 0644 */
const FILE_MODE = 0o644;
const TOKEN_EXPIRATION_SECONDS = 60 * 60;
const POD_CERTIFICATE_EXPIRATION_SECONDS = 24 * 60 * 60;

/** A volume that says nothing is an empty directory. */
export function setVolumeDefaults(volume: Mutable<Volume>): void {
  let source = '';
  for (const key in volume) if (key !== 'name') source = key;
  switch (source) {
    case '':
      volume.emptyDir = {};
      return;
    case 'secret':
      volume.secret!.defaultMode ??= FILE_MODE;
      return;
    case 'configMap':
      volume.configMap!.defaultMode ??= FILE_MODE;
      return;
    case 'projected':
      setProjectedDefaults(volume.projected!);
      return;
    case 'ephemeral':
      if (volume.ephemeral!.volumeClaimTemplate) setPersistentVolumeClaimSpecDefaults(volume.ephemeral!.volumeClaimTemplate.spec);
      return;
    default:
      setOtherDefaults(volume);
  }
}

/** The sources that PersistentVolumes have too. Any of them may be there: several sources in one volume are refused by validation, not here. */
export function setOtherDefaults({ downwardAPI, hostPath, image, iscsi, rbd, azureDisk, scaleIO, ...rest }: Mutable<Volume>): void {
  if (downwardAPI) {
    downwardAPI.defaultMode ??= FILE_MODE;
    for (const { fieldRef } of downwardAPI.items ?? []) setFieldRefDefaults(fieldRef);
  }
  if (hostPath) hostPath.type ??= '';
  if (image) image.pullPolicy ||= defaultImagePullPolicy(image.reference);
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.readOnly ??= false;
    azureDisk.kind ??= 'Shared';
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
  if (rest.secret) rest.secret.defaultMode ??= FILE_MODE;
  if (rest.configMap) rest.configMap.defaultMode ??= FILE_MODE;
  if (rest.projected) setProjectedDefaults(rest.projected);
  if (rest.ephemeral?.volumeClaimTemplate) setPersistentVolumeClaimSpecDefaults(rest.ephemeral.volumeClaimTemplate.spec);
}

function setProjectedDefaults(projected: Mutable<NonNullable<Volume['projected']>>): void {
  projected.defaultMode ??= FILE_MODE;
  for (const { serviceAccountToken, downwardAPI, podCertificate } of projected.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= TOKEN_EXPIRATION_SECONDS;
    if (podCertificate) podCertificate.maxExpirationSeconds ??= POD_CERTIFICATE_EXPIRATION_SECONDS;
    for (const { fieldRef } of downwardAPI?.items ?? []) setFieldRefDefaults(fieldRef);
  }
}

export function setFieldRefDefaults(fieldRef: Mutable<ObjectFieldSelector> | undefined): void {
  if (fieldRef) fieldRef.apiVersion ||= 'v1';
}
