import { describe, expect, test } from 'vitest';
import {
  normalize,
  rescaled,
  type Bounds,
  type History,
  type Moment,
} from '../../../../src/cluster/controllers/horizontal-pod-autoscaler/normalize.ts';

const NOW = Date.UTC(2026, 0, 1);
const ago = (seconds: number, replicas: number): Moment => ({ replicas, atMs: NOW - seconds * 1000 });
const NONE: History = { recommendations: [], scaleUps: [], scaleDowns: [] };

const POLICIES = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const behavior = (up: object = {}, down: object = {}): Bounds['behavior'] => ({
  scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: POLICIES, ...up },
  scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }], ...down },
});

interface Row {
  readonly rule: string;
  readonly bounds?: Partial<Bounds>;
  readonly history?: Partial<History>;
  readonly current: number;
  readonly desired: number;
  readonly replicas: number;
  readonly able: string;
  readonly limited: string;
}

const check = ({ bounds, history, current, desired, replicas, able, limited }: Row): void => {
  const told = normalize({ minReplicas: 1, maxReplicas: 100, ...bounds }, { ...NONE, ...history }, current, desired, NOW);
  expect({ replicas: told.replicas, able: told.able.reason, limited: `${told.limited.status} ${told.limited.reason}` }).toEqual({
    replicas,
    able,
    limited,
  });
};

describe('normalizeDesiredReplicas', () => {
  test.each<Row>([
    { rule: 'up as asked', current: 3, desired: 5, replicas: 5, able: 'ReadyForNewScale', limited: 'False DesiredWithinRange' },
    { rule: 'at most doubled', current: 3, desired: 20, replicas: 6, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
    { rule: 'from one to four at once', current: 1, desired: 20, replicas: 4, able: 'ReadyForNewScale', limited: 'True ScaleUpLimit' },
    {
      rule: 'not above the bound',
      bounds: { maxReplicas: 5 },
      current: 3,
      desired: 20,
      replicas: 5,
      able: 'ReadyForNewScale',
      limited: 'True TooManyReplicas',
    },
    {
      rule: 'not below the bound',
      bounds: { minReplicas: 2 },
      current: 3,
      desired: 1,
      replicas: 2,
      able: 'ReadyForNewScale',
      limited: 'True TooFewReplicas',
    },
    {
      rule: 'down waits for the highest of five minutes',
      history: { recommendations: [ago(299, 6), ago(100, 4)] },
      current: 6,
      desired: 2,
      replicas: 6,
      able: 'ScaleDownStabilized',
      limited: 'False DesiredWithinRange',
    },
    {
      rule: 'what was asked before that is forgotten',
      history: { recommendations: [ago(301, 6), ago(100, 4)] },
      current: 6,
      desired: 2,
      replicas: 4,
      able: 'ScaleDownStabilized',
      limited: 'False DesiredWithinRange',
    },
  ])('$rule', check);
});

describe('normalizeDesiredReplicasWithBehaviors', () => {
  test.each<Row>([
    {
      rule: 'the larger of the policies',
      bounds: { behavior: behavior() },
      current: 3,
      desired: 20,
      replicas: 7,
      able: 'ReadyForNewScale',
      limited: 'True ScaleUpLimit',
    },
    {
      rule: 'the smaller of them where that is chosen',
      bounds: { behavior: behavior({ selectPolicy: 'Min' }) },
      current: 3,
      desired: 20,
      replicas: 6,
      able: 'ReadyForNewScale',
      limited: 'True ScaleUpLimit',
    },
    {
      rule: 'what was added in the period counts',
      bounds: { behavior: behavior() },
      history: { scaleUps: [ago(10, 4)] },
      current: 7,
      desired: 20,
      replicas: 7,
      able: 'ReadyForNewScale',
      limited: 'True ScaleUpLimit',
    },
    {
      rule: 'what was added before it does not',
      bounds: { behavior: behavior() },
      history: { scaleUps: [ago(16, 4)] },
      current: 7,
      desired: 20,
      replicas: 14,
      able: 'ReadyForNewScale',
      limited: 'True ScaleUpLimit',
    },
    {
      rule: 'up is off',
      bounds: { behavior: behavior({ selectPolicy: 'Disabled' }) },
      current: 3,
      desired: 20,
      replicas: 3,
      able: 'ReadyForNewScale',
      limited: 'True ScaleUpLimit',
    },
    {
      rule: 'up waits for the lowest of its window',
      bounds: { behavior: behavior({ stabilizationWindowSeconds: 60 }) },
      history: { recommendations: [ago(50, 4)] },
      current: 3,
      desired: 6,
      replicas: 4,
      able: 'ScaleUpStabilized',
      limited: 'False DesiredWithinRange',
    },
    {
      rule: 'down by one pod a minute',
      bounds: { behavior: behavior({}, { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] }) },
      current: 6,
      desired: 2,
      replicas: 5,
      able: 'ReadyForNewScale',
      limited: 'True ScaleDownLimit',
    },
    {
      rule: 'and not again within the minute',
      bounds: { behavior: behavior({}, { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] }) },
      history: { scaleDowns: [ago(30, 1)] },
      current: 5,
      desired: 2,
      replicas: 5,
      able: 'ReadyForNewScale',
      limited: 'True ScaleDownLimit',
    },
    {
      rule: 'down is off',
      bounds: { behavior: behavior({}, { stabilizationWindowSeconds: 0, selectPolicy: 'Disabled' }) },
      current: 6,
      desired: 2,
      replicas: 6,
      able: 'ReadyForNewScale',
      limited: 'True ScaleDownLimit',
    },
    {
      rule: 'down waits five minutes where no window is given',
      bounds: { behavior: behavior() },
      history: { recommendations: [ago(200, 6)] },
      current: 6,
      desired: 2,
      replicas: 6,
      able: 'ScaleDownStabilized',
      limited: 'False DesiredWithinRange',
    },
    {
      rule: 'not below the bound',
      bounds: { minReplicas: 2, behavior: behavior({}, { stabilizationWindowSeconds: 0 }) },
      current: 3,
      desired: 1,
      replicas: 2,
      able: 'ReadyForNewScale',
      limited: 'True TooFewReplicas',
    },
  ])('$rule', check);

  test('a rescale is remembered as long as a policy looks back', () => {
    const before = { ...NONE, scaleUps: [ago(20, 1), ago(5, 2)] };
    expect(rescaled(behavior(), before, 3, 7, NOW).scaleUps).toEqual([ago(5, 2), ago(0, 4)]);
    expect(rescaled(undefined, before, 3, 7, NOW)).toBe(before);
    expect(rescaled(behavior(), NONE, 7, 3, NOW).scaleDowns).toEqual([ago(0, 4)]);
  });
});
