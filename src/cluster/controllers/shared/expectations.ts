// What a controller has just done and its informer has not shown yet. Until it has, counting pods would count wrong, and the
// controller would make some twice. Follows ControllerExpectations of kube-controller-manager.
import type { Clock } from '../../../apimachinery/clock.ts';

/** A watch that loses an event must not stop a controller for good. */
const EXPECTATIONS_TIMEOUT_MS = 5 * 60_000;

interface Expected {
  creations: number;
  /** Keys of the pods that are to go: each is seen off once. */
  readonly deletions: Set<string>;
  readonly atMs: number;
}

export class Expectations {
  private readonly clock: Clock;
  private readonly byController = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  expectCreations(controller: string, count: number): void {
    this.expect(controller, count, []);
  }

  expectDeletions(controller: string, pods: readonly string[]): void {
    this.expect(controller, 0, pods);
  }

  expect(controller: string, creations: number, deletions: readonly string[]): void {
    this.byController.set(controller, { creations, deletions: new Set(deletions), atMs: this.clock.now() });
  }

  creationObserved(controller: string): void {
    const expected = this.byController.get(controller);
    if (expected) expected.creations--;
  }

  deletionObserved(controller: string, pod: string): void {
    this.byController.get(controller)?.deletions.delete(pod);
  }

  /** Whether everything that was done has been seen, or long enough has passed. */
  satisfied(controller: string): boolean {
    const expected = this.byController.get(controller);
    if (!expected) return true;
    return (expected.creations <= 0 && expected.deletions.size === 0) || this.clock.now() - expected.atMs > EXPECTATIONS_TIMEOUT_MS;
  }

  /** The controller's object is gone. */
  forget(controller: string): void {
    this.byController.delete(controller);
  }
}
