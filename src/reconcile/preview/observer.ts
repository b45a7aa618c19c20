// Watches what happens to pods, Services, budgets and events while a change is rolled out, and until nothing happens any more. Keeps a
// history of each workload and Service; judges nothing.
import type { EndpointSlice } from '#api/discovery/v1';
import type { Event, Pod, Service } from '#api/core/v1';
import type { PodDisruptionBudget } from '#api/policy/v1';
import type { Clock } from '../../apimachinery/clock.ts';
import { isPodActive, isPodReady } from '../../apimachinery/core/pod.ts';
import type { ShallowMutable } from '../../apimachinery/object.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import type { Client } from '../../client/client.ts';
import { Informers } from '../../client/informer.ts';
import { readyEndpoints, serviceOf } from './endpoints.ts';
import { EventLog } from './event-log.ts';
import { append, secondsWhere, type Observed, type ServiceHistory, type WorkloadHistory } from './observed.ts';
import { workloadKey, type WorkloadKey } from './workloads.ts';

/** How often it is looked whether all is at rest. */
const CHECK_MS = 1000;
/** Nothing that counts was written for so long: that is rest. */
const QUIET_MS = 8000;

interface PodState {
  readonly workload: WorkloadKey;
  ready: boolean;
  active: boolean;
}

interface History extends ShallowMutable<Omit<WorkloadHistory, 'kind' | 'namespace' | 'name' | 'timeline' | 'readyAfter' | 'podsAfter'>> {
  ready: number;
  active: number;
  timeline: { readonly seconds: number; readonly ready: number; readonly total: number }[];
}

interface ServiceState {
  readonly namespace: string;
  readonly name: string;
  readonly before: number;
  endpoints: number;
  timeline: { readonly seconds: number; readonly endpoints: number }[];
}

const WATCHED = [
  'apps/v1/ReplicaSet',
  'batch/v1/Job',
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'apps/v1/DaemonSet',
  'v1/PersistentVolumeClaim',
] as const;

export class Observer {
  private readonly clock: Clock;
  private readonly informers: Informers;
  private readonly workloads = new Map<WorkloadKey, History>();
  private readonly pods = new Map<string, PodState>();
  /** Also of those that are gone: events speak of them. */
  private readonly owners = new Map<string, WorkloadKey>();
  private readonly services = new Map<string, ServiceState>();
  private readonly violated = new Map<string, { readonly healthy: number; readonly demanded: number }>();
  private readonly events = new EventLog();
  private observing = false;
  private startedMs = 0;
  private changedMs = 0;

  constructor(client: Client, clock: Clock) {
    this.clock = clock;
    this.informers = new Informers(client, clock);
  }

  /** Begins to watch. What is seen until {@link begin} is the state before. */
  async start(): Promise<void> {
    const touched = (): void => this.touch();
    for (const kind of WATCHED) this.informers.of(kind).addHandler({ added: touched, updated: touched, deleted: touched });
    const services = this.informers.of('v1/Service');
    services.addHandler({ added: (service) => this.serviceSeen(service), deleted: (service) => this.serviceGone(service) });
    const budgets = this.informers.of('policy/v1/PodDisruptionBudget');
    budgets.addHandler({ added: (budget) => this.budgetSeen(budget), updated: (budget) => this.budgetSeen(budget), deleted: touched });
    // pods are told apart by what owns them, so that must be known first
    await this.informers.start();
    const [pods, slices, events] = [
      this.informers.of('v1/Pod'),
      this.informers.of('discovery.k8s.io/v1/EndpointSlice'),
      this.informers.of('v1/Event'),
    ];
    pods.addHandler({ added: (pod) => this.podSeen(pod), updated: (pod) => this.podSeen(pod), deleted: (pod) => this.podGone(pod) });
    slices.addIndex('service', (slice) => [serviceOf(slice)]);
    const changed = (slice: EndpointSlice): void => this.endpointsChanged(serviceOf(slice));
    slices.addHandler({ added: changed, updated: changed, deleted: changed });
    events.addHandler({ added: (event) => this.eventSeen(event), updated: (event, old) => this.eventSeen(event, old) });
    await this.informers.start();
  }

  /** Takes the present as the state before the change. */
  begin(): void {
    this.startedMs = this.clock.now();
    for (const [key, { ready, active }] of this.workloads)
      if (active === 0 && ready === 0) this.workloads.delete(key);
      else this.workloads.set(key, startingWith(ready, active));
    for (const [key, { namespace, name }] of this.services) {
      const endpoints = this.endpoints(key);
      this.services.set(key, { namespace, name, before: endpoints, endpoints, timeline: [{ seconds: 0, endpoints }] });
    }
    this.observing = true;
    for (const budget of this.informers.of('policy/v1/PodDisruptionBudget').list()) this.budgetSeen(budget);
    // what is too few already is nothing new
    this.violated.clear();
  }

  /**
   * Waits until nothing happens any more and all pods that are on their way out are gone, at most so long by the cluster's clock.
   * @returns whether it came to that
   */
  async rest(limitMs: number): Promise<boolean> {
    const deadline = this.clock.now() + limitMs;
    this.changedMs = this.clock.now();
    const rests = (): boolean => this.clock.now() - this.changedMs >= QUIET_MS && !this.isBusy();
    while (this.clock.now() < deadline && !rests()) await this.clock.sleep(CHECK_MS);
    return rests();
  }

  private isBusy(): boolean {
    for (const { metadata } of this.informers.of('v1/Pod').list()) if (metadata.deletionTimestamp) return true;
    for (const { spec, status } of this.informers.of('batch/v1/Job').list())
      if (
        spec.ttlSecondsAfterFinished !== undefined &&
        status?.conditions?.some((c) => c.status === 'True' && /^(?:Complete|Failed)$/.test(c.type))
      )
        return true;
    return false;
  }

  private touch(): void {
    this.changedMs = this.clock.now();
  }

  private seconds(): number {
    return Math.round((this.clock.now() - this.startedMs) / 100) / 10;
  }

  private podSeen(pod: Pod): void {
    const { uid } = pod.metadata;
    const ready = isPodReady(pod) && !pod.metadata.deletionTimestamp;
    const active = isPodActive(pod);
    let known = this.pods.get(uid);
    if (known && known.ready === ready && known.active === active) return;
    if (!known) {
      known = { workload: this.workloadOf(pod), ready: false, active: false };
      this.pods.set(uid, known);
      this.owners.set(uid, known.workload);
      this.historyOf(known.workload).podsCreated++;
    }
    const history = this.historyOf(known.workload);
    history.ready += Number(ready) - Number(known.ready);
    history.active += Number(active) - Number(known.active);
    Object.assign(known, { ready, active });
    this.note(history);
  }

  private podGone({ metadata: { uid } }: Pod): void {
    const known = this.pods.get(uid);
    if (!known) return;
    this.pods.delete(uid);
    const history = this.historyOf(known.workload);
    history.podsDeleted++;
    history.ready -= Number(known.ready);
    history.active -= Number(known.active);
    this.note(history);
  }

  private note(history: History): void {
    this.touch();
    history.minReady = Math.min(history.minReady, history.ready);
    history.lastChangeSeconds = this.seconds();
    append(history.timeline, { seconds: this.seconds(), ready: history.ready, total: history.active });
  }

  private historyOf(workload: WorkloadKey): History {
    let history = this.workloads.get(workload);
    if (!history) this.workloads.set(workload, (history = startingWith(0, 0)));
    return history;
  }

  private workloadOf(pod: Pod): WorkloadKey {
    const { namespace = '', name } = pod.metadata;
    const owner = controllerOf(pod);
    return owner ? this.outermost(owner.kind, namespace, owner.name) : workloadKey({ kind: 'Pod', namespace, name });
  }

  private outermost(kind: string, namespace: string, name: string): WorkloadKey {
    const between =
      kind === 'ReplicaSet'
        ? this.informers.of('apps/v1/ReplicaSet').get(namespace, name)
        : kind === 'Job'
          ? this.informers.of('batch/v1/Job').get(namespace, name)
          : undefined;
    const outer = between && controllerOf(between);
    return workloadKey(outer ? { kind: outer.kind, namespace, name: outer.name } : { kind, namespace, name });
  }

  private serviceSeen({ metadata: { namespace = '', name } }: Service): void {
    this.touch();
    const key = `${namespace}/${name}`;
    if (!this.services.has(key))
      this.services.set(key, {
        namespace,
        name,
        before: 0,
        endpoints: 0,
        timeline: this.observing ? [{ seconds: this.seconds(), endpoints: 0 }] : [],
      });
  }

  private serviceGone({ metadata: { namespace = '', name } }: Service): void {
    this.touch();
    if (!this.observing) this.services.delete(`${namespace}/${name}`);
  }

  private endpointsChanged(key: string): void {
    this.touch();
    const service = this.services.get(key);
    if (!this.observing || !service) return;
    service.endpoints = this.endpoints(key);
    append(service.timeline, { seconds: this.seconds(), endpoints: service.endpoints });
  }

  private endpoints(key: string): number {
    return readyEndpoints(this.informers.of('discovery.k8s.io/v1/EndpointSlice').byIndex('service', key));
  }

  private budgetSeen({ metadata, status }: PodDisruptionBudget): void {
    this.touch();
    if (!this.observing || !status || (metadata.generation ?? 0) > (status.observedGeneration ?? 0)) return;
    const { currentHealthy: healthy, desiredHealthy: demanded } = status;
    const key = `${metadata.namespace ?? ''}/${metadata.name}`;
    const known = this.violated.get(key);
    if (healthy < demanded && (known === undefined || healthy < known.healthy)) this.violated.set(key, { healthy, demanded });
  }

  private eventSeen(event: Event, old?: Event): void {
    if (!this.observing) return;
    const { kind = '', namespace = '', name = '', uid = '' } = event.involvedObject;
    const workload = this.owners.get(uid) ?? (name ? this.outermost(kind, namespace, name) : '');
    this.events.seen(event, old, this.seconds(), workload);
  }

  /** All that was seen since {@link begin}. */
  observed(): Observed {
    const workloads = new Map<WorkloadKey, WorkloadHistory>();
    for (const [key, { ready, active, ...history }] of this.workloads) {
      const [kind = '', namespace = '', name = ''] = key.split('/');
      workloads.set(key, { kind, namespace, name, ...history, readyAfter: ready, podsAfter: active });
    }
    // what lasts is reckoned until something happened for the last time
    const until = Math.round((Math.max(this.changedMs, this.startedMs) - this.startedMs) / 100) / 10;
    const services = [...this.services.values()].map(({ before, endpoints, ...service }): ServiceHistory => ({
      ...service,
      endpointsBefore: before,
      endpointsAfter: endpoints,
      secondsWithoutEndpoints: secondsWhere(service.timeline, (state) => state.endpoints === 0, until),
    }));
    return { workloads, services, violatedBudgets: this.violated, events: this.events.all(), seconds: until };
  }

  stop(): Promise<void> {
    return this.informers.stop();
  }
}

const startingWith = (ready: number, active: number): History => ({
  ready,
  active,
  podsBefore: active,
  podsCreated: 0,
  podsDeleted: 0,
  readyBefore: ready,
  minReady: ready,
  lastChangeSeconds: 0,
  timeline: [{ seconds: 0, ready, total: active }],
});
