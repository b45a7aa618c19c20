// When what drifted is put right.
import { expect, test } from 'vitest';
import { healAt, healed, type HealState } from '../../../src/reconcile/keep/self-heal.ts';

test('at once, then after pauses that grow to three minutes', () => {
  let state: HealState | undefined;
  const pauses: number[] = [];
  let now = 0;
  for (let i = 0; i < 7; i++) {
    const at = healAt(state) ?? now;
    pauses.push(at - now);
    now = at;
    state = healed(state, now);
  }
  expect(pauses).toEqual([0, 2000, 6000, 18_000, 54_000, 162_000, 180_000]);
});

test('what stayed right for long begins anew', () => {
  const state = { attempts: 5, healedAt: 0 };
  expect(healed(state, 180_000)).toEqual({ attempts: 6, healedAt: 180_000 });
  expect(healed(state, 180_001)).toEqual({ attempts: 1, healedAt: 180_001 });
});
