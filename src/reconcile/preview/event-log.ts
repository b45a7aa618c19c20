// Events as they come in during a change: each once, with how often it happened since the change began.
import type { Event } from '#api/core/v1';
import type { ObservedEvent } from './observed.ts';
import type { WorkloadKey } from './workloads.ts';

/** A cluster in trouble repeats itself; what is told is bounded. */
const MOST_EVENTS = 10_000;

interface Entry extends Omit<ObservedEvent, 'count'> {
  count: number;
  /** How often it had happened before. */
  readonly earlier: number;
}

export class EventLog {
  private readonly byUid = new Map<string, Entry>();

  /** @param old the event as it was seen last, where it was seen at all */
  seen(event: Event, old: Event | undefined, seconds: number, workload: WorkloadKey): void {
    const { uid } = event.metadata;
    const known = this.byUid.get(uid);
    if (known) {
      known.count = timesOf(event) - known.earlier;
      return;
    }
    if (this.byUid.size >= MOST_EVENTS) return;
    const { kind = '', namespace = '', name = '' } = event.involvedObject;
    const { type = '', reason = '', message = '' } = event;
    const earlier = old ? timesOf(old) : 0;
    this.byUid.set(uid, {
      seconds,
      type,
      reason,
      message,
      object: { kind, namespace, name },
      workload,
      count: timesOf(event) - earlier,
      earlier,
    });
  }

  /** In the order in which they were first seen. */
  all(): ObservedEvent[] {
    return [...this.byUid.values()].map(({ seconds, type, reason, message, object, workload, count }) => ({
      seconds,
      type,
      reason,
      message,
      object,
      workload,
      count,
    }));
  }
}

const timesOf = ({ count, series }: Event): number => series?.count ?? count ?? 1;
