// Watches what happens to pods and Services while a change is rolled out: how many pods come and go for each workload, how few are
// available at the worst moment, and for how long a Service has nobody behind it.
import type { EndpointSlice } from '#api/discovery/v1';
import type { Pod, Service } from '#api/core/v1';
import type { Clock } from '../../apimachinery/clock.ts';
import { isPodReady } from '../../apimachinery/core/pod.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';

/** How often it is looked whether pods are gone. */
const CHECK_MS = 1000;

/** Of one workload. */
export interface PodCounts {
  created: number;
  deleted: number;
  /** Ready and not being deleted. */
  available: number;
  minAvailable: number;
  /** Of the last pod that came, went, or became ready or not, in milliseconds after the start. */
  lastChangeMs: number;
}

export interface ServiceCounts {
  readonly namespace: string;
  readonly name: string;
  readonly endpointsBefore: number;
  endpointsAfter: number;
  withoutEndpointsMs: number;
}

/** `Deployment/shop/web`: the outermost owner of a pod, or the pod itself. */
export type WorkloadKey = string;

export class Observer {
  private readonly clock: Clock;
  private readonly informers: Informers;
  private readonly workloads = new Map<WorkloadKey, PodCounts>();
  private readonly ready = new Map<string, { readonly workload: WorkloadKey; ready: boolean }>();
  private readonly emptySince = new Map<string, number>();
  private readonly services = new Map<string, ServiceCounts>();
  private observing = false;
  private startedMs = 0;

  constructor(client: Client, clock: Clock) {
    this.clock = clock;
    this.informers = new Informers(client, clock);
  }

  /** Takes the present as the state before the change. */
  async start(): Promise<void> {
    for (const kind of ['apps/v1/ReplicaSet', 'batch/v1/Job', 'v1/Service'] as const) this.informers.of(kind);
    // pods are told apart by what owns them, so that must be known first
    await this.informers.start();
    const [pods, slices] = [this.informers.of('v1/Pod'), this.informers.of('discovery.k8s.io/v1/EndpointSlice')];
    pods.addHandler({ added: (pod) => this.podSeen(pod), updated: (pod) => this.podSeen(pod), deleted: (pod) => this.podGone(pod) });
    slices.addIndex('service', (slice) => [serviceOf(slice)]);
    slices.addHandler({
      added: (slice) => this.sliceChanged(slice),
      updated: (slice) => this.sliceChanged(slice),
      deleted: (slice) => this.sliceChanged(slice),
    });
    await this.informers.start();
    this.startedMs = this.clock.now();
    for (const counts of this.workloads.values())
      Object.assign(counts, { created: 0, deleted: 0, minAvailable: counts.available, lastChangeMs: 0 });
    for (const service of this.informers.of('v1/Service').list()) this.countService(service);
    this.observing = true;
  }

  private countService({ metadata: { namespace = '', name } }: Service): void {
    const key = `${namespace}/${name}`;
    const endpointsBefore = this.endpoints(key);
    this.services.set(key, { namespace, name, endpointsBefore, endpointsAfter: endpointsBefore, withoutEndpointsMs: 0 });
  }

  private podSeen(pod: Pod): void {
    const { uid } = pod.metadata;
    const ready = isPodReady(pod) && !pod.metadata.deletionTimestamp;
    const known = this.ready.get(uid);
    if (known) {
      if (known.ready !== ready) this.count(known.workload, ready ? 1 : -1);
      known.ready = ready;
      return;
    }
    const workload = this.workloadOf(pod);
    this.ready.set(uid, { workload, ready });
    this.countsOf(workload).created++;
    this.count(workload, ready ? 1 : 0);
  }

  private podGone({ metadata: { uid } }: Pod): void {
    const known = this.ready.get(uid);
    if (!known) return;
    this.ready.delete(uid);
    this.countsOf(known.workload).deleted++;
    this.count(known.workload, known.ready ? -1 : 0);
  }

  private count(workload: WorkloadKey, change: number): void {
    const counts = this.countsOf(workload);
    counts.available += change;
    counts.minAvailable = Math.min(counts.minAvailable, counts.available);
    counts.lastChangeMs = this.clock.now() - this.startedMs;
  }

  private countsOf(workload: WorkloadKey): PodCounts {
    let counts = this.workloads.get(workload);
    if (!counts) this.workloads.set(workload, (counts = { created: 0, deleted: 0, available: 0, minAvailable: 0, lastChangeMs: 0 }));
    return counts;
  }

  private workloadOf(pod: Pod): WorkloadKey {
    const { namespace = '', name } = pod.metadata;
    const owner = controllerOf(pod);
    if (!owner) return `Pod/${namespace}/${name}`;
    const between =
      owner.kind === 'ReplicaSet'
        ? this.informers.of('apps/v1/ReplicaSet').get(namespace, owner.name)
        : owner.kind === 'Job'
          ? this.informers.of('batch/v1/Job').get(namespace, owner.name)
          : undefined;
    const outer = (between && controllerOf(between)) ?? owner;
    return `${outer.kind}/${namespace}/${outer.name}`;
  }

  private sliceChanged(slice: EndpointSlice): void {
    if (!this.observing) return;
    const key = serviceOf(slice);
    const service = this.services.get(key);
    if (!service) return;
    const empty = this.endpoints(key) === 0;
    const since = this.emptySince.get(key);
    if (empty && since === undefined) this.emptySince.set(key, this.clock.now());
    if (!empty && since !== undefined) {
      service.withoutEndpointsMs += this.clock.now() - since;
      this.emptySince.delete(key);
    }
  }

  /** Ready endpoints of a Service. */
  private endpoints(service: string): number {
    const addresses = new Set<string>();
    for (const slice of this.informers.of('discovery.k8s.io/v1/EndpointSlice').byIndex('service', service))
      for (const { conditions, addresses: [address = ''] = [] } of slice.endpoints ?? [])
        if (conditions?.ready !== false) addresses.add(address);
    return addresses.size;
  }

  podCounts(workload: WorkloadKey): PodCounts | undefined {
    return this.workloads.get(workload);
  }

  serviceCounts(): ServiceCounts[] {
    return [...this.services.values()].map((service) => {
      const since = this.emptySince.get(`${service.namespace}/${service.name}`);
      const open = since === undefined ? 0 : this.clock.now() - since;
      return {
        ...service,
        endpointsAfter: this.endpoints(`${service.namespace}/${service.name}`),
        withoutEndpointsMs: service.withoutEndpointsMs + open,
      };
    });
  }

  /** Waits until all pods that are on their way out are gone, at most so long by the cluster's clock. */
  async goneBy(limitMs: number): Promise<void> {
    const deadline = this.clock.now() + limitMs;
    while (this.clock.now() < deadline && [...this.pods()].some(({ metadata }) => metadata.deletionTimestamp))
      await this.clock.sleep(CHECK_MS);
  }

  /** Pods that are there now. */
  pods(): Iterable<Pod> {
    return this.informers.of('v1/Pod').list();
  }

  workloadOfPod(pod: Pod): WorkloadKey {
    return this.ready.get(pod.metadata.uid)?.workload ?? this.workloadOf(pod);
  }

  stop(): Promise<void> {
    return this.informers.stop();
  }
}

const serviceOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`;
