// Events as they come in during a change: each once, with how often it happened since the change began. An event that stands for many
// similar ones changes its words: each wording counts as an event of its own.
import type { Event } from '#api/core/v1';
import type { ObservedEvent } from './observed.ts';
import type { WorkloadKey } from './workloads.ts';

/** A cluster in trouble repeats itself; what is told is bounded. */
const MOST_EVENTS = 10_000;

export class EventLog {
  /** By uid and message. */
  private readonly entries = new Map<string, ObservedEvent>();
  /** By uid: how often it has happened, as far as was seen. */
  private readonly times = new Map<string, number>();

  /** @param old the event as it was seen last, where it was seen at all */
  seen(event: Event, old: Event | undefined, seconds: number, workload: WorkloadKey): void {
    const { uid } = event.metadata;
    const { type = '', reason = '', message = '' } = event;
    const earlier = this.times.get(uid) ?? (old ? timesOf(old) : 0);
    const more = timesOf(event) - earlier;
    this.times.set(uid, timesOf(event));
    const key = `${uid} ${message}`;
    const known = this.entries.get(key);
    if (known) this.entries.set(key, { ...known, count: known.count + more });
    if (known || this.entries.size >= MOST_EVENTS || more <= 0) return;
    const { kind = '', namespace = '', name = '' } = event.involvedObject;
    this.entries.set(key, { seconds, type, reason, message, object: { kind, namespace, name }, workload, count: more });
  }

  /** In the order in which they were first seen. */
  all(): ObservedEvent[] {
    return [...this.entries.values()];
  }
}

const timesOf = ({ count, series }: Event): number => series?.count ?? count ?? 1;
