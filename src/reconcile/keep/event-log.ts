// The last things that keepers told, numbered, for those who read along: whoever was away for a while is told what it missed, or that it
// missed more than is still known. It holds values alone; whoever serves it makes a stream of them.
import type { KeepEvent } from './keep-event.ts';

export interface LoggedEvent {
  /** `1767225600000-17`: when the log was begun, and the number in it. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What the source is called that it is about. */
  readonly sourceName: string;
  readonly event: KeepEvent;
}

/** Events that are kept. */
export const MAX_EVENTS = 1000;

export class EventLog {
  private readonly epoch: number;
  private events: LoggedEvent[] = [];
  private count = 0;
  private readonly listeners = new Set<(event: LoggedEvent) => void>();

  /** @param epoch tells this log from those of other runs, in milliseconds since 1970 */
  constructor(epoch: number) {
    this.epoch = Math.floor(epoch);
  }

  add(sourceName: string, event: KeepEvent, at: number): void {
    this.count++;
    const logged: LoggedEvent = { id: this.idOf(this.count), at, sourceName, event };
    this.events.push(logged);
    // thrown away many at once: each costs the same in the end
    if (this.events.length >= 2 * MAX_EVENTS) this.events = this.events.slice(-MAX_EVENTS);
    for (const tell of this.listeners) tell(logged);
  }

  /** The id of the last event; that of the log's beginning where there is none. */
  get last(): string {
    return this.idOf(this.count);
  }

  /** Oldest first. @param most how many */
  latest(most: number): readonly LoggedEvent[] {
    return this.events.slice(-Math.min(most, MAX_EVENTS));
  }

  /** What came after an event; undefined where that is not known any more, or was told by another run. */
  since(id: string): readonly LoggedEvent[] | undefined {
    const [, epoch, number] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
    const missed = this.count - Number(number);
    if (Number(epoch) !== this.epoch || !(missed >= 0) || missed > Math.min(this.events.length, MAX_EVENTS)) return undefined;
    return missed === 0 ? [] : this.events.slice(-missed);
  }

  /** Calls `tell` for each event from now on. @returns what ends it */
  listen(tell: (event: LoggedEvent) => void): () => void {
    this.listeners.add(tell);
    return () => void this.listeners.delete(tell);
  }

  private idOf(number: number): string {
    return `${this.epoch}-${number}`;
  }
}
