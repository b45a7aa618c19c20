// EndpointSlices: the addresses and ports behind a Service, in slices of at most a hundred endpoints, for proxies and DNS.
// Follows pkg/controller/endpointslice of kube-controller-manager.
import type { Service } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import type { Manifest } from '../../apimachinery/object.ts';
import { controllerOf, isControlledBy, newControllerRef } from '../../apimachinery/owner-reference.ts';
import { isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import { desiredEndpoints } from './endpoint-slice/desired.ts';
import { planSlices, type Content, type SlicePlan } from './endpoint-slice/plan.ts';
import { SERVICE_NAME, serviceKey, SliceTracker, STALE_RETRY_MS } from './shared/slice-tracker.ts';
import {
  endpointLabels,
  LAST_CHANGE,
  podsBehind,
  serviceSelector,
  TriggerTimes,
  watchServices,
  type Family,
} from './shared/service-pods.ts';

const WORKERS = 5;
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const OWN_NAME = 'endpointslice-controller.k8s.io';
const BY_SERVICE = 'service';

export function endpointSliceController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const services = informers.of('v1/Service');
  const pods = informers.of('v1/Pod');
  const nodes = informers.of('v1/Node');
  const slices = informers.of('discovery.k8s.io/v1/EndpointSlice');
  const triggers = new TriggerTimes();
  const tracker = new SliceTracker();
  slices.addIndex(BY_SERVICE, (slice) => (isManaged(slice) ? [serviceKey(slice)] : []));

  return controller({
    name: 'endpointslice-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      watchServices(services, pods, queue);
      const enqueue = (slice: EndpointSlice): void => {
        if (isManaged(slice) && !tracker.isOwnWrite(slice)) queue.add(serviceKey(slice));
      };
      slices.addHandler({
        added: enqueue,
        updated: enqueue,
        deleted(slice) {
          tracker.forget(slice);
          if (isManaged(slice)) queue.add(serviceKey(slice));
        },
      });
    },
    reconcile,
  });

  async function reconcile(key: string): Promise<void | number> {
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    if (!service) {
      // its slices go with it: the garbage collector sees to them
      triggers.forget(key);
      tracker.forgetService(key);
      return undefined;
    }
    if (!serviceSelector(service)) return undefined;
    const existing = [...slices.byIndex(BY_SERVICE, key)].filter((s) => !s.metadata.deletionTimestamp);
    if (tracker.isStale(key, existing)) return STALE_RETRY_MS;
    const behind = podsBehind(pods, service, true);
    const changedAt = triggers.changed(service, behind);
    const labels = endpointLabels(service, { [SERVICE_NAME]: name, [MANAGED_BY]: OWN_NAME });
    const families = (service.spec?.ipFamilies ?? ['IPv4']) as readonly Family[];
    const foreign = existing.filter((s) => !isControlledBy(s, service) || !families.includes(s.addressType as Family));
    await remove(foreign);
    const missing: string[] = [];
    for (const family of families) {
      const desired = desiredEndpoints(service, behind, family, (node) => nodes.get('', node));
      missing.push(...desired.missingNodes);
      const own = existing.filter((s) => s.addressType === family && !foreign.includes(s));
      await carryOut(service, family, planSlices(own, desired, labels), labels, changedAt);
    }
    if (missing.length > 0) throw new Error(`skipping pods of Service ${key}: node ${missing.join(', ')} not found`);
    return undefined;
  }

  async function carryOut(
    service: Service,
    family: Family,
    plan: SlicePlan,
    labels: Readonly<Record<string, string>>,
    changedAt: string | undefined,
  ): Promise<void> {
    const write = async (doing: () => Promise<EndpointSlice>): Promise<void> => {
      try {
        tracker.note(await doing());
      } catch (error) {
        if (isNamespaceTerminating(error)) return;
        const message = `Error updating Endpoint Slices for Service ${objectKey(service)}: ${(error as Error).message}`;
        events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message);
        throw error;
      }
    };
    if (!service.metadata.deletionTimestamp)
      for (const content of plan.create)
        await write(() => client.create('discovery.k8s.io/v1/EndpointSlice', newSlice(service, family, content, labels, changedAt)));
    for (const { slice, content } of plan.update)
      await write(() => client.update('discovery.k8s.io/v1/EndpointSlice', changedSlice(slice, content, labels, changedAt)));
    await remove(plan.delete);
  }

  async function remove(doomed: readonly EndpointSlice[]): Promise<void> {
    for (const slice of doomed) {
      const { name, namespace = '' } = slice.metadata;
      tracker.forget(slice);
      try {
        await client.delete('discovery.k8s.io/v1/EndpointSlice', name, { namespace });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}

const isManaged = ({ metadata }: EndpointSlice): boolean =>
  metadata.labels?.[MANAGED_BY] === OWN_NAME && (controllerOf({ metadata })?.kind ?? 'Service') === 'Service';

function newSlice(
  service: Service,
  family: Family,
  { ports, endpoints }: Content,
  labels: Readonly<Record<string, string>>,
  changedAt: string | undefined,
): Manifest<EndpointSlice> {
  const { name, namespace = '' } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      ownerReferences: [newControllerRef(service)],
      ...(changedAt === undefined ? {} : { annotations: { [LAST_CHANGE]: changedAt } }),
    },
    addressType: family,
    endpoints,
    ports,
  };
}

function changedSlice(
  slice: EndpointSlice,
  { ports, endpoints }: Content,
  labels: Readonly<Record<string, string>>,
  changedAt: string | undefined,
): EndpointSlice {
  const { annotations: known, ...metadata } = slice.metadata;
  const { [LAST_CHANGE]: _, ...kept } = known ?? {};
  const annotations = { ...kept, ...(changedAt === undefined ? {} : { [LAST_CHANGE]: changedAt }) };
  const some = Object.keys(annotations).length > 0;
  return { ...slice, metadata: { ...metadata, labels, ...(some ? { annotations } : {}) }, endpoints, ports };
}
