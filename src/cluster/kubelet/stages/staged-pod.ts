// A pod whose life Stages tell: no container of it is run. Where the kubelet waits for what pods use, the Stages begin once that is there.
// Its address is the runtime's to give, so that it is no other pod's. A node in trouble leaves such pods alone, as kwok's nodes do.
import type { Pod } from '#api/core/v1';
import type { PodRunner } from '../pod-runner.ts';
import type { PodWorkerDeps } from '../pod-worker.ts';
import { environmentFault, volumeFaults } from '../pod-config.ts';
import type { StagePlayer } from './stage-player.ts';

export class StagedPod implements PodRunner {
  private pod: Pod;
  private readonly deps: PodWorkerDeps;
  private readonly player: Pick<StagePlayer, 'update' | 'close'>;
  private begun: boolean;

  constructor(pod: Pod, deps: PodWorkerDeps, player: Pick<StagePlayer, 'update' | 'close'>) {
    this.pod = pod;
    this.deps = deps;
    this.player = player;
    this.begun = !deps.traits.config || pod.status?.startTime !== undefined;
    // the address that it has from before is taken
    const ips = podIPsOf(pod);
    if (ips.length > 0) deps.runtime.recoverPod({ ...pod, status: { podIPs: ips.map((ip) => ({ ip })) } });
    this.go();
  }

  update(pod: Pod): void {
    this.pod = pod;
    this.go();
  }

  configChanged(): void {
    this.go();
  }

  volumesChanged(): void {
    this.go();
  }

  close(): void {
    this.player.close();
  }

  async kill(): Promise<void> {
    this.close();
    await this.deps.runtime.stopPodSandbox(this.pod);
  }

  mirrorChanged(): void {}

  probesChanged(): void {}

  exited(): void {}

  endEarly(): Promise<void> {
    return Promise.resolve();
  }

  private go(): void {
    this.begun ||= this.pod.metadata.deletionTimestamp !== undefined || this.hasAll();
    if (this.begun) this.player.update(this.pod);
  }

  private hasAll(): boolean {
    const { pod } = this;
    const { config, volumes } = this.deps;
    if (volumeFaults(pod, config).length > 0) return false;
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers])
      if (environmentFault(pod, container, config) !== undefined) return false;
    return (volumes?.unattached(pod) ?? []).length === 0;
  }
}

/** Those that its status tells. */
export function podIPsOf({ status }: Pod): readonly string[] {
  if (status?.podIPs) return status.podIPs.map(({ ip }) => ip);
  return status?.podIP ? [status.podIP] : [];
}
