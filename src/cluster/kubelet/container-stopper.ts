// Ends containers: the preStop hook first, then SIGTERM, and SIGKILL once the grace period that both share is over.
import type { Container } from '#api/core/v1';
import type { Clock } from '../../apimachinery/clock.ts';
import type { ContainerRecord } from './container-record.ts';
import type { Runtime } from './runtime/runtime.ts';

interface StopperDeps {
  readonly clock: Clock;
  readonly runtime: Runtime;
}

/**
 * Main containers side by side, then sidecars in reverse order, all within the same time.
 * @param tell called for each before it is stopped
 */
export async function stopContainers(
  deps: StopperDeps,
  records: readonly ContainerRecord[],
  graceMs: number,
  tell: (container: Container) => void,
): Promise<void> {
  const deadline = deps.clock.now() + graceMs;
  const running = records.filter((r) => r.state.is === 'running');
  const stop = async ({ state, container }: ContainerRecord): Promise<void> => {
    if (state.is !== 'running') return;
    tell(container);
    await stopContainer(deps, container, state.id, Math.max(0, deadline - deps.clock.now()));
  };
  await Promise.all(running.filter((r) => r.role !== 'sidecar').map(stop));
  for (const sidecar of running.filter((r) => r.role === 'sidecar').toReversed()) await stop(sidecar);
}

/** Resolves when the container has exited. */
export async function stopContainer({ clock, runtime }: StopperDeps, container: Container, id: string, graceMs: number): Promise<void> {
  const deadline = clock.now() + graceMs;
  if (container.lifecycle?.preStop && graceMs > 0) {
    const tooLong = new AbortController();
    const timer = clock.schedule(graceMs, () => tooLong.abort(new Error('the grace period is over')));
    try {
      await runtime.runHook(id, 'preStop', tooLong.signal);
    } catch (error) {
      if (!tooLong.signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
  }
  await runtime.stopContainer(id, Math.max(deadline - clock.now(), 0));
}
