// A network without wires: says which endpoint a connection reaches, by the proxy's rules. Rules are replaced Service by Service.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Random } from '../../apimachinery/random.ts';
import { inCIDR } from '../../apimachinery/cidr.ts';
import { endpointsFor, type Frontend, type RuleEndpoint, type RuleNode, type ServicePortRule } from './rules.ts';

/** Clients that are remembered for each port of a Service. */
const MAX_CLIENTS = 10_000;

export interface Connection {
  /** Who connects; of what comes from outside, its own address. */
  readonly fromIP: string;
  /** The node whose proxy sees it: that of the pod, or the one that the traffic from outside comes in on. */
  readonly node: RuleNode;
  /** It comes from outside the cluster. */
  readonly external?: boolean;
  readonly toIP: string;
  readonly port: number;
  /** Default: TCP. */
  readonly protocol?: string;
}

export type Reached =
  | { readonly is: 'endpoint'; readonly endpoint: RuleEndpoint; readonly servicePort: string }
  /** No Service has the address: the connection goes where it says. */
  | { readonly is: 'direct' }
  /** Refused at once: the Service has no endpoints. */
  | { readonly is: 'rejected'; readonly servicePort: string }
  /** Never answered: none on this node, or the source may not. */
  | { readonly is: 'dropped'; readonly servicePort: string };

interface Entry {
  readonly frontend: Frontend;
  readonly rule: ServicePortRule;
}

export class SimulatedNetwork {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly isNodeIP: (ip: string) => boolean;
  private readonly byService = new Map<string, readonly ServicePortRule[]>();
  /** `ip/protocol/port`; of a node port the ip is empty. */
  private readonly entries = new Map<string, Entry>();
  private readonly affinity = new Map<string, Map<string, { readonly key: string; untilMs: number }>>();

  constructor(clock: Clock, random: Random, isNodeIP: (ip: string) => boolean) {
    this.clock = clock;
    this.random = random.fork();
    this.isNodeIP = isNodeIP;
  }

  /** @param service `namespace/name`. @param rules none: the Service is gone */
  setRules(service: string, rules: readonly ServicePortRule[]): void {
    for (const rule of this.byService.get(service) ?? []) {
      for (const frontend of rule.frontends) {
        const key = entryKey(frontend.ip ?? '', rule.protocol, frontend.port);
        if (this.entries.get(key)?.rule === rule) this.entries.delete(key);
      }
      if (!rules.some((r) => r.name === rule.name && r.affinitySeconds > 0)) this.affinity.delete(rule.name);
    }
    if (rules.length === 0) {
      this.byService.delete(service);
      return;
    }
    this.byService.set(service, rules);
    for (const rule of rules)
      for (const frontend of rule.frontends)
        this.entries.set(entryKey(frontend.ip ?? '', rule.protocol, frontend.port), { frontend, rule });
  }

  rulesOf(service: string): readonly ServicePortRule[] {
    return this.byService.get(service) ?? [];
  }

  connect(connection: Connection): Reached {
    const { toIP, port, protocol = 'TCP' } = connection;
    const entry =
      this.entries.get(entryKey(toIP, protocol, port)) ??
      (this.isNodeIP(toIP) ? this.entries.get(entryKey('', protocol, port)) : undefined);
    if (!entry) return { is: 'direct' };
    const { frontend, rule } = entry;
    const servicePort = rule.name;
    const { sourceRanges } = frontend;
    if (sourceRanges && !sourceRanges.some((range) => inCIDR(connection.fromIP, range))) return { is: 'dropped', servicePort };
    // what comes from a pod may go anywhere, whatever the policy for traffic from outside
    const shortCut = frontend.kind !== 'cluster' && !connection.external && rule.externalLocal;
    const candidates = shortCut
      ? endpointsFor({ ...rule, externalLocal: false }, connection.node, 'external')
      : endpointsFor(rule, connection.node, frontend.kind === 'cluster' ? 'internal' : 'external');
    if (candidates.length > 0) return { is: 'endpoint', endpoint: this.pick(rule, candidates, connection.fromIP), servicePort };
    const elsewhere = rule.endpoints.some((e) => e.ready || (e.serving && e.terminating));
    return { is: elsewhere ? 'dropped' : 'rejected', servicePort };
  }

  private pick(rule: ServicePortRule, candidates: readonly RuleEndpoint[], clientIP: string): RuleEndpoint {
    const any = (): RuleEndpoint => candidates[this.random.below(candidates.length)]!;
    if (rule.affinitySeconds === 0) return any();
    const now = this.clock.now();
    let clients = this.affinity.get(rule.name);
    if (!clients) this.affinity.set(rule.name, (clients = new Map()));
    const known = clients.get(clientIP);
    const kept = known && known.untilMs > now ? candidates.find((e) => endpointKey(e) === known.key) : undefined;
    const endpoint = kept ?? any();
    clients.delete(clientIP);
    clients.set(clientIP, { key: endpointKey(endpoint), untilMs: now + rule.affinitySeconds * 1000 });
    if (clients.size > MAX_CLIENTS) clients.delete(clients.keys().next().value!);
    return endpoint;
  }
}

const entryKey = (ip: string, protocol: string, port: number): string => `${ip}/${protocol}/${port}`;
const endpointKey = ({ ip, port }: RuleEndpoint): string => `${ip}:${port}`;
