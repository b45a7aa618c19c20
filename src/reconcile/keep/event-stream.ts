// The event log as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): what was missed since an event, then
// what happens. Where more was missed than is known, a `reset` says that all must be read anew.
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { Streaming } from './answer.ts';
import type { EventLog, LoggedEvent } from './event-log.ts';
import { eventJson } from './keep-event.ts';

/** Proxies close what is silent for longer. */
export const HEARTBEAT_MS = 15_000;
/** How soon a client tries again. */
const RETRY_MS = 3000;

/** @param since the id of the last event that is known there; undefined for none */
export const eventStream =
  (log: EventLog, clock: Clock, since: string | undefined): Streaming =>
  (write, gone) => {
    write(`retry: ${RETRY_MS}\n\n`);
    const missed = since === undefined ? [] : log.since(since);
    if (missed) for (const event of missed) write(eventText(event));
    else write(`id: ${log.last}\nevent: reset\ndata: {"message":"more was told meanwhile than is still known: read it all anew"}\n\n`);
    const end = log.listen((event) => write(eventText(event)));
    let timer: Timer | undefined;
    const beat = (): void => {
      timer = clock.schedule(
        HEARTBEAT_MS,
        () => {
          write(': still here\n\n');
          beat();
        },
        { background: true },
      );
    };
    beat();
    gone.addEventListener('abort', () => {
      timer?.cancel();
      end();
    });
  };

const eventText = ({ id, at, sourceName, event }: LoggedEvent): string =>
  `id: ${id}\ndata: ${eventJson(event, at, { id, sourceName })}\n\n`;
