// When an object that drifted is put right again: at once the first time, then after pauses that grow as long as it drifts again and
// again. Pure. Follows Argo CD's back-off of self-healing.

export interface HealState {
  /** How often it was put right. */
  readonly attempts: number;
  /** When it last was, in milliseconds since 1970. */
  readonly healedAt: number;
}

export const FIRST_PAUSE_MS = 2000;
const FACTOR = 3;
export const LONGEST_PAUSE_MS = 180_000;

/** @returns when it may be put right; undefined for at once */
export function healAt(state: HealState | undefined): number | undefined {
  return state === undefined ? undefined : state.healedAt + Math.min(FIRST_PAUSE_MS * FACTOR ** (state.attempts - 1), LONGEST_PAUSE_MS);
}

/** What stayed right for as long as the longest pause has its past forgotten. */
export function healed(state: HealState | undefined, now: number): HealState {
  const isForgotten = state === undefined || now - state.healedAt > LONGEST_PAUSE_MS;
  return { attempts: isForgotten ? 1 : state.attempts + 1, healedAt: now };
}
