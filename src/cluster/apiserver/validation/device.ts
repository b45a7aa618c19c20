// One device of a ResourceSlice. Follows validateDevice of pkg/apis/resource/validation.
import type { Device, DeviceAttribute, DeviceCounterConsumption } from '#api/resource/v1';
import { invalid, required, tooLong, tooMany, type FieldError, type Path } from '../../../apimachinery/validation/field-error.ts';
import { byteLength, isDNS1123Subdomain } from '../../../apimachinery/validation/names.ts';
import { check, checkDNS1123Label } from './checks.ts';
import { checkDeviceCapacity } from './device-capacity.ts';
import { checkBindingConditions, checkDeviceQualifiedName, checkDeviceTaint, checkList, checkSet } from './device-fields.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual } from './object-meta.ts';
import { validateNodeSelector } from './pod/affinity.ts';

const ATTRIBUTES_AND_CAPACITIES_MAX = 32;
const KEY_MAX = 63 + 1 + 32;
const VALUE_MAX_BYTES = 64;
const TAINTS_MAX = 16;
const CONSUMPTIONS_MAX = 2;
const COUNTERS_MAX = 32;

/** @param old the device of that name before; what did not change of it is not checked again */
export function validateDevice(device: Device, old: Device | undefined, perDevice: boolean, field: Path, errors: FieldError[]): void {
  const { name, attributes = {}, capacity = {}, taints } = device;
  checkDNS1123Label(name, field.child('name'), errors);
  const total = Object.keys(attributes).length + Object.keys(capacity).length;
  if (total > ATTRIBUTES_AND_CAPACITIES_MAX)
    errors.push(invalid(field, total, `the total number of attributes and capacities must not exceed ${ATTRIBUTES_AND_CAPACITIES_MAX}`));
  eachEntry(attributes, checkDeviceQualifiedName, field.child('attributes'), errors, (value, at) => checkAttribute(value, at, errors));
  eachEntry(capacity, checkDeviceQualifiedName, field.child('capacity'), errors, (value, at) =>
    checkDeviceCapacity(value, device.allowMultipleAllocations === true, at, errors),
  );
  if (!old || !semanticEqual(old.taints, taints))
    checkList(taints, TAINTS_MAX, field.child('taints'), errors, (taint, at) => checkDeviceTaint(taint, at, errors));
  checkSet(
    device.consumesCounters,
    CONSUMPTIONS_MAX,
    field.child('consumesCounters'),
    errors,
    ({ counterSet }) => counterSet,
    (one, at) => checkConsumption(one, at, errors),
  );
  checkNodes(device, perDevice, field, errors);
  checkBindingConditions(device, field, errors);
}

type CheckKey = (key: string, field: Path, errors: FieldError[]) => void;

function eachEntry<T>(
  entries: Readonly<Record<string, T>>,
  checkKey: CheckKey,
  field: Path,
  errors: FieldError[],
  one: (value: T, field: Path) => void,
): void {
  for (const [key, value] of Object.entries(entries)) {
    checkKey(key, field, errors);
    one(value, field.key(shortened(key, KEY_MAX)));
  }
}

/** The middle of a key that is too long is left out. */
function shortened(key: string, max: number): string {
  if (key.length <= max) return key;
  const rest = max - 3;
  return `${key.slice(0, Math.floor((rest + 1) / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`;
}

// dot-separated numbers, then what may come before a release, then what tells builds apart
const NUMBER = '(0|[1-9]\\d*)';
const PRE_RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRE_RELEASE}(\\.${PRE_RELEASE})*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$`,
);

function checkAttribute(attribute: DeviceAttribute, field: Path, errors: FieldError[]): void {
  const { string, version } = attribute;
  if (string !== undefined && byteLength(string) > VALUE_MAX_BYTES) errors.push(tooLong(field.child('string'), VALUE_MAX_BYTES));
  if (version !== undefined) {
    if (!SEMVER.test(version))
      errors.push(invalid(field.child('version'), version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (byteLength(version) > VALUE_MAX_BYTES) errors.push(tooLong(field.child('version'), VALUE_MAX_BYTES));
  }
  const given = [attribute.bool, attribute.int, string, version].filter((value) => value !== undefined).length;
  if (given === 0) errors.push(invalid(field, '', 'exactly one value must be specified'));
  if (given > 1)
    errors.push(invalid(field, new PrintedInternal('resource/v1.DeviceAttribute', attribute), 'exactly one value must be specified'));
}

function checkConsumption({ counterSet, counters }: DeviceCounterConsumption, field: Path, errors: FieldError[]): void {
  checkCounterSet(counterSet, 'counterSet', counters, field, errors);
}

/** A name of a set, and counters by name. */
export function checkCounterSet(
  name: string,
  nameField: string,
  counters: Readonly<Record<string, unknown>> = {},
  field: Path,
  errors: FieldError[],
): void {
  if (!name) errors.push(required(field.child(nameField)));
  else checkDNS1123Label(name, field.child(nameField), errors);
  const names = Object.keys(counters);
  if (!names.length) errors.push(required(field.child('counters')));
  else if (names.length > COUNTERS_MAX) errors.push(tooMany(field.child('counters'), names.length, COUNTERS_MAX));
  else for (const counter of names) checkDNS1123Label(counter, field.child('counters'), errors);
}

const ONE_OF =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

/** Which nodes can use the device, where the slice does not say it for all. */
function checkNodes({ nodeName, nodeSelector, allNodes }: Device, perDevice: boolean, field: Path, errors: FieldError[]): void {
  if (!perDevice) {
    if (nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined)
      errors.push(
        invalid(
          field,
          null,
          '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ),
      );
    return;
  }
  const set: string[] = [];
  if (nodeName) {
    set.push('`nodeName`');
    check(isDNS1123Subdomain, nodeName, field.child('nodeName'), errors);
  } else if (nodeName === '') errors.push(invalid(field.child('nodeName'), nodeName, 'must not be empty'));
  if (nodeSelector) {
    set.push('`nodeSelector`');
    validateNodeSelector(nodeSelector, field.child('nodeSelector'), errors);
  }
  if (allNodes) set.push('`allNodes`');
  else if (allNodes === false) errors.push(invalid(field.child('allNodes'), allNodes, 'must be either unset or set to true'));
  if (set.length === 0) errors.push(required(field, ONE_OF));
  if (set.length > 1) errors.push(invalid(field, `{${set.join(', ')}}`, ONE_OF));
}
