// Wakes whoever sleeps until something is due, when something happens before that. A bell that rings while nobody sleeps is not lost.
import type { Clock, Timer } from '../../apimachinery/clock.ts';

export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves at once where it has rung since it was last waited for; otherwise when it rings, at `until`, or when the signal is aborted. */
  async wait(clock: Clock, until: number, signal: AbortSignal): Promise<void> {
    let timer: Timer | undefined;
    if (!this.rung && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener('abort', this.wake, { once: true });
        if (until !== Infinity) timer = clock.schedule(Math.max(until - clock.now(), 0), resolve);
      });
    timer?.cancel();
    if (this.wake) signal.removeEventListener('abort', this.wake);
    this.wake = undefined;
    this.rung = false;
  }
}
