// What became of a ResourceClaim: which devices it was given, who uses them, and what drivers tell of them. Follows
// validateResourceClaimStatusUpdate of pkg/apis/resource/validation.
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimStatus,
} from '#api/resource/v1';
import {
  forbidden,
  invalid,
  Path,
  Printed,
  required,
  tooLong,
  tooMany,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isValidCIDR } from '../../../apimachinery/validation/ip.ts';
import { byteLength } from '../../../apimachinery/validation/names.ts';
import { checkDNS1123Label, checkEnum } from './checks.ts';
import { validateConditions } from './conditions.ts';
import { checkRequestName, checkRequestNames, CONFIG_MAX, requestNamesOf, type RequestNames } from './device-claim.ts';
import {
  checkBindingConditions,
  checkConfiguration,
  checkDeviceToleration,
  checkList,
  checkPoolName,
  checkRawObject,
  checkSet,
} from './device-fields.ts';
import { PrintedInternal } from './internal-form.ts';
import { FIELD_IMMUTABLE, semanticEqual, validateCoreObjectMetaUpdate } from './object-meta.ts';
import { validateNodeSelector } from './pod/affinity.ts';
import { validateCSIDriverName } from './pod/volume-sources.ts';

const STATUS = Path.of('status');
const RESERVED_FOR_MAX = 256;
const RESULTS_MAX = 32;
const CONDITIONS_MAX = 8;
const INTERFACE_NAME_MAX_BYTES = 256;
const HARDWARE_ADDRESS_MAX_BYTES = 128;
const IPS_MAX = 16;
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

export function validateResourceClaimStatusUpdate(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(claim.metadata, old.metadata, Path.of('metadata'));
  const { status = {} } = claim;
  const before = old.status ?? {};
  checkConsumers(claim, before, errors);
  const allocated = new Set((status.allocation?.devices?.results ?? []).map(deviceId));
  checkSet(status.devices, UNBOUNDED, STATUS.child('devices'), errors, deviceId, (device, at) =>
    checkDeviceStatus(device, allocated, at, errors),
  );
  const at = STATUS.child('allocation');
  if (status.allocation && before.allocation) {
    if (!semanticEqual(status.allocation, before.allocation))
      errors.push(invalid(at, new PrintedInternal('resource/v1.AllocationResult', status.allocation), FIELD_IMMUTABLE));
  } else if (status.allocation) checkAllocation(status.allocation, requestNamesOf(claim.spec.devices), at, errors);
  return errors;
}

/** A device, or the share of one, that a claim can have. */
export function deviceId(device: Pick<DeviceRequestAllocationResult, 'driver' | 'pool' | 'device' | 'shareID'>): string {
  const id = `${device.driver}/${device.pool}/${device.device}`;
  return device.shareID === undefined ? id : `${id}/${device.shareID}`;
}

function checkConsumers({ metadata, status = {} }: ResourceClaim, before: ResourceClaimStatus, errors: FieldError[]): void {
  const at = STATUS.child('reservedFor');
  checkSet(
    status.reservedFor,
    RESERVED_FOR_MAX,
    at,
    errors,
    ({ uid }) => uid,
    (ref, refAt) => {
      for (const name of ['resource', 'name', 'uid'] as const) if (!ref[name]) errors.push(required(refAt.child(name)));
    },
  );
  if (!status.reservedFor?.length) return;
  if (!status.allocation) errors.push(forbidden(at, 'may not be specified when `allocated` is not set'));
  else if (metadata.deletionTimestamp) {
    const known = before.reservedFor ?? [];
    if (status.reservedFor.some((ref) => !known.some((other) => semanticEqual(ref, other))))
      errors.push(forbidden(at, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'));
  }
}

function checkAllocation({ devices, nodeSelector }: AllocationResult, names: RequestNames, field: Path, errors: FieldError[]): void {
  const at = field.child('devices');
  checkList(devices?.results, RESULTS_MAX, at.child('results'), errors, (result, resultAt) => checkResult(result, names, resultAt, errors));
  // those of the class and those of the claim
  checkList(devices?.config, 2 * CONFIG_MAX, at.child('config'), errors, (config, configAt) => {
    checkEnum(config.source, ['FromClaim', 'FromClass'], configAt.child('source'), errors);
    checkRequestNames(config.requests, names, configAt.child('requests'), errors);
    checkConfiguration(config, false, configAt, errors);
  });
  if (nodeSelector) validateNodeSelector(nodeSelector, field.child('nodeSelector'), errors);
}

function checkResult(result: DeviceRequestAllocationResult, names: RequestNames, field: Path, errors: FieldError[]): void {
  checkRequestName(result.request, names, field.child('request'), errors);
  checkDeviceNames(result, field, errors);
  checkBindingConditions(result, field, errors);
  (result.tolerations ?? []).forEach((toleration, i) => checkDeviceToleration(toleration, field.child('tolerations').index(i), errors));
  checkShareId(result.shareID, field.child('shareID'), errors);
}

function checkDeviceNames(
  { driver, pool, device }: AllocatedDeviceStatus | DeviceRequestAllocationResult,
  field: Path,
  errors: FieldError[],
): void {
  validateCSIDriverName(driver, field.child('driver'), errors);
  checkPoolName(pool, field.child('pool'), errors);
  checkDNS1123Label(device, field.child('device'), errors);
}

const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkShareId(id: string | undefined, field: Path, errors: FieldError[]): void {
  if (id === undefined || UID.test(id)) return;
  errors.push(
    invalid(
      field,
      id,
      'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
    ),
  );
}

function checkDeviceStatus(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, field: Path, errors: FieldError[]): void {
  checkDeviceNames(device, field, errors);
  checkShareId(device.shareID, field.child('shareID'), errors);
  const id = deviceId(device);
  if (!allocated.has(id)) errors.push(invalid(field, new Printed(id), 'must be an allocated device in the claim'));
  const conditions = device.conditions ?? [];
  if (conditions.length > CONDITIONS_MAX) errors.push(tooMany(field.child('conditions'), conditions.length, CONDITIONS_MAX));
  validateConditions(conditions, field.child('conditions'), errors);
  if (device.data !== undefined) checkRawObject(device.data, false, field.child('data'), errors);
  if (device.networkData) checkNetworkData(device.networkData, field.child('networkData'), errors);
}

function checkNetworkData({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, field: Path, errors: FieldError[]): void {
  if (byteLength(interfaceName) > INTERFACE_NAME_MAX_BYTES) errors.push(tooLong(field.child('interfaceName'), INTERFACE_NAME_MAX_BYTES));
  if (byteLength(hardwareAddress) > HARDWARE_ADDRESS_MAX_BYTES)
    errors.push(tooLong(field.child('hardwareAddress'), HARDWARE_ADDRESS_MAX_BYTES));
  checkSet(ips, IPS_MAX, field.child('ips'), errors, String, (ip, at) => {
    if (isValidCIDR(ip).length) errors.push(invalid(at, ip, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'));
  });
}
