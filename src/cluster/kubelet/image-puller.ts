// Brings the images of containers to the node, by the policy of each, and holds back what cannot be pulled with growing pauses.
// Follows the kubelet's image manager.
import type { Container, Pod } from '#api/core/v1';
import type { Clock } from '../../apimachinery/clock.ts';
import { formatDuration } from '../../apimachinery/time.ts';
import type { EventType } from '../../client/event-recorder.ts';
import { doubled, type ContainerRecord } from './container-record.ts';
import { ImagePullError, type Runtime } from './runtime/runtime.ts';

/** From a failed pull until the kubelet looks again and says that it holds back. */
const LOOK_AGAIN_MS = 1000;

export interface PullerDeps {
  readonly clock: Clock;
  readonly runtime: Runtime;
  readonly nodeName: string;
  event(type: EventType, reason: string, message: string, container: Container): void;
  /** The container waits for this reason. */
  waits(record: ContainerRecord, reason: string, message: string): void;
  /** The pod is on its way out: nothing more is to be said. */
  isOver(): boolean;
}

export class ImagePuller {
  private readonly deps: PullerDeps;

  constructor(deps: PullerDeps) {
    this.deps = deps;
  }

  /**
   * Rejects with the signal's reason when the pod is not wanted any more.
   * @returns whether the image is on the node
   */
  async pull(pod: Pod, record: ContainerRecord, signal: AbortSignal): Promise<boolean> {
    const { runtime, clock, nodeName, event } = this.deps;
    const { container } = record;
    const { image = '', imagePullPolicy } = container;
    const policy = imagePullPolicy ?? (isLatest(image) ? 'Always' : 'IfNotPresent');
    if (policy !== 'Always' && runtime.hasImage(nodeName, image)) {
      event('Normal', 'Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`, container);
      return true;
    }
    if (policy === 'Never') {
      this.failed(record, 'ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`);
      return false;
    }
    event('Normal', 'Pulling', `Pulling image "${image}"`, container);
    const from = clock.now();
    try {
      const bytes = await runtime.pullImage(nodeName, image, pod, signal);
      const took = formatDuration(Math.round((clock.now() - from) * 1e6));
      const size = `Image size: ${bytes} bytes.`;
      event('Normal', 'Pulled', `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`, container);
      record.pullBackoffMs = 0;
      return true;
    } catch (error) {
      if (!(error instanceof ImagePullError)) throw error;
      event('Warning', 'Failed', `Failed to pull image "${image}": ${error.message}`, container);
      this.failed(record, 'ErrImagePull', error.message);
      return false;
    }
  }

  private failed(record: ContainerRecord, reason: string, message: string): void {
    const { clock, event, waits, isOver } = this.deps;
    const { container } = record;
    event('Warning', 'Failed', `Error: ${reason}`, container);
    waits(record, reason, message);
    const first = record.pullBackoffMs === 0;
    record.pullBackoffMs = doubled(record.pullBackoffMs);
    record.notBeforeMs = clock.now() + record.pullBackoffMs;
    const holdBack = (): void => {
      if (isOver() || record.state.is !== 'waiting' || record.state.reason !== reason) return;
      const backOff = `Back-off pulling image "${container.image}"`;
      event('Normal', 'BackOff', backOff, container);
      event('Warning', 'Failed', 'Error: ImagePullBackOff', container);
      waits(record, 'ImagePullBackOff', `${backOff}: ${reason}: ${message}`);
    };
    clock.schedule(LOOK_AGAIN_MS, holdBack, { background: !first });
  }
}

/** Pulled anew each time unless the manifest says otherwise. */
const isLatest = (image: string): boolean =>
  !image.includes('@') && (image.endsWith(':latest') || image.lastIndexOf(':') <= image.lastIndexOf('/'));
