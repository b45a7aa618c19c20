// The words for a pod that fits nowhere: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). ...`.
import type { Diagnosis } from './cycle.ts';

export const NO_NODES = 'no nodes available to schedule pods';

/** @param tail what preemption had to say */
export function fitErrorMessage(diagnosis: Diagnosis, tail: string): string {
  const head = `0/${diagnosis.totalNodes} nodes are available:`;
  const middle = diagnosis.preFilterMessage === undefined ? histogram(reasonsOf(diagnosis)) : ` ${diagnosis.preFilterMessage}.`;
  return `${head}${middle}${tail ? ` ${tail}` : ''}`;
}

function reasonsOf({ refused, absent, totalNodes }: Diagnosis): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (reasons: readonly string[], by: number): void => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + by);
  };
  for (const [{ reasons }, nodes] of refused.counts()) count(reasons, nodes);
  if (absent && totalNodes > refused.size) count(absent.reasons, totalNodes - refused.size);
  return counts;
}

/** ` 1 this, 2 that.`, sorted as text. */
export function histogram(counts: ReadonlyMap<string, number>): string {
  const parts = [...counts].map(([reason, n]) => `${n} ${reason}`).sort();
  return parts.length ? ` ${parts.join(', ')}.` : '';
}
