// A commit as a source: the files that a selection finds in its tree, read when they are asked for.
import { isDeepStrictEqual } from 'node:util';
import { selectFiles, type Found, type Selection } from '../file-tree.ts';
import { MAX_FILE_BYTES } from '../limits.ts';
import type { Snapshot, SourceFile } from '../snapshot.ts';
import { SourceError } from '../source-error.ts';
import { TrackedTree, type TreeAccess } from '../source-tree.ts';
import { GitTree, missing } from './git-tree.ts';
import type { GitObjects, GitTreeEntry } from './objects.ts';
import type { ResolvedCommit } from './refs.ts';
import { subtree } from './work-tree.ts';

export interface CommitSource {
  readonly objects: GitObjects;
  readonly commit: ResolvedCommit;
  /** The directory of the tree that is the source's root; empty for the whole. */
  readonly prefix: string;
  readonly selection: Selection;
  /** As it was given, without credentials. */
  readonly location: string;
  /** What the revision names now. */
  readonly current: () => Promise<ResolvedCommit>;
}

/** Throws {@link SourceError}. Closing the snapshot closes the objects. */
export async function openCommit(source: CommitSource): Promise<Snapshot> {
  const { objects, commit, selection, location } = source;
  const found = await filesOf(source, commit);
  const tree = new TrackedTree(treeAccess(source, commit));
  const files = found.files.map(({ path, entry }): SourceFile => ({
    path,
    size: undefined,
    oid: entry.oid,
    read: () => readBlob(objects, entry.oid, path, location),
  }));
  return {
    type: 'git',
    location,
    path: selection.path,
    revision: commit.oid,
    dirty: false,
    files,
    refused: found.refused,
    tree,
    changed: async () => {
      const now = await source.current();
      if (now.oid === commit.oid || now.tree === commit.tree) return false;
      // another commit may well have the same files; one that cannot be read is another source
      if (!isDeepStrictEqual(essence(found), await filesOf(source, now).then(essence, () => undefined))) return true;
      return tree.changed(treeAccess(source, now));
    },
    revisionNow: async () => (await source.current()).oid,
    close: () => objects.close(),
  };
}

async function filesOf({ objects, prefix, selection, location }: CommitSource, commit: ResolvedCommit): Promise<Found<GitTreeEntry>> {
  const root = await subtree(objects, commit.tree, prefix);
  if (root === undefined) throw new SourceError('NotFound', location, `the commit ${commit.oid.slice(0, 12)} has no directory ${prefix}`);
  return selectFiles(new GitTree(objects, root, location), selection, location).catch((error: unknown) =>
    Promise.reject(inCommit(error, commit)),
  );
}

/** The commit as a whole, whatever was chosen of it. */
const treeAccess = ({ objects, prefix, location }: CommitSource, commit: ResolvedCommit): TreeAccess<GitTreeEntry> => ({
  tree: new GitTree(objects, commit.tree, location),
  prefix,
  stamp: async (_, { oid }) => oid,
  open: async (_, { oid }, shown) => ({ path: shown, size: undefined, oid, read: () => readBlob(objects, oid, shown, location) }),
});

/** What makes two findings the same. */
const essence = ({ files, refused }: Found<GitTreeEntry>): unknown => [
  files.map(({ path, entry }) => [path, entry.oid]),
  refused.map(({ path, error }) => [path, error.code]),
];

async function readBlob(objects: GitObjects, oid: string, path: string, location: string): Promise<Uint8Array> {
  try {
    const object = await objects.read(oid, MAX_FILE_BYTES);
    if (!object) throw missing(location, path);
    return object.data;
  } catch (error) {
    // the store knows ids, people know paths
    if (error instanceof SourceError && error.code === 'TooLarge')
      throw new SourceError('TooLarge', path, error.message, error.hint, error);
    throw error;
  }
}

/** Says in which commit the path was looked for. */
function inCommit(error: unknown, commit: ResolvedCommit): unknown {
  if (!(error instanceof SourceError) || error.code !== 'NotFound') return error;
  return new SourceError('NotFound', error.where, `${error.message} at commit ${commit.oid.slice(0, 12)}`, error.hint, error);
}
