// From the name of a Service to an address that answers for it: one of its endpoints, or, of an ExternalName Service, the name that it
// stands for. Follows ResolveEndpoint and ResolveCluster of k8s.io/apiserver's pkg/util/proxy.
import type { Pod, Service } from '#api/core/v1';
import type { EndpointSlice } from '#api/discovery/v1';
import type { KubernetesObject } from '../../../apimachinery/object.ts';
import { notFoundError, serviceUnavailable } from '../../../apimachinery/status-error.ts';
import type { Store } from '../../storage/store.ts';

export interface Resolved {
  readonly host: string;
  readonly port: number;
  readonly pod: Pod | undefined;
}

export const SERVICES = '/registry/services/specs';
export const ENDPOINT_SLICES = '/registry/endpointslices';
const PODS = '/registry/pods';

const NO_SERVICE = { group: '', resource: 'services' };

export async function serviceNamed(store: Store, namespace: string, name: string): Promise<Service | undefined> {
  return (await store.get(`${SERVICES}/${namespace}/${name}`))?.value as Service | undefined;
}

export async function slicesOf(store: Store, namespace: string, name: string): Promise<readonly EndpointSlice[]> {
  const list = await store.list(`${ENDPOINT_SLICES}/${namespace}/`);
  const slices = (list.ok ? list.entries : []).map(({ value }) => value as unknown as EndpointSlice);
  return slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
}

/** Throws a StatusError where the Service has nobody who would answer. */
export async function resolveService(store: Store, namespace: string, name: string, port: number): Promise<Resolved> {
  const service = await serviceNamed(store, namespace, name);
  if (!service) throw notFoundError(NO_SERVICE, name);
  const { type = 'ClusterIP', externalName = '', ports = [] } = service.spec ?? {};
  if (type === 'ExternalName') return { host: externalName, port, pod: undefined };
  const servicePort = ports.find((p) => p.port === port);
  if (!servicePort) throw serviceUnavailable(`no service port ${port} found for service "${name}"`);
  const found = await endpointOf(store, namespace, name, servicePort.name ?? '');
  if (!found) throw serviceUnavailable(`no endpoints available for service "${name}"`);
  return found;
}

/** DEVIATION: of several that are ready the first, not any: whoever asks twice is answered by the same. */
export async function endpointOf(store: Store, namespace: string, name: string, portName: string): Promise<Resolved | undefined> {
  for (const slice of await slicesOf(store, namespace, name)) {
    const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
      const [host] = addresses;
      if (host === undefined || conditions?.ready === false) continue;
      const pod =
        targetRef?.kind === 'Pod'
          ? (await store.get(`${PODS}/${targetRef.namespace ?? namespace}/${targetRef.name ?? ''}`))?.value
          : undefined;
      return { host, port, pod: pod as (KubernetesObject & Pod) | undefined };
    }
  }
  return undefined;
}

/** Whether some endpoint is ready at the port of that name. */
export const hasEndpoints = (slices: readonly EndpointSlice[], portName: string): boolean =>
  slices.some(
    ({ ports, endpoints }) =>
      (ports ?? []).some((p) => (p.name ?? '') === portName) &&
      (endpoints ?? []).some(({ addresses, conditions }) => addresses.length > 0 && conditions?.ready !== false),
  );
