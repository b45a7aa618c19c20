// One pod on its node, from its arrival to its end: the sandbox, init containers in order, sidecars, the main containers, restarts with
// growing pauses, and a graceful end. One step at a time: a step looks at what is and does what is due; whatever happens wakes it again.
// Follows the kubelet's pod workers and kuberuntime's SyncPod.
import type { Container, Pod } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { controllerOf } from '../../apimachinery/owner-reference.ts';
import { isNotFound, isConflict } from '../../apimachinery/status-error.ts';
import { formatDuration, timeMs } from '../../apimachinery/time.ts';
import type { Client } from '../../client/client.ts';
import type { EventType } from '../../client/event-recorder.ts';
import { makesWay, newRecord, recoverRecord, restartPause, restarts, takesImage, type ContainerRecord } from './container-record.ts';
import { stopContainer, stopContainers } from './container-stopper.ts';
import { ImagePuller } from './image-puller.ts';
import { environmentFault, isUnboundClaim, volumeFaults, type ConfigLister } from './pod-config.ts';
import type { EarlyEnd, PodRunner } from './pod-runner.ts';
import { podPhase, podStatus, type PodObservation } from './pod-status.ts';
import type { NodeVolumes } from './node-volumes.ts';
import { Prober } from './prober.ts';
import { ContainerError, type ContainerExit, type PodSandbox, type Runtime } from './runtime/runtime.ts';
import { StatusWriter } from './status-writer.ts';
import type { KubeletTraits } from './traits.ts';

/** Restarts beyond these count as what a pod at rest does: they do not keep the world busy. */
const BUSY_RESTARTS = 2;
/** A pod that waits for its configuration looks again after this long even if nothing wakes it. */
const CONFIG_RETRY_MS = 120_000;
/** How often it is looked whether volumes can be mounted. */
const MOUNT_LOOK_MS = 300;
/** Volumes that are not attached after this long are told of. */
const ATTACH_TIMEOUT_MS = 123_000;
/** After a step that failed. */
const RETRY_MS = 1000;

/** What a worker is given by its kubelet. */
export interface PodWorkerDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly traits: KubeletTraits;
  readonly config: ConfigLister;
  /** Absent: volumes count as there. */
  readonly volumes?: NodeVolumes;
  /** Of a static pod: what stands for it at the API server, if that is there yet. */
  readonly mirror?: () => Pod | undefined;
  readonly nodeName: string;
  hostIPs(): readonly string[];
  podCIDR(): string | undefined;
  /** Why the node cannot take the pod; undefined where it can. */
  admit(pod: Pod): { readonly reason: string; readonly message: string } | undefined;
  event(pod: Pod, type: EventType, reason: string, message: string, container?: Container): void;
  onError(pod: Pod, error: unknown): void;
  /** The pod is over and gone from the node. */
  finished(pod: Pod): void;
}

export class PodWorker implements PodRunner {
  private pod: Pod;
  private readonly deps: PodWorkerDeps;
  private readonly records: ContainerRecord[];
  private readonly probers = new Map<string, Prober>();
  private readonly writer: StatusWriter;
  private readonly puller: ImagePuller;
  private readonly startedAtMs: number;
  private readonly aborted = new AbortController();
  private sandbox: PodSandbox | undefined;
  private stepping: Promise<void> | undefined;
  private dirty = false;
  private timer: Timer | undefined;
  private deadline: Timer | undefined;
  private ended: PodObservation['ended'];
  private endGraceMs: number | undefined;
  private admitted = false;
  private stopping = false;
  /** No container will run any more: only the object may be left. */
  private over = false;
  private closed = false;
  /** Its status was written by another, and stays. */
  private silent = false;
  private configFaults = '';
  /** Since when it looks whether its volumes are there. */
  private mountingSinceMs: number | undefined;
  /** Since when it waits for its volumes to be attached. */
  private attachingSinceMs: number | undefined;

  constructor(pod: Pod, deps: PodWorkerDeps) {
    this.pod = pod;
    this.deps = deps;
    const { initContainers = [], containers } = pod.spec;
    const waiting = initContainers.length ? 'PodInitializing' : 'ContainerCreating';
    this.records = [
      ...initContainers.map((c) => newRecord(c, c.restartPolicy === 'Always' ? 'sidecar' : 'init', waiting)),
      ...containers.map((c) => newRecord(c, 'main', waiting)),
    ];
    this.noteEphemeral();
    const { startTime } = pod.status ?? {};
    this.startedAtMs = startTime === undefined ? deps.clock.now() : timeMs(startTime);
    const { client, clock } = deps;
    this.writer = new StatusWriter({ client, clock, onError: (error) => deps.onError(this.pod, error) }, () => this.statusNow());
    this.puller = new ImagePuller({
      clock,
      runtime: deps.runtime,
      nodeName: deps.nodeName,
      event: (type, reason, message, container) => this.event(type, reason, message, container),
      waits: (record, reason, message) => this.wait(record, reason, message),
      isOver: () => this.closed || this.stopping,
    });
    if (startTime !== undefined) this.recover();
    this.wake();
  }

  /** Containers that were added to the pod to look into it: they are started once, whatever the others do, and never again. */
  private noteEphemeral(): void {
    for (const container of (this.pod.spec.ephemeralContainers ?? []) as readonly Container[])
      if (!this.records.some((r) => r.container.name === container.name))
        this.records.push(newRecord(container, 'ephemeral', 'ContainerCreating'));
  }

  /** The pod was started before this worker was: it goes on from its status. */
  private recover(): void {
    const { status = {} } = this.pod;
    if (isTerminal(this.pod)) {
      this.over = true;
      this.silent = true;
      return;
    }
    const recovered = this.deps.runtime.recoverPod(this.pod);
    if (!recovered) return;
    this.admitted = true;
    this.sandbox = recovered.sandbox;
    const statuses = [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
      ...(status.ephemeralContainerStatuses ?? []),
    ];
    for (const record of this.records) {
      const { name } = record.container;
      recoverRecord(
        record,
        statuses.find((s) => s.name === name),
        recovered.running.get(name),
      );
      const exit = recovered.exited.get(name);
      if (exit) {
        this.containerExited(record, exit);
        continue;
      }
      if (record.role === 'ephemeral') continue;
      if (record.state.is === 'running') this.probe(record, record.state.id, record.state.startedAtMs);
      else if (record.state.is === 'terminated' && restarts(record, record.state.exit, this.restartPolicy)) this.plan(record, record.state);
    }
    this.takeImages();
    this.watchDeadline();
  }

  update(pod: Pod): void {
    const old = this.pod;
    this.pod = pod;
    this.noteEphemeral();
    if (pod.metadata.annotations !== old.metadata.annotations || pod.metadata.labels !== old.metadata.labels)
      this.deps.runtime.podChanged(pod);
    this.takeImages();
    if (pod.metadata.deletionTimestamp && !this.stopping) this.aborted.abort(new Error('the pod is being deleted'));
    if (this.stopping && pod.metadata.deletionGracePeriodSeconds !== old.metadata.deletionGracePeriodSeconds) this.hurry();
    this.wake();
    this.writer.changed();
  }

  /** A container whose image changes is restarted whatever the policy; one that does not run yet starts with the new one. */
  private takeImages(): void {
    for (const record of this.records) {
      const { container, state } = record;
      if (!takesImage(record, this.pod.spec) || state.is !== 'running' || this.stopping || this.ended) continue;
      this.event('Normal', 'Killing', `Container ${container.name} definition changed, will be restarted`, container);
      void stopContainer(this.deps, container, state.id, this.gracePeriodMs());
    }
  }

  mirrorChanged(): void {
    this.writer.changed();
  }

  configChanged(): void {
    this.wake();
  }

  volumesChanged(): void {
    if (this.attachingSinceMs !== undefined) this.wake();
  }

  probesChanged(): void {
    for (const prober of this.probers.values()) prober.changed();
  }

  exited(containerId: string, exit: ContainerExit): void {
    const record = this.records.find(({ state }) => state.is === 'running' && state.id === containerId);
    if (record) this.containerExited(record, exit);
  }

  /** The node needs its place: it fails, and is told of as disrupted. Resolves when nothing of it runs any more. */
  async endEarly({ reason, message, graceMs }: EarlyEnd): Promise<void> {
    if (this.over || this.ended || this.stopping) return;
    this.ended = { reason, message, disruption: message };
    this.endGraceMs = graceMs;
    this.aborted.abort(new Error(message));
    this.wake();
    await this.stepping;
  }

  close(): void {
    this.closed = true;
    this.aborted.abort(new Error('closed'));
    this.timer?.cancel();
    this.deadline?.cancel();
    this.writer.close();
    for (const prober of this.probers.values()) prober.stop();
    this.probers.clear();
  }

  async kill(): Promise<void> {
    const running = this.records.map((r) => r.state).filter((state) => state.is === 'running');
    this.close();
    await Promise.all(running.map(({ id }) => this.deps.runtime.stopContainer(id, 0)));
    await this.deps.runtime.stopPodSandbox(this.pod);
  }

  /** The grace period was shortened. */
  private hurry(): void {
    for (const { state } of this.records) if (state.is === 'running') void this.deps.runtime.stopContainer(state.id, this.gracePeriodMs());
  }

  private get restartPolicy(): string {
    return this.deps.runtime.restartPolicy?.(this.pod) ?? this.pod.spec.restartPolicy ?? 'Always';
  }

  private observation(): PodObservation {
    const { pod, records: containers, sandbox, restartPolicy, startedAtMs, ended } = this;
    const { runtime } = this.deps;
    const stopping = this.over || (this.stopping && !containers.some((r) => r.state.is === 'running'));
    return {
      pod,
      containers,
      sandbox,
      hostIPs: this.deps.hostIPs(),
      restartPolicy,
      startedAtMs,
      ended,
      stopping,
      runtimeName: runtime.name,
    };
  }

  private statusNow(): ReturnType<ConstructorParameters<typeof StatusWriter>[1]> {
    if (this.closed || this.silent) return undefined;
    const { traits, clock, mirror } = this.deps;
    const pod = mirror ? mirror() : this.pod;
    if (!pod) return undefined;
    const status = podStatus({ ...this.observation(), pod }, traits, clock.now());
    if (traits.conditions === 'basic' && status.phase === 'Pending') return undefined;
    return { pod, status };
  }

  private wake(): void {
    if (this.closed) return;
    this.dirty = true;
    this.stepping ??= this.run();
  }

  private wakeAt(atMs: number, background: boolean): void {
    this.timer?.cancel();
    this.timer = this.deps.clock.schedule(atMs - this.deps.clock.now(), () => this.wake(), { background });
  }

  private async run(): Promise<void> {
    try {
      while (this.dirty && !this.closed) {
        this.dirty = false;
        await this.step();
      }
    } catch (error) {
      // what was begun is given up, and the next step sees why
      if (this.aborted.signal.aborted && !this.stopping) this.dirty = !this.closed;
      else {
        this.deps.onError(this.pod, error);
        this.wakeAt(this.deps.clock.now() + RETRY_MS, false);
      }
    } finally {
      this.stepping = undefined;
      if (this.dirty && !this.closed) this.wake();
    }
  }

  private async step(): Promise<void> {
    if (this.over) {
      if (this.pod.metadata.deletionTimestamp) await this.remove();
      return;
    }
    if (this.pod.metadata.deletionTimestamp) {
      await this.terminate();
      return;
    }
    if (isTerminal(this.pod) && !this.sandbox) {
      // it ended before this kubelet came to know it
      this.over = true;
      this.silent = true;
      return;
    }
    if (this.ended) {
      await this.stopAll(this.endGraceMs ?? this.gracePeriodMs());
      this.end();
      return;
    }
    if (!this.admit()) return;
    if (!this.configReady()) return;
    if (!this.sandbox) {
      this.sandbox = await this.deps.runtime.runPodSandbox(this.pod, this.aborted.signal, this.deps.podCIDR());
      this.watchDeadline();
      this.writer.changed();
    }
    await this.deps.volumes?.expand(this.pod);
    await this.startContainers();
    const phase = podPhase(this.observation());
    if (phase !== 'Succeeded' && phase !== 'Failed') return;
    // nothing is started again; sidecars have no one left to serve
    await this.stopAll(this.gracePeriodMs());
    this.end();
  }

  private admit(): boolean {
    if (this.admitted) return true;
    this.admitted = true;
    const refusal = this.deps.traits.admission ? this.deps.admit(this.pod) : undefined;
    if (!refusal) return true;
    this.deps.event(this.pod, 'Warning', refusal.reason, refusal.message);
    this.ended = { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
    this.end();
    return false;
  }

  private configReady(): boolean {
    if (!this.deps.traits.config || this.sandbox) return true;
    const faults = volumeFaults(this.pod, this.deps.config);
    const now = this.deps.clock.now();
    // what was only just bound is seen to be at the next look
    this.mountingSinceMs ??= now;
    if (now < this.mountingSinceMs + MOUNT_LOOK_MS && faults.some(isUnboundClaim)) {
      this.wakeAt(this.mountingSinceMs + MOUNT_LOOK_MS, false);
      this.writer.changed();
      return false;
    }
    this.tellFaults('FailedMount', faults);
    if (faults.length === 0) return this.volumesAttached();
    this.wakeAt(now + CONFIG_RETRY_MS, true);
    this.writer.changed();
    return false;
  }

  private volumesAttached(): boolean {
    const missing = this.deps.volumes?.unattached(this.pod) ?? [];
    if (missing.length === 0) {
      this.attachingSinceMs = undefined;
      return true;
    }
    const now = this.deps.clock.now();
    this.attachingSinceMs ??= now;
    if (now >= this.attachingSinceMs + ATTACH_TIMEOUT_MS) {
      const unmounted = `unmounted volumes=[${missing.join(' ')}], unattached volumes=[${missing.join(' ')}]`;
      const message = `Unable to attach or mount volumes: ${unmounted}, failed to process volumes=[]: context deadline exceeded`;
      this.deps.event(this.pod, 'Warning', 'FailedMount', message);
      this.attachingSinceMs = now;
    }
    this.wakeAt(this.attachingSinceMs + ATTACH_TIMEOUT_MS, true);
    this.writer.changed();
    return false;
  }

  /** Once for each set of faults. */
  private tellFaults(reason: string, faults: readonly string[]): void {
    const text = faults.join('\n');
    if (text === this.configFaults) return;
    this.configFaults = text;
    for (const fault of faults) this.deps.event(this.pod, 'Warning', reason, fault);
  }

  private watchDeadline(): void {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined || this.deadline) return;
    const left = this.startedAtMs + activeDeadlineSeconds * 1000 - this.deps.clock.now();
    this.deadline = this.deps.clock.schedule(left, () => {
      if (this.over || this.stopping) return;
      const message = 'Pod was active on the node longer than the specified deadline';
      this.ended = { reason: 'DeadlineExceeded', message };
      this.deps.event(this.pod, 'Normal', 'DeadlineExceeded', message);
      this.aborted.abort(new Error(message));
      this.wake();
    });
  }

  /** Starts, in order, what is due; the rest wakes the worker again. */
  private async startContainers(): Promise<void> {
    let nextAtMs = Infinity;
    let background = true;
    for (const record of byTurn(this.records)) {
      if (this.ended || this.aborted.signal.aborted) return;
      if (this.isDue(record) && record.notBeforeMs <= this.deps.clock.now()) await this.start(record);
      if (this.isDue(record) && record.notBeforeMs > this.deps.clock.now()) {
        nextAtMs = Math.min(nextAtMs, record.notBeforeMs);
        background &&= record.restartCount >= BUSY_RESTARTS || record.pullBackoffMs > 0;
      }
      if (this.holdsBack(record)) break;
    }
    if (nextAtMs !== Infinity) this.wakeAt(nextAtMs, background);
  }

  private isDue(record: ContainerRecord): boolean {
    if (record.role === 'init' && this.mainHasRun()) return false;
    return record.state.is === 'waiting' || record.restartDue;
  }

  /** What comes after waits: for an init container to be done, for a sidecar to have started. */
  private holdsBack({ role, state, started }: ContainerRecord): boolean {
    if (role === 'main' || role === 'ephemeral' || this.mainHasRun()) return false;
    return role === 'sidecar' ? !started : !(state.is === 'terminated' && state.exit.exitCode === 0);
  }

  private mainHasRun(): boolean {
    return this.records.some((r) => r.role === 'main' && (r.state.is !== 'waiting' || r.last !== undefined));
  }

  private async start(record: ContainerRecord): Promise<void> {
    const { runtime, clock, traits, config } = this.deps;
    const { container } = record;
    const { signal } = this.aborted;
    if (!(await this.puller.pull(this.pod, record, signal))) return;
    const fault = traits.config ? environmentFault(this.pod, container, config) : undefined;
    if (fault !== undefined) {
      this.wait(record, 'CreateContainerConfigError', fault);
      this.tellFaults('Failed', [`Error: ${fault}`]);
      this.wakeAt(clock.now() + CONFIG_RETRY_MS, true);
      return;
    }
    try {
      const attempt = record.restartCount + (record.restartDue ? 1 : 0);
      const id = await runtime.createContainer({ pod: this.pod, sandbox: this.sandbox!, container, attempt });
      this.event('Normal', 'Created', 'Container created', container);
      await runtime.startContainer(id, signal);
      this.event('Normal', 'Started', 'Container started', container);
      if (container.lifecycle?.postStart) await runtime.runHook(id, 'postStart', signal);
      if (record.state.is === 'terminated') record.last = record.state;
      record.restartCount = attempt;
      record.restartDue = false;
      record.state = { is: 'running', startedAtMs: clock.now(), id };
      record.started = false;
      record.ready = false;
      if (record.role !== 'ephemeral') this.probe(record, id, clock.now());
      // it may have changed since this one was made
      record.container = container;
      this.takeImages();
      this.writer.changed();
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      this.event('Warning', 'Failed', `Error: ${error.message}`, container);
      this.wait(record, error.reason, error.message);
      record.notBeforeMs = clock.now() + restartPause(record, 0);
    }
  }

  private wait(record: ContainerRecord, reason: string, message: string): void {
    record.state = { is: 'waiting', reason, message };
    this.writer.changed();
  }

  private probe(record: ContainerRecord, id: string, startedAtMs: number): void {
    const { clock, runtime, traits } = this.deps;
    const { container } = record;
    const prober = new Prober(clock, runtime, { record, id, startedAtMs }, traits.probes, {
      started: () => {
        record.started = true;
        this.writer.changed();
        // what waits for a sidecar goes on
        if (record.role === 'sidecar') this.wake();
      },
      ready: (ready) => {
        record.ready = ready;
        this.writer.changed();
      },
      failed: (kind, output) => {
        const title = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
        this.event('Warning', 'Unhealthy', `${title} probe failed: ${output}`, container);
      },
      unhealthy: (kind) => {
        this.event('Normal', 'Killing', `Container ${container.name} failed ${kind} probe, will be restarted`, container);
        const grace = container[kind === 'startup' ? 'startupProbe' : 'livenessProbe']?.terminationGracePeriodSeconds;
        void stopContainer(this.deps, container, id, grace === undefined ? this.gracePeriodMs() : grace * 1000);
      },
    });
    if (record.state.is === 'running' && record.state.id === id) this.probers.set(id, prober);
    else prober.stop();
  }

  private containerExited(record: ContainerRecord, exit: ContainerExit): void {
    const { state } = record;
    if (state.is !== 'running') return;
    this.probers.get(state.id)?.stop();
    this.probers.delete(state.id);
    const terminated = { is: 'terminated', startedAtMs: state.startedAtMs, id: state.id, exit } as const;
    if (!this.stopping && !this.ended && makesWay(record, terminated)) return this.wake();
    record.state = terminated;
    record.started = false;
    // an init container that has done its work counts as ready
    record.ready = record.role === 'init' && exit.exitCode === 0;
    if (!this.stopping && !this.ended && restarts(record, exit, this.restartPolicy)) this.plan(record, terminated);
    this.writer.changed();
    this.wake();
  }

  /** Starts it again: at once the first time, later after a pause. */
  private plan(record: ContainerRecord, terminated: NonNullable<ContainerRecord['last']>): void {
    const { name } = record.container;
    const { metadata } = this.pod;
    const { exit, startedAtMs } = terminated;
    record.restartDue = true;
    const pause = restartPause(record, exit.finishedAtMs - startedAtMs);
    record.notBeforeMs = exit.finishedAtMs + pause;
    if (pause === 0) return;
    record.last = terminated;
    const pod = `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
    this.event('Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${pod}`, record.container);
    const message = `back-off ${formatDuration(pause * 1e6)} restarting failed container=${name} pod=${pod}`;
    record.state = { is: 'waiting', reason: 'CrashLoopBackOff', message };
  }

  private gracePeriodMs(): number {
    const { metadata, spec } = this.pod;
    return (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  private async terminate(): Promise<void> {
    this.stopping = true;
    this.timer?.cancel();
    this.deadline?.cancel();
    await this.stopAll(this.gracePeriodMs());
    await this.deps.runtime.stopPodSandbox(this.pod);
    this.over = true;
    this.sandbox = undefined;
    await this.remove();
  }

  private stopAll(graceMs: number): Promise<void> {
    // one that has made way for another will not see it
    for (const record of this.records) if (record.state.is === 'running' && record.restartDue && record.last) record.state = record.last;
    return stopContainers(this.deps, this.records, graceMs, (container) =>
      this.event('Normal', 'Killing', `Stopping container ${container.name}`, container),
    );
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    this.deps.volumes?.release(this.pod.metadata.uid);
    this.deadline?.cancel();
    this.timer?.cancel();
    for (const record of this.records) if (record.state.is === 'waiting' && record.last) record.state = record.last;
    this.writer.changed();
    this.wake();
  }

  /** The last word on the pod, then the object goes. */
  private async remove(): Promise<void> {
    const { client, traits } = this.deps;
    const { name, namespace = '', uid } = this.pod.metadata;
    if (traits.reportsEnd === 'all' || controllerOf(this.pod)?.kind === 'Job') await this.writer.flush();
    try {
      await client.delete('v1/Pod', name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    this.deps.finished(this.pod);
  }

  private event(type: EventType, reason: string, message: string, container: Container): void {
    this.deps.event(this.pod, type, reason, message, container);
  }
}

/** Ephemeral containers wait for none of the others. */
function byTurn(records: readonly ContainerRecord[]): readonly ContainerRecord[] {
  if (!records.some(({ role }) => role === 'ephemeral')) return records;
  return [...records.filter(({ role }) => role === 'ephemeral'), ...records.filter(({ role }) => role !== 'ephemeral')];
}

const isTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
