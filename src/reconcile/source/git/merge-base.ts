// The commit from which two histories part, as `git merge-base` finds it: the newest that both have and that is no ancestor of another such
// one. Reads commits only, and of them no more than are needed.
import { MAX_GIT_OBJECT_BYTES } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import { parseCommit, type GitObjects } from './objects.ts';

/** Commits that are looked at: more than any repository that is known has. */
const MAX_COMMITS = 2_000_000;

export type MergeBase =
  | { readonly oid: string }
  /** Whether history is missing here, as in a shallow clone, so that nobody can tell. */
  | { readonly oid?: undefined; readonly isCut: boolean };

const OF_A = 1;
const OF_B = 2;
/** Below a commit that both have: it is none that is looked for, and neither are its ancestors. */
const STALE = 4;

interface Seen {
  readonly oid: string;
  readonly seconds: number;
  readonly parents: readonly string[];
  flags: number;
}

/** Throws a {@link SourceError} for histories that are too long or broken. */
export async function mergeBase(objects: GitObjects, a: string, b: string): Promise<MergeBase> {
  const seen = new Map<string, Seen>();
  const queue: Seen[] = [];
  let isCut = false;
  const reach = async (oid: string, flags: number): Promise<void> => {
    let commit = seen.get(oid);
    if (commit && (commit.flags & flags) === flags) return;
    if (!commit) {
      const read = await objects.read(oid, MAX_GIT_OBJECT_BYTES);
      if (read?.type !== 'commit') return void (isCut = true);
      if (seen.size >= MAX_COMMITS) throw new SourceError('TooMany', oid, `more than ${MAX_COMMITS} commits lie between the two`);
      commit = { oid, seconds: secondsOf(read.data), parents: parseCommit(read.data).parents, flags: 0 };
      seen.set(oid, commit);
    }
    commit.flags |= flags;
    push(queue, commit);
  };
  await reach(a, OF_A);
  await reach(b, OF_B);
  const found: Seen[] = [];
  while (queue.some(({ flags }) => !(flags & STALE))) {
    const commit = queue.pop()!;
    let { flags } = commit;
    if ((flags & (OF_A | OF_B)) === (OF_A | OF_B)) {
      if (!(flags & STALE) && !found.includes(commit)) found.push(commit);
      flags |= STALE;
    }
    for (const parent of commit.parents) await reach(parent, flags);
  }
  const best = found.find(({ flags }) => !(flags & STALE));
  return best ? { oid: best.oid } : { isCut };
}

/** Keeps the newest last. */
function push(queue: Seen[], commit: Seen): void {
  if (queue.includes(commit)) return;
  let at = queue.length;
  while (at > 0 && queue[at - 1]!.seconds > commit.seconds) at--;
  queue.splice(at, 0, commit);
}

/** When it was committed, since 1970. */
const secondsOf = (data: Uint8Array): number =>
  Number(/^committer .*> (\d+) [+-]\d{4}$/m.exec(Buffer.from(data).toString('latin1'))?.[1] ?? 0);
