// Endpoints: the addresses and ports behind a Service in one object, for clients that do not know EndpointSlices yet.
// Follows pkg/controller/endpoint of kube-controller-manager.
import type { EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Pod, Service } from '#api/core/v1';
import { isPodReady } from '../../apimachinery/core/pod.ts';
import { deepEqual, type Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../apimachinery/status-error.ts';
import { controller, type Controller, type ControllerDeps } from '../../client/controller.ts';
import { objectKey, splitKey } from '../../client/informer.ts';
import {
  addressesOf,
  endpointLabels,
  hostnameIn,
  isHeadless,
  LAST_CHANGE,
  podsBehind,
  serviceSelector,
  targetPort,
  TriggerTimes,
  watchServices,
  type Family,
} from './shared/service-pods.ts';

const WORKERS = 5;
const MANAGED_BY = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
/** More addresses than this are cut off, the ready ones last. */
const MAX_ADDRESSES = 1000;

export function endpointsController(deps: ControllerDeps): Controller {
  const { client, informers, events } = deps;
  const services = informers.of('v1/Service');
  const pods = informers.of('v1/Pod');
  const endpoints = informers.of('v1/Endpoints');
  const triggers = new TriggerTimes();

  return controller({
    name: 'endpoint-controller',
    deps,
    workers: WORKERS,
    watch(queue) {
      watchServices(services, pods, queue);
      endpoints.addHandler({ deleted: (gone) => queue.add(objectKey(gone)) });
    },
    reconcile,
  });

  async function reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    if (!service) {
      triggers.forget(key);
      await remove(namespace, name);
      return;
    }
    if (!serviceSelector(service)) return;
    const behind = podsBehind(pods, service, service.spec?.publishNotReadyAddresses === true);
    const changedAt = triggers.changed(service, behind);
    const { subsets, truncated } = capped(planSubsets(service, behind));
    const known = endpoints.get(namespace, name);
    const labels = endpointLabels(service, MANAGED_BY);
    const over = known?.metadata.annotations?.[OVER_CAPACITY] === 'truncated';
    if (known && deepEqual(known.subsets ?? [], subsets) && deepEqual(known.metadata.labels, labels) && over === truncated) return;
    const { [LAST_CHANGE]: _at, [OVER_CAPACITY]: _over, ...kept } = known?.metadata.annotations ?? {};
    const annotations = {
      ...kept,
      ...(changedAt === undefined ? {} : { [LAST_CHANGE]: changedAt }),
      ...(truncated ? { [OVER_CAPACITY]: 'truncated' } : {}),
    };
    const metadata = { ...known?.metadata, name, namespace, labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) };
    await write(service, known, { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
  }

  async function write(service: Service, known: Endpoints | undefined, wanted: Manifest<Endpoints>): Promise<void> {
    try {
      if (known) await client.update('v1/Endpoints', wanted as Endpoints);
      else await client.create('v1/Endpoints', wanted);
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const what = known ? 'FailedToUpdateEndpoint' : 'FailedToCreateEndpoint';
      // somebody else was faster, which the informer will show: nothing to tell
      if (!isAlreadyExists(error) || known)
        events.event(
          service,
          'Warning',
          what,
          `Failed to ${known ? 'update' : 'create'} endpoint ${objectKey(service)}: ${(error as Error).message}`,
        );
      throw error;
    }
  }

  async function remove(namespace: string, name: string): Promise<void> {
    const known = endpoints.get(namespace, name);
    if (!known || known.metadata.labels?.['endpoints.kubernetes.io/managed-by'] !== 'endpoint-controller') return;
    try {
      await client.delete('v1/Endpoints', name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Addresses with the same ports form a subset. */
export function planSubsets(service: Service, pods: readonly Pod[]): readonly EndpointSubset[] {
  const { ports = [], publishNotReadyAddresses = false, ipFamilies } = service.spec ?? {};
  const family = (ipFamilies?.[0] ?? 'IPv4') as Family;
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const pod of pods) {
    const [ip] = addressesOf(pod, family);
    if (ip === undefined) continue;
    const open = ports.flatMap((port): EndpointPort[] => {
      const number = targetPort(pod, port);
      if (number === undefined) return [];
      const { name, protocol = 'TCP', appProtocol } = port;
      return [{ ...(name ? { name } : {}), port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
    });
    // without any port only a headless Service has something to say
    if (open.length === 0 && !(isHeadless(service) && ports.length === 0)) continue;
    const key = JSON.stringify(open);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports: open, ready: [], notReady: [] }));
    (publishNotReadyAddresses || isPodReady(pod) ? group.ready : group.notReady).push(addressOf(service, pod, ip));
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports: open, ready, notReady }]) => ({
      ...(ready.length > 0 ? { addresses: ready.sort(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byAddress) } : {}),
      ...(open.length > 0 ? { ports: open } : {}),
    }));
}

function addressOf(service: Service, pod: Pod, ip: string): EndpointAddress {
  const hostname = hostnameIn(service, pod);
  const { name, namespace = '', uid } = pod.metadata;
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1;
  return (a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1;
}

/** At most {@link MAX_ADDRESSES}: of each subset its share. */
function capped(subsets: readonly EndpointSubset[]): { readonly subsets: readonly EndpointSubset[]; readonly truncated: boolean } {
  const count = (list: readonly EndpointAddress[] | undefined): number => list?.length ?? 0;
  const ready = subsets.reduce((sum, s) => sum + count(s.addresses), 0);
  const notReady = subsets.reduce((sum, s) => sum + count(s.notReadyAddresses), 0);
  if (ready + notReady <= MAX_ADDRESSES) return { subsets, truncated: false };
  let readyLeft = Math.min(ready, MAX_ADDRESSES);
  let notReadyLeft = MAX_ADDRESSES - readyLeft;
  const cut: EndpointSubset[] = [];
  for (const { ports, addresses = [], notReadyAddresses = [] } of subsets) {
    const kept = addresses.slice(0, readyLeft);
    const waiting = notReadyAddresses.slice(0, notReadyLeft);
    readyLeft -= kept.length;
    notReadyLeft -= waiting.length;
    if (kept.length + waiting.length === 0) continue;
    cut.push({
      ...(kept.length > 0 ? { addresses: kept } : {}),
      ...(waiting.length > 0 ? { notReadyAddresses: waiting } : {}),
      ...(ports ? { ports } : {}),
    });
  }
  return { subsets: cut, truncated: true };
}
