// Whether a node is heard of: when it last showed a sign of life, and what its conditions become once it has been silent for too long.
// Pure but for its memory. Follows node_lifecycle_controller.go of kube-controller-manager.
import type { Node, NodeCondition } from '#api/core/v1';
import { formatTime, timeMs } from '../../../apimachinery/time.ts';

/** A node that falls silent is given so long. */
export const GRACE_PERIOD_MS = 50_000;
/** One that has never been heard of, so long since it was made. */
const STARTUP_GRACE_PERIOD_MS = 60_000;
const WATCHED = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

interface Sign {
  readonly heartbeat: string;
  readonly lease: string;
  readonly seenMs: number;
}

export class NodeHealth {
  private readonly gracePeriodMs: number;
  private readonly signs = new Map<string, Sign>();

  constructor(gracePeriodMs: number) {
    this.gracePeriodMs = gracePeriodMs;
  }

  forget(node: string): void {
    this.signs.delete(node);
  }

  /** Conditions of a node that has been silent for too long; undefined while it has not. @param lease when it last renewed its lease */
  review(node: Node, lease: string | undefined, now: number): readonly NodeCondition[] | undefined {
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready');
    const heartbeat = JSON.stringify(ready ?? null);
    const known = this.signs.get(node.metadata.name);
    const changed = known?.heartbeat !== heartbeat || known.lease !== (lease ?? '');
    // what the clocks of nodes say does not matter, only that something changed
    const firstSeen = ready ? now : timeMs(node.metadata.creationTimestamp);
    const seenMs = known ? (changed ? now : known.seenMs) : firstSeen;
    const isOwnWord = ready?.reason === 'NodeStatusUnknown' || ready?.reason === 'NodeStatusNeverUpdated';
    this.signs.set(node.metadata.name, {
      heartbeat,
      lease: lease ?? '',
      seenMs: isOwnWord && known?.lease === (lease ?? '') ? known.seenMs : seenMs,
    });
    const grace = ready ? this.gracePeriodMs : STARTUP_GRACE_PERIOD_MS;
    if (now <= this.signs.get(node.metadata.name)!.seenMs + grace) return undefined;
    return silentConditions(node, now);
  }
}

function silentConditions(node: Node, now: number): readonly NodeCondition[] | undefined {
  const conditions = node.status?.conditions ?? [];
  const at = formatTime(now);
  const next = [...conditions];
  let changed = false;
  for (const type of ['Ready', ...WATCHED]) {
    const i = next.findIndex((c) => c.type === type);
    const known = next[i];
    if (!known) {
      const told = { type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' };
      next.push({ ...told, lastHeartbeatTime: node.metadata.creationTimestamp, lastTransitionTime: at });
      changed = true;
    } else if (known.status !== 'Unknown') {
      next[i] = {
        ...known,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: at,
      };
      changed = true;
    }
  }
  return changed ? next : undefined;
}
