// Who runs, who waits and who is turned away within one priority level.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/apimachinery/clock.ts';
import { QueueSet, type Release, type Rejection } from '../../../../src/cluster/apiserver/flow-control/queue-set.ts';

function level(seats: number, queuing?: { queues: number; handSize: number; queueLengthLimit: number }) {
  const clock = new VirtualClock(0);
  const set: QueueSet = new QueueSet(clock, () => set.executing < seats);
  set.configure(queuing ? { type: 'Queue', queuing } : { type: 'Reject' });
  const free = (release: Release): void => {
    release();
    set.dispatch();
  };
  return { clock, set, free };
}
const seat = (answer: unknown): Release => {
  expect(answer).toBeTypeOf('function');
  return answer as Release;
};

test('without queues, what finds no seat is turned away', () => {
  const { set, free } = level(1);
  const first = seat(set.enter(0n));
  expect(set.enter(0n)).toBe('concurrency-limit');
  free(first);
  seat(set.enter(0n));
});

test('with queues it waits, and starts when a seat is given back', async () => {
  const { set, free } = level(1, { queues: 2, handSize: 1, queueLengthLimit: 5 });
  const first = seat(set.enter(0n));
  const second = set.enter(0n) as Promise<Release | Rejection>;
  expect(set.waiting).toBe(1);
  free(first);
  free(seat(await second));
  expect([set.executing, set.waiting]).toEqual([0, 0]);
});

test('a seat is given back once', () => {
  const { set, free } = level(2);
  const first = seat(set.enter(0n));
  seat(set.enter(0n));
  free(first);
  free(first);
  expect(set.executing).toBe(1);
});

test('a full queue takes nothing more, another one does', () => {
  const { set } = level(1, { queues: 2, handSize: 1, queueLengthLimit: 1 });
  seat(set.enter(0n));
  expect(set.enter(0n)).toBeInstanceOf(Promise);
  expect(set.enter(0n)).toBe('queue-full');
  expect(set.enter(1n)).toBeInstanceOf(Promise);
});

test('whoever waits too long is turned away', async () => {
  const { clock, set } = level(1, { queues: 1, handSize: 1, queueLengthLimit: 5 });
  seat(set.enter(0n));
  const waiting = set.enter(0n) as Promise<Release | Rejection>;
  await clock.advance(14_000);
  expect(set.waiting).toBe(1);
  await clock.advance(2_000);
  expect(await waiting).toBe('time-out');
  expect(set.waiting).toBe(0);
});

test('a flow with few requests is not kept behind one with many', async () => {
  const { clock, set, free } = level(1, { queues: 2, handSize: 1, queueLengthLimit: 50 });
  const started: string[] = [];
  let running: Release | undefined;
  const ask = (flow: bigint, name: string): void => {
    const begin = (answer: Release | Rejection): void => {
      started.push(name);
      running = seat(answer);
    };
    const answer = set.enter(flow);
    if (answer instanceof Promise) void answer.then(begin);
    else begin(answer);
  };
  for (let i = 0; i < 4; i++) ask(0n, `elephant ${i}`);
  ask(1n, 'mouse');
  while (started.length < 5) {
    await clock.advance(10);
    free(running!);
    await Promise.resolve();
  }
  expect(started).toEqual(['elephant 0', 'mouse', 'elephant 1', 'elephant 2', 'elephant 3']);
});

test('of the queues that a flow is dealt the shortest is taken', () => {
  const { set } = level(1, { queues: 4, handSize: 2, queueLengthLimit: 1 });
  seat(set.enter(7n));
  expect([set.enter(7n), set.enter(7n)].every((answer) => answer instanceof Promise)).toBe(true);
  expect(set.enter(7n)).toBe('queue-full');
});
