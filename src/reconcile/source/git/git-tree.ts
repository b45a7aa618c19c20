// The files of a commit as a tree, read without a checkout: of its directories only those that are walked, of its files only those
// that are asked for.
import type { FileTree } from '../file-tree.ts';
import { MAX_GIT_OBJECT_BYTES } from '../limits.ts';
import { SourceError } from '../source-error.ts';
import { parseTree, type GitObjects, type GitTreeEntry } from './objects.ts';

/** Bytes of a link's target. */
const MAX_LINK_BYTES = 4096;

export class GitTree implements FileTree<GitTreeEntry> {
  private readonly objects: GitObjects;
  private readonly root: string;
  private readonly where: string;
  /** Of directories that have been read, by id: the same directory may stand in several places. */
  private readonly directories = new Map<string, Directory>();

  /** @param root the tree's id */
  constructor(objects: GitObjects, root: string, where: string) {
    this.objects = objects;
    this.root = root;
    this.where = where;
  }

  async lookup(path: string): Promise<GitTreeEntry | undefined> {
    let oid = this.root;
    let entry: GitTreeEntry | undefined;
    for (const name of path.split('/')) {
      if (entry && entry.kind !== 'directory') return undefined;
      entry = (await this.directory(oid)).byName.get(name);
      if (!entry) return undefined;
      oid = entry.oid;
    }
    return entry;
  }

  async list(path: string): Promise<readonly GitTreeEntry[]> {
    const entry = path === '' ? undefined : await this.lookup(path);
    return (await this.directory(entry ? entry.oid : this.root)).entries;
  }

  async readLink(path: string): Promise<string> {
    const entry = await this.lookup(path);
    const object = entry && (await this.objects.read(entry.oid, MAX_LINK_BYTES));
    if (!object) throw missing(this.where, path);
    return Buffer.from(object.data).toString('utf8');
  }

  private async directory(oid: string): Promise<Directory> {
    let directory = this.directories.get(oid);
    if (!directory) {
      const object = await this.objects.read(oid, MAX_GIT_OBJECT_BYTES);
      if (object?.type !== 'tree') throw missing(this.where, oid);
      directory = parsed.get(object.data) ?? asDirectory(parseTree(object.data, oid.length / 2));
      parsed.set(object.data, directory);
      this.directories.set(oid, directory);
    }
    return directory;
  }
}

interface Directory {
  readonly entries: readonly GitTreeEntry[];
  readonly byName: ReadonlyMap<string, GitTreeEntry>;
}

const asDirectory = (entries: readonly GitTreeEntry[]): Directory => ({
  entries,
  byName: new Map(entries.map((entry) => [entry.name, entry])),
});

/** By what was read: objects that are kept are parsed once for all trees that have them. */
const parsed = new WeakMap<Uint8Array, Directory>();

export const missing = (where: string, what: string): SourceError =>
  new SourceError(
    'Corrupt',
    where,
    `the repository lacks ${what}`,
    'a partial or shallow clone lacks what it has not fetched; otherwise run git fsck',
  );
