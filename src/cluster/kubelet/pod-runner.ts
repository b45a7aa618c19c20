// What a kubelet tells whoever runs a pod of its node, and why a pod may have to end early. Who runs it: pod-worker.ts, or Stages.
import type { Pod } from '#api/core/v1';
import type { ContainerExit } from './runtime/runtime.ts';

/** Why a pod ends that did not want to. */
export interface EarlyEnd {
  readonly reason: string;
  readonly message: string;
  readonly graceMs: number;
}

/** What a kubelet tells whoever runs a pod of its node. */
export interface PodRunner {
  /** A newer version of the pod. */
  update(pod: Pod): void;
  /** Something the pod uses has changed. */
  configChanged(): void;
  /** Volumes were attached. */
  volumesChanged(): void;
  probesChanged(): void;
  exited(containerId: string, exit: ContainerExit): void;
  /** The mirror of this static pod was made or written. */
  mirrorChanged(): void;
  /** The node needs its place. Resolves when nothing of it runs any more. */
  endEarly(end: EarlyEnd): Promise<void>;
  /** The node is no longer this kubelet's, or the pod is gone: nothing more is done or said. */
  close(): void;
  /** The pod was taken away by force: its containers must not outlive it. */
  kill(): Promise<void>;
}
