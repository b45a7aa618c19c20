// What was told, numbered; and as a stream for those who were away.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import { EventLog, MAX_EVENTS } from '../../../src/reconcile/keep/event-log.ts';
import { eventStream, HEARTBEAT_MS } from '../../../src/reconcile/keep/event-stream.ts';
import type { KeepEvent } from '../../../src/reconcile/keep/keep-event.ts';

const gone = (app: string): KeepEvent => ({ type: 'gone', app });
const logOf = (count: number): EventLog => {
  const log = new EventLog(7);
  for (let i = 1; i <= count; i++) log.add('shop', gone(String(i)), 0);
  return log;
};

test.each<[what: string, told: number, since: string, missed: number | undefined]>([
  ['nothing was missed', 3, '7-3', 0],
  ['some were missed', 3, '7-1', 2],
  ['all were missed', 3, '7-0', 3],
  ['as many as are kept', MAX_EVENTS + 500, '7-500', MAX_EVENTS],
  ['more than are kept', MAX_EVENTS + 500, '7-499', undefined],
  ['more than are kept, after some were thrown away', 5 * MAX_EVENTS, '7-3999', undefined],
  ['what another run told', 3, '6-1', undefined],
  ['what is not told yet', 3, '7-4', undefined],
  ['what is no id', 3, 'x', undefined],
  ['nothing at all', 3, '', undefined],
])('%s', (_, told, since, missed) => {
  expect(logOf(told).since(since)?.length).toBe(missed);
});

test('a stream tells what was missed, then what happens, and that it is still there', async () => {
  const clock = new VirtualClock(0);
  const log = logOf(2);
  const end = new AbortController();
  const written: string[] = [];
  eventStream(log, clock, '7-1')((part) => void written.push(part), end.signal);
  log.add('shop', { type: 'failure', message: 'no answer\nat all' }, 1000);
  await clock.advance(HEARTBEAT_MS * 2);
  end.abort();
  log.add('shop', gone('late'), 2000);
  await clock.advance(HEARTBEAT_MS * 2);
  expect(written.join('')).toMatchInlineSnapshot(`
    "retry: 3000

    id: 7-2
    data: {"time":"1970-01-01T00:00:00.000Z","level":"info","message":"[2] is defined no longer","id":"7-2","sourceName":"shop","type":"gone","app":"2"}

    id: 7-3
    data: {"time":"1970-01-01T00:00:01.000Z","level":"error","message":"no answer\\nat all","id":"7-3","sourceName":"shop","type":"failure","error":"no answer\\nat all"}

    : still here

    : still here

    "
  `);
});

test('who missed more than is known is told so', () => {
  const written: string[] = [];
  eventStream(logOf(2), new VirtualClock(0), '6-1')((part) => void written.push(part), new AbortController().signal);
  expect(written.at(-1)).toBe(
    'id: 7-2\nevent: reset\ndata: {"message":"more was told meanwhile than is still known: read it all anew"}\n\n',
  );
});
