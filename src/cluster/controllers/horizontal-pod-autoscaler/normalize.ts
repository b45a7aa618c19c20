// From the number of replicas that metrics ask for to the one that is set: not below and not above the bounds, not faster than the
// behaviour allows, and not on account of a passing moment. Pure: what has happened is handed in and comes back. Follows
// normalizeDesiredReplicas and normalizeDesiredReplicasWithBehaviors of pkg/controller/podautoscaler.
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from '#api/autoscaling/v2';

export interface Moment {
  readonly replicas: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** What an autoscaler remembers of its past. */
export interface History {
  /** What metrics asked for. */
  readonly recommendations: readonly Moment[];
  /** By how many replicas it went up, and down. */
  readonly scaleUps: readonly Moment[];
  readonly scaleDowns: readonly Moment[];
}

export interface Told {
  readonly reason: string;
  readonly message: string;
}

export interface Normalized {
  readonly replicas: number;
  /** AbleToScale, which is True. */
  readonly able: Told;
  /** ScalingLimited. */
  readonly limited: Told & { readonly status: 'True' | 'False' };
  readonly history: History;
}

const DOWNSCALE_STABILIZATION_SECONDS = 300;
const SCALE_UP_FACTOR = 2;
const SCALE_UP_MINIMUM = 4;

const READY: Told = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const STABILIZED_DOWN: Told = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const STABILIZED_UP: Told = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const WITHIN: Told = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const TOO_MANY: Told = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const TOO_FEW: Told = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const UP_LIMIT: Told = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const DOWN_LIMIT: Told = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};

export type Bounds = Pick<HorizontalPodAutoscalerSpec, 'minReplicas' | 'maxReplicas' | 'behavior'>;

/** @param now milliseconds since 1970 */
export function normalize(spec: Bounds, history: History, current: number, desired: number, now: number): Normalized {
  const { behavior } = spec;
  const stabilized = behavior
    ? stabilizedBy(behavior.scaleUp ?? {}, behavior.scaleDown ?? {}, history.recommendations, current, desired, now)
    : stabilizedByDefault(history.recommendations, desired, now);
  const limit = behavior
    ? limitedBy(spec, history, current, stabilized.replicas, now)
    : limitedByDefault(spec, current, stabilized.replicas);
  return {
    replicas: limit.replicas,
    able: stabilized.replicas === desired ? READY : stabilized.told,
    limited: { ...limit.told, status: limit.replicas === stabilized.replicas ? 'False' : 'True' },
    history: { ...history, recommendations: [...stabilized.kept, { replicas: desired, atMs: now }] },
  };
}

interface Stabilized {
  readonly replicas: number;
  readonly told: Told;
  /** Recommendations that still count. */
  readonly kept: readonly Moment[];
}

function stabilizedByDefault(recommendations: readonly Moment[], desired: number, now: number): Stabilized {
  const kept = recommendations.filter(({ atMs }) => atMs >= now - DOWNSCALE_STABILIZATION_SECONDS * 1000);
  return { replicas: Math.max(desired, ...kept.map(({ replicas }) => replicas)), told: STABILIZED_DOWN, kept };
}

function stabilizedBy(
  up: HPAScalingRules,
  down: HPAScalingRules,
  recommendations: readonly Moment[],
  current: number,
  desired: number,
  now: number,
): Stabilized {
  const upCutoff = now - (up.stabilizationWindowSeconds ?? 0) * 1000;
  const downCutoff = now - (down.stabilizationWindowSeconds ?? DOWNSCALE_STABILIZATION_SECONDS) * 1000;
  const within = (cutoff: number): number[] => recommendations.filter(({ atMs }) => atMs > cutoff).map(({ replicas }) => replicas);
  const lowest = Math.min(desired, ...within(upCutoff));
  const highest = Math.max(desired, ...within(downCutoff));
  return {
    replicas: Math.min(Math.max(current, lowest), highest),
    told: desired >= current ? STABILIZED_UP : STABILIZED_DOWN,
    kept: recommendations.filter(({ atMs }) => atMs >= Math.min(upCutoff, downCutoff)),
  };
}

interface Limited {
  readonly replicas: number;
  readonly told: Told;
}

function limitedByDefault({ minReplicas = 1, maxReplicas }: Bounds, current: number, desired: number): Limited {
  const limit = Math.max(SCALE_UP_FACTOR * current, SCALE_UP_MINIMUM);
  if (desired < minReplicas) return { replicas: minReplicas, told: TOO_FEW };
  if (desired > Math.min(maxReplicas, limit))
    return maxReplicas > limit ? { replicas: limit, told: UP_LIMIT } : { replicas: maxReplicas, told: TOO_MANY };
  return { replicas: desired, told: WITHIN };
}

function limitedBy(spec: Bounds, history: History, current: number, desired: number, now: number): Limited {
  const { minReplicas = 1, maxReplicas, behavior } = spec;
  if (desired > current) {
    const limit = Math.max(current, upLimit(behavior?.scaleUp ?? {}, history, current, now));
    const most = Math.min(maxReplicas, limit);
    if (desired > most) return { replicas: most, told: maxReplicas > limit ? UP_LIMIT : TOO_MANY };
  } else if (desired < current) {
    const limit = Math.min(current, downLimit(behavior?.scaleDown ?? {}, history, current, now));
    const least = Math.max(minReplicas, limit);
    if (desired < least) return { replicas: least, told: minReplicas < limit ? DOWN_LIMIT : TOO_FEW };
  }
  return { replicas: desired, told: WITHIN };
}

const changedSince = (moments: readonly Moment[], cutoff: number): number =>
  moments.filter(({ atMs }) => atMs > cutoff).reduce((sum, { replicas }) => sum + replicas, 0);

/** How many there were when the period of a policy began. */
const atStart = ({ scaleUps, scaleDowns }: History, current: number, periodSeconds: number, now: number): number => {
  const cutoff = now - periodSeconds * 1000;
  return current - changedSince(scaleUps, cutoff) + changedSince(scaleDowns, cutoff);
};

function upLimit({ selectPolicy, policies = [] }: HPAScalingRules, history: History, current: number, now: number): number {
  if (selectPolicy === 'Disabled') return current;
  const proposed = policies.map(({ type, value, periodSeconds }) => {
    const before = atStart(history, current, periodSeconds, now);
    return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100));
  });
  return selectPolicy === 'Min' ? Math.min(...proposed) : Math.max(...proposed);
}

function downLimit({ selectPolicy, policies = [] }: HPAScalingRules, history: History, current: number, now: number): number {
  if (selectPolicy === 'Disabled') return current;
  const proposed = policies.map(({ type, value, periodSeconds }) => {
    const before = atStart(history, current, periodSeconds, now);
    return type === 'Pods' ? before - value : Math.trunc(before * (1 - value / 100));
  });
  return selectPolicy === 'Min' ? Math.max(...proposed) : Math.min(...proposed);
}

/** The target was rescaled: what is too old for any policy is forgotten. */
export function rescaled(behavior: Bounds['behavior'], history: History, from: number, to: number, now: number): History {
  if (!behavior) return history;
  const longest = Math.max(0, ...[behavior.scaleUp, behavior.scaleDown].flatMap((r) => (r?.policies ?? []).map((p) => p.periodSeconds)));
  const kept = (moments: readonly Moment[]): readonly Moment[] => moments.filter(({ atMs }) => atMs >= now - longest * 1000);
  const change: Moment = { replicas: Math.abs(to - from), atMs: now };
  const { scaleUps, scaleDowns } = history;
  return to > from ? { ...history, scaleUps: [...kept(scaleUps), change] } : { ...history, scaleDowns: [...kept(scaleDowns), change] };
}
