// "Did you mean": of some known words, the one that a misspelt word was most likely meant to be.

/**
 * The most similar word, where one is similar enough; of equals, the first. Differences in case do not count.
 *
 * @param mistakes how many are borne; a third of the letters unless told otherwise
 */
export function closest(word: string, known: Iterable<string>, mistakes = Math.max(1, Math.floor(word.length / 3))): string | undefined {
  let best: string | undefined;
  let least = mistakes + 1;
  const lower = word.toLowerCase();
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = candidate.toLowerCase() === lower ? 0 : editDistance(lower, candidate.toLowerCase(), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to another; `limit` stands for all that reach it. */
function editDistance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    if (Math.min(...row) >= limit) return limit;
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
