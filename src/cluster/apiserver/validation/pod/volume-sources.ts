// One rule for each source that a volume can have, in the order in which Kubernetes looks at them. Follows pkg/apis/core/validation.
// Sources with contents of their own (projected, downwardAPI) and those of single storage systems have files of their own.
import type { Volume } from '#api/core/v1';
import { parseQuantity } from '../../../../apimachinery/quantity.ts';
import { forbidden, notSupported, required, tooLong, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Subdomain } from '../../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Subdomain, checkEnum, checkRequired } from '../checks.ts';
import { validateClaimTemplate } from '../persistent-volume-claim.ts';
import { checkDescendingPath, checkNoBacksteps } from '../relative-path.ts';
import { checkFileMode, validateItems } from './volume-files.ts';
import { validateDownwardAPI, validateProjected } from './volume-projections.ts';
import * as storage from './volume-storage-systems.ts';
import type { PodValidationOptions } from './options.ts';

export type SourceRule<T> = (source: T, field: Path, errors: FieldError[], options: PodValidationOptions) => void;
export type SourceName = Exclude<keyof Volume, 'name'>;

export interface SourceEntry {
  /** What its errors call it, where that is not the field's name. */
  readonly path?: string;
  /** The same for a second source. */
  readonly refusedAs?: string;
  readonly validate: SourceRule<never>;
}

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

type Rules = {
  readonly [K in SourceName]: {
    readonly path?: string;
    readonly refusedAs?: string;
    readonly validate: SourceRule<NonNullable<Volume[K]>>;
  };
};

const RULES: Rules = {
  emptyDir: {
    validate: ({ sizeLimit }, field, errors) => {
      if (sizeLimit !== undefined && parseQuantity(sizeLimit).unscaled < 0n)
        errors.push(forbidden(field.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity'));
    },
  },
  hostPath: {
    validate: ({ path, type }, field, errors) => {
      if (!path) {
        errors.push(required(field.child('path')));
        return;
      }
      checkNoBacksteps(path, field.child('path'), errors);
      if (type !== undefined && !HOST_PATH_TYPES.includes(type)) errors.push(notSupported(field.child('type'), type, HOST_PATH_TYPES));
    },
  },
  gitRepo: {
    validate: ({ repository, directory = '' }, field, errors) => {
      checkRequired(repository, field.child('repository'), errors);
      checkDescendingPath(directory, field.child('directory'), errors);
    },
  },
  gcePersistentDisk: { path: 'persistentDisk', refusedAs: 'gcePersistentDisk', validate: storage.validateGCEPersistentDisk },
  awsElasticBlockStore: { validate: storage.validateAWSElasticBlockStore },
  secret: {
    validate: ({ secretName, defaultMode, items }, field, errors) => {
      checkRequired(secretName, field.child('secretName'), errors);
      checkFileMode(defaultMode, field.child('defaultMode'), errors);
      validateItems(items, field.child('items'), errors);
    },
  },
  nfs: { validate: storage.validateNFS },
  iscsi: { validate: (source, field, errors) => storage.validateISCSI(source, field, errors) },
  glusterfs: {
    validate: ({ endpoints, path }, field, errors) => {
      checkRequired(endpoints, field.child('endpoints'), errors);
      checkRequired(path, field.child('path'), errors);
    },
  },
  persistentVolumeClaim: { validate: ({ claimName }, field, errors) => checkRequired(claimName, field.child('claimName'), errors) },
  flocker: { validate: storage.validateFlocker },
  rbd: {
    validate: ({ monitors, image }, field, errors) => {
      if (!monitors?.length) errors.push(required(field.child('monitors')));
      checkRequired(image, field.child('image'), errors);
    },
  },
  cinder: {
    validate: ({ volumeID, secretRef }, field, errors) => {
      checkRequired(volumeID, field.child('volumeID'), errors);
      if (secretRef) checkRequired(secretRef.name, field.child('secretRef', 'name'), errors);
    },
  },
  cephfs: {
    refusedAs: 'cephFS',
    validate: ({ monitors }, field, errors) => {
      if (!monitors?.length) errors.push(required(field.child('monitors')));
    },
  },
  quobyte: { validate: storage.validateQuobyte },
  downwardAPI: { refusedAs: 'downwarAPI', validate: validateDownwardAPI },
  fc: { validate: storage.validateFC },
  flexVolume: { validate: storage.validateFlexVolume },
  configMap: {
    validate: ({ name = '', defaultMode, items }, field, errors) => {
      checkRequired(name, field.child('name'), errors);
      checkFileMode(defaultMode, field.child('defaultMode'), errors);
      validateItems(items, field.child('items'), errors);
    },
  },
  azureFile: {
    validate: ({ secretName, shareName }, field, errors) => {
      checkRequired(secretName, field.child('secretName'), errors);
      checkRequired(shareName, field.child('shareName'), errors);
    },
  },
  vsphereVolume: { validate: ({ volumePath }, field, errors) => checkRequired(volumePath, field.child('volumePath'), errors) },
  photonPersistentDisk: { validate: ({ pdID }, field, errors) => checkRequired(pdID, field.child('pdID'), errors) },
  portworxVolume: { validate: ({ volumeID }, field, errors) => checkRequired(volumeID, field.child('volumeID'), errors) },
  azureDisk: { validate: storage.validateAzureDisk },
  storageos: { validate: storage.validateStorageOS },
  projected: { validate: validateProjected },
  scaleIO: {
    validate: ({ gateway, system, volumeName }, field, errors) => {
      checkRequired(gateway, field.child('gateway'), errors);
      checkRequired(system, field.child('system'), errors);
      checkRequired(volumeName, field.child('volumeName'), errors);
    },
  },
  csi: {
    validate: ({ driver, nodePublishSecretRef }, field, errors) => {
      validateCSIDriverName(driver, field.child('driver'), errors);
      if (!nodePublishSecretRef) return;
      const { name = '' } = nodePublishSecretRef;
      if (!name) errors.push(required(field.child('nodePublishSecretRef', 'name')));
      else checkDNS1123Subdomain(name, field.child('name'), errors);
    },
  },
  ephemeral: {
    validate: ({ volumeClaimTemplate }, field, errors) => {
      if (!volumeClaimTemplate) errors.push(required(field.child('volumeClaimTemplate')));
      else validateClaimTemplate(volumeClaimTemplate, field.child('volumeClaimTemplate'), errors);
    },
  },
  image: {
    validate: ({ reference, pullPolicy }, field, errors, options) => {
      if (options.resourceIsPod) checkRequired(reference, field.child('reference'), errors);
      checkEnum(pullPolicy, PULL_POLICIES, field.child('pullPolicy'), errors);
    },
  },
};

/** In order. */
export const VOLUME_SOURCES = Object.entries(RULES) as readonly (readonly [SourceName, SourceEntry])[];

export function validateCSIDriverName(driver: string, field: Path, errors: FieldError[]): void {
  if (!driver) {
    errors.push(required(field));
    return;
  }
  if (byteLength(driver) > 63) errors.push(tooLong(field, 63));
  check((name) => isDNS1123Subdomain(name.toLowerCase()), driver, field, errors);
}
