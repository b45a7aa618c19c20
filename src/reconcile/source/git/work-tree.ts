// Which commit a directory belongs to, and whether what was read of it is what that commit holds. Only names, stamps and trees are
// compared where that suffices; files are read where git's index cannot vouch for them.
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CheckedOut, DiskFile, Listing } from '../directory.ts';
import { readStamped } from '../directory.ts';
import { selectFiles, type FoundFile, type Selection } from '../file-tree.ts';
import { MAX_GIT_OBJECT_BYTES } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import type { Repository } from './find-repository.ts';
import { GitTree } from './git-tree.ts';
import { readIndex, type GitIndex, type IndexEntry } from './index-file.ts';
import { parseCommit, parseTree, type GitObjects, type GitTreeEntry } from './objects.ts';
import type { RepositoryReader } from './repository-reader.ts';

export interface WorkTreeListing {
  readonly repository: Repository;
  readonly reader: RepositoryReader;
  /** The directory that was listed, which is `repository.prefix` in the work tree. */
  readonly root: string;
  readonly selection: Selection;
  readonly listing: Listing;
}

/** Judges what was listed. A repository that is broken or has no commits vouches for nothing. */
export async function checkedOut(work: WorkTreeListing): Promise<CheckedOut> {
  const { repository, reader, listing } = work;
  try {
    const revision = (await reader.refs()).get('HEAD');
    const commit = revision && (await reader.objects.read(revision, MAX_GIT_OBJECT_BYTES));
    if (!commit || commit.type !== 'commit') return { revision: null, dirty: false };
    const tree = await subtree(reader.objects, parseCommit(commit.data).tree, repository.prefix);
    return { revision, dirty: tree === undefined ? listing.files.length > 0 : await differs(work, tree) };
  } catch (error) {
    if (error instanceof SourceError) return { revision: null, dirty: false };
    throw error;
  }
}

/** The id of a directory below a tree; undefined where there is none. */
export async function subtree(objects: GitObjects, root: string, prefix: string): Promise<string | undefined> {
  let oid = root;
  for (const name of prefix.split('/').filter(Boolean)) {
    const object = await objects.read(oid, MAX_GIT_OBJECT_BYTES);
    const entry = object?.type === 'tree' ? parseTree(object.data, oid.length / 2).find((candidate) => candidate.name === name) : undefined;
    if (entry?.kind !== 'directory') return undefined;
    oid = entry.oid;
  }
  return oid;
}

async function differs({ repository, reader, root, selection, listing }: WorkTreeListing, tree: string): Promise<boolean> {
  const committed = await filesIn(new GitTree(reader.objects, tree, repository.gitDirectory), selection, repository.gitDirectory);
  if (!committed) return true;
  if (committed.length !== listing.files.length) return true;
  const index = await readIndex(repository.gitDirectory, repository.prefix, tree.length / 2);
  const unsure: { readonly file: DiskFile; readonly oid: string }[] = [];
  for (const [i, file] of listing.files.entries()) {
    const { path: name, entry } = committed[i]!;
    if (name !== file.path) return true;
    const known = index.entries.get(repository.prefix ? `${repository.prefix}/${file.realPath}` : file.realPath);
    if (!known || !vouchesFor(known, index, file)) unsure.push({ file, oid: entry.oid });
    else if (known.oid !== entry.oid) return true;
  }
  for (const { file, oid } of unsure) if ((await blobId(root, file, oid.length)) !== oid) return true;
  return false;
}

/** Undefined where the commit does not have the selection's path. */
async function filesIn(tree: GitTree, selection: Selection, where: string): Promise<readonly FoundFile<GitTreeEntry>[] | undefined> {
  try {
    return (await selectFiles(tree, selection, where)).files;
  } catch (error) {
    if (error instanceof SourceError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

/** Whether the file is still the one whose id the index has. */
function vouchesFor(known: IndexEntry, { writtenNs }: GitIndex, { stamp }: DiskFile): boolean {
  return stamp.modifiedNs === known.modifiedNs && stamp.modifiedNs < writtenNs && known.size === stamp.size % 2 ** 32;
}

async function blobId(root: string, file: DiskFile, digits: number): Promise<string> {
  const bytes = await readStamped(path.join(root, file.realPath), file.path, file.stamp);
  return createHash(digits === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}
