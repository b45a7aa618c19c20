// What a simulated container uses, as data: an amount, a share of what it requests, or a curve of these over the time since its start.
// Between the points of a curve lie straight lines, so that what was used up to a moment can be told exactly, however seldom it is asked.
import type { Container } from '#api/core/v1';
import { parseQuantity, QuantityError, quantityNumber } from '../../../../apimachinery/quantity.ts';
import { parseDuration } from '../../../../apimachinery/time.ts';

/** `250m`, `64Mi`, or `80%` of the request. */
export type UsageLevel = string;

export type UsageSpec =
  | UsageLevel
  | {
      /** After how long since the container's start how much is used; before the first and after the last it stays as there. */
      readonly points: readonly { readonly after: string; readonly value: UsageLevel }[];
      /** After the last point it begins anew. */
      readonly repeat?: boolean;
    };

interface Level {
  /** Of the request. */
  readonly share: number;
  /** In cores or bytes. */
  readonly amount: number;
}

/** At least one point, in order. */
export interface UsageCurve {
  readonly points: readonly (Level & { readonly atMs: number })[];
  readonly repeat: boolean;
}

/** What containers that request nothing are taken to request: cores and bytes. */
const BASE = { cpu: 0.01, memory: 32 * 2 ** 20 };
const DEFAULT: UsageLevel = '50%';

/** Throws a UsageError. */
export function usageCurve(spec: UsageSpec = DEFAULT): UsageCurve {
  if (typeof spec === 'string') return { points: [{ atMs: 0, ...levelOf(spec) }], repeat: false };
  const points = (Array.isArray(spec.points) ? spec.points : []).map(({ after, value }) => {
    const ns = parseDuration(String(after));
    if (ns === undefined || ns < 0) throw new UsageError(`"${String(after)}" is not a duration`);
    return { atMs: ns / 1e6, ...levelOf(value) };
  });
  if (points.length === 0) throw new UsageError('usage: a curve has at least one point');
  if (points.some(({ atMs }, i) => i > 0 && atMs < points[i - 1]!.atMs)) throw new UsageError('usage: points must be in order');
  return { points, repeat: spec.repeat === true && points.at(-1)!.atMs > 0 };
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

function levelOf(text: unknown): Level {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(text));
  if (percent) return { share: Number(percent[1]) / 100, amount: 0 };
  try {
    const amount = quantityNumber(parseQuantity(String(text)));
    if (amount >= 0) return { share: 0, amount };
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
  }
  throw new UsageError(`usage: "${String(text)}" is neither a quantity nor a percentage`);
}

export function requested({ resources }: Container, name: 'cpu' | 'memory'): number {
  const text = resources?.requests?.[name];
  return text === undefined ? BASE[name] : quantityNumber(parseQuantity(text));
}

const valueOf = ({ share, amount }: Level, request: number): number => amount + share * request;

/** Cores or bytes. @param sinceMs since the start. @param request of the container */
export function usageAt({ points, repeat }: UsageCurve, sinceMs: number, request: number): number {
  const last = points.at(-1)!;
  const at = repeat ? sinceMs % last.atMs : sinceMs;
  const next = points.findIndex(({ atMs }) => atMs > at);
  if (next === 0) return valueOf(points[0]!, request);
  if (next < 0) return valueOf(last, request);
  const from = points[next - 1]!;
  const to = points[next]!;
  const part = (at - from.atMs) / (to.atMs - from.atMs);
  return valueOf(from, request) * (1 - part) + valueOf(to, request) * part;
}

/** What was used from the start until then: core-milliseconds, say. */
export function usedUntil(curve: UsageCurve, sinceMs: number, request: number): number {
  const { points, repeat } = curve;
  const periodMs = points.at(-1)!.atMs;
  if (!repeat || sinceMs < periodMs) return once(curve, sinceMs, request);
  const rounds = Math.floor(sinceMs / periodMs);
  return rounds * once(curve, periodMs, request) + once(curve, sinceMs - rounds * periodMs, request);
}

function once({ points }: UsageCurve, untilMs: number, request: number): number {
  let used = 0;
  let atMs = 0;
  let level = valueOf(points[0]!, request);
  for (const point of points) {
    const next = valueOf(point, request);
    const span = point.atMs - atMs;
    if (untilMs <= point.atMs) {
      const part = span > 0 ? (untilMs - atMs) / span : 0;
      return used + ((level + (level * (1 - part) + next * part)) / 2) * (untilMs - atMs);
    }
    used += ((level + next) / 2) * span;
    atMs = point.atMs;
    level = next;
  }
  return used + level * (untilMs - atMs);
}
