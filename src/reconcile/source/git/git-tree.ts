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
  /** Entries of directories that have been read, by id: the same directory may stand in several places. */
  private readonly trees = new Map<string, readonly GitTreeEntry[]>();

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
      entry = (await this.entries(oid)).find((candidate) => candidate.name === name);
      if (!entry) return undefined;
      oid = entry.oid;
    }
    return entry;
  }

  async list(path: string): Promise<readonly GitTreeEntry[]> {
    const entry = path === '' ? undefined : await this.lookup(path);
    return this.entries(entry ? entry.oid : this.root);
  }

  async readLink(path: string): Promise<string> {
    const entry = await this.lookup(path);
    const object = entry && (await this.objects.read(entry.oid, MAX_LINK_BYTES));
    if (!object) throw missing(this.where, path);
    return Buffer.from(object.data).toString('utf8');
  }

  private async entries(oid: string): Promise<readonly GitTreeEntry[]> {
    let entries = this.trees.get(oid);
    if (!entries) {
      const object = await this.objects.read(oid, MAX_GIT_OBJECT_BYTES);
      if (object?.type !== 'tree') throw missing(this.where, oid);
      entries = parseTree(object.data, oid.length / 2);
      this.trees.set(oid, entries);
    }
    return entries;
  }
}

export const missing = (where: string, what: string): SourceError =>
  new SourceError(
    'Corrupt',
    where,
    `the repository lacks ${what}`,
    'a partial or shallow clone lacks what it has not fetched; otherwise run git fsck',
  );
