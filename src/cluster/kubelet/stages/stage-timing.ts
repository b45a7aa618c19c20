// When a Stage comes: its delay, and its weight against others that match too. Both may be read from the object.
import type { Random } from '../../../apimachinery/random.ts';
import { parseDuration, parseTime, TimeError } from '../../../apimachinery/time.ts';
import type { Fields } from './fields.ts';
import { found, readQuery } from './stage-selector.ts';
import type { StagedObject } from './stage.ts';

/** undefined: the object says one that is none. */
export type Weight = (object: StagedObject) => number | undefined;
/** In milliseconds. */
export type Delay = (object: StagedObject, nowMs: number, random: Random) => number;

/** Throws a StageError. */
export function readWeight(spec: Fields): Weight {
  const weight = spec.count('weight') ?? 0;
  const query = expressionFrom(spec, 'weightFrom');
  if (!query) return () => weight;
  return (object) => {
    const [value] = query(object);
    if (typeof value === 'number') return Math.trunc(value);
    if (typeof value !== 'string') return weight;
    return /^[+-]?(?:0[xX][\da-fA-F]+|\d+)$/.test(value) ? Number(value) : undefined;
  };
}

/** Throws a StageError. @param delay absent: at once */
export function readDelay(delay: Fields | undefined): Delay {
  if (!delay) return () => 0;
  delay.only('durationMilliseconds', 'durationFrom', 'jitterDurationMilliseconds', 'jitterDurationFrom');
  const duration = readDuration(delay, 'durationMilliseconds', 'durationFrom', 0)!;
  const jitter = readDuration(delay, 'jitterDurationMilliseconds', 'jitterDurationFrom', undefined);
  return (object, nowMs, random) => {
    const least = duration(object, nowMs);
    if (least === undefined) return 0;
    const most = jitter?.(object, nowMs);
    if (most === undefined) return least;
    return most <= least ? most : least + random.below(most - least);
  };
}

type Duration = (object: StagedObject, nowMs: number) => number | undefined;

function readDuration(delay: Fields, fixed: string, from: string, absent: number | undefined): Duration | undefined {
  const milliseconds = delay.count(fixed) ?? absent;
  const query = expressionFrom(delay, from);
  if (!query) return milliseconds === undefined ? undefined : () => milliseconds;
  return (object, nowMs) => {
    const [value] = query(object);
    if (typeof value !== 'string') return milliseconds;
    if (value === '') return undefined;
    return untilTime(value, nowMs) ?? durationMs(value) ?? milliseconds;
  };
}

function untilTime(text: string, nowMs: number): number | undefined {
  try {
    return parseTime(text) - nowMs;
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

function durationMs(text: string): number | undefined {
  const ns = parseDuration(text);
  return ns === undefined ? undefined : ns / 1e6;
}

function expressionFrom(of: Fields, name: string): ((object: StagedObject) => readonly unknown[]) | undefined {
  const from = of.fields(name)?.only('expressionFrom', 'jq', 'cel').refuse('cel', 'is not supported: use jq');
  if (!from) return undefined;
  const jq = from.fields('jq')?.only('expression');
  const { query } = jq ? readQuery(jq, 'expression') : readQuery(from, 'expressionFrom');
  return (object) => found(query, object);
}
