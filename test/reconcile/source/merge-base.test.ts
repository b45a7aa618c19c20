// Where two histories part, beside what the definition says, on histories made up from a seed.
import { expect, test } from 'vitest';
import { Random } from '../../../src/apimachinery/random.ts';
import { mergeBase } from '../../../src/reconcile/source/git/merge-base.ts';
import type { GitObjects } from '../../../src/reconcile/source/git/objects.ts';

interface Commit {
  readonly parents: readonly number[];
  readonly seconds: number;
}

const oidOf = (n: number): string => n.toString(16).padStart(40, '0');

const objectsOf = (commits: readonly Commit[], lacking: ReadonlySet<number> = new Set()): GitObjects => ({
  read: async (oid) => {
    const n = Number.parseInt(oid, 16);
    if (lacking.has(n)) return undefined;
    const { parents, seconds } = commits[n]!;
    const lines = [`tree ${oidOf(0)}`, ...parents.map((parent) => `parent ${oidOf(parent)}`), `committer A <a@b> ${seconds} +0000`];
    return { type: 'commit', data: Buffer.from(`${lines.join('\n')}\n\nmessage\n`) };
  },
  expand: async () => [],
  close: async () => undefined,
});

/** Commits of one to three parents, and some of none. Their dates follow their order. */
function history(random: Random): readonly Commit[] {
  return Array.from({ length: 80 }, (_, i) => {
    const parents =
      i === 0 || random.below(20) === 0 ? [] : Array.from({ length: 1 + random.below(3) }, () => Math.max(0, i - 1 - random.below(10)));
    return { parents: [...new Set(parents)], seconds: 1_700_000_000 + i };
  });
}

function ancestors(commits: readonly Commit[], n: number): ReadonlySet<number> {
  const found = new Set<number>([n]);
  for (const at of found) for (const parent of commits[at]!.parents) found.add(parent);
  return found;
}

/** Those that both have and that no other such one descends from. */
function best(commits: readonly Commit[], a: number, b: number): readonly string[] {
  const other = ancestors(commits, b);
  const common = [...ancestors(commits, a)].filter((n) => other.has(n));
  return common.filter((n) => !common.some((m) => m !== n && ancestors(commits, m).has(n))).map(oidOf);
}

test.each([1, 2, 3, 4, 5])('one of the best common ancestors is found: histories of seed %i', async (seed) => {
  const random = new Random(seed);
  const commits = history(random);
  for (let i = 0; i < 100; i++) {
    const [a, b] = [random.below(commits.length), random.below(commits.length)];
    const expected = best(commits, a, b);
    const found = await mergeBase(objectsOf(commits), oidOf(a), oidOf(b));
    if (expected.length === 0) expect(found).toEqual({ isCut: false });
    else expect(expected).toContain(found.oid);
  }
});

const fork: readonly Commit[] = [
  { parents: [], seconds: 1 },
  { parents: [0], seconds: 2 },
  { parents: [0], seconds: 3 },
];

test('what a shallow clone lacks is told from histories that share nothing', async () => {
  expect(await mergeBase(objectsOf(fork), oidOf(1), oidOf(2))).toEqual({ oid: oidOf(0) });
  expect(await mergeBase(objectsOf(fork, new Set([0])), oidOf(1), oidOf(2))).toEqual({ isCut: true });
});

test('a long history is not read to its end', async () => {
  const line = Array.from({ length: 10_000 }, (_, i): Commit => ({ parents: i ? [i - 1] : [], seconds: i }));
  let reads = 0;
  const objects = objectsOf([...line, { parents: [9_990], seconds: 10_001 }]);
  const counting: GitObjects = { ...objects, read: (oid, most) => (reads++, objects.read(oid, most)) };
  expect(await mergeBase(counting, oidOf(9_999), oidOf(10_000))).toEqual({ oid: oidOf(9_990) });
  expect(reads).toBeLessThan(30);
});
