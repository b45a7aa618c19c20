// What a kubelet does for its pods when its node is shut down or short of memory: ends them, the important ones last, and says why.
// Follows pkg/kubelet/nodeshutdown and pkg/kubelet/eviction.
import type { Container, Node, Pod } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { tolerated } from '../../apimachinery/core/taints.ts';
import { parseQuantity, quantityNumber, quantityOf } from '../../apimachinery/quantity.ts';
import type { EventType } from '../../client/event-recorder.ts';
import type { Rejection } from './admission.ts';
import {
  isCritical,
  isShuttingDown,
  MEMORY_AVAILABLE,
  MEMORY_THRESHOLD,
  memoryShortage,
  rankMemoryPressure,
  type MemoryUse,
} from './node-health.ts';
import type { PodRunner } from './pod-runner.ts';
import type { Runtime } from './runtime/runtime.ts';

/** Of a shutdown: for most pods, and then for the important ones. */
const SHUTDOWN_GRACE_MS = 20_000;
const CRITICAL_GRACE_MS = 10_000;
/** Between two evictions, and how long the evicted may take. */
const EVICTION_ROUND_MS = 10_000;
const EVICTION_GRACE_MS = 1000;
const MEMORY_PRESSURE = 'node.kubernetes.io/memory-pressure';

export interface NodeTroublesParts {
  readonly clock: Clock;
  readonly runtime: Runtime;
  node(): Node;
  /** Those that are not over. */
  active(): readonly { readonly pod: Pod; readonly worker: PodRunner }[];
  event(about: Node | Pod, type: EventType, reason: string, message: string): void;
  onError(error: unknown): void;
}

export class NodeTroubles {
  private readonly parts: NodeTroublesParts;
  private shuttingDown = false;
  private round: Timer | undefined;
  /** Since the shortage began. */
  private freedBytes = 0;

  constructor(parts: NodeTroublesParts) {
    this.parts = parts;
  }

  nodeChanged(): void {
    const { node, event, onError, clock } = this.parts;
    const now = isShuttingDown(node());
    if (now !== this.shuttingDown) {
      this.shuttingDown = now;
      event(node(), 'Normal', 'NodeShutdown', `Shutdown manager detected shutdown ${now ? 'event' : 'cancellation'}`);
      if (now) this.shutDown().catch(onError);
    }
    if (memoryShortage(node()) === undefined) {
      this.round?.cancel();
      this.round = undefined;
      this.freedBytes = 0;
    } else this.round ??= clock.schedule(0, () => this.evict());
  }

  close(): void {
    this.round?.cancel();
  }

  /** Why the node takes no such pod now. */
  rejection(pod: Pod): Rejection | undefined {
    if (this.shuttingDown) return { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
    if (memoryShortage(this.parts.node()) === undefined || isCritical(pod) || pod.status?.qosClass !== 'BestEffort') return undefined;
    if (tolerated({ key: MEMORY_PRESSURE, effect: 'NoSchedule' }, pod.spec.tolerations)) return undefined;
    return { reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' };
  }

  private async shutDown(): Promise<void> {
    const message = 'Pod was terminated in response to imminent node shutdown.';
    for (const critical of [false, true]) {
      if (!this.shuttingDown) return;
      const most = critical ? CRITICAL_GRACE_MS : SHUTDOWN_GRACE_MS;
      const group = this.parts.active().filter(({ pod }) => isCritical(pod) === critical);
      await Promise.all(
        group.map(({ pod, worker }) => {
          const own = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
          return worker.endEarly({ reason: 'Terminated', message, graceMs: Math.min(own, most) });
        }),
      );
    }
  }

  /** One pod at a time. */
  private evict(): void {
    this.round = undefined;
    const { clock, node, event, active, onError } = this.parts;
    const shortage = memoryShortage(node());
    if (shortage === undefined || this.freedBytes >= shortage) return;
    event(node(), 'Warning', 'EvictionThresholdMet', 'Attempting to reclaim memory');
    const [first] = rankMemoryPressure(active().map(({ pod }) => this.useOf(pod)));
    const victim = first && active().find(({ pod }) => pod === first.pod);
    if (victim) {
      this.freedBytes += first.usedBytes;
      const message = this.reason(victim.pod);
      event(victim.pod, 'Warning', 'Evicted', message);
      victim.worker.endEarly({ reason: 'Evicted', message, graceMs: EVICTION_GRACE_MS }).catch(onError);
    }
    // without a pod to evict it is looked again too: one may come
    this.round = clock.schedule(EVICTION_ROUND_MS, () => this.evict(), { background: !victim });
  }

  private useOf(pod: Pod): MemoryUse {
    const usage = this.parts.runtime.usage(pod.metadata.uid, this.parts.clock.now());
    const usedBytes = usage.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    return { pod, usedBytes, requestedBytes: pod.spec.containers.reduce((sum, c) => sum + requested(c), 0) };
  }

  private reason(pod: Pod): string {
    const { runtime, clock, node } = this.parts;
    const available = node().metadata.annotations?.[MEMORY_AVAILABLE];
    let message = `The node was low on resource: memory. Threshold quantity: ${MEMORY_THRESHOLD}, available: ${available}. `;
    for (const { name, memoryBytes } of runtime.usage(pod.metadata.uid, clock.now())) {
      const container = pod.spec.containers.find((c) => c.name === name);
      if (!container || memoryBytes <= requested(container)) continue;
      const using = quantityOf(Math.round(memoryBytes), 'BinarySI').text;
      const request = container.resources?.requests?.['memory'] ?? '0';
      message += `Container ${name} was using ${using}, request is ${request}, has larger consumption of memory. `;
    }
    return message;
  }
}

function requested({ resources }: Container): number {
  const text = resources?.requests?.['memory'];
  return text === undefined ? 0 : quantityNumber(parseQuantity(text));
}
