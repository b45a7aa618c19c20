// Writes pod statuses: what changes within an instant is one write, at most one write of a pod is under way, and what is as it was is
// not written. Follows the kubelet's status manager.
import type { Pod, PodStatus } from '#api/core/v1';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { canonical } from '../../apimachinery/codec/decode.ts';
import { deepEqual, type JsonObject } from '../../apimachinery/object.ts';
import { isConflict, isNotFound } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';

/** After a failed write, in milliseconds. */
const RETRY_MS = 1000;

export class StatusWriter {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly onError: (error: unknown) => void;
  private readonly compute: () => { readonly pod: Pod; readonly status: PodStatus } | undefined;
  private timer: Timer | undefined;
  private writing: Promise<void> | undefined;
  private again = false;
  /** The pod as the last write left it: the informer may not have it yet. */
  private written: Pod | undefined;

  /** @param compute the status as it is now; undefined: nothing to be said (yet) */
  constructor(
    { client, clock, onError }: { readonly client: Client; readonly clock: Clock; readonly onError: (error: unknown) => void },
    compute: () => { readonly pod: Pod; readonly status: PodStatus } | undefined,
  ) {
    this.client = client;
    this.clock = clock;
    this.onError = onError;
    this.compute = compute;
  }

  /** Something changed: it is written when the instant is over. */
  changed(): void {
    if (this.writing) this.again = true;
    else this.timer ??= this.clock.schedule(0, () => void this.flush());
  }

  /** Resolves when what is so now is written. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    await this.writing;
    this.writing = this.write().finally(() => {
      this.writing = undefined;
      if (!this.again) return;
      this.again = false;
      this.changed();
    });
    await this.writing;
  }

  close(): void {
    this.timer?.cancel();
  }

  private async write(): Promise<void> {
    const now = this.compute();
    if (!now) return;
    const { pod } = now;
    // as the server would give it back: what it fills in makes no difference
    const status = canonical('core/v1.PodStatus', now.status) as PodStatus;
    const newest =
      this.written && Number(this.written.metadata.resourceVersion) > Number(pod.metadata.resourceVersion) ? this.written : pod;
    const before = newest.status ?? {};
    if (isSaid(before, status)) return;
    try {
      const { object } = await this.client.patch(
        'v1/Pod',
        pod.metadata.name,
        { metadata: { uid: pod.metadata.uid }, status: statusPatch(before, status) },
        { type: 'strategic', namespace: pod.metadata.namespace ?? '', subresource: 'status' },
      );
      this.written = object;
    } catch (error) {
      // gone, or another of its name: nobody is left to be told
      if (isNotFound(error) || isConflict(error)) return;
      this.onError(error);
      this.timer ??= this.clock.schedule(RETRY_MS, () => void this.flush());
    }
  }
}

/** The stored status says all of this already; conditions of others do not matter. */
function isSaid(stored: PodStatus, wanted: PodStatus): boolean {
  for (const [field, value] of Object.entries(wanted)) {
    if (field === 'conditions') {
      for (const condition of wanted.conditions ?? [])
        if (
          !deepEqual(
            stored.conditions?.find((c) => c.type === condition.type),
            condition,
          )
        )
          return false;
    } else if (!deepEqual((stored as JsonObject)[field], value)) return false;
  }
  return true;
}

/** Only what differs, as a strategic merge patch. */
function statusPatch(stored: PodStatus, wanted: PodStatus): JsonObject {
  const patch: JsonObject = {};
  for (const [field, value] of Object.entries(wanted)) {
    if (field === 'conditions' || deepEqual((stored as JsonObject)[field], value)) continue;
    patch[field] = value;
  }
  const changed = (wanted.conditions ?? []).filter(
    (c) =>
      !deepEqual(
        stored.conditions?.find((s) => s.type === c.type),
        c,
      ),
  );
  if (changed.length) {
    // a condition that loses its reason or message must say so
    patch['conditions'] = changed.map((c) => {
      const old = stored.conditions?.find((s) => s.type === c.type);
      return {
        ...c,
        ...(old?.reason && !c.reason ? { reason: null } : {}),
        ...(old?.message && !c.message ? { message: null } : {}),
      };
    });
    const others = (stored.conditions ?? []).filter((s) => !wanted.conditions?.some((c) => c.type === s.type));
    patch['$setElementOrder/conditions'] = [...(wanted.conditions ?? []), ...others].map(({ type }) => ({ type }));
  }
  return patch;
}
