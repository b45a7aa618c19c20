// The names that a repository gives to its commits, and what a revision (`main`, `v1.2.0`, `origin/main~2`, `4f0c1e9`, `^1.4`) means
// among them. The names come from files here, from a remote or from the git program elsewhere.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { closest } from '../../closest.ts';
import { MAX_GIT_OBJECT_BYTES } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import type { Repository } from './find-repository.ts';
import { parseCommit, parseTag, type Commit, type GitObjects } from './objects.ts';

/** Full names (`HEAD`, `refs/heads/main`) to object ids. */
export type Refs = ReadonlyMap<string, string>;

/** Links between refs that are followed. */
const MAX_SYMBOLIC = 5;

/** Reads the refs of a repository that keeps them in files. */
export async function readRefs({ gitDirectory, commonDirectory }: Repository): Promise<Refs> {
  const raw = new Map<string, string>();
  const packed = await readFile(path.join(commonDirectory, 'packed-refs'), 'utf8').catch(() => '');
  for (const [, oid, name] of packed.matchAll(/^([0-9a-f]{40,64}) (refs\/.+?)\r?$/gm)) raw.set(name!, oid!);
  await looseRefs(commonDirectory, 'refs', raw);
  if (gitDirectory !== commonDirectory) await looseRefs(gitDirectory, 'refs', raw);
  raw.set('HEAD', (await readFile(path.join(gitDirectory, 'HEAD'), 'utf8').catch(() => '')).trim());
  const refs = new Map<string, string>();
  for (const name of raw.keys()) {
    let value = raw.get(name);
    for (let i = 0; i < MAX_SYMBOLIC && value?.startsWith('ref:'); i++) value = raw.get(value.slice('ref:'.length).trim());
    if (value && /^[0-9a-f]{40,64}$/.test(value)) refs.set(name, value);
  }
  return refs;
}

async function looseRefs(root: string, directory: string, into: Map<string, string>): Promise<void> {
  const entries = await readdir(path.join(root, directory), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const name = `${directory}/${entry.name}`;
    if (entry.isDirectory()) await looseRefs(root, name, into);
    else if (entry.isFile() && !name.endsWith('.lock'))
      into.set(name, (await readFile(path.join(root, name), 'utf8').catch(() => '')).trim());
  }
}

/** Where git looks for a short name, and last where people expect it: a branch that only the remote has. */
const PLACES = ['%', 'refs/%', 'refs/tags/%', 'refs/heads/%', 'refs/remotes/%', 'refs/remotes/%/HEAD', 'refs/remotes/origin/%'];

/** The id behind a name of a branch or a tag. */
export function namedRef(refs: Refs, name: string): string | undefined {
  for (const place of PLACES) {
    const oid = refs.get(place.replace('%', () => (name === '@' ? 'HEAD' : name)));
    if (oid) return oid;
  }
  return undefined;
}

/**
 * The tag of the highest version in a semver range (`>=1.2 <2`, `^1.4`, `1.x`); a leading `v` is no matter. Undefined where the text is
 * no range or no tag fits.
 */
export async function highestTag(refs: Refs, range: string): Promise<string | undefined> {
  const { default: semver } = await import('semver');
  const wanted = semver.validRange(range);
  if (wanted === null) return undefined;
  let best: { readonly version: string; readonly name: string } | undefined;
  for (const name of refs.keys()) {
    const version = name.startsWith('refs/tags/') ? semver.valid(name.slice('refs/tags/'.length)) : null;
    if (version && semver.satisfies(version, wanted) && (!best || semver.gt(version, best.version))) best = { version, name };
  }
  return best?.name;
}

export interface ResolvedCommit extends Commit {
  readonly oid: string;
}

/** `main~2^` → `main` and its steps; a range such as `~1.2` has none. */
export function splitSteps(revision: string): {
  readonly base: string;
  readonly steps: readonly { readonly kind: '~' | '^'; readonly count: number }[];
} {
  const match = /^(.+?)((?:[~^]\d*)+)$/.exec(revision);
  if (!match) return { base: revision, steps: [] };
  const steps = [...match[2]!.matchAll(/([~^])(\d*)/g)].map(([, kind, count]) => ({
    kind: kind as '~' | '^',
    count: count === '' ? 1 : Number(count),
  }));
  return { base: match[1]!, steps };
}

/** Finds the commit that a revision names. Throws {@link SourceError} `UnknownRef`, `AmbiguousRef` or `NoCommits`. */
export async function resolveRevision(refs: Refs, objects: GitObjects, revision: string, where: string): Promise<ResolvedCommit> {
  const { base, steps } = splitSteps(revision);
  const oid = await findObject(refs, objects, base, revision, where);
  let commit = await peel(objects, oid, revision, where);
  for (const { kind, count } of steps) {
    for (let i = 0; i < (kind === '~' ? count : Math.min(count, 1)); i++) {
      const parent = commit.parents[kind === '~' ? 0 : count - 1];
      if (!parent) throw new SourceError('UnknownRef', where, `${revision} goes beyond the first commit`, `${base} has fewer ancestors`);
      commit = await peel(objects, parent, revision, where);
    }
  }
  return commit;
}

async function findObject(refs: Refs, objects: GitObjects, name: string, revision: string, where: string): Promise<string> {
  const named = namedRef(refs, name);
  if (named) return named;
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name) && (await objects.read(name, MAX_GIT_OBJECT_BYTES))) return name;
  if (/^[0-9a-f]{4,64}$/i.test(name)) {
    const found = await objects.expand(name.toLowerCase());
    if (found.length > 1) {
      const message = `${name} is short for ${found.length} objects: ${found.slice(0, 5).join(', ')}`;
      throw new SourceError('AmbiguousRef', where, message, 'give more digits of the commit');
    }
    if (found[0]) return found[0];
  }
  const tag = await highestTag(refs, name);
  if (tag) return refs.get(tag)!;
  if (refs.size === 0) throw new SourceError('NoCommits', where, 'the repository has no commits yet', 'commit something first');
  throw unknownRef(refs, revision, name, where);
}

/** The error for a name that is none, with one that looks like it. */
export function unknownRef(refs: Refs, revision: string, name: string, where: string): SourceError {
  const short = [...refs.keys()].map((ref) => ref.replace(/^refs\/(?:heads|tags|remotes)\//, ''));
  const similar = closest(name, short);
  const hint = similar
    ? `did you mean ${similar}?`
    : 'it is no branch, tag, commit or range of versions here; a shallow clone may lack it (git fetch)';
  return new SourceError('UnknownRef', where, `there is no revision ${revision}`, hint);
}

/** Tags that name tags. */
const MAX_TAGS = 10;

/** Follows tags to their commit. */
async function peel(objects: GitObjects, oid: string, revision: string, where: string): Promise<ResolvedCommit> {
  for (let i = 0, at = oid; i < MAX_TAGS; i++) {
    const object = await objects.read(at, MAX_GIT_OBJECT_BYTES);
    if (!object) {
      const shallow = 'a shallow clone lacks older commits: git fetch --unshallow (fetch-depth: 0 in GitHub Actions)';
      throw new SourceError('Corrupt', where, `the commit ${at} of ${revision} is missing`, shallow);
    }
    if (object.type === 'commit') return { oid: at, ...parseCommit(object.data) };
    if (object.type !== 'tag') throw new SourceError('UnknownRef', where, `${revision} is a ${object.type}, not a commit`);
    at = parseTag(object.data);
  }
  throw new SourceError('UnknownRef', where, `${revision} is a tag of a tag of a tag, more than ${MAX_TAGS} deep`);
}
