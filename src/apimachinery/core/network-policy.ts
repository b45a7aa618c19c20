// Whether NetworkPolicies let a connection through: what the policies of the one who connects and of the one who is connected to say
// together. Pure; knows no Services, and no network that enforces it. Follows the API's own description of networking.k8s.io/v1.
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#api/networking/v1';
import { inCIDR } from '../cidr.ts';
import { LabelSelector, type Labels } from '../label-selector.ts';

/** A pod, or whatever has only an address. */
export type Endpoint =
  | {
      readonly is: 'pod';
      readonly namespace: string;
      readonly namespaceLabels: Labels;
      readonly labels: Labels;
      /** Undefined where it has none yet: no ipBlock matches it then. */
      readonly ip: string | undefined;
      /** Its named ports. */
      readonly ports: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
    }
  | { readonly is: 'address'; readonly ip: string };

export interface Port {
  readonly port: number;
  /** Default: TCP. */
  readonly protocol?: string;
}

type Direction = 'Ingress' | 'Egress';

/** What no policy selects may connect, and be connected to, freely; answers need no rule. */
export const isConnectionAllowed = (policies: Iterable<NetworkPolicy>, from: Endpoint, to: Endpoint, port: Port): boolean =>
  isAllowed(policies, 'Egress', from, to, to, port) && isAllowed(policies, 'Ingress', to, from, to, port);

/** @param own whose policies count. @param to who has the ports */
function isAllowed(
  policies: Iterable<NetworkPolicy>,
  direction: Direction,
  own: Endpoint,
  other: Endpoint,
  to: Endpoint,
  port: Port,
): boolean {
  let isolated = false;
  for (const policy of policies) {
    if (!selects(policy, direction, own)) continue;
    isolated = true;
    const rules = direction === 'Ingress' ? policy.spec.ingress : policy.spec.egress;
    for (const rule of rules ?? []) {
      const peers = 'from' in rule ? rule.from : 'to' in rule ? rule.to : undefined;
      if (matchesPeers(peers, policy.metadata.namespace ?? '', other) && matchesPorts(rule.ports, to, port)) return true;
    }
  }
  return !isolated;
}

/** Whether a policy isolates the endpoint in this direction. */
export function selects({ metadata, spec }: NetworkPolicy, direction: Direction, endpoint: Endpoint): boolean {
  if (endpoint.is !== 'pod' || (metadata.namespace ?? '') !== endpoint.namespace) return false;
  const types = spec.policyTypes?.length ? spec.policyTypes : spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  return types.includes(direction) && LabelSelector.fromSpec(spec.podSelector ?? {}).matches(endpoint.labels);
}

/** None named: everybody. */
const matchesPeers = (peers: readonly NetworkPolicyPeer[] | undefined, namespace: string, other: Endpoint): boolean =>
  !peers?.length || peers.some((peer) => matchesPeer(peer, namespace, other));

function matchesPeer({ ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, namespace: string, other: Endpoint): boolean {
  if (ipBlock)
    return other.ip !== undefined && inCIDR(other.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((range) => inCIDR(other.ip!, range));
  if (other.is !== 'pod') return false;
  const inNamespace = namespaceSelector
    ? LabelSelector.fromSpec(namespaceSelector).matches(other.namespaceLabels)
    : other.namespace === namespace;
  return inNamespace && (!podSelector || LabelSelector.fromSpec(podSelector).matches(other.labels));
}

/** None named: every port. A name is one of the pod that is connected to. */
function matchesPorts(ports: readonly NetworkPolicyPort[] | undefined, to: Endpoint, { port, protocol = 'TCP' }: Port): boolean {
  if (!ports?.length) return true;
  return ports.some((rule) => {
    if ((rule.protocol ?? 'TCP') !== protocol) return false;
    if (rule.port === undefined) return true;
    if (typeof rule.port === 'number') return rule.endPort === undefined ? rule.port === port : rule.port <= port && port <= rule.endPort;
    return to.is === 'pod' && to.ports.some((p) => p.name === rule.port && p.containerPort === port && (p.protocol ?? 'TCP') === protocol);
  });
}
