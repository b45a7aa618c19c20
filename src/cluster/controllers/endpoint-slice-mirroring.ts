// Mirrors Endpoints that people or other programs wrote for a Service without a selector into EndpointSlices, which is what proxies read.
// Follows pkg/controller/endpointslicemirroring of kube-controller-manager.
import type { EndpointAddress, Endpoints, EndpointSubset, Service } from '#api/core/v1';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1';
import { LAST_APPLIED } from '../../apimachinery/apply/last-applied.ts';
import { deepEqual, type Manifest } from '../../apimachinery/object.ts';
import { newControllerRef } from '../../apimachinery/owner-reference.ts';
import { isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { portKey } from './endpoint-slice/desired.ts';
import { SERVICE_NAME, serviceKey, SliceTracker, STALE_RETRY_MS } from './shared/slice-tracker.ts';
import { familyOf, LAST_CHANGE, type Family } from './shared/service-pods.ts';

const WORKERS = 5;
const SLICE = 'discovery.k8s.io/v1/EndpointSlice';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const OWN_NAME = 'endpointslicemirroring-controller.k8s.io';
/** Who mirrors by himself says so with this label. */
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
/** Endpoints that only elect a leader have no addresses worth telling. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const NOT_COPIED = new Set([LAST_CHANGE, LAST_APPLIED]);
/** Of a subset; more are left out. */
const MAX_ADDRESSES = 1000;
/** Of an informer that the controller of EndpointSlices shares. */
const BY_SERVICE = 'mirrored service';

export function endpointSliceMirroringController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const services = informers.of('v1/Service');
  const endpoints = informers.of('v1/Endpoints');
  const slices = informers.of(SLICE);
  const tracker = new SliceTracker();
  slices.addIndex(BY_SERVICE, (slice) => (isMirror(slice) ? [serviceKey(slice)] : []));

  return controller({
    name: 'endpoint-slice-mirroring-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      const add = (object: Service | Endpoints): void => queue.add(objectKey(object));
      services.addHandler({ added: add, updated: add, deleted: add });
      endpoints.addHandler({ added: add, updated: add, deleted: add });
      const addMirror = (slice: EndpointSlice): void => {
        if (isMirror(slice)) queue.add(serviceKey(slice));
      };
      slices.addHandler({
        added: addMirror,
        updated(slice, old) {
          if (isMirror(old) && !isMirror(slice)) tracker.forget(old);
          addMirror(isMirror(slice) ? slice : old);
        },
        deleted(slice) {
          tracker.forget(slice);
          addMirror(slice);
        },
      });
    },
    reconcile,
  });

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const source = endpoints.get(namespace, name);
    const service = services.get(namespace, name);
    const all = [...slices.byIndex(BY_SERVICE, key)];
    if (tracker.isStale(key, all)) return STALE_RETRY_MS;
    const existing = all.filter((slice) => !slice.metadata.deletionTimestamp);
    if (!source) tracker.forgetService(key);
    const plan = planMirror(service && source && isMirrored(service, source) ? source : undefined, existing);
    try {
      for (const slice of plan.create) tracker.note(await client.create(SLICE, slice));
      for (const slice of plan.update) tracker.note(await client.update(SLICE, slice));
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      const message = `Error mirroring EndpointSlices for Endpoints ${key}: ${(error as Error).message}`;
      events.event(source!, 'Warning', 'FailedToUpdateEndpointSlices', message);
      throw error;
    }
    for (const slice of plan.delete) await remove(slice);
    return undefined;
  }

  async function remove(slice: EndpointSlice): Promise<void> {
    const { name, namespace = '' } = slice.metadata;
    tracker.forget(slice);
    try {
      await client.delete(SLICE, name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const isMirror = ({ metadata }: EndpointSlice): boolean => metadata.labels?.[MANAGED_BY] === OWN_NAME;

/** Only what nobody else makes slices of: a Service with a selector has its own. */
function isMirrored(service: Service, { metadata }: Endpoints): boolean {
  if (metadata.deletionTimestamp || service.metadata.deletionTimestamp) return false;
  if (Object.keys(service.spec?.selector ?? {}).length > 0) return false;
  return metadata.labels?.[SKIP_MIRROR] !== 'true' && !(LEADER in (metadata.annotations ?? {}));
}

export interface MirrorPlan {
  readonly create: readonly Manifest<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

interface Group {
  readonly family: Family;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Endpoint[];
}

/** One slice for each family and set of ports. @param source undefined: nothing is to be mirrored; @param existing slices that mirror it */
export function planMirror(source: Endpoints | undefined, existing: readonly EndpointSlice[]): MirrorPlan {
  const create: Manifest<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const left = new Set(existing);
  const missing: Manifest<EndpointSlice>[] = [];
  for (const group of source ? groupsOf(source) : []) {
    const wanted = sliceOf(source!, group);
    const same = [...left].find(
      (slice) => slice.addressType === group.family && portKey(slice.ports) === portKey(group.ports) && ownedBy(slice, source!),
    );
    if (!same) {
      missing.push(wanted);
      continue;
    }
    left.delete(same);
    if (!holds(same, wanted)) update.push(changed(same, wanted));
  }
  for (const wanted of missing) {
    // writing over a slice that would go spares a deletion and a creation
    const spare = [...left].find((slice) => slice.addressType === wanted.addressType && ownedBy(slice, source!));
    if (spare) {
      left.delete(spare);
      update.push(changed(spare, wanted));
    } else create.push(wanted);
  }
  return { create, update, delete: [...left] };
}

const ownedBy = ({ metadata }: EndpointSlice, { metadata: { uid } }: Endpoints): boolean =>
  metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;

function groupsOf({ subsets }: Endpoints): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const subset of subsets ?? []) {
    const ports = portsOf(subset);
    const all = [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ];
    for (const endpoint of all.slice(0, MAX_ADDRESSES)) {
      const family = familyOf(endpoint.addresses[0]!);
      const key = `${family} ${portKey(ports)}`;
      const group = groups.get(key) ?? { family, ports, endpoints: [] };
      groups.set(key, group);
      group.endpoints.push(endpoint);
    }
  }
  return [...groups.values()];
}

const portsOf = ({ ports = [] }: EndpointSubset): readonly EndpointPort[] =>
  ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(targetRef ? { targetRef } : {}),
  ...(hostname ? { hostname } : {}),
  ...(nodeName ? { nodeName } : {}),
});

function sliceOf(source: Endpoints, { family, ports, endpoints }: Group): Manifest<EndpointSlice> {
  const { name, namespace = '', labels, annotations: all } = source.metadata;
  const annotations = Object.fromEntries(Object.entries(all ?? {}).filter(([key]) => !NOT_COPIED.has(key)));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: OWN_NAME },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ownerReferences: [newControllerRef(source)],
    },
    addressType: family,
    endpoints,
    ports,
  };
}

const holds = ({ metadata, endpoints, ports }: EndpointSlice, wanted: Manifest<EndpointSlice>): boolean =>
  deepEqual(metadata.labels, wanted.metadata.labels) &&
  deepEqual(metadata.annotations ?? {}, wanted.metadata.annotations ?? {}) &&
  deepEqual(endpoints, wanted['endpoints']) &&
  deepEqual(ports, wanted['ports']);

function changed(slice: EndpointSlice, wanted: Manifest<EndpointSlice>): EndpointSlice {
  const { annotations: _, ...metadata } = slice.metadata;
  const { labels, annotations } = wanted.metadata;
  return {
    ...slice,
    metadata: { ...metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
    endpoints: (wanted['endpoints'] ?? []) as readonly Endpoint[],
    ports: (wanted['ports'] ?? []) as readonly EndpointPort[],
  };
}
