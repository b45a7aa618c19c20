// One rule for each source that a PersistentVolume can have. Most are those of a pod's volume; where the volume stands by itself, what it
// refers to needs a namespace. Follows pkg/apis/core/validation.
import type { CSIPersistentVolumeSource, ISCSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference } from '#api/core/v1';
import { invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { checkDNS1123Label, checkDNS1123Subdomain, checkRequired } from './checks.ts';
import * as storage from './pod/volume-storage-systems.ts';
import { VOLUME_SOURCES, validateCSIDriverName } from './pod/volume-sources.ts';
import { checkNoBacksteps } from './relative-path.ts';

export interface PersistentVolumeFacts {
  readonly name: string;
  readonly hasNodeAffinity: boolean;
}

type SourceRule<T> = (source: T, field: Path, errors: FieldError[], volume: PersistentVolumeFacts) => void;

interface SourceEntry {
  /** What errors call it, where that is not the field's name. */
  readonly path?: string;
  /** The same for a second source. */
  readonly refusedAs?: string;
  readonly validate: SourceRule<never>;
}

/** The fields of the spec that are sources, in the order in which Kubernetes looks at them. */
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;
type SourceName = (typeof SOURCES)[number];
type Source = Pick<PersistentVolumeSpec, SourceName>;

/** Those that are not checked as in a pod. */
const OWN: { readonly [K in SourceName]?: SourceRule<NonNullable<PersistentVolumeSpec[K]>> } = {
  glusterfs: ({ endpoints, path, endpointsNamespace }, field, errors) => {
    checkRequired(endpoints, field.child('endpoints'), errors);
    checkRequired(path, field.child('path'), errors);
    if (endpointsNamespace === undefined) return;
    const at = field.child('endpointsNamespace');
    if (!endpointsNamespace) errors.push(invalid(at, '', 'if the endpointnamespace is set, it must be a valid namespace name'));
    else checkDNS1123Label(endpointsNamespace, at, errors);
  },
  iscsi: validateISCSI,
  cinder: ({ volumeID, secretRef }, field, errors) => {
    checkRequired(volumeID, field.child('volumeID'), errors);
    if (secretRef) checkSecretNamed(secretRef, field.child('secretRef'), errors);
  },
  azureFile: ({ secretName, shareName, secretNamespace }, field, errors) => {
    checkRequired(secretName, field.child('secretName'), errors);
    checkRequired(shareName, field.child('shareName'), errors);
    if (secretNamespace === '') errors.push(required(field.child('secretNamespace')));
  },
  local: ({ path }, field, errors, { hasNodeAffinity }) => {
    if (!path) errors.push(required(field.child('path')));
    else checkNoBacksteps(path, field.child('path'), errors);
    if (!hasNodeAffinity) errors.push(required(Path.of('spec', 'nodeAffinity'), 'Local volume requires node affinity'));
  },
  storageos: ({ secretRef, ...source }, field, errors) => {
    storage.validateStorageOS(source, field, errors);
    if (secretRef) checkSecretNamed(secretRef, field.child('secretRef'), errors);
  },
  csi: validateCSI,
};

function checkSecretNamed({ name, namespace }: SecretReference, field: Path, errors: FieldError[]): void {
  checkRequired(name, field.child('name'), errors);
  checkRequired(namespace, field.child('namespace'), errors);
}

function validateISCSI(
  { secretRef, ...source }: ISCSIPersistentVolumeSource,
  field: Path,
  errors: FieldError[],
  volume: PersistentVolumeFacts,
): void {
  storage.validateISCSI({ ...source, ...(secretRef ? { secretRef: { name: secretRef.name ?? '' } } : {}) }, field, errors, volume.name);
  if (secretRef) checkRequired(secretRef.name, field.child('secretRef', 'name'), errors);
}

function validateCSI(source: CSIPersistentVolumeSource, field: Path, errors: FieldError[]): void {
  validateCSIDriverName(source.driver, field.child('driver'), errors);
  checkRequired(source.volumeHandle, field.child('volumeHandle'), errors);
  for (const name of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
    'nodeStageSecretRef',
  ] as const) {
    const secret = source[name];
    // staging's secret has never been checked
    if (secret && name !== 'nodeStageSecretRef') checkSecret(secret, field.child(name), errors);
  }
}

function checkSecret({ name, namespace }: SecretReference, field: Path, errors: FieldError[]): void {
  if (!name) errors.push(required(field.child('name')));
  else checkDNS1123Subdomain(name, field.child('name'), errors);
  if (!namespace) errors.push(required(field.child('namespace')));
  else checkDNS1123Label(namespace, field.child('namespace'), errors);
}

const ofPods = new Map<string, { readonly path?: string; readonly validate: unknown }>(VOLUME_SOURCES);

export const PERSISTENT_SOURCES: readonly (readonly [SourceName, SourceEntry])[] = SOURCES.map((name) => {
  const own = OWN[name] as SourceRule<never> | undefined;
  if (own) return [name, { validate: own }];
  const entry = ofPods.get(name);
  if (!entry) throw new Error(`no rule for volumes of ${name}`);
  // none of the rules that are shared asks what pod it is
  return [name, entry as SourceEntry];
});

/** Of the spec, only what says where the volume is. */
export function persistentSourceOf(spec: PersistentVolumeSpec): Source {
  const source: Record<string, unknown> = {};
  for (const name of SOURCES) if (spec[name] !== undefined) source[name] = spec[name];
  return source;
}
