// Which two states of a source are compared: two revisions as a pull request has them (head against the commit where it parted from base),
// the result of merging them, or the two as they are; the work tree against a revision; two directories.
import { mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findRepository, remoteUrls, type Repository } from './git/find-repository.ts';
import { mergeBase } from './git/merge-base.ts';
import { runGit } from './git/program.ts';
import type { GitObjects } from './git/objects.ts';
import { resolveRevision, type ResolvedCommit } from './git/refs.ts';
import { openRemote } from './git/remote.ts';
import { openRepository } from './git/repository-reader.ts';
import { parseAddress, redacted } from './git/url.ts';
import { fromSystemError, SourceError } from './source-error.ts';
import type { SourceDeps, SourceSpec } from './source.ts';

export interface Comparison {
  /** A repository: its directory or its URL. */
  readonly location: string;
  /** A revision of it, or a directory. */
  readonly base: string;
  /** Likewise; undefined for the work tree, elsewhere for HEAD. */
  readonly head: string | undefined;
  /** `pull`: base is where head parted from it. `merge`: head is what merging it makes. `direct`: both as they are. */
  readonly how: 'pull' | 'merge' | 'direct';
}

export interface Side {
  readonly spec: Pick<SourceSpec, 'location' | 'ref'>;
  /** What reports call it, where that is not what is opened. */
  readonly shown?: { readonly location: string; readonly revision: string };
}

export interface Sides {
  readonly base: Side;
  readonly head: Side;
  /** What the two are, in a sentence, where that is not what was named. */
  readonly about: string | undefined;
  /** Removes what was made for it. */
  close(): Promise<void>;
}

/** Throws a {@link SourceError}, with the files that conflict where a merge does. */
export async function sidesOf({ location, base, head, how }: Comparison, deps: SourceDeps): Promise<Sides> {
  const named = {
    base: await sideNamed(base, location),
    head: head === undefined ? ({ location } as const) : await sideNamed(head, location),
  };
  const isTree = named.head.ref === undefined && parseAddress(location).kind === 'local';
  const asTheyAre: Sides = { base: { spec: named.base }, head: { spec: named.head }, about: undefined, close: async () => undefined };
  if (named.base.ref === undefined || how === 'direct') return asTheyAre;
  if (isTree && !(await isWorkTreeOf(location, named.head.location))) return asTheyAre;
  if (isTree && how === 'merge')
    throw new SourceError(
      'InvalidPath',
      head ?? location,
      'files that are not committed cannot be merged',
      'commit them, or leave out --merge',
    );
  const history = await openHistory(location, deps);
  if (!history) return asTheyAre;
  try {
    const to = { ref: isTree ? 'HEAD' : (head ?? 'HEAD'), name: head ?? (isTree ? 'the work tree' : 'HEAD') };
    const [from, tip] = [await history.resolve(base), await history.resolve(to.ref)];
    const parted = await mergeBase(history.objects, from.oid, tip.oid);
    if (parted.oid === undefined) throw apart(location, base, to.name, parted.isCut);
    if (how === 'merge') return await merged(history.repository, { location, base, head: to.name }, from, tip, deps);
    if (parted.oid === from.oid) return asTheyAre;
    return {
      ...asTheyAre,
      base: { spec: { location, ref: parted.oid } },
      about: `Base is ${parted.oid.slice(0, 12)}, where ${to.name} parted from ${base}.`,
    };
  } finally {
    await history.objects.close();
  }
}

/** A directory that is there, or a revision of the repository. */
async function sideNamed(ref: string, location: string): Promise<Side['spec']> {
  const stats = await stat(ref).catch(() => undefined);
  return stats?.isDirectory() ? { location: ref } : { location, ref };
}

interface History {
  readonly repository: Repository;
  readonly objects: GitObjects;
  resolve(ref: string): Promise<ResolvedCommit>;
}

/** Undefined for what is no repository. Its objects must be closed. */
async function openHistory(location: string, deps: SourceDeps): Promise<History | undefined> {
  const address = parseAddress(location);
  if (address.kind === 'unknown') return undefined;
  if (address.kind === 'remote') {
    const { clock, cacheDirectory, gitCache = {} } = deps;
    const remote = await openRemote({ transport: address.transport, url: address.url, cacheDirectory, clock, cache: gitCache });
    await remote.fetchAll();
    const { objects, gitDirectory, resolve } = remote;
    return { repository: { gitDirectory, commonDirectory: gitDirectory, workTree: undefined, prefix: '' }, objects, resolve };
  }
  const repository = await findRepository(await realPath(location));
  if (!repository) return undefined;
  const { objects, refs } = await openRepository(repository, location, deps, 'fetch');
  return { repository, objects, resolve: async (ref) => resolveRevision(await refs(), objects, ref, location) };
}

const realPath = (location: string): Promise<string> =>
  realpath(location).catch((error: unknown) => Promise.reject(fromSystemError(error, location)));

/** Whether a directory belongs to the same repository as another. */
async function isWorkTreeOf(location: string, directory: string): Promise<boolean> {
  const [own, other] = [await findRepository(await realPath(location)), await findRepository(await realPath(directory))];
  return own !== undefined && own.commonDirectory === other?.commonDirectory;
}

const apart = (location: string, base: string, head: string, isCut: boolean): SourceError =>
  isCut
    ? new SourceError(
        'Corrupt',
        redacted(location),
        `where ${head} parted from ${base} is not known here: older commits are missing`,
        'git fetch --unshallow (fetch-depth: 0 in GitHub Actions), or compare the two as they are: --direct',
      )
    : new SourceError(
        'UnknownRef',
        redacted(location),
        `${base} and ${head} have no commit in common`,
        'compare the two as they are: --direct',
      );

interface Named {
  readonly location: string;
  readonly base: string;
  readonly head: string;
}

/** In a repository of its own, which borrows the objects and gets those that the merge makes: the other one is only read. */
async function merged(repository: Repository, named: Named, from: ResolvedCommit, to: ResolvedCommit, deps: SourceDeps): Promise<Sides> {
  const { clock } = deps;
  const { location, base, head } = named;
  const top = await mkdtemp(path.join(os.tmpdir(), 'jibe-merge-'));
  const close = (): Promise<void> => rm(top, { recursive: true, force: true });
  const gitDirectory = path.join(top, '.git');
  const git = (...args: string[]): Promise<string> => runGit({ gitDirectory, args }, location, clock);
  try {
    await runGit({ args: ['init', '--quiet', ...(from.oid.length === 64 ? ['--object-format=sha256'] : []), '--', top] }, location, clock);
    await writeFile(path.join(gitDirectory, 'objects/info/alternates'), `${path.join(repository.commonDirectory, 'objects')}\n`);
    // apps recognise their repository by these
    for (const [i, url] of (await remoteUrls(repository)).entries()) await git('config', `remote.r${i}.url`, url);
    const merge = ['merge-tree', '--write-tree', '--name-only', '--no-messages', from.oid, to.oid];
    const [tree = '', ...conflicts] = (await runGit({ gitDirectory, args: merge, answers: [0, 1] }, location, clock))
      .split('\n')
      .filter(Boolean);
    if (conflicts.length) throw conflict(named, [...new Set(conflicts)]);
    const identity = ['-c', 'user.name=jibe', '-c', 'user.email=jibe@localhost'];
    const commit = await git(...identity, 'commit-tree', '-m', 'merged', '-p', from.oid, '-p', to.oid, tree);
    const root = path.join(top, repository.prefix);
    await mkdir(root, { recursive: true });
    return {
      base: { spec: { location, ref: from.oid } },
      head: { spec: { location: root, ref: commit.trim() }, shown: { location, revision: to.oid } },
      about: `Head is what merging ${head} (${to.oid.slice(0, 12)}) into ${base} makes.`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Files that an error names. */
const MOST_FILES = 10;

function conflict({ location, base, head }: Named, files: readonly string[]): SourceError {
  const more = files.length > MOST_FILES ? ` and ${files.length - MOST_FILES} more` : '';
  return new SourceError(
    'Conflict',
    redacted(location),
    `${head} cannot be merged into ${base}: ${files.slice(0, MOST_FILES).join(', ')}${more} conflict${files.length === 1 ? 's' : ''}`,
    'resolve it in the branch, or leave out --merge to see what the branch itself changes',
  );
}
