// What a kubelet asks of whatever runs containers: shaped on the Container Runtime Interface, with pods and containers as the API has
// them. One runtime may serve many nodes.
import type { Container, Pod, Probe } from '#api/core/v1';
import type { ContainerUsage, ExecOptions, ExecSession, PodConnection } from '../../../apimachinery/node-api.ts';
import type { ContainerView } from '../container-view.ts';

export interface PodSandbox {
  readonly id: string;
  /** The pod's addresses, the first being its `podIP`. */
  readonly ips: readonly string[];
}

export interface RunningContainer {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** What it was made of, where that is known. */
  readonly container?: Container;
}

/** What a kubelet finds of a pod that another one has started. */
export interface RecoveredPod {
  readonly sandbox: PodSandbox;
  /** By name. */
  readonly running: ReadonlyMap<string, RunningContainer>;
  /** Those of them that have ended while nobody looked. */
  readonly exited: ReadonlyMap<string, ContainerExit>;
}

export interface ContainerExit {
  readonly exitCode: number;
  readonly reason: 'Completed' | 'Error' | 'OOMKilled';
  readonly message?: string;
  /** Milliseconds since 1970. */
  readonly finishedAtMs: number;
}

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

export interface ProbeOutcome {
  readonly success: boolean;
  /** What the probe printed, or why it failed. */
  readonly output?: string;
  /**
   * The outcome will stay the same for so long, unless the runtime says `changed`: no need to ask again in between. Absent: who knows.
   */
  readonly validForMs?: number;
}

/** Thrown by {@link Runtime.pullImage}. */
export class ImagePullError extends Error {
  override readonly name = 'ImagePullError';
}

/** Thrown where a container cannot be made or started; `reason` becomes that of its waiting state. */
export class ContainerError extends Error {
  override readonly name = 'ContainerError';
  readonly reason: 'CreateContainerError' | 'RunContainerError';

  constructor(reason: 'CreateContainerError' | 'RunContainerError', message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface RuntimeListener {
  exited(podUid: string, containerId: string, exit: ContainerExit): void;
  /** Probes may answer otherwise than before. */
  changed(podUid: string): void;
}

export interface ContainerRequest {
  readonly pod: Pod;
  readonly sandbox: PodSandbox;
  readonly container: Container;
  /** 0 for the first. */
  readonly attempt: number;
}

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface Runtime {
  /** The scheme of container ids: `simulated://...`. */
  readonly name: string;
  subscribe(listener: RuntimeListener): void;
  hasImage(node: string, image: string): boolean;
  /** @returns the size in bytes. Throws {@link ImagePullError}. */
  pullImage(node: string, image: string, pod: Pod, signal: AbortSignal): Promise<number>;
  /**
   * Rejects with the signal's reason when the pod is not wanted any more.
   * @param podCIDR from where the node's pods get their addresses, if that is known
   */
  runPodSandbox(pod: Pod, signal: AbortSignal, podCIDR: string | undefined): Promise<PodSandbox>;
  /** @returns its id. Throws {@link ContainerError}. */
  createContainer(request: ContainerRequest): Promise<string>;
  /** Resolves when the container's process runs. Throws {@link ContainerError}. */
  startContainer(id: string, signal: AbortSignal): Promise<void>;
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the container has exited; its exit is told to the listener too. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  /** The last container has stopped, if there was any. Resolves when the pod has left the node. */
  stopPodSandbox(pod: Pod): Promise<void>;
  /** @param probe undefined: none is declared, and the container counts as ready unless the runtime knows better */
  probe(id: string, kind: ProbeKind, probe: Probe | undefined): Promise<ProbeOutcome>;
  /** Runs a command or calls a hook in the container. */
  runHook(id: string, hook: 'postStart' | 'preStop', signal: AbortSignal): Promise<void>;
  /** The pod's labels or annotations have changed. */
  podChanged(pod: Pod): void;
  /** The lines that are kept; undefined where there is no such container. */
  logs(podUid: string, container: string, options?: { readonly previous?: boolean }): readonly LogLine[] | undefined;
  /**
   * Each line that the running container writes from now on, and undefined when it has exited.
   * @returns how to be told no more
   */
  followLogs(podUid: string, container: string, told: (line: LogLine | undefined) => void): () => void;
  /** Runs a command in a container that runs, or attaches to it. */
  exec(podUid: string, container: Container, view: ContainerView, options: ExecOptions): ExecSession;
  /** Rejects with an Error where nobody listens. */
  connect(podUid: string, port: number): Promise<PodConnection>;
  /** What the containers that ran at that moment (now, or up to a minute ago) had used. */
  usage(podUid: string, atMs: number): readonly ContainerUsage[];
  /**
   * A kubelet starts anew and finds a pod that was started before. Undefined: the runtime knows nothing of it.
   * @returns undefined where it never had a sandbox
   */
  recoverPod(pod: Pod): RecoveredPod | undefined;
  /** All that have something on the node, whether or not the API server still knows them. */
  podsOn(node: string): readonly Pod[];
  /** A simulation may run pods by another policy than they name. */
  restartPolicy?(pod: Pod): string | undefined;
}
