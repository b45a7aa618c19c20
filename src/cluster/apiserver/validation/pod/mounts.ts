// Where containers have their volumes: as directories (mounts) and as block devices. Follows pkg/apis/core/validation.
import type { Container, VolumeDevice, VolumeMount } from '#api/core/v1';
import {
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  type FieldError,
  type Path,
} from '../../../../apimachinery/validation/field-error.ts';
import { checkDescendingPath } from '../relative-path.ts';
import type { VolumesByName } from './volume.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

export function validateVolumeMounts(container: Container, volumes: VolumesByName, field: Path, errors: FieldError[]): void {
  const { volumeMounts: mounts = [], volumeDevices: devices = [] } = container;
  const paths = new Set<string>();
  mounts.forEach((mount, i) => {
    const { name, mountPath } = mount;
    const at = field.index(i);
    if (!name) errors.push(required(at.child('name')));
    if (!volumes.has(name)) errors.push(notFound(at.child('name'), name));
    if (!mountPath) errors.push(required(at.child('mountPath')));
    if (paths.has(mountPath)) errors.push(invalid(at.child('mountPath'), mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((d) => d.name === name)) errors.push(invalid(at.child('name'), name, 'must not already exist in volumeDevices'));
    if (devices.some((d) => d.devicePath === mountPath))
      errors.push(invalid(at.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'));
    // what follows is told of the list, not of the element, as Kubernetes does
    validateSubPaths(mount, at, field, errors);
    if (mount.mountPropagation !== undefined) checkPropagation(mount.mountPropagation, container, field.child('mountPropagation'), errors);
    if (mount.recursiveReadOnly !== undefined) checkRecursiveReadOnly(mount, field.child('recursiveReadOnly'), errors);
  });
}

function validateSubPaths(mount: VolumeMount, at: Path, field: Path, errors: FieldError[]): void {
  const { subPath, subPathExpr } = mount;
  if (subPath) checkDescendingPath(subPath, field.child('subPath'), errors);
  if (!subPathExpr) return;
  if (subPath) errors.push(invalid(at.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  checkDescendingPath(subPathExpr, field.child('subPathExpr'), errors);
}

function checkPropagation(propagation: string, container: Container, field: Path, errors: FieldError[]): void {
  if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(field, propagation, PROPAGATIONS));
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged)
    errors.push(forbidden(field, 'Bidirectional mount propagation is available only to privileged containers'));
}

function checkRecursiveReadOnly({ recursiveReadOnly, readOnly, mountPropagation }: VolumeMount, field: Path, errors: FieldError[]): void {
  if (recursiveReadOnly === 'Disabled') return;
  if (!RECURSIVE.includes(recursiveReadOnly!)) {
    errors.push(notSupported(field, recursiveReadOnly, RECURSIVE));
    return;
  }
  if (!readOnly) errors.push(forbidden(field, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.push(forbidden(field, 'may only be specified when mountPropagation is None or not specified'));
}

export function validateVolumeDevices(
  devices: readonly VolumeDevice[],
  mounts: readonly VolumeMount[],
  volumes: VolumesByName,
  field: Path,
  errors: FieldError[],
): void {
  const paths = new Set<string>();
  const names = new Set<string>();
  devices.forEach(({ name, devicePath }, i) => {
    const at = field.index(i);
    const volume = volumes.get(name);
    if (!name) errors.push(required(at.child('name')));
    if (names.has(name)) errors.push(invalid(at.child('name'), name, 'must be unique'));
    if (!volume) errors.push(notFound(at.child('name'), name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(invalid(at.child('name'), name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (!devicePath) errors.push(required(at.child('devicePath')));
    if (paths.has(devicePath)) errors.push(invalid(at.child('devicePath'), devicePath, 'must be unique'));
    if (devicePath.split('/').includes('..')) errors.push(invalid(at.child('devicePath'), devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((m) => m.name === name)) errors.push(invalid(at.child('name'), name, 'must not already exist in volumeMounts'));
    if (mounts.some((m) => m.mountPath === devicePath))
      errors.push(invalid(at.child('devicePath'), devicePath, 'must not already exist as a path in volumeMounts'));
    if (name) names.add(name);
  });
}
