// The resources of API group resource.k8s.io: what pods ask for in devices, and what drivers offer. Follows pkg/registry/resource.
import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '#api/resource/v1';
import { quote } from '../../../apimachinery/go-text.ts';
import { formatTime } from '../../../apimachinery/time.ts';
import type { Store } from '../../storage/store.ts';
import { setResourceClaimDefaults, setResourceClaimTemplateDefaults } from '../defaults/device-requests.ts';
import { defaulting, define, typed, type DraftOf } from '../generic/define.ts';
import type { Finish, ResourceDefinition } from '../generic/resource-definition.ts';
import { specStrategy } from '../generic/spec-strategy.ts';
import { keep, keepMetadata } from '../generic/status-strategy.ts';
import { deviceClassColumns, resourceClaimColumns, resourceSliceColumns } from '../tables/resource.ts';
import { deviceId, validateResourceClaimStatusUpdate } from '../validation/resource-claim-status.ts';
import * as rules from '../validation/resource-claim.ts';
import { semanticEqual } from '../validation/object-meta.ts';
import { validateResourceSlice, validateResourceSliceUpdate } from '../validation/resource-slice.ts';
import { DeviceAdminAccess } from './device-admin-access.ts';

const GROUP = 'resource.k8s.io';
const nothingToEnd: Finish = () => undefined;

/** @param store tells which namespaces are those of administrators */
export function resourceResources(store: Store): ResourceDefinition[] {
  const adminAccess = new DeviceAdminAccess(store);
  return [
    define(GROUP, 'deviceclasses', {
      strategy: {
        allowUnconditionalUpdate: true,
        ...specStrategy({}),
        ...typed<DeviceClass>({ validate: (one) => rules.validateDeviceClass(one), validateUpdate: rules.validateDeviceClass }),
      },
      returnsDeletedObject: true,
      columns: deviceClassColumns,
    }),
    resourceClaims(adminAccess),
    define(GROUP, 'resourceclaimtemplates', {
      versions: { v1: defaulting<ResourceClaimTemplate>(setResourceClaimTemplateDefaults) },
      strategy: typed<ResourceClaimTemplate>({
        allowUnconditionalUpdate: true,
        async beginCreate(template, { namespace }) {
          await adminAccess.checkRequests(template, template.spec?.spec?.devices, namespace);
          return nothingToEnd;
        },
        validate: (template) => [...adminAccess.errorsOf(template), ...rules.validateResourceClaimTemplate(template)],
        validateUpdate: rules.validateResourceClaimTemplateUpdate,
      }),
      returnsDeletedObject: true,
      columns: deviceClassColumns,
    }),
    define(GROUP, 'resourceslices', {
      strategy: typed<ResourceSlice>({
        allowUnconditionalUpdate: true,
        prepareForCreate(slice, { now }) {
          stampTaints(slice, now);
          dropDisabledFields(slice);
          slice.metadata.generation = 1;
        },
        validate: validateResourceSlice,
        prepareForUpdate(slice, old, { now }) {
          stampTaints(slice, now);
          // also of what is dropped
          if (!semanticEqual(slice.spec, old.spec)) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
          dropDisabledFields(slice);
        },
        validateUpdate: validateResourceSliceUpdate,
        warningsOnCreate: resourceSliceWarnings,
        warningsOnUpdate: resourceSliceWarnings,
      }),
      selectableFields: {
        names: ['spec.nodeName', 'spec.driver'],
        read(object) {
          const { nodeName = '', driver } = object['spec'] as ResourceSlice['spec'];
          return { 'spec.nodeName': nodeName, 'spec.driver': driver };
        },
      },
      returnsDeletedObject: true,
      columns: resourceSliceColumns,
    }),
    define(GROUP, 'devicetaintrules', { strategy: {} }),
    define(GROUP, 'resourcepoolstatusrequests', { strategy: {} }),
  ];
}

function resourceClaims(adminAccess: DeviceAdminAccess): ResourceDefinition {
  return define(GROUP, 'resourceclaims', {
    versions: { v1: defaulting<ResourceClaim>(setResourceClaimDefaults) },
    strategy: {
      allowUnconditionalUpdate: true,
      resetFields: [['status']],
      ...typed<ResourceClaim>({
        prepareForCreate(claim) {
          claim.status = {};
        },
        async beginCreate(claim, { namespace }) {
          await adminAccess.checkRequests(claim, claim.spec?.devices, namespace);
          return nothingToEnd;
        },
        validate: (claim) => [...adminAccess.errorsOf(claim), ...rules.validateResourceClaim(claim)],
        validateUpdate: rules.validateResourceClaimUpdate,
      }),
      prepareForUpdate: (claim, old) => keep(claim, old, 'status'),
    },
    subresources: {
      status: {
        strategy: {
          allowUnconditionalUpdate: true,
          resetFields: [['spec']],
          ...typed<ResourceClaim>({
            prepareForUpdate(claim, old) {
              keep(claim, old, 'spec');
              keepMetadata(claim, old);
              dropDeallocated(claim, old);
            },
            async beginUpdate(claim, old, { namespace }) {
              await adminAccess.checkResults(claim, old, namespace);
              return nothingToEnd;
            },
            validateUpdate: (claim, old) => [...adminAccess.errorsOf(claim), ...validateResourceClaimStatusUpdate(claim, old)],
          }),
        },
      },
    },
    returnsDeletedObject: true,
    columns: resourceClaimColumns,
  });
}

/** What drivers told of devices that the claim no longer has goes with them. */
function dropDeallocated(claim: DraftOf<ResourceClaim>, old: ResourceClaim): void {
  const { status } = claim;
  if (!status?.devices) return;
  const gone = new Set((old.status?.allocation?.devices?.results ?? []).map(deviceId));
  for (const result of status.allocation?.devices?.results ?? []) gone.delete(deviceId(result));
  const { devices, ...rest } = status;
  const kept = devices.filter((device) => !gone.has(deviceId(device)));
  claim.status = kept.length ? { ...rest, devices: kept } : rest;
}

/** Taints have the time of their arrival. */
function stampTaints(slice: DraftOf<ResourceSlice>, now: number): void {
  if (!slice.spec?.devices) return;
  const devices = slice.spec.devices.map((device) => {
    if (!device.taints) return device;
    return { ...device, taints: device.taints.map((taint) => (taint.timeAdded ? taint : { ...taint, timeAdded: formatTime(now) })) };
  });
  slice.spec = { ...slice.spec, devices };
}

/** What belongs to feature gates that are off. */
function dropDisabledFields(slice: DraftOf<ResourceSlice>): void {
  if (!slice.spec?.devices) return;
  const devices = slice.spec.devices.map((device) => {
    const { nodeAllocatableResourceMappings: _, ...known } = device;
    return known;
  });
  slice.spec = { ...slice.spec, devices };
}

function resourceSliceWarnings({ spec: { driver } }: ResourceSlice): string[] {
  if (driver === driver.toLowerCase()) return [];
  return [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`];
}
