// Files as they lie on disk: a directory, or a single file.
import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { selectFiles, type FileTree, type Found, type FoundFile, type Selection, type TreeEntry } from './file-tree.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import type { Snapshot, SourceFile } from './snapshot.ts';
import { TrackedTree, type TreeAccess } from './source-tree.ts';
import { fromSystemError, SourceError, tooLarge } from './source-error.ts';

/** What tells one state of a file from another without reading it. */
export interface Stamp {
  readonly size: number;
  readonly inode: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

export interface DiskFile extends FoundFile<TreeEntry> {
  readonly stamp: Stamp;
}

/** What a directory held when it was looked at. */
export interface Listing {
  readonly files: readonly DiskFile[];
  readonly refused: Found<TreeEntry>['refused'];
}

/** The commit that a directory belongs to, where it belongs to one; see git/work-tree.ts. */
export interface CheckedOut {
  readonly revision: string | null;
  readonly dirty: boolean;
}

export interface DirectorySource {
  readonly root: string;
  /** The work tree of the repository that holds the root; without one the root itself. */
  readonly top: string;
  /** As it was given. */
  readonly location: string;
  readonly selection: Selection;
  readonly checkedOut: (listing: Listing) => Promise<CheckedOut>;
}

/** Throws {@link SourceError}. */
export async function openDirectory(source: DirectorySource): Promise<Snapshot> {
  const listing = await listDirectory(source.root, source.selection, source.location);
  const tree = new TrackedTree(treeAccess(source));
  return {
    type: 'directory',
    location: source.location,
    path: source.selection.path,
    ...(await source.checkedOut(listing)),
    files: listing.files.map((file) => sourceFile(path.join(source.root, file.realPath), file.path, file.stamp)),
    refused: listing.refused,
    tree,
    changed: async () => !sameFiles(listing, await listDirectory(source.root, source.selection, source.location)) || (await tree.changed()),
    close: async () => {},
  };
}

function treeAccess({ root, top }: DirectorySource): TreeAccess<TreeEntry> {
  return {
    tree: new DiskTree(top),
    prefix: path.relative(top, root).split(path.sep).join('/'),
    stamp: async (at) => Object.values(await stampOf(path.join(top, at), at)).join(' '),
    open: async (at, _, shown) => {
      const file = path.join(top, at);
      return sourceFile(file, shown, await stampOf(file, shown));
    },
  };
}

/** A file that was named itself: links are followed wherever they lead, as its owner asked for it. */
export async function openFile(location: string): Promise<Snapshot> {
  const target = await realpath(location).catch((error: unknown) => Promise.reject(fromSystemError(error, location)));
  const stamp = await stampOf(target, location);
  return {
    type: 'file',
    location,
    path: '',
    revision: null,
    dirty: false,
    files: [sourceFile(target, location, stamp)],
    refused: [],
    changed: async () => !sameStamp(stamp, await stampOf(location, location, true)),
    close: async () => {},
  };
}

async function listDirectory(root: string, selection: Selection, location: string): Promise<Listing> {
  const found = await selectFiles(new DiskTree(root), selection, location);
  const files: DiskFile[] = [];
  // a few at a time: one after the other is slow on network file systems, all at once needs too many handles
  const BATCH = 64;
  for (let i = 0; i < found.files.length; i += BATCH) {
    const batch = found.files.slice(i, i + BATCH);
    files.push(
      ...(await Promise.all(batch.map(async (file) => ({ ...file, stamp: await stampOf(path.join(root, file.realPath), file.path) })))),
    );
  }
  return { files, refused: found.refused };
}

async function stampOf(file: string, where: string, follow = false): Promise<Stamp> {
  try {
    const stats = await (follow ? stat : lstat)(file, { bigint: true });
    if (!stats.isFile()) throw new SourceError('WrongType', where, 'not a regular file', 'remove it, or exclude it');
    return { size: Number(stats.size), inode: stats.ino, modifiedNs: stats.mtimeNs, changedNs: stats.ctimeNs };
  } catch (error) {
    throw fromSystemError(error, where);
  }
}

const sameStamp = (a: Stamp, b: Stamp): boolean =>
  a.size === b.size && a.inode === b.inode && a.modifiedNs === b.modifiedNs && a.changedNs === b.changedNs;

function sameFiles(a: Listing, b: Listing): boolean {
  if (a.files.length !== b.files.length || a.refused.length !== b.refused.length) return false;
  return (
    a.files.every(
      (file, i) => file.path === b.files[i]!.path && file.realPath === b.files[i]!.realPath && sameStamp(file.stamp, b.files[i]!.stamp),
    ) && a.refused.every((entry, i) => entry.path === b.refused[i]!.path && entry.error.code === b.refused[i]!.error.code)
  );
}

function sourceFile(file: string, shown: string, stamp: Stamp): SourceFile {
  return { path: shown, size: stamp.size, oid: undefined, read: () => readStamped(file, shown, stamp) };
}

/** Reads the very file that was listed: through no link, and not if it has been changed since. */
export async function readStamped(file: string, shown: string, stamp: Stamp): Promise<Uint8Array> {
  if (stamp.size > MAX_FILE_BYTES) throw tooLarge(shown, MAX_FILE_BYTES, stamp.size);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) =>
    Promise.reject(fromSystemError(error, shown)),
  );
  try {
    const stats = await handle.stat({ bigint: true });
    const now = { size: Number(stats.size), inode: stats.ino, modifiedNs: stats.mtimeNs, changedNs: stats.ctimeNs };
    if (!stats.isFile() || !sameStamp(now, stamp))
      throw new SourceError('Changed', shown, 'the file was changed while the source was being read', 'try again');
    return await readAll(handle, stamp.size);
  } catch (error) {
    throw fromSystemError(error, shown);
  } finally {
    await handle.close();
  }
}

/** At most the given number of bytes, however long the file has become. */
async function readAll(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

class DiskTree implements FileTree<TreeEntry> {
  private readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async lookup(at: string): Promise<TreeEntry | undefined> {
    try {
      const stats = await lstat(path.join(this.root, at));
      return { name: path.posix.basename(at), kind: kindOf(stats) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
      throw fromSystemError(error, at);
    }
  }

  async list(at: string): Promise<readonly TreeEntry[]> {
    try {
      const entries = await readdir(path.join(this.root, at), { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    } catch (error) {
      throw fromSystemError(error, at || this.root);
    }
  }

  async readLink(at: string): Promise<string> {
    try {
      return await readlink(path.join(this.root, at));
    } catch (error) {
      throw fromSystemError(error, at);
    }
  }
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

const kindOf = (entry: Kinds): TreeEntry['kind'] =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'other';
