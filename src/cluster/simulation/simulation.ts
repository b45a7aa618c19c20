// Runs a scenario on a whole cluster of several processes, on the virtual clock: every step, then everything is mended, then it waits
// until nothing happens any more, and asks whether all is as it must be.
import type { Node } from '#api/core/v1';
import type { Lease } from '#api/coordination/v1';
import { VirtualClock } from '../../apimachinery/clock.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isConflict, isNotFound, isTooManyRequests } from '../../apimachinery/status-error.ts';
import { Random } from '../../apimachinery/random.ts';
import type { Client } from '../../client/client.ts';
import type { TransportRequest } from '../../client/transport.ts';
import { ADMIN, Cluster, type BehaviourDocument } from '../cluster.ts';
import { nodeManifest } from '../default-nodes.ts';
import { SHUTDOWN } from '../kubelet/node-health.ts';
import { lifecycleOf } from '../kubelet/stages/stages.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { Follower } from './follower.ts';
import { History } from './history.ts';
import { autoscalersSettle } from './invariants/autoscalers-settle.ts';
import { claimsAreBound } from './invariants/claims-are-bound.ts';
import { desiredEqualsLive } from './invariants/desired-equals-live.ts';
import { endpointsAreReady } from './invariants/endpoints-are-ready.ts';
import { evictionsWithinBudgets } from './invariants/evictions-within-budgets.ts';
import type { RestInvariant } from './invariants/invariant.ts';
import { addressesDiffer, noOrphans } from './invariants/no-orphans.ts';
import { nodesHold } from './invariants/nodes-hold.ts';
import { schedulesAreKept } from './invariants/schedules-are-kept.ts';
import { stagesSuffice } from './invariants/stages-suffice.ts';
import { boundOnce, revisionsGrow } from './invariants/writes.ts';
import { NO_FAULTS } from './link.ts';
import { stepText, type Scenario, type Step } from './scenario.ts';
import { standardScenario } from './standard-scenario.ts';
import { Supervisor } from './supervisor.ts';
import type { Violation } from './violation.ts';
import { observeWorld } from './world.ts';

const START_MS = Date.UTC(2026, 0, 1);
/** Long enough for nodes that came back to be believed, and for what was taken from them to be made elsewhere. */
const MENDING_MS = 6 * 60_000;
/** Nothing has been written for so long: the cluster is at rest. */
const QUIET_MS = 2 * 60_000;
/** By then it must be. */
const REST_WITHIN_MS = 60 * 60_000;
const LOOK_EVERY_MS = 15_000;

const AT_REST: readonly RestInvariant[] = [
  desiredEqualsLive,
  endpointsAreReady,
  noOrphans,
  claimsAreBound,
  addressesDiffer,
  nodesHold,
  schedulesAreKept,
  autoscalersSettle,
];

export interface TimelineEntry {
  /** Since the beginning, in milliseconds. */
  readonly atMs: number;
  readonly text: string;
}

export interface SimulationResult {
  readonly violations: readonly Violation[];
  /** Of all that was written, in order: the same seed gives the same one. */
  readonly fingerprint: string;
  readonly writes: number;
  /** How much time passed in the cluster, in milliseconds. */
  readonly simulatedMs: number;
  readonly timeline: readonly TimelineEntry[];
}

export interface SimulationOptions {
  readonly seed: number;
  /** Default: the standard scenario of the seed. */
  readonly scenario?: Scenario;
  /** How containers start, fail and stop. */
  readonly behaviour?: BehaviourDocument;
  /** Told of each entry of the timeline as it happens. */
  readonly onEntry?: (entry: TimelineEntry) => void;
  /** Spoils the cluster, to see whether that is noticed: called once it runs. */
  readonly sabotage?: (cluster: Cluster, store: MemoryStore) => void;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  await simulation.begin();
  try {
    return await simulation.run();
  } finally {
    simulation.end();
  }
}

class Simulation {
  private readonly clock = new VirtualClock(START_MS);
  private readonly options: SimulationOptions;
  private readonly scenario: Scenario;
  private readonly random: Random;
  private readonly store: MemoryStore;
  private readonly timeline: TimelineEntry[] = [];
  private readonly violations: Violation[] = [];
  private cluster!: Cluster;
  private client!: Client;
  private history!: History;
  private follower!: Follower;
  private readonly supervisors = new Map<string, Supervisor>();

  constructor(options: SimulationOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.scenario = options.scenario ?? standardScenario(this.random.fork());
    this.store = new MemoryStore(this.clock);
  }

  async run(): Promise<SimulationResult> {
    for (const step of this.scenario.steps) await this.step(step);
    await this.mend();
    await this.rest();
    await this.judge();
    return {
      violations: [...this.history.violations, ...this.violations],
      fingerprint: this.history.fingerprint(),
      writes: this.history.writes,
      simulatedMs: this.clock.now() - START_MS,
      timeline: this.timeline,
    };
  }

  end(): void {
    for (const supervisor of this.supervisors.values()) supervisor.switchOff();
    this.follower.stop();
  }

  async begin(): Promise<void> {
    const { clock, store, random } = this;
    const { behaviour } = this.options;
    this.cluster = await Cluster.start({ clock, random: random.fork(), store, components: [], ...(behaviour ? { behaviour } : {}) });
    this.client = this.cluster.client(ADMIN, 'kubectl');
    this.history = new History(store, () => clock.now(), [revisionsGrow(), boundOnce, evictionsWithinBudgets()]);
    this.follower = new Follower(this.cluster, clock, random.fork());
    const replicas = this.scenario.replicas ?? 2;
    for (let i = 1; i <= replicas; i++) {
      this.supervise(`controllers-${i}`, ['controllers'], 'kube-controller-manager');
      this.supervise(`scheduler-${i}`, ['scheduler'], 'kube-scheduler');
    }
    this.supervise('proxy', ['proxy']);
    if (this.scenario.metrics) this.supervise('metrics-server', ['metrics-server']);
    for (let i = 0; i < this.scenario.nodes; i++) this.superviseNode(i);
    await this.cluster.run(Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.start())));
    await this.cluster.run(this.follower.start());
    this.options.sabotage?.(this.cluster, store);
    this.say(`${this.scenario.nodes} nodes, ${replicas} controller managers and schedulers`);
  }

  private supervise(
    name: string,
    components: ConstructorParameters<typeof Supervisor>[0]['components'],
    lease?: string,
    node?: number,
  ): void {
    const manifest = node === undefined ? undefined : nodeManifest(node);
    this.supervisors.set(
      name,
      new Supervisor({
        name,
        cluster: this.cluster,
        clock: this.clock,
        random: this.random.fork(),
        components,
        ...(lease ? { lease, onWrite: (supervisor, request) => this.checkLeads(supervisor, lease, request) } : {}),
        ...(manifest
          ? { process: { register: [manifest], manages: ({ metadata }: Node) => metadata.name === name } }
          : { process: { register: [] } }),
        onError: () => undefined,
      }),
    );
  }

  private superviseNode(i: number): void {
    this.supervise(nodeManifest(i).metadata.name!, ['kubelets'], undefined, i);
  }

  /** Two that believe to lead would do everything twice. */
  private checkLeads(supervisor: Supervisor, lease: string, { resource, verb, name }: TransportRequest): void {
    // its own Lease is how it comes to lead
    if (resource === 'leases' || (resource === 'events' && verb === 'create')) return;
    void this.store.get(`/registry/leases/kube-system/${lease}`).then((entry) => {
      const holder = (entry?.value as unknown as Lease | undefined)?.spec?.holderIdentity;
      if (holder?.split('_')[0] !== supervisor.name)
        this.violate('only the leader acts', `${supervisor.identity} does ${verb} ${resource} ${name} while ${holder} leads`);
    });
  }

  private async step(step: Step): Promise<void> {
    if (step.do === 'advance') return this.clock.advance(step.ms);
    this.say(stepText(step));
    await this.cluster.run(this.do(step));
  }

  private async do(step: Exclude<Step, { do: 'advance' }>): Promise<void> {
    const { client } = this;
    switch (step.do) {
      case 'apply': {
        const { apiVersion, kind, metadata } = step.object;
        const scope = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
        await client
          .patch(`${apiVersion}/${kind}`, metadata.name!, step.object, { ...scope, type: 'apply', force: true, fieldManager: 'kubectl' })
          .catch(beingDeleted);
        return;
      }
      case 'scale': {
        const { kind, name, namespace } = step.object;
        const scope = namespace === undefined ? {} : { namespace };
        await client.patch(kind, name, { spec: { replicas: step.replicas } }, { ...scope, type: 'merge' }).catch(isGone);
        return;
      }
      case 'delete': {
        const { kind, name, namespace } = step.object;
        await client
          .delete(kind, name, { ...(namespace === undefined ? {} : { namespace }), propagationPolicy: 'Background' })
          .catch(isGone);
        return;
      }
      case 'deletePod': {
        const labelSelector = Object.entries(step.labels)
          .map((pair) => pair.join('='))
          .join(',');
        const { items } = await client.list('v1/Pod', { labelSelector });
        const pod = items[step.skip % (items.length || 1)];
        if (pod) await client.delete('v1/Pod', pod.metadata.name, { namespace: pod.metadata.namespace! }).catch(isGone);
        return;
      }
      case 'cordon':
      case 'uncordon':
        await client
          .patch('v1/Node', step.node, { spec: { unschedulable: step.do === 'cordon' ? true : null } }, { type: 'merge' })
          .catch(isGone);
        return;
      case 'drain':
        return this.drain(step.node);
      case 'shutDown':
      case 'cancelShutDown':
        await client
          .patch(
            'v1/Node',
            step.node,
            { metadata: { annotations: { [SHUTDOWN]: step.do === 'shutDown' ? 'true' : null } } },
            { type: 'merge' },
          )
          .catch(isGone);
        return;
      case 'powerOff':
        this.supervisors.get(step.node)?.switchOff();
        this.cluster.machines?.runtime.loseNode(step.node);
        return;
      case 'powerOn':
        await this.supervisors.get(step.node)?.switchOn();
        return;
      case 'partition':
      case 'heal':
        this.supervisors.get(step.node)?.setBroken(step.do === 'partition');
        return;
      case 'faults':
        for (const supervisor of this.supervisors.values()) supervisor.setFaults(step.faults);
        return;
      case 'dropWatches':
        for (const supervisor of this.supervisors.values()) supervisor.dropWatches(step.expired);
        this.follower.dropWatches(step.expired);
        return;
      case 'crash':
        for (const supervisor of this.crashing(step.process)) supervisor.crash();
    }
  }

  private async drain(node: string): Promise<void> {
    const { client } = this;
    await this.do({ do: 'cordon', node });
    const { items } = await client.list('v1/Pod', { fieldSelector: `spec.nodeName=${node}` });
    for (const pod of items) {
      if (controllerOf(pod)?.kind === 'DaemonSet') continue;
      const { name, namespace } = pod.metadata;
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: namespace! } } as const;
      await client.create('v1/Pod', eviction, { subresource: 'eviction' }).catch((error: unknown) => {
        if (!isTooManyRequests(error)) isGone(error);
      });
    }
  }

  /** `controllers` are all of them: the one that leads is among them. */
  private crashing(process: string): readonly Supervisor[] {
    return [...this.supervisors.values()].filter(({ name }) => name === process || name.startsWith(`${process}-`));
  }

  private async mend(): Promise<void> {
    this.say('everything is mended');
    for (const supervisor of this.supervisors.values()) {
      supervisor.setFaults(NO_FAULTS);
      supervisor.setBroken(false);
    }
    await this.cluster.run(Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.switchOn())));
    for (const { metadata, spec } of (await this.client.list('v1/Node')).items) {
      if (spec?.unschedulable) await this.step({ do: 'uncordon', node: metadata.name });
      if (metadata.annotations?.[SHUTDOWN]) await this.step({ do: 'cancelShutDown', node: metadata.name });
    }
    // what a schedule starts would never be at rest
    for (const { metadata } of (await this.client.list('batch/v1/CronJob')).items)
      await this.client.patch(
        'batch/v1/CronJob',
        metadata.name,
        { spec: { suspend: true } },
        { type: 'merge', namespace: metadata.namespace! },
      );
    await this.clock.advance(MENDING_MS);
  }

  private async rest(): Promise<void> {
    const deadline = this.clock.now() + REST_WITHIN_MS;
    while (this.clock.now() < this.history.changedAtMs + QUIET_MS || this.pending > 0) {
      if (this.clock.now() > deadline)
        return this.violate('comes to rest', `something is still being written after ${REST_WITHIN_MS / 60_000} minutes`);
      await this.clock.advance(LOOK_EVERY_MS);
    }
    this.say('at rest');
  }

  private get pending(): number {
    return [...this.supervisors.values()].reduce((sum, { pending }) => sum + pending, 0);
  }

  private async judge(): Promise<void> {
    const { stages = [] } = this.options.behaviour ?? {};
    const { machines } = this.cluster;
    const world = await this.cluster.run(
      observeWorld(this.client, machines?.runtime.running() ?? [], stages.length > 0 ? lifecycleOf(stages) : undefined),
    );
    const lacks = stagesSuffice.check(world);
    for (const problem of lacks) this.violate(stagesSuffice.name, problem);
    // what else is wrong follows from it
    for (const { name, check } of lacks.length > 0 ? [] : AT_REST) for (const problem of check(world)) this.violate(name, problem);
    for (const problem of await this.cluster.run(this.follower.compare(this.client)))
      this.violate('a watch tells what a list tells', problem);
  }

  private violate(invariant: string, problem: string): void {
    this.violations.push({ invariant, atMs: this.clock.now(), problem });
    this.say(`VIOLATED ${invariant}: ${problem}`);
  }

  private say(text: string): void {
    const entry = { atMs: this.clock.now() - START_MS, text };
    this.timeline.push(entry);
    this.options.onEntry?.(entry);
  }
}

function isGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

/** What is being deleted may refuse. */
function beingDeleted(error: unknown): void {
  if (!isConflict(error) && !isNotFound(error)) throw error;
}
