// Completion indexes of Indexed Jobs: which a pod has, and sets of them in the text in which Jobs keep them: `0,2-4`. Pure.
// Follows indexed_job_utils.go of kube-controller-manager.
import type { Job } from '#api/batch/v1';
import type { Pod } from '#api/core/v1';

export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

export type Indexes = ReadonlySet<number>;

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';

/** Undefined where the pod has none, or one that the Job does not count up to. */
export function indexOf(job: Job, pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX];
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  return Number(text) < (job.spec.completions ?? 0) ? Number(text) : undefined;
}

/** Reads `0,2-4`; what lies beyond the bound is left out. */
export function parseIndexes(text: string | undefined, bound: number): Indexes {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const last = Math.min(Number(match[2] ?? match[1]), bound - 1);
    for (let i = Number(match[1]); i <= last; i++) indexes.add(i);
  }
  return indexes;
}

export function formatIndexes(indexes: Indexes): string {
  const parts: string[] = [];
  const sorted = [...indexes].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!;
    let last = first;
    while (sorted[i + 1] === last + 1) last = sorted[++i]!;
    // two neighbours are told one by one
    parts.push(last === first ? String(first) : last === first + 1 ? `${first},${last}` : `${first}-${last}`);
  }
  return parts.join(',');
}

export function union(...sets: readonly Indexes[]): Indexes {
  const all = new Set<number>();
  for (const set of sets) for (const index of set) all.add(index);
  return all;
}
