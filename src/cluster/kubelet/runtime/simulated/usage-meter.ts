// The meter of a container that runs: how much it has used until a moment. What it uses may change while it runs (its pod's annotations,
// its requests), and who asks may ask of a moment that is a little while ago.
import type { Container } from '#api/core/v1';
import type { ContainerUsage } from '../../../../apimachinery/node-api.ts';
import { deepEqual } from '../../../../apimachinery/object.ts';
import { requested, usageAt, usedUntil, type UsageCurve } from './usage.ts';

/** How far back it can be asked, in milliseconds, at least. */
const KEPT_MS = 60_000;

export interface ContainerCurves {
  readonly cpu: UsageCurve;
  readonly memory: UsageCurve;
}

interface Segment extends ContainerCurves {
  readonly fromMs: number;
  readonly cpuRequest: number;
  readonly memoryRequest: number;
  /** Core-milliseconds until then. */
  readonly usedBefore: number;
}

export class UsageMeter {
  private readonly name: string;
  private readonly startedAtMs: number;
  private segments: readonly Segment[] = [];

  constructor(container: Container, curves: ContainerCurves, startedAtMs: number) {
    this.name = container.name;
    this.startedAtMs = startedAtMs;
    this.change(container, curves, startedAtMs);
  }

  /** From now on it uses as these say. */
  change(container: Container, { cpu, memory }: ContainerCurves, nowMs: number): void {
    const cpuRequest = requested(container, 'cpu');
    const memoryRequest = requested(container, 'memory');
    const last = this.segments.at(-1);
    const same = last?.cpuRequest === cpuRequest && last.memoryRequest === memoryRequest;
    if (same && deepEqual(last.cpu, cpu) && deepEqual(last.memory, memory)) return;
    const usedBefore = last ? this.cpuAt(last, nowMs) : 0;
    const kept = this.segments.filter((_, i) => (this.segments[i + 1]?.fromMs ?? Infinity) > nowMs - KEPT_MS);
    this.segments = [...kept, { cpu, memory, fromMs: nowMs, cpuRequest, memoryRequest, usedBefore }];
  }

  /** @returns undefined where it did not run yet */
  read(atMs: number): ContainerUsage | undefined {
    if (atMs < this.startedAtMs) return undefined;
    const segment = this.segments.findLast(({ fromMs }) => fromMs <= atMs) ?? this.segments[0]!;
    return {
      name: this.name,
      startedAtMs: this.startedAtMs,
      cpuCoreNanoSeconds: Math.round(this.cpuAt(segment, atMs) * 1e6),
      memoryBytes: Math.round(usageAt(segment.memory, atMs - this.startedAtMs, segment.memoryRequest)),
    };
  }

  private cpuAt({ cpu, cpuRequest, fromMs, usedBefore }: Segment, atMs: number): number {
    const until = (ms: number): number => usedUntil(cpu, ms - this.startedAtMs, cpuRequest);
    return usedBefore + Math.max(0, until(atMs) - until(fromMs));
  }
}
