// A runtime without processes: containers are timers that follow a behaviour document. All waiting goes through the clock, so it works at
// any scale and speed; nothing is measured, everything is as the document says.
import type { Container, Pod, Probe } from '#api/core/v1';
import type { Clock, Timer } from '../../../../apimachinery/clock.ts';
import type { ContainerUsage, ExecOptions, ExecSession, PodConnection } from '../../../../apimachinery/node-api.ts';
import { timeMs } from '../../../../apimachinery/time.ts';
import type { Random } from '../../../../apimachinery/random.ts';
import type { ContainerView } from '../../container-view.ts';
import {
  ImagePullError,
  type ContainerExit,
  type ContainerRequest,
  type LogLine,
  type PodSandbox,
  type ProbeKind,
  type ProbeOutcome,
  type RecoveredPod,
  type RunningContainer,
  type Runtime,
  type RuntimeListener,
} from '../runtime.ts';
import {
  behaviourOf,
  BehaviourError,
  checkDocument,
  planOf,
  type BehaviourDocument,
  type Behaviour,
  type ContainerPlan,
} from './behaviour.ts';
import { behaviourOfCommand, sleepSeconds } from './commands.ts';
import { REALISTIC } from './documents.ts';
import { LogBuffer } from './log-buffer.ts';
import { PodAddresses } from './pod-addresses.ts';
import { probeFailure } from './probe-failure.ts';
import { attachSession, SimulatedServer } from './sessions.ts';
import { FileSystem } from './shell/file-system.ts';
import { ShellSession } from './shell/shell.ts';
import { UsageMeter } from './usage-meter.ts';

/** What ends later than this does not keep the world busy. */
const FAR_MS = 5 * 60_000;
const KILLED = 137;
/** Of what was running when its node lost power. */
const LOST = 255;

interface SimulatedContainer {
  readonly id: string;
  readonly podUid: string;
  container: Container;
  plan: ContainerPlan;
  meter: UsageMeter | undefined;
  startedAtMs: number | undefined;
  exit: ContainerExit | undefined;
  exitTimer: Timer | undefined;
  /** When it stops because it was told to. */
  stopAtMs: number;
  stopTimer: Timer | undefined;
  readonly waiters: (() => void)[];
}

interface SimulatedPod {
  pod: Pod;
  sandbox: PodSandbox | undefined;
  readonly containers: Map<string, SimulatedContainer>;
  /** Called when the pod has changed: what waits looks again. */
  readonly watchers: Set<() => void>;
  hasRun: boolean;
}

export class SimulatedRuntime implements Runtime {
  readonly name = 'simulated';
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly document: BehaviourDocument;
  private readonly listeners: RuntimeListener[] = [];
  private readonly pods = new Map<string, SimulatedPod>();
  private readonly containers = new Map<string, SimulatedContainer>();
  /** `node image` */
  private readonly images = new Set<string>();
  private readonly plans = new WeakMap<Pod, readonly ContainerPlan[]>();
  private readonly overrulesRestarts: boolean;
  private readonly addresses = new PodAddresses();
  private readonly logBuffer = new LogBuffer();
  /** What commands wrote into the containers that run. */
  private readonly files = new WeakMap<SimulatedContainer, FileSystem>();

  /** Throws BehaviourError where the document does not make sense. */
  constructor(clock: Clock, random: Random, document: BehaviourDocument = REALISTIC) {
    this.clock = clock;
    this.random = random.fork();
    this.document = checkDocument(document);
    this.overrulesRestarts = document.rules.some(({ then }) => then.restartPolicy !== undefined);
  }

  subscribe(listener: RuntimeListener): void {
    this.listeners.push(listener);
  }

  hasImage(node: string, image: string): boolean {
    return this.images.has(`${node} ${image}`);
  }

  async pullImage(node: string, image: string, pod: Pod, signal: AbortSignal): Promise<number> {
    const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((c) => c.image === image);
    const plan = this.plan(pod, container ?? { name: '', image });
    if (!this.hasImage(node, image)) await this.wait(plan.pullMs, signal);
    if (plan.pullError !== undefined) throw new ImagePullError(plan.pullError);
    this.images.add(`${node} ${image}`);
    return plan.imageBytes;
  }

  async runPodSandbox(pod: Pod, signal: AbortSignal, podCIDR: string | undefined): Promise<PodSandbox> {
    const { uid } = pod.metadata;
    const entry = this.entry(pod);
    await this.until(entry, () => !this.podPlans(entry.pod).some((plan) => plan.pending), signal);
    entry.sandbox ??= { id: this.newId(), ips: [this.addresses.allocate(uid, pod.spec.nodeName ?? '', podCIDR)] };
    return entry.sandbox;
  }

  /** What the pod's status says was running goes on from there. */
  recoverPod(pod: Pod): RecoveredPod | undefined {
    const { status, spec, metadata } = pod;
    const ips = status?.podIPs?.map(({ ip }) => ip) ?? [];
    const statuses = [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ];
    const running = new Map<string, RunningContainer>();
    const exited = new Map<string, ContainerExit>();
    // what was begun just before the kubelet ended is in no status yet
    if (ips.length === 0 && !statuses.some((c) => c.state?.running) && !this.pods.get(metadata.uid)?.sandbox) return undefined;
    const entry = this.entry(pod);
    entry.sandbox ??= { id: this.newId(), ips };
    entry.hasRun ||= statuses.some((c) => (c.state?.running ?? c.state?.terminated ?? c.lastState?.terminated) !== undefined);
    if (!spec.hostNetwork) for (const ip of ips) this.addresses.take(metadata.uid, ip);
    const ephemeral = (spec.ephemeralContainers ?? []) as readonly Container[];
    for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...ephemeral]) {
      const { state, imageID, containerID = '' } = statuses.find((c) => c.name === container.name) ?? {};
      if (imageID) this.images.add(`${spec.nodeName} ${container.image}`);
      const startedAt = state?.running?.startedAt;
      const known = entry.containers.get(container.name);
      if (known?.startedAtMs !== undefined) {
        if (known.exit && startedAt === undefined) continue;
        running.set(container.name, { id: known.id, startedAtMs: known.startedAtMs, container: known.container });
        if (known.exit) exited.set(container.name, known.exit);
        continue;
      }
      if (startedAt === undefined) continue;
      const recovered = this.newContainer(pod, container, containerID.replace(`${this.name}://`, ''));
      recovered.startedAtMs = timeMs(startedAt);
      recovered.meter = new UsageMeter(container, recovered.plan.usage, recovered.startedAtMs);
      this.logBuffer.begin(metadata.uid, container.name);
      this.scheduleExit(recovered, recovered.startedAtMs);
      running.set(container.name, { id: recovered.id, startedAtMs: recovered.startedAtMs });
    }
    return { sandbox: entry.sandbox, running, exited };
  }

  /** The node loses its power: all that ran on it has ended, and nobody is told. */
  loseNode(node: string): void {
    for (const { pod, containers } of this.pods.values()) {
      if (pod.spec.nodeName !== node) continue;
      for (const c of containers.values()) {
        c.exitTimer?.cancel();
        c.stopTimer?.cancel();
        c.exit ??= { exitCode: LOST, reason: 'Error', finishedAtMs: this.clock.now() };
        for (const waiter of c.waiters.splice(0)) waiter();
      }
    }
  }

  podsOn(node: string): readonly Pod[] {
    const found: Pod[] = [];
    for (const { pod } of this.pods.values()) if (pod.spec.nodeName === node) found.push(pod);
    return found;
  }

  /** Pods that have a container running. */
  running(): readonly Pod[] {
    const runs = (c: SimulatedContainer): boolean => c.startedAtMs !== undefined && !c.exit;
    return [...this.pods.values()].filter(({ containers }) => [...containers.values()].some(runs)).map(({ pod }) => pod);
  }

  createContainer({ pod, container }: ContainerRequest): Promise<string> {
    return Promise.resolve(this.newContainer(pod, container).id);
  }

  private newContainer(pod: Pod, container: Container, id = ''): SimulatedContainer {
    const created: SimulatedContainer = {
      id: id || this.newId(),
      podUid: pod.metadata.uid,
      container,
      plan: this.plan(pod, container),
      meter: undefined,
      startedAtMs: undefined,
      exit: undefined,
      exitTimer: undefined,
      stopAtMs: Infinity,
      stopTimer: undefined,
      waiters: [],
    };
    const entry = this.entry(pod);
    const previous = entry.containers.get(container.name);
    if (previous) this.containers.delete(previous.id);
    entry.containers.set(container.name, created);
    this.containers.set(created.id, created);
    return created;
  }

  async startContainer(id: string, signal: AbortSignal): Promise<void> {
    const started = this.container(id);
    await this.wait(started.plan.startMs, signal);
    const { podUid, container, plan } = started;
    started.startedAtMs = this.clock.now();
    started.meter = new UsageMeter(container, plan.usage, started.startedAtMs);
    const entry = this.pods.get(podUid);
    if (entry) entry.hasRun = true;
    this.logBuffer.begin(podUid, container.name);
    for (const text of plan.logs) this.logBuffer.write(podUid, container.name, { atMs: this.clock.now(), stream: 'stdout', text });
    this.scheduleExit(started, started.startedAtMs);
  }

  /** @param fromMs from when the time until the exit counts */
  private scheduleExit(c: SimulatedContainer, fromMs: number): void {
    c.exitTimer?.cancel();
    c.exitTimer = undefined;
    const { exit } = c.plan;
    if (!exit || exit.afterMs === Infinity || c.exit) return;
    const left = Math.max(0, fromMs + exit.afterMs - this.clock.now());
    const reason = exit.reason ?? (exit.code === 0 ? 'Completed' : 'Error');
    c.exitTimer = this.clock.schedule(left, () => this.end(c, exit.code, reason), { background: left > FAR_MS });
  }

  stopContainer(id: string, graceMs: number): Promise<void> {
    const c = this.containers.get(id);
    if (!c || c.exit || c.startedAtMs === undefined) return Promise.resolve();
    const stopped = new Promise<void>((resolve) => c.waiters.push(resolve));
    const { plan } = c;
    const byItself = plan.ignoresSigterm ? Infinity : plan.stopMs;
    const killed = byItself > graceMs;
    const atMs = this.clock.now() + (killed ? graceMs : byItself);
    if (atMs < c.stopAtMs) {
      c.stopAtMs = atMs;
      c.stopTimer?.cancel();
      const code = killed ? KILLED : plan.stopCode;
      c.stopTimer = this.clock.schedule(atMs - this.clock.now(), () => this.endWhenAllowed(c, code));
    }
    return stopped;
  }

  /** A pod that lingers keeps its containers. */
  private endWhenAllowed(c: SimulatedContainer, code: number): void {
    const entry = this.pods.get(c.podUid);
    const end = (): void => this.end(c, code, code === 0 ? 'Completed' : 'Error');
    if (!entry || !c.plan.linger) end();
    else void this.until(entry, () => !c.plan.linger).then(end);
  }

  private end(c: SimulatedContainer, exitCode: number, reason: ContainerExit['reason']): void {
    if (c.exit) return;
    c.exit = { exitCode, reason, finishedAtMs: this.clock.now() };
    c.exitTimer?.cancel();
    c.stopTimer?.cancel();
    this.logBuffer.end(c.podUid, c.container.name);
    for (const listener of this.listeners) listener.exited(c.podUid, c.id, c.exit);
    for (const waiter of c.waiters.splice(0)) waiter();
  }

  async stopPodSandbox(pod: Pod): Promise<void> {
    const { uid } = pod.metadata;
    const entry = this.pods.get(uid) ?? this.entry(pod);
    entry.pod = pod;
    const plans = this.podPlans(pod);
    if (!entry.hasRun) await this.wait(Math.max(0, ...plans.map((p) => (entry.sandbox || p.pending ? p.stopMs : 0))));
    await this.until(entry, () => !this.podPlans(entry.pod).some((plan) => plan.linger));
    for (const c of entry.containers.values()) {
      c.exitTimer?.cancel();
      c.stopTimer?.cancel();
      this.containers.delete(c.id);
    }
    this.logBuffer.forget(uid, entry.containers.keys());
    this.addresses.release(uid);
    this.pods.delete(uid);
  }

  probe(id: string, kind: ProbeKind, probe: Probe | undefined): Promise<ProbeOutcome> {
    const c = this.containers.get(id);
    if (!c || c.exit || c.startedAtMs === undefined) return Promise.resolve({ success: false, output: 'container is not running' });
    const sinceMs = this.clock.now() - c.startedAtMs;
    const { readyMs, unhealthyMs } = c.plan;
    const until = (ms: number): number => ms - sinceMs;
    // one that is never ready is not sick for that
    const servesAtMs = kind === 'readiness' || readyMs !== Infinity ? readyMs : 0;
    if (kind === 'liveness' && sinceMs >= unhealthyMs) return Promise.resolve({ ...this.failure(c, probe), validForMs: Infinity });
    if (sinceMs < servesAtMs) return Promise.resolve({ ...this.failure(c, probe), validForMs: until(servesAtMs) });
    return Promise.resolve({ success: true, validForMs: kind === 'liveness' ? until(unhealthyMs) : Infinity });
  }

  private failure(c: SimulatedContainer, probe: Probe | undefined): ProbeOutcome {
    const ip = this.pods.get(c.podUid)?.sandbox?.ips[0] ?? '';
    return { success: false, output: probe ? probeFailure(probe, c.container, ip) : '' };
  }

  /** `sleep` takes its time, everything else succeeds at once. */
  async runHook(id: string, hook: 'postStart' | 'preStop', signal: AbortSignal): Promise<void> {
    const handler = this.containers.get(id)?.container.lifecycle?.[hook];
    if (handler?.sleep) await this.wait(handler.sleep.seconds * 1000, signal);
    const command = handler?.exec?.command ?? [];
    const text = command.join(' ');
    const sleep = /(?:^|\s)sleep\s+(\S+)/.exec(text);
    const seconds = sleep ? sleepSeconds(sleep[1]!.replace(/[;&"']+$/, '')) : 0;
    if (seconds > 0) await this.wait(seconds * 1000, signal);
  }

  podChanged(pod: Pod): void {
    const entry = this.pods.get(pod.metadata.uid);
    if (!entry) return;
    entry.pod = pod;
    for (const c of entry.containers.values()) {
      const before = c.plan;
      c.container = pod.spec.containers.find(({ name }) => name === c.container.name) ?? c.container;
      c.plan = this.plan(pod, c.container);
      if (c.exit || c.startedAtMs === undefined) continue;
      c.meter?.change(c.container, c.plan.usage, this.clock.now());
      const same = before.exit?.code === c.plan.exit?.code && before.exit?.afterMs === c.plan.exit?.afterMs;
      if (!same) this.scheduleExit(c, this.clock.now());
    }
    for (const watcher of entry.watchers) watcher();
    for (const listener of this.listeners) listener.changed(pod.metadata.uid);
  }

  logs(podUid: string, container: string, { previous = false }: { readonly previous?: boolean } = {}): readonly LogLine[] | undefined {
    return this.logBuffer.read(podUid, container, previous);
  }

  followLogs(podUid: string, container: string, told: (line: LogLine | undefined) => void): () => void {
    return this.logBuffer.follow(podUid, container, told);
  }

  exec(podUid: string, container: Container, view: ContainerView, options: ExecOptions): ExecSession {
    const c = this.pods.get(podUid)?.containers.get(container.name);
    // who attaches to a container with an input finds the shell that it was made for
    const typed = options.command.length === 0 && options.stdin && container.stdin ? shellOf(container) : undefined;
    if (options.command.length === 0 && !typed)
      return attachSession(
        (told) => this.followLogs(podUid, container.name, told),
        () => c?.exit?.exitCode ?? 0,
      );
    let files = c && this.files.get(c);
    if (!files) {
      files = new FileSystem();
      if (c) this.files.set(c, files);
    }
    const session = new ShellSession(typed ? { ...options, command: typed } : options, { clock: this.clock, view, files });
    return typed && c ? this.asProcess(c, session) : session;
  }

  /** The shell is the container's process: with it the container ends. */
  private asProcess(c: SimulatedContainer, session: ShellSession): ExecSession {
    return {
      write: (data) => session.write(data),
      endInput: () => session.endInput(),
      resize: () => session.resize(),
      cancel: () => session.cancel(),
      start: async (output) => {
        const end = await session.start(output);
        if ('exitCode' in end && (session.hasExited || c.container.stdinOnce))
          this.end(c, end.exitCode, end.exitCode === 0 ? 'Completed' : 'Error');
        return end;
      },
    };
  }

  connect(podUid: string, port: number): Promise<PodConnection> {
    const entry = this.pods.get(podUid);
    const listens = [...(entry?.containers.values() ?? [])].some(
      (c) => c.startedAtMs !== undefined && !c.exit && c.container.ports?.some(({ containerPort }) => containerPort === port),
    );
    if (entry && listens) return Promise.resolve(new SimulatedServer(entry.pod, port));
    const where = `failed to connect to localhost:${port} inside namespace ${JSON.stringify(entry?.sandbox?.id ?? '')}`;
    return Promise.reject(new Error(`${where}, IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`));
  }

  usage(podUid: string, atMs: number): readonly ContainerUsage[] {
    const running = [...(this.pods.get(podUid)?.containers.values() ?? [])].filter(({ exit }) => !exit || exit.finishedAtMs > atMs);
    return running.flatMap(({ meter }) => meter?.read(atMs) ?? []);
  }

  restartPolicy(pod: Pod): string | undefined {
    if (!this.overrulesRestarts && !mentionsBehaviour(pod)) return undefined;
    return this.podPlans(pod).find((plan) => plan.restartPolicy !== undefined)?.restartPolicy;
  }

  private entry(pod: Pod): SimulatedPod {
    const { uid } = pod.metadata;
    let entry = this.pods.get(uid);
    if (!entry) {
      entry = { pod, sandbox: undefined, containers: new Map(), watchers: new Set(), hasRun: false };
      this.pods.set(uid, entry);
    }
    return entry;
  }

  private container(id: string): SimulatedContainer {
    const c = this.containers.get(id);
    if (!c) throw new Error(`no container ${id}`);
    return c;
  }

  private podPlans(pod: Pod): readonly ContainerPlan[] {
    let plans = this.plans.get(pod);
    if (!plans) {
      plans = pod.spec.containers.map((c) => this.plan(pod, c));
      this.plans.set(pod, plans);
    }
    return plans;
  }

  private plan(pod: Pod, container: Container): ContainerPlan {
    const command = this.document.commands === false ? undefined : behaviourOfCommand(container);
    try {
      return planOf(behaviourOf(this.document, pod, container, command ?? initBehaviour(pod, container, this.document)), pod);
    } catch (error) {
      if (!(error instanceof BehaviourError)) throw error;
      // who wrote the annotation sees it where a broken image would be seen
      return planOf({ pull: { duration: '0s', error: error.message } }, undefined);
    }
  }

  private newId(): string {
    return Buffer.from(this.random.bytes(32)).toString('hex');
  }

  private wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    if (ms !== Infinity) return this.clock.sleep(ms, signal ? { signal } : {});
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  }

  /** Resolves when it holds: looked at whenever the pod changes. */
  private until(entry: SimulatedPod, holds: () => boolean, signal?: AbortSignal): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (): void => {
        entry.watchers.delete(look);
        signal?.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        done();
        reject(signal!.reason as Error);
      };
      const look = (): void => {
        if (!holds()) return;
        done();
        resolve();
      };
      entry.watchers.add(look);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }
}

/** The container's process, where it is a shell at a prompt; an image that says nothing else has one. */
function shellOf({ command = [], args = [] }: Container): readonly string[] | undefined {
  const words = [...command, ...args];
  if (words.length === 0) return ['sh'];
  return words.length === 1 && /^(?:.*\/)?(?:ba|a|da)?sh$/.test(words[0]!) ? words : undefined;
}

const mentionsBehaviour = (pod: Pod): boolean =>
  Object.keys(pod.metadata.annotations ?? NONE).some((key) => key.startsWith('jibe.dev/behaviour'));

const NONE: Readonly<Record<string, string>> = {};

/** Nobody knows what it does, but it is there to be done with. */
function initBehaviour(pod: Pod, container: Container, { commands }: BehaviourDocument): Behaviour | undefined {
  const isInit = pod.spec.initContainers?.some((c) => c.name === container.name && c.restartPolicy !== 'Always');
  if (!isInit) return undefined;
  return { exit: { code: 0, after: commands === false ? '0s' : '1s' } };
}
