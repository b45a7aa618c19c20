// That nodes are alive: a Lease for each in kube-node-lease, renewed four times as often as it lasts, and the node's conditions again
// every five minutes, or at the next beat where they could not be written when they changed. One background timer serves all nodes of
// the process, a slice of them at each beat, so that nothing comes in bursts.
import type { Lease } from '#api/coordination/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { Manifest } from '../../apimachinery/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import { formatMicroTime } from '../../apimachinery/time.ts';
import type { Client } from '../../client/client.ts';

const NAMESPACE = 'kube-node-lease';
const SLICES = 10;
const STATUS_EVERY_MS = 300_000;

export interface Beating {
  readonly name: string;
  readonly uid: string;
  /** Writes the node's status again. */
  reportStatus(): Promise<void>;
  /** Writes it where it is not as it should be. */
  reportChanges(): Promise<void>;
}

interface Beat {
  readonly node: Beating;
  lease: Lease | undefined;
  statusAtMs: number;
}

export class Heartbeats {
  private readonly clientOf: (node: string) => Client;
  private readonly clock: Clock;
  private readonly leaseDurationSeconds: number;
  private readonly onError: (node: string, error: unknown) => void;
  private readonly slices: Map<string, Beat>[] = Array.from({ length: SLICES }, () => new Map());
  private at = 0;
  private next = 0;
  private timer: Timer | undefined;

  constructor(
    clientOf: (node: string) => Client,
    clock: Clock,
    leaseDurationSeconds: number,
    onError: (node: string, error: unknown) => void,
  ) {
    this.clientOf = clientOf;
    this.clock = clock;
    this.leaseDurationSeconds = leaseDurationSeconds;
    this.onError = onError;
  }

  /** From now on the node is alive. */
  async begin(node: Beating): Promise<void> {
    const beat: Beat = { node, lease: undefined, statusAtMs: this.clock.now() + STATUS_EVERY_MS };
    this.slices[this.next++ % SLICES]!.set(node.name, beat);
    this.timer ??= this.schedule();
    await this.renew(beat);
  }

  end(name: string): void {
    for (const slice of this.slices) slice.delete(name);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    for (const slice of this.slices) slice.clear();
  }

  private schedule(): Timer {
    const everyMs = (this.leaseDurationSeconds * 1000) / 4 / SLICES;
    return this.clock.schedule(everyMs, () => this.beat(), { background: true });
  }

  private beat(): void {
    this.timer = this.schedule();
    const slice = this.slices[this.at++ % SLICES]!;
    for (const beat of slice.values()) {
      void this.renew(beat);
      if (beat.statusAtMs > this.clock.now()) {
        void beat.node.reportChanges();
        continue;
      }
      beat.statusAtMs = this.clock.now() + STATUS_EVERY_MS;
      void beat.node.reportStatus();
    }
  }

  private async renew(beat: Beat): Promise<void> {
    try {
      beat.lease = beat.lease ? await this.update(beat.node.name, beat.lease) : await this.create(beat.node);
    } catch (error) {
      // another has written or deleted it: read anew at the next beat
      const expected = beat.lease !== undefined && (isConflict(error) || isNotFound(error));
      beat.lease = undefined;
      if (!expected) this.onError(beat.node.name, error);
    }
  }

  private update(node: string, lease: Lease): Promise<Lease> {
    const spec = { ...lease.spec, renewTime: formatMicroTime(this.clock.now()) };
    return this.clientOf(node).update('coordination.k8s.io/v1/Lease', { ...lease, spec });
  }

  private async create({ name, uid }: Beating): Promise<Lease> {
    const lease: Manifest<Lease> = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: NAMESPACE, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
      spec: { holderIdentity: name, leaseDurationSeconds: this.leaseDurationSeconds, renewTime: formatMicroTime(this.clock.now()) },
    };
    const client = this.clientOf(name);
    try {
      return await client.create('coordination.k8s.io/v1/Lease', lease);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return this.update(name, await client.get('coordination.k8s.io/v1/Lease', name, { namespace: NAMESPACE }));
    }
  }
}
