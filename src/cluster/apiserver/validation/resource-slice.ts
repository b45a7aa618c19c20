// ResourceSlices: the devices that a driver offers, and which nodes can use them. Follows pkg/apis/resource/validation.
import type { ResourceSlice, ResourceSliceSpec } from '#api/resource/v1';
import { invalid, Path, Printed, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { check } from './checks.ts';
import { checkPoolName, checkSet } from './device-fields.ts';
import { checkCounterSet, validateDevice } from './device.ts';
import { printInternal } from './internal-form.ts';
import { validateCoreObjectMeta, validateCoreObjectMetaUpdate, validateImmutable } from './object-meta.ts';
import { validateNodeSelector } from './pod/affinity.ts';
import { validateCSIDriverName } from './pod/volume-sources.ts';

const METADATA = Path.of('metadata');
const SPEC = Path.of('spec');
const DEVICES_MAX = 128;
/** Where any device has taints or uses shared counters. */
const DEVICES_MAX_ADVANCED = 64;
const COUNTER_SETS_MAX = 8;

export function validateResourceSlice({ metadata, spec }: ResourceSlice): FieldError[] {
  const errors = validateCoreObjectMeta(metadata, false, nameIsDNSSubdomain, METADATA);
  checkSpec(spec ?? {}, undefined, errors);
  return errors;
}

export function validateResourceSliceUpdate({ metadata, spec }: ResourceSlice, old: ResourceSlice): FieldError[] {
  const errors = validateCoreObjectMetaUpdate(metadata, old.metadata, METADATA);
  checkSpec(spec ?? {}, old.spec, errors);
  return errors;
}

/** A body may lack all of it. */
function checkSpec(spec: Partial<ResourceSliceSpec>, old: ResourceSliceSpec | undefined, errors: FieldError[]): void {
  validateCSIDriverName(spec.driver ?? '', SPEC.child('driver'), errors);
  checkPool(spec.pool, errors);
  if (old)
    errors.push(
      ...validateImmutable(spec.pool?.name ?? '', old.pool.name, SPEC.child('pool', 'name')),
      ...validateImmutable(spec.driver ?? '', old.driver, SPEC.child('driver')),
      ...validateImmutable(spec.nodeName, old.nodeName, SPEC.child('nodeName')),
    );
  checkNodes(spec, errors);
  if (spec.sharedCounters !== undefined && spec.devices !== undefined)
    errors.push(invalid(SPEC, '', 'only one of `sharedCounters` or `devices` is allowed'));
  const advanced = (spec.devices ?? []).some((device) => device.taints?.length || device.consumesCounters?.length);
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]));
  checkSet(
    spec.devices,
    advanced ? DEVICES_MAX_ADVANCED : DEVICES_MAX,
    SPEC.child('devices'),
    errors,
    ({ name }) => name,
    (device, at) => validateDevice(device, before.get(device.name), spec.perDeviceNodeSelection === true, at, errors),
  );
  checkSet(
    spec.sharedCounters,
    COUNTER_SETS_MAX,
    SPEC.child('sharedCounters'),
    errors,
    ({ name }) => name,
    ({ name, counters }, at) => checkCounterSet(name, 'name', counters, at, errors),
  );
}

function checkPool(pool: Partial<ResourceSliceSpec['pool']> = {}, errors: FieldError[]): void {
  const { name = '', resourceSliceCount = 0, generation = 0 } = pool;
  const at = SPEC.child('pool');
  checkPoolName(name, at.child('name'), errors);
  if (resourceSliceCount <= 0) errors.push(invalid(at.child('resourceSliceCount'), resourceSliceCount, 'must be greater than zero'));
  if (generation < 0) errors.push(invalid(at.child('generation'), generation, 'must be greater than or equal to zero'));
}

const ONE_OF = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

function checkNodes(spec: Partial<ResourceSliceSpec>, errors: FieldError[]): void {
  const { nodeName, nodeSelector } = spec;
  const set: string[] = [];
  if (nodeName) {
    set.push('`nodeName`');
    check(isDNS1123Subdomain, nodeName, SPEC.child('nodeName'), errors);
  } else if (nodeName === '') errors.push(invalid(SPEC.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string'));
  if (nodeSelector) {
    set.push('`nodeSelector`');
    const at = SPEC.child('nodeSelector');
    validateNodeSelector(nodeSelector, at, errors);
    const terms = nodeSelector.nodeSelectorTerms;
    // selectors of different slices are easier to put together so
    if (terms?.length !== 1)
      errors.push(
        invalid(
          at.child('nodeSelectorTerms'),
          new Printed(terms ? `[${terms.map((term) => printInternal('core/v1.NodeSelectorTerm', term)).join(',')}]` : 'null'),
          'must have exactly one node selector term',
        ),
      );
  }
  for (const flag of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[flag]) set.push(`\`${flag}\``);
    else if (spec[flag] === false) errors.push(invalid(SPEC.child(flag), false, 'must be either unset or set to true'));
  }
  if (set.length === 0) errors.push(required(SPEC, ONE_OF));
  if (set.length > 1) errors.push(invalid(SPEC, `{${set.join(', ')}}`, `${ONE_OF}, but multiple fields are set`));
}
