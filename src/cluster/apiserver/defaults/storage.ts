// CSIDrivers and StorageClasses. Follows pkg/apis/storage/v1/defaults.go.
import type { CSIDriver, StorageClass } from '#api/storage/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

export function setStorageClassDefaults(one: Mutable<StorageClass>): void {
  one.reclaimPolicy ??= 'Delete';
  one.volumeBindingMode ??= 'Immediate';
}

export function setCSIDriverDefaults(driver: Mutable<CSIDriver>): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}
