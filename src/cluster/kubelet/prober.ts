// Runs the probes of one running container: startup first, then readiness and liveness side by side, each in its own rhythm, and says
// when a threshold is crossed. Follows pkg/kubelet/prober. Where the runtime knows how long an outcome holds, it is not asked in between.
import type { Probe } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ProbeKind, Runtime } from './runtime/runtime.ts';

const DEFAULT_PERIOD_S = 10;
const DEFAULT_FAILURES = 3;

export interface ProbeListener {
  /** The startup probe has succeeded: from now on the others count. */
  started(): void;
  ready(ready: boolean): void;
  /** The container is to be killed. */
  unhealthy(kind: 'startup' | 'liveness', output: string): void;
  /** A single probe failed. */
  failed(kind: ProbeKind, output: string): void;
}

export interface ProbedContainer {
  readonly record: ContainerRecord;
  readonly id: string;
  readonly startedAtMs: number;
}

export class Prober {
  private readonly clock: Clock;
  private readonly runtime: Runtime;
  private readonly container: ProbedContainer;
  private readonly listener: ProbeListener;
  private readonly loops = new Map<ProbeKind, ProbeLoop>();
  private stopped = false;

  constructor(clock: Clock, runtime: Runtime, container: ProbedContainer, declared: boolean, listener: ProbeListener) {
    this.clock = clock;
    this.runtime = runtime;
    this.container = container;
    this.listener = listener;
    const { startupProbe } = container.record.container;
    if (startupProbe && declared && !container.record.started) this.run('startup', startupProbe, () => this.runMain(declared));
    else {
      listener.started();
      this.runMain(declared);
    }
  }

  private runMain(declared: boolean): void {
    if (this.stopped) return;
    const { readinessProbe, livenessProbe } = this.container.record.container;
    this.run('readiness', declared ? readinessProbe : undefined);
    if (livenessProbe && declared) this.run('liveness', livenessProbe);
  }

  private run(kind: ProbeKind, probe: Probe | undefined, passed?: () => void): void {
    const { clock, runtime, container, listener } = this;
    const loop = new ProbeLoop({
      clock,
      runtime,
      container,
      kind,
      probe,
      listener,
      passed: () => {
        this.loops.delete(kind);
        listener.started();
        passed?.();
      },
    });
    this.loops.set(kind, loop);
    loop.start();
  }

  /** Outcomes may be different now. */
  changed(): void {
    for (const loop of this.loops.values()) loop.askSoon();
  }

  stop(): void {
    this.stopped = true;
    for (const loop of this.loops.values()) loop.stop();
    this.loops.clear();
  }
}

interface LoopParts {
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly container: ProbedContainer;
  readonly kind: ProbeKind;
  /** Undefined: none is declared; asked for readiness only. */
  readonly probe: Probe | undefined;
  readonly listener: ProbeListener;
  /** The startup probe has succeeded. */
  passed(): void;
}

class ProbeLoop {
  private readonly parts: LoopParts;
  private timer: Timer | undefined;
  private stopped = false;
  private successes = 0;
  private failures = 0;
  private result: boolean | undefined;
  private readonly firstAtMs: number;

  constructor(parts: LoopParts) {
    this.parts = parts;
    // one that was ready before the kubelet started anew is so until proved otherwise
    if (parts.kind === 'readiness' && parts.container.record.ready) this.result = true;
    this.firstAtMs = parts.container.startedAtMs + (parts.probe?.initialDelaySeconds ?? 0) * 1000;
  }

  start(): void {
    if (this.firstAtMs <= this.parts.clock.now()) void this.ask();
    else this.schedule(this.firstAtMs, false);
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** At the next beat, or at once where none is declared. */
  askSoon(): void {
    if (this.stopped) return;
    if (!this.parts.probe) void this.ask();
    else this.schedule(this.beatAfter(this.parts.clock.now()), false);
  }

  private get periodMs(): number {
    return (this.parts.probe?.periodSeconds ?? DEFAULT_PERIOD_S) * 1000;
  }

  /** Probes keep their rhythm. */
  private beatAfter(nowMs: number): number {
    if (nowMs <= this.firstAtMs) return this.firstAtMs;
    return this.firstAtMs + Math.ceil((nowMs - this.firstAtMs) / this.periodMs) * this.periodMs;
  }

  private schedule(atMs: number, background: boolean): void {
    this.timer?.cancel();
    this.timer = this.parts.clock.schedule(atMs - this.parts.clock.now(), () => void this.ask(), { background });
  }

  private async ask(): Promise<void> {
    this.timer?.cancel();
    const { success, output = '', validForMs } = await this.parts.runtime.probe(this.parts.container.id, this.parts.kind, this.parts.probe);
    if (this.stopped) return;
    if (success) {
      this.successes++;
      this.failures = 0;
    } else {
      this.failures++;
      this.successes = 0;
      if (this.parts.probe) this.parts.listener.failed(this.parts.kind, output);
    }
    this.judge(success, output);
    if (this.stopped) return;
    const now = this.parts.clock.now();
    // what holds is asked again when it holds no more; what only repeats itself does not keep the world busy
    const holds = success === this.result && validForMs !== undefined;
    if (this.parts.probe) {
      const next = now + (holds ? Math.max(this.periodMs, validForMs) : this.periodMs);
      if (next !== Infinity) {
        const settled = success === this.result && (success || this.failures > (this.parts.probe.failureThreshold ?? DEFAULT_FAILURES));
        this.schedule(this.beatAfter(next), settled && validForMs === undefined);
      }
    } else if (validForMs !== undefined && validForMs !== Infinity) this.schedule(now + validForMs, false);
  }

  private judge(success: boolean, output: string): void {
    const enough = success
      ? this.successes >= (this.parts.probe?.successThreshold ?? 1)
      : this.failures >= (this.parts.probe ? (this.parts.probe.failureThreshold ?? DEFAULT_FAILURES) : 1);
    if (this.parts.kind === 'readiness') {
      // not ready until it has proved to be
      if (enough && this.result !== success) this.parts.listener.ready(success);
      if (enough) this.result = success;
      return;
    }
    if (!enough) return;
    this.result = success;
    if (!success) {
      this.stop();
      this.parts.listener.unhealthy(this.parts.kind, output);
    } else if (this.parts.kind === 'startup') {
      this.stop();
      this.parts.passed();
    }
  }
}
