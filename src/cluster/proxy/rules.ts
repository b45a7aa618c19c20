// A Service and its EndpointSlices as rules: which addresses and ports are taken in, and which endpoints may answer on a given node.
// Pure; what programs a network reads nothing else. Follows pkg/proxy of Kubernetes (service ports, endpoints, topology).
import type { Service, ServicePort } from '#api/core/v1';
import type { Endpoint, EndpointSlice } from '#api/discovery/v1';

export interface RuleEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly nodeName: string | undefined;
  readonly zone: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly forNodes: readonly string[] | undefined;
  readonly forZones: readonly string[] | undefined;
  /** The pod behind it, where there is one. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined;
}

/** Where traffic comes in. */
export interface Frontend {
  /** `external`: an external IP or a load balancer's. */
  readonly kind: 'cluster' | 'external' | 'nodePort';
  /** Absent of a node port: any address of a node. */
  readonly ip: string | undefined;
  readonly port: number;
  /** CIDRs that may come in; absent: all. */
  readonly sourceRanges?: readonly string[];
}

export interface ServicePortRule {
  /** `namespace/name:port` */
  readonly name: string;
  readonly protocol: string;
  readonly frontends: readonly Frontend[];
  readonly endpoints: readonly RuleEndpoint[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Seconds for which a client stays with its endpoint; 0: not at all. */
  readonly affinitySeconds: number;
}

export interface RuleNode {
  readonly name: string;
  readonly zone: string | undefined;
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

/** None for Services that no proxy serves: headless ones, ExternalName, and those of another proxy. */
export function proxyRules(service: Service, slices: Iterable<EndpointSlice>): readonly ServicePortRule[] {
  const { metadata, spec } = service;
  if (!spec || spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') return [];
  if (metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined) return [];
  const all = [...slices].filter((slice) => slice.addressType === 'IPv4' || slice.addressType === 'IPv6');
  const affinitySeconds =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS) : 0;
  return (spec.ports ?? []).map((port) => ({
    name: `${metadata.namespace ?? ''}/${metadata.name}${port.name ? `:${port.name}` : ''}`,
    protocol: port.protocol ?? 'TCP',
    frontends: frontends(service, port),
    endpoints: endpointsOf(all, port),
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal: spec.externalTrafficPolicy === 'Local',
    affinitySeconds,
  }));
}

function frontends({ spec, status }: Service, { port, nodePort }: ServicePort): Frontend[] {
  const found: Frontend[] = [];
  for (const ip of spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP!]) found.push({ kind: 'cluster', ip, port });
  for (const ip of spec.externalIPs ?? []) found.push({ kind: 'external', ip, port });
  const ranges = spec.loadBalancerSourceRanges ?? [];
  for (const { ip, ipMode } of status?.loadBalancer?.ingress ?? [])
    // a load balancer in proxy mode wants to see the traffic itself
    if (ip && ipMode !== 'Proxy') found.push({ kind: 'external', ip, port, ...(ranges.length ? { sourceRanges: ranges } : {}) });
  if (nodePort) found.push({ kind: 'nodePort', ip: undefined, port: nodePort });
  return found;
}

/** Each address and port once, sorted: slices may overlap while they are rearranged. */
function endpointsOf(slices: readonly EndpointSlice[], { name = '', protocol = 'TCP' }: ServicePort): RuleEndpoint[] {
  const found = new Map<string, RuleEndpoint>();
  for (const { endpoints, ports } of slices) {
    for (const port of ports ?? []) {
      if ((port.name ?? '') !== name || (port.protocol ?? 'TCP') !== protocol || port.port === undefined) continue;
      for (const endpoint of endpoints ?? []) {
        const [ip] = endpoint.addresses;
        if (ip === undefined) continue;
        const key = `${ip} ${port.port}`;
        const read = readEndpoint(endpoint, ip, port.port);
        const known = found.get(key);
        // the one that is better off counts
        if (!known || (read.ready && !known.ready)) found.set(key, read);
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

function readEndpoint({ conditions = {}, nodeName, zone, hints, targetRef }: Endpoint, ip: string, port: number): RuleEndpoint {
  const ready = conditions.ready ?? true;
  return {
    ip,
    port,
    nodeName,
    zone,
    ready,
    serving: conditions.serving ?? ready,
    terminating: conditions.terminating ?? false,
    forNodes: hints?.forNodes?.map((h) => h.name),
    forZones: hints?.forZones?.map((h) => h.name),
    pod: targetRef?.kind === 'Pod' ? { namespace: targetRef.namespace ?? '', name: targetRef.name ?? '' } : undefined,
  };
}

/**
 * The endpoints among which a connection that comes in on the node is shared out.
 * @param traffic `internal`: to the cluster IP; `external`: to a node port, an external IP or a load balancer's
 */
export function endpointsFor(rule: ServicePortRule, node: RuleNode, traffic: 'internal' | 'external'): readonly RuleEndpoint[] {
  const local = traffic === 'internal' ? rule.internalLocal : rule.externalLocal;
  if (local) return alive(rule.endpoints.filter((e) => e.nodeName === node.name));
  const ready = rule.endpoints.filter((e) => e.ready);
  return ready.length ? nearest(ready, node) : alive(rule.endpoints);
}

/** Those that are ready; while there are none, those that still serve although they are on their way out. */
function alive(endpoints: readonly RuleEndpoint[]): readonly RuleEndpoint[] {
  const ready = endpoints.filter((e) => e.ready);
  return ready.length ? ready : endpoints.filter((e) => e.serving && e.terminating);
}

/** Hints count only where every ready endpoint has one and some endpoint is meant for the node, or its zone. */
function nearest(ready: readonly RuleEndpoint[], { name, zone }: RuleNode): readonly RuleEndpoint[] {
  if (ready.every((e) => e.forNodes?.length)) {
    const here = ready.filter((e) => e.forNodes!.includes(name));
    if (here.length) return here;
  }
  if (zone !== undefined && ready.every((e) => e.forZones?.length)) {
    const here = ready.filter((e) => e.forZones!.includes(zone));
    if (here.length) return here;
  }
  return ready;
}
