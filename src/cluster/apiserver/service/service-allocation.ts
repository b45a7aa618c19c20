// The addresses and ports that a Service is given: cluster addresses with their families, node ports, the health check port. Follows
// pkg/registry/core/service/storage/alloc.go for a cluster of one family, IPv4.
import type { Service, ServiceSpec } from '#api/core/v1';
import type { ObjectMeta } from '#api/meta/v1';
import { isIPv6 } from 'node:net';
import { internalServerError } from '../../../apimachinery/status-error.ts';
import { invalid, Path } from '../../../apimachinery/validation/field-error.ts';
import type { Store } from '../../storage/store.ts';
import type { DraftOf } from '../generic/define.ts';
import type { Finish } from '../generic/resource-definition.ts';
import { addressAllocator, ipv4Number, ipv4Text, nodePortAllocator, type RangeAllocator } from './allocator.ts';
import { initFamilies, refuseService, type WritableSpec } from './ip-families.ts';
import { allocateHealthCheckNodePort, allocateNodePorts, updateNodePorts } from './node-ports.ts';
import { clusterIPsOf, hasAddress, mayHaveNodePorts, needsClusterIP, needsHealthCheckNodePort } from './service-kind.ts';
import { Taking } from './taking.ts';

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
    const taken = new Taking(this.addresses, this.ports, dryRun);
    if (this.reserved && isOwn(service.metadata) && !dryRun) {
      this.reserved = false;
      this.addresses.release(this.ownAddress());
    }
    try {
      const spec = { ...service.spec };
      const name = service.metadata.name ?? '';
      initFamilies(spec, name);
      if (hasAddress({ spec })) this.allocateAddresses(spec, taken, name, dryRun);
      if (mayHaveNodePorts({ spec })) allocateNodePorts(spec, taken, name);
      if (needsHealthCheckNodePort({ spec })) allocateHealthCheckNodePort(spec, taken);
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
    const taken = new Taking(this.addresses, this.ports, dryRun);
    const name = service.metadata.name ?? '';
    try {
      const spec = { ...service.spec };
      initFamilies(spec, name, old);
      if (!needsClusterIP(old) && hasAddress({ spec })) this.allocateAddresses(spec, taken, name, dryRun);
      if (mayHaveNodePorts({ spec })) updateNodePorts(spec, taken, name, old);
      if (needsHealthCheckNodePort({ spec }) && !needsHealthCheckNodePort(old)) allocateHealthCheckNodePort(spec, taken);
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

  private allocateAddresses(spec: WritableSpec, taken: Taking, name: string, dryRun: boolean): void {
    const [wanted] = clusterIPsOf(spec);
    if (wanted === undefined || wanted === '') {
      const found = taken.anyAddress();
      if (found === undefined) throw internalServerError('failed to allocate a serviceIP: range is full');
      spec.clusterIPs = [ipv4Text(found)];
    } else {
      const why = isIPv6(wanted) ? 'outside' : taken.address(ipv4Number(wanted));
      if (why) throw refuseService(name, [invalid(SPEC.child('clusterIPs'), clusterIPsOf(spec), this.wordsFor(wanted, why, dryRun))]);
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

function* portsOf({ ports, healthCheckNodePort }: ServiceSpec): Iterable<number> {
  const seen = new Set<number>();
  for (const { nodePort } of ports ?? []) {
    if (!nodePort || seen.has(nodePort)) continue;
    seen.add(nodePort);
    yield nodePort;
  }
  if (healthCheckNodePort && !seen.has(healthCheckNodePort)) yield healthCheckNodePort;
}
