// The addresses and ports that a Service is given: cluster addresses with their families, node ports, the health check port. Follows
// pkg/registry/core/service/storage/alloc.go for a cluster of one family, IPv4.
import type { Service, ServicePort, ServiceSpec } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { isIPv6 } from 'node:net';
import { internalServerError, invalidError, statusError, type StatusError } from '../../../apimachinery/status-error.ts';
import { invalid, Path, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import type { Finish } from '../generic/resource-definition.ts';
import { validateClusterIPFields } from '../validation/service-addresses.ts';
import { addressAllocator, ipv4Number, ipv4Text, NODE_PORTS, nodePortAllocator, type RangeAllocator } from './allocator.ts';
import { clusterIPsOf, hasAddress, HEADLESS, isHeadless, needsClusterIP, needsHealthCheckNodePort, needsNodePort } from './service-kind.ts';

const SPEC = Path.of('spec');

/** `10.0.0.1` is the API server's own. */
const API_SERVER_OFFSET = 1;

export class ServiceAllocation {
  private readonly store: Store;
  private readonly cidr: string;
  private readonly addresses: RangeAllocator;
  private readonly ports: RangeAllocator = nodePortAllocator();
  private loaded: Promise<void> | undefined;
  /** The API server's own address is kept for its Service, which is not there. */
  private reserved = false;

  /** @param cidr of the cluster addresses */
  constructor(store: Store, cidr: string) {
    this.store = store;
    this.cidr = cidr;
    this.addresses = addressAllocator(cidr);
  }

  private ownAddress(): number {
    return ipv4Number(this.cidr.split('/')[0]!) + API_SERVER_OFFSET;
  }

  /** What the stored Services have; read once. */
  private load(): Promise<void> {
    this.loaded ??= (async () => {
      this.reserved = this.addresses.take(this.ownAddress()) === undefined;
      const list = await this.store.list('/registry/services/specs/');
      if (!list.ok) throw internalServerError('the services cannot be read');
      for (const { value } of list.entries) {
        if (isOwn(value.metadata)) this.reserved = false;
        this.keep(value as unknown as Service);
      }
    })();
    return this.loaded;
  }

  private keep(service: Service): void {
    if (hasAddress(service)) for (const ip of clusterIPsOf(service.spec)) if (!isIPv6(ip)) this.addresses.take(ipv4Number(ip));
    for (const port of portsOf(service.spec)) this.ports.take(port);
  }

  async create(service: DraftOf<Service>, dryRun: boolean): Promise<Finish> {
    await this.load();
    const taken = new Taking(this.addresses, this.ports);
    if (this.reserved && isOwn(service.metadata) && !dryRun) {
      this.reserved = false;
      this.addresses.release(this.ownAddress());
    }
    try {
      const spec = { ...service.spec };
      if (needsClusterIP(service)) {
        initFamilies(spec, service.metadata.name ?? '');
        if (!isHeadless({ spec })) this.allocateAddresses(spec, taken, service.metadata.name ?? '', dryRun);
      }
      if (needsNodePort({ spec })) allocatePorts(spec, taken, service.metadata.name ?? '', dryRun);
      if (needsHealthCheckNodePort({ spec })) allocateHealthCheckPort(spec, taken, dryRun);
      service.spec = spec;
    } catch (error) {
      taken.giveBack();
      throw error;
    }
    if (dryRun) taken.giveBack();
    return (stored) => {
      if (!stored) taken.giveBack();
    };
  }

  async update(service: DraftOf<Service>, old: Service, dryRun: boolean): Promise<Finish> {
    await this.load();
    const taken = new Taking(this.addresses, this.ports);
    const name = service.metadata.name ?? '';
    try {
      const spec = { ...service.spec };
      if (needsClusterIP({ spec })) {
        initFamilies(spec, name, old);
        const had = needsClusterIP(old);
        if (!isHeadless({ spec }) && (!had || clusterIPsOf(spec).length === 0)) this.allocateAddresses(spec, taken, name, dryRun);
      }
      const before = new Set(needsNodePort(old) ? portsOf(old.spec) : []);
      if (needsNodePort({ spec })) allocatePorts(spec, taken, name, dryRun, before);
      if (needsHealthCheckNodePort({ spec }) && !spec.healthCheckNodePort) allocateHealthCheckPort(spec, taken, dryRun);
      service.spec = spec;
      const after = spec;
      if (dryRun) taken.giveBack();
      return (stored) => {
        if (!stored) taken.giveBack();
        else this.releaseWhatWent(old, after);
      };
    } catch (error) {
      taken.giveBack();
      throw error;
    }
  }

  private releaseWhatWent(old: Service, spec: ServiceSpec): void {
    const [ports, ips] = [new Set(portsOf(spec)), new Set(clusterIPsOf(spec))];
    for (const port of portsOf(old.spec)) if (!ports.has(port)) this.ports.release(port);
    if (hasAddress(old)) for (const ip of clusterIPsOf(old.spec)) if (!ips.has(ip) && !isIPv6(ip)) this.addresses.release(ipv4Number(ip));
  }

  release(service: Service): void {
    if (!this.loaded) return;
    this.releaseWhatWent(service, { ...service.spec, ports: [], clusterIPs: [] });
    if (service.spec.healthCheckNodePort) this.ports.release(service.spec.healthCheckNodePort);
  }

  private allocateAddresses(spec: Writable, taken: Taking, name: string, dryRun: boolean): void {
    const [wanted] = clusterIPsOf(spec);
    if (wanted === undefined || wanted === '') {
      const found = taken.anyAddress();
      if (found === undefined) throw internalServerError('failed to allocate a serviceIP: range is full');
      spec.clusterIPs = [ipv4Text(found)];
    } else {
      const why = isIPv6(wanted) ? 'outside' : taken.address(ipv4Number(wanted));
      if (why) throw refuse(name, [invalid(SPEC.child('clusterIPs'), clusterIPsOf(spec), this.wordsFor(wanted, why, dryRun))]);
      spec.clusterIPs = [wanted];
    }
    spec.clusterIP = spec.clusterIPs[0];
  }

  private wordsFor(ip: string, why: 'taken' | 'outside', dryRun: boolean): string {
    if (why === 'taken') return `failed to allocate IP ${ip}: provided IP is already allocated`;
    // told from the range alone, without asking for ServiceCIDRs
    if (dryRun)
      return `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.cidr}`;
    return `failed to allocate IP ${ip}: the provided network does not match the current range`;
  }
}

const isOwn = ({ name, namespace }: ObjectMeta): boolean => name === 'kubernetes' && namespace === 'default';

type Writable = { -readonly [K in keyof ServiceSpec]: ServiceSpec[K] };

/** What one request has taken so far. */
class Taking {
  private readonly addresses: RangeAllocator;
  private readonly ports: RangeAllocator;
  private readonly takenAddresses: number[] = [];
  private readonly takenPorts: number[] = [];

  constructor(addresses: RangeAllocator, ports: RangeAllocator) {
    this.addresses = addresses;
    this.ports = ports;
  }

  address(item: number): 'taken' | 'outside' | undefined {
    const why = this.addresses.take(item);
    if (!why) this.takenAddresses.push(item);
    return why;
  }

  anyAddress(): number | undefined {
    const found = this.addresses.takeAny();
    if (found !== undefined) this.takenAddresses.push(found);
    return found;
  }

  port(item: number): 'taken' | 'outside' | undefined {
    const why = this.ports.take(item);
    if (!why) this.takenPorts.push(item);
    return why;
  }

  anyPort(): number | undefined {
    const found = this.ports.takeAny();
    if (found !== undefined) this.takenPorts.push(found);
    return found;
  }

  giveBack(): void {
    for (const item of this.takenAddresses.splice(0)) this.addresses.release(item);
    for (const item of this.takenPorts.splice(0)) this.ports.release(item);
  }
}

const refuse = (name: string, errors: readonly FieldError[]): StatusError => invalidError({ group: '', kind: 'Service' }, name, errors);

function* portsOf({ ports, healthCheckNodePort }: ServiceSpec): Iterable<number> {
  const seen = new Set<number>();
  for (const { nodePort } of ports ?? []) {
    if (!nodePort || seen.has(nodePort)) continue;
    seen.add(nodePort);
    yield nodePort;
  }
  if (healthCheckNodePort && !seen.has(healthCheckNodePort)) yield healthCheckNodePort;
}

/** The families and their policy, from what the Service says or from what the cluster has. */
function initFamilies(spec: Writable, name: string, old?: Service): void {
  const errors = validateClusterIPFields({ spec }, old);
  if (errors.length) throw refuse(name, errors);
  const families = [...(spec.ipFamilies ?? [])];
  for (const [i, ip] of clusterIPsOf(spec).entries()) {
    if (ip === HEADLESS || ip === '') break;
    if (i < families.length) continue;
    if (isIPv6(ip))
      throw refuse(name, [invalid(SPEC.child('clusterIPs').index(i), clusterIPsOf(spec), 'IPv6 is not configured on this cluster')]);
    families.push('IPv4');
  }
  if (isHeadless({ spec }) && Object.keys(spec.selector ?? {}).length === 0) {
    if (families.length === 0) families.push('IPv4');
    // nobody but its owner fills in its endpoints, and may do so in both families
    if (families.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    spec.ipFamilies = families;
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    return;
  }
  // who says nothing of the policy wants one family
  if ((spec.ipFamilyPolicy ?? 'SingleStack') === 'SingleStack' && families.length > 1) {
    const why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
    throw refuse(name, [invalid(SPEC.child('ipFamilyPolicy'), 'SingleStack', why)]);
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    errors.push(invalid(SPEC.child('ipFamilyPolicy'), spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [i, family] of families.entries())
    if (family !== 'IPv4') errors.push(invalid(SPEC.child('ipFamilies').index(i), family, 'not configured on this cluster'));
  if (errors.length) throw refuse(name, errors);
  spec.ipFamilies = families.length ? families : ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** @param before node ports that the Service has already */
function allocatePorts(spec: Writable, taken: Taking, name: string, dryRun: boolean, before: ReadonlySet<number> = new Set()): void {
  const ports: ServicePort[] = [];
  /** One number may serve several protocols. */
  const own = new Map<number, Set<string>>();
  for (const [i, port] of (spec.ports ?? []).entries()) {
    let { nodePort = 0 } = port;
    const { protocol = 'TCP' } = port;
    if (nodePort !== 0) {
      const shared = own.get(nodePort);
      if (shared?.has(protocol)) throw portTwice(name, nodePort, protocol, i, before.size > 0);
      // a dry run takes no port, so none is found to be taken, or out of range
      const why = shared || before.has(nodePort) || dryRun ? undefined : taken.port(nodePort);
      if (why) throw refuse(name, [invalid(SPEC.child('ports').index(i).child('nodePort'), nodePort, portWords(why))]);
    } else {
      // the same port in another protocol has the same node port
      const twin = ports.find((p) => p.port === port.port && p.protocol !== protocol && p.nodePort);
      const found = twin?.nodePort ?? taken.anyPort();
      if (found === undefined) throw internalServerError('failed to allocate a nodePort: range is full');
      nodePort = found;
    }
    own.set(nodePort, new Set([...(own.get(nodePort) ?? []), protocol]));
    ports.push({ ...port, nodePort });
  }
  spec.ports = ports;
}

function portTwice(name: string, nodePort: number, protocol: string, i: number, isUpdate: boolean): StatusError {
  if (isUpdate) return statusError({ code: 500, reason: '', message: `duplicate nodePort: {${protocol} ${nodePort}}` });
  return refuse(name, [invalid(SPEC.child('ports').index(i).child('nodePort'), nodePort, portWords('taken'))]);
}

const portWords = (why: 'taken' | 'outside'): string =>
  why === 'taken'
    ? 'provided port is already allocated'
    : `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;

function allocateHealthCheckPort(spec: Writable, taken: Taking, dryRun: boolean): void {
  const wanted = spec.healthCheckNodePort ?? 0;
  if (wanted === 0) {
    const found = taken.anyPort();
    if (found === undefined) throw internalServerError('failed to allocate a HealthCheck NodePort: range is full');
    spec.healthCheckNodePort = found;
    return;
  }
  const why = dryRun ? undefined : taken.port(wanted);
  if (why) throw internalServerError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${portWords(why)}`);
}
