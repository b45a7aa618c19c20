// The endpoints that a Service should have, grouped by the ports that its pods open. Pure. Follows k8s.io/endpointslice.
import type { Node, Pod, Service } from '#api/core/v1';
import type { Endpoint, EndpointHints, EndpointPort } from '#api/discovery/v1';
import { isPodReady } from '../../../apimachinery/core/pod.ts';
import { addressesOf, hostnameIn, targetPort, type Family } from '../shared/service-pods.ts';

/** Pods that open the same ports: they share slices. */
export interface PortGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface Desired {
  /** By {@link portKey}. */
  readonly groups: ReadonlyMap<string, PortGroup>;
  /** Names of nodes that pods are on and nobody knows: such pods are left out. */
  readonly missingNodes: readonly string[];
}

export const portKey = (ports: readonly EndpointPort[] | null | undefined): string =>
  JSON.stringify((ports ?? []).map((p) => [p.name ?? '', p.port, p.protocol, p.appProtocol]).sort());

export function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  family: Family,
  nodeOf: (name: string) => Node | undefined,
): Desired {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: Endpoint[] }>();
  const missingNodes: string[] = [];
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const node = nodeName ? nodeOf(nodeName) : undefined;
    if (nodeName && !node && !service.spec?.publishNotReadyAddresses) {
      missingNodes.push(nodeName);
      continue;
    }
    const addresses = addressesOf(pod, family);
    if (addresses.length === 0) continue;
    const ports = endpointPorts(service, pod);
    const key = portKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: [] }));
    group.endpoints.push(endpointOf(service, pod, addresses, node));
  }
  return { groups, missingNodes };
}

function endpointPorts(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(pod, port);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function endpointOf(service: Service, pod: Pod, addresses: readonly string[], node: Node | undefined): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hostname = hostnameIn(service, pod);
  const { nodeName } = pod.spec;
  const { name, namespace = '', uid } = pod.metadata;
  const hints = ready ? hintsFor(service.spec?.trafficDistribution, zone, nodeName) : undefined;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  };
}

/** Whom an endpoint should serve, where the Service says that it prefers the near ones. */
function hintsFor(distribution: string | undefined, zone: string | undefined, node: string | undefined): EndpointHints | undefined {
  const forZones = zone ? { forZones: [{ name: zone }] } : undefined;
  if (distribution === 'PreferClose' || distribution === 'PreferSameZone') return forZones;
  if (distribution !== 'PreferSameNode') return undefined;
  const forNodes = node ? { forNodes: [{ name: node }] } : undefined;
  return forZones || forNodes ? { ...forZones, ...forNodes } : undefined;
}
