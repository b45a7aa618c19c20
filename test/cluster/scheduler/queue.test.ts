import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/apimachinery/clock.ts';
import type { Plugin } from '../../../src/cluster/scheduler/framework.ts';
import { schedulingGates } from '../../../src/cluster/scheduler/plugins/scheduling-gates.ts';
import { podInfo, type PodInfo } from '../../../src/cluster/scheduler/pod-info.ts';
import { SchedulingQueue } from '../../../src/cluster/scheduler/queue.ts';
import { node, pod } from './snapshot.ts';

const fit: Plugin = {
  name: 'Fit',
  events: [
    { resource: 'Node', actions: ['Add'] },
    { resource: 'Pod', actions: ['Delete'], mayHelp: () => false },
  ],
};

function queue() {
  const clock = new VirtualClock(0);
  let woken = 0;
  const q = new SchedulingQueue(clock, [schedulingGates, fit], () => woken++);
  const refused = { plugins: new Set(['Fit']) };
  const nodeAdded = { resource: 'Node', actions: ['Add'], object: node('a') } as const;
  return { clock, q, refused, nodeAdded, next: () => q.pop()?.pod.metadata.name, woken: () => woken };
}

describe('the scheduling queue', () => {
  test('higher priority first, then who has waited longer', () => {
    const { q, next } = queue();
    q.add(pod('first'));
    q.add(pod('second'));
    q.add(pod('important', { priority: 10 }));
    expect([next(), next(), next(), next()]).toEqual(['important', 'first', 'second', undefined]);
  });

  test('a pod with gates waits outside until the last is gone', () => {
    const { q, next } = queue();
    q.add(pod('x', { schedulingGates: [{ name: 'g' }] }));
    expect(next()).toBeUndefined();
    expect(q.busy).toBe(0);
    q.update(pod('x'));
    expect(next()).toBe('x');
  });

  test('a refused pod waits for an event that may help', () => {
    const { q, next, refused, nodeAdded } = queue();
    q.add(pod('x'));
    q.failed(q.pop()!, refused);
    expect(next()).toBeUndefined();
    q.moved({ resource: 'Node', actions: ['UpdateLabel'], object: node('a') });
    q.moved({ resource: 'Pod', actions: ['Delete'], object: pod('y') });
    expect(next()).toBeUndefined();
    q.moved(nodeAdded);
    // nothing else is waiting: it need not sit out its pause
    expect(next()).toBe('x');
  });

  test('an event that came while it was being tried counts', () => {
    const { q, next, refused, nodeAdded } = queue();
    q.add(pod('x'));
    const tried = q.pop()!;
    q.moved(nodeAdded);
    q.failed(tried, refused);
    expect(next()).toBe('x');
  });

  test('what broke is tried again after 1 s, 2 s, 4 s ... 10 s', async () => {
    const { q, clock } = queue();
    q.add(pod('x'));
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const tried = q.pop()!;
      const from = clock.now();
      q.failed(tried, { plugins: new Set() });
      expect(q.pop()).toBeUndefined();
      await clock.runUntil(() => q.busy > 0 && clock.now() > from);
      pauses.push((clock.now() - from) / 1000);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 10, 10]);
  });

  test('nobody waits longer than five minutes and a round, and waiting keeps nobody busy', async () => {
    const { q, clock, next, refused } = queue();
    q.add(pod('x'));
    q.failed(q.pop()!, refused);
    expect(q.busy).toBe(0);
    expect(clock.nextForeground()).toBeUndefined();
    await clock.advance(299_000);
    expect(next()).toBeUndefined();
    await clock.advance(32_000);
    expect(next()).toBe('x');
  });

  test('a deleted pod is handed out no more', () => {
    const { q, next } = queue();
    q.add(pod('x'));
    q.add(pod('y'));
    q.delete('uid-x');
    expect([next(), next()]).toEqual(['y', undefined]);
  });

  test('those for whom room is being made on the node are asked for themselves, those like them for all', () => {
    const asked: string[] = [];
    const room: Plugin = {
      name: 'Room',
      events: [{ resource: 'Pod', actions: ['Delete'], mayHelp: (info, event) => event.leavesRoom!(info) }],
    };
    const q = new SchedulingQueue(new VirtualClock(0), [room], () => undefined);
    for (const name of ['a', 'b', 'c']) q.add(pod(name));
    for (let one = q.pop(); one; one = q.pop()) q.failed(one, { plugins: new Set(['Room']), nominated: true });
    const leavesRoom = ({ pod: { metadata } }: PodInfo): boolean => {
      asked.push(metadata.name);
      return metadata.name === 'b';
    };
    q.moved({ resource: 'Pod', actions: ['Delete'], object: pod('gone'), leavesRoom, awaitedBy: [podInfo(pod('b'))] });
    expect(asked).toEqual(['a', 'b']);
    expect([q.pop()?.pod.metadata.name, q.pop()]).toEqual(['b', undefined]);
  });
});
