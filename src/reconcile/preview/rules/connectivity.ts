// Connections between workloads, from other pods and from outside, that NetworkPolicies let through before and not after, or the other way
// round. Looked at only where policies, labels or namespaces have changed, and only between what is there at both times.
import type { NetworkPolicy } from '#api/networking/v1';
import type { PodSpec } from '#api/core/v1';
import { isConnectionAllowed, selects, type Endpoint, type Port } from '../../../apimachinery/core/network-policy.ts';
import { deepEqual } from '../../../apimachinery/object.ts';
import { resourceText, type ResourceId } from '../../plan/resource-id.ts';
import { listed, type Finding } from '../consequence.ts';
import type { Evidence, Rule } from '../evidence.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Workload } from '../workloads.ts';

const POLICY = 'networking.k8s.io/v1/NetworkPolicy';
/** Of workloads, the first so many are looked at: the work grows with the square. */
const MOST_PARTIES = 250;
/** Stands for everything outside the cluster: an address for documentation. */
const OUTSIDE: Endpoint = { is: 'address', ip: '203.0.113.10' };
const DNS_PORTS: readonly Port[] = [{ port: 53, protocol: 'UDP' }, { port: 53 }];

interface Party {
  readonly name: string;
  readonly id: ResourceId | undefined;
  readonly was: Endpoint;
  readonly is: Endpoint;
  readonly ports: readonly Port[];
}

export const connectivity: Rule = (evidence) => {
  const { before, after } = evidence;
  const [was, is] = [before.of(POLICY), after.of(POLICY)];
  if (was.length + is.length === 0) return [];
  const all = parties(evidence);
  if (deepEqual(was.map(essence), is.map(essence)) && all.every((party) => deepEqual(party.was, party.is))) return [];
  const sides = all.map((party): Sides => ({
    party,
    was: isolated(was as readonly NetworkPolicy[], party.was),
    is: isolated(is as readonly NetworkPolicy[], party.is),
  }));
  const changes = new Map<string, Change>();
  for (const to of sides)
    for (const from of sides) {
      if (to === from && !to.party.id) continue;
      for (const port of to.party.ports) note(changes, from, to, port);
    }
  return [...changes.values()].map((change) => told(evidence, change));
};

const essence = ({
  metadata,
  spec,
}: {
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly spec: unknown;
}) => [metadata.namespace, metadata.name, spec];

/** A party at one moment, and the policies that say something of it: only those are asked for each of its connections. */
interface Isolated {
  readonly endpoint: Endpoint;
  readonly policies: readonly NetworkPolicy[];
}

const isolated = (policies: readonly NetworkPolicy[], endpoint: Endpoint): Isolated => ({
  endpoint,
  policies: policies.filter((policy) => selects(policy, 'Ingress', endpoint) || selects(policy, 'Egress', endpoint)),
});

interface Sides {
  readonly party: Party;
  readonly was: Isolated;
  readonly is: Isolated;
}

interface Change {
  readonly opened: boolean;
  readonly to: Party;
  readonly from: Set<Party>;
  readonly ports: Set<string>;
}

function note(changes: Map<string, Change>, from: Sides, to: Sides, port: Port): void {
  const opened = allowed(from.is, to.is, port);
  if (allowed(from.was, to.was, port) === opened) return;
  const key = `${to.party.name} ${opened}`;
  const change = changes.get(key) ?? { opened, to: to.party, from: new Set(), ports: new Set() };
  change.from.add(from.party);
  change.ports.add(`${port.port}/${port.protocol ?? 'TCP'}`);
  changes.set(key, change);
}

const allowed = (from: Isolated, to: Isolated, port: Port): boolean =>
  from.policies.length + to.policies.length === 0 ||
  isConnectionAllowed([...from.policies, ...to.policies], from.endpoint, to.endpoint, port);

function told(evidence: Evidence, { opened, to, from, ports }: Change): Finding {
  const names = namesOf(evidence, [...from]);
  const object = to.id ?? [...from].find(({ id }) => id)?.id ?? changedPolicy(evidence) ?? namespaceOf([to, ...from]);
  const source = changedPolicy(
    evidence,
    [to, ...from].flatMap(({ id }) => (id ? [id.namespace] : [])),
  );
  const where = `${to.name} on ${listed([...ports])}`;
  return {
    severity: 'warning',
    type: 'ConnectivityChange',
    reason: opened ? 'Opened' : 'Closed',
    object,
    message: opened
      ? `${listed(names)} may connect to ${where}, and could not before`
      : `${listed(names)} may no longer connect to ${where}`,
    remedy: opened ? 'allow only those who need it' : 'allow it in a NetworkPolicy, if anybody needs it',
    ...(source ? { source } : {}),
  };
}

/** Where only labels of namespaces change, and no workload is concerned. */
function namespaceOf(parties: readonly Party[]): ResourceId {
  const pod = parties.map(({ is }) => is).find((endpoint) => endpoint.is === 'pod');
  return { group: '', version: 'v1', kind: 'Namespace', namespace: '', name: pod?.namespace ?? '' };
}

/** The outside first, then workloads, then the other pods of each namespace: of all namespaces, in one word. */
function namesOf({ after }: Evidence, from: readonly Party[]): string[] {
  const [outside, inside] = [from.filter(({ is }) => is.is === 'address'), from.filter(({ is }) => is.is === 'pod')];
  const others = inside.filter(({ id, name }) => !id && name.startsWith(OTHERS));
  const all = others.length === after.of('v1/Namespace').length && others.length > 1;
  return [
    ...outside.map(({ name }) => name),
    ...inside.filter((party) => !others.includes(party)).map(({ name }) => name),
    ...(all ? ['all other pods'] : others.map(({ name }) => name)),
  ];
}

const OTHERS = 'other pods of ';

/** The policy to blame: one that changes, in one of the namespaces if there is any. */
function changedPolicy({ plan }: Evidence, namespaces: readonly string[] = []): ResourceId | undefined {
  const changed = plan.resources.filter(({ id, action }) => id.kind === 'NetworkPolicy' && action !== 'unchanged');
  return (changed.find(({ id }) => namespaces.includes(id.namespace)) ?? changed[0])?.id;
}

function parties(evidence: Evidence): readonly Party[] {
  const { workloads, before, after } = evidence;
  const found: Party[] = [];
  const numbers = policyPorts([...before.of(POLICY), ...after.of(POLICY)] as readonly NetworkPolicy[]);
  for (const [key, is] of workloads.after) {
    const was = workloads.before.get(key);
    if (!was || found.length >= MOST_PARTIES) continue;
    const [one, other] = [endpointOf(before, was), endpointOf(after, is)];
    found.push({ name: resourceText(is.id), id: is.id, was: one, is: other, ports: portsOf([one, other], numbers) });
  }
  for (const { metadata } of after.of('v1/Namespace')) {
    const [was, is] = [bare(before, metadata.name), bare(after, metadata.name)];
    // others' pods connect, and are connected to by nobody in particular
    if (was && is) found.push({ name: `${OTHERS}${metadata.name}`, id: undefined, was, is, ports: [] });
  }
  const dns = bare(after, 'kube-system', { 'k8s-app': 'kube-dns' });
  if (dns) found.push({ name: 'DNS (kube-system)', id: undefined, was: dns, is: dns, ports: DNS_PORTS });
  found.push({ name: 'addresses outside the cluster', id: undefined, was: OUTSIDE, is: OUTSIDE, ports: [{ port: 443 }, ...numbers] });
  return found;
}

function endpointOf(snapshot: Snapshot, { id, template, uid }: Workload): Endpoint {
  const pod = snapshot.podsOf(uid)[0];
  const spec = template.spec as PodSpec;
  return {
    ...(bare(snapshot, id.namespace, template.metadata?.labels ?? {})! as Extract<Endpoint, { is: 'pod' }>),
    ip: pod?.status?.podIP,
    ports: [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ ports = [] }) =>
      ports.map(({ name, containerPort, protocol }) => ({ containerPort, ...(name ? { name } : {}), ...(protocol ? { protocol } : {}) })),
    ),
  };
}

/** A pod of the namespace with these labels; undefined where there is no such namespace. */
function bare(snapshot: Snapshot, namespace: string, labels: Readonly<Record<string, string>> = {}): Endpoint | undefined {
  const space = snapshot.get('v1/Namespace', '', namespace);
  return space && { is: 'pod', namespace, namespaceLabels: space.metadata.labels ?? {}, labels, ip: undefined, ports: [] };
}

/** What it says that it listens on, and what policies speak of; of one that says nothing, some port. */
function portsOf(endpoints: readonly Endpoint[], fromPolicies: readonly Port[]): readonly Port[] {
  const own = endpoints
    .flatMap((e) => (e.is === 'pod' ? e.ports : []))
    .map(({ containerPort, protocol }): Port => ({ port: containerPort, ...(protocol ? { protocol } : {}) }));
  const all = own.length ? own : [{ port: 80 }, ...fromPolicies];
  return [...new Map(all.map((port) => [`${port.port}/${port.protocol ?? 'TCP'}`, port])).values()];
}

function policyPorts(policies: readonly NetworkPolicy[]): readonly Port[] {
  const rules = policies.flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])]);
  const ports = rules
    .flatMap((rule) => rule.ports ?? [])
    .flatMap(({ port, protocol }): Port[] => (typeof port === 'number' ? [{ port, ...(protocol ? { protocol } : {}) }] : []));
  return [...new Map(ports.map((port) => [`${port.port}/${port.protocol ?? 'TCP'}`, port])).values()];
}
