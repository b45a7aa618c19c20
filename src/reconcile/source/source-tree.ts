// The whole of what a source is part of: the repository, or without one the directory that was given. What the source's files refer to may
// lie outside of the path that was chosen, but never outside of this tree, whatever links say. What was looked up is remembered, so that
// a change to it is noticed as one to a chosen file is.
import { isDeepStrictEqual } from 'node:util';
import { resolve, type FileTree, type TreeEntry } from './file-tree.ts';
import { MAX_ENTRIES } from './limits.ts';
import type { Snapshot, SourceFile } from './snapshot.ts';
import type { SourceSpec } from './source.ts';
import { SourceError } from './source-error.ts';

export type Found =
  { readonly kind: 'file'; readonly path: string; readonly file: SourceFile } | { readonly kind: 'directory'; readonly path: string };

/** What lies in other repositories and on web servers. Both throw {@link SourceError}. */
export interface Elsewhere {
  /** The snapshot must be closed. */
  open(spec: SourceSpec): Promise<Snapshot>;
  fetch(url: string): Promise<Uint8Array>;
  /** As {@link fetch}, for servers that are spoken to otherwise: whatever they answer is returned. */
  request(url: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  /** What was fetched before under a name that always means the same; else it is fetched now, and kept. */
  kept(name: string, fetch: () => Promise<Uint8Array>): Promise<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

export interface SourceTree {
  /** For what its files name elsewhere; absent where nothing is to be fetched. */
  readonly elsewhere?: Elsewhere;
  /** Where the source lies in the tree; empty where it is the whole. */
  readonly prefix: string;
  /**
   * What a path of the tree leads to, links followed; `path` is where it really lies. Undefined where there is nothing. Throws
   * {@link SourceError} for links that lead out.
   */
  find(path: string): Promise<Found | undefined>;
  /**
   * The names of what lies in a directory, in their order; `.git` is not among them. Empty where there is no directory. Throws
   * {@link SourceError} for links that lead out.
   */
  list(path: string): Promise<readonly string[]>;
}

export interface TreeAccess<E extends TreeEntry> {
  readonly tree: FileTree<E>;
  readonly prefix: string;
  /** What tells one state of a file from another: a stamp, a blob's id. */
  stamp(path: string, entry: E): Promise<string>;
  /** @param shown the path as seen from the source */
  open(path: string, entry: E, shown: string): Promise<SourceFile>;
}

export class TrackedTree<E extends TreeEntry> implements SourceTree {
  readonly prefix: string;
  private readonly access: TreeAccess<E>;
  private readonly seen = new Map<string, { readonly found: Found | undefined; readonly stamp: string }>();
  private readonly listed = new Map<string, readonly string[]>();

  constructor(access: TreeAccess<E>) {
    this.access = access;
    this.prefix = access.prefix;
  }

  async find(path: string): Promise<Found | undefined> {
    const known = this.seen.get(path);
    if (known) return known.found;
    if (this.seen.size >= MAX_ENTRIES) throw new SourceError('TooMany', path, `more than ${MAX_ENTRIES} files are referred to`);
    const { tree } = this.access;
    const target = await resolve(tree, '', path);
    if (target instanceof SourceError) throw target;
    const found = target && (await this.found(target.path, target.entry));
    this.seen.set(path, { found, stamp: await stampOf(this.access, path) });
    return found;
  }

  async list(path: string): Promise<readonly string[]> {
    const known = this.listed.get(path);
    if (known) return known;
    if (this.listed.size >= MAX_ENTRIES) throw new SourceError('TooMany', path, `more than ${MAX_ENTRIES} directories are referred to`);
    const names = await namesIn(this.access, path);
    if (names instanceof SourceError) throw names;
    this.listed.set(path, names);
    return names;
  }

  private async found(path: string, entry: E | undefined): Promise<Found | undefined> {
    if (!entry || entry.kind === 'directory') return { kind: 'directory', path };
    const shown = fromSource(this.prefix, path);
    if (entry.kind === 'submodule') throw new SourceError('Submodule', shown, 'a submodule: its files are not in this repository');
    if (entry.kind !== 'file') throw new SourceError('WrongType', shown, 'neither a file nor a directory');
    return { kind: 'file', path, file: await this.access.open(path, entry, shown) };
  }

  /** Whether what was looked up is no longer what it was. @param now the tree as it is now */
  async changed(now: TreeAccess<E> = this.access): Promise<boolean> {
    for (const [path, { stamp }] of this.seen) if ((await stampOf(now, path)) !== stamp) return true;
    for (const [path, names] of this.listed) if (!isDeepStrictEqual(await namesIn(now, path), names)) return true;
    return false;
  }
}

async function namesIn<E extends TreeEntry>({ tree }: TreeAccess<E>, path: string): Promise<readonly string[] | SourceError> {
  const target = await resolve(tree, '', path);
  if (target instanceof SourceError) return target;
  if (!target || (target.entry && target.entry.kind !== 'directory')) return [];
  const entries = await tree.list(target.path);
  return entries
    .map(({ name }) => name)
    .filter((name) => name.toLowerCase() !== '.git')
    .sort();
}

async function stampOf<E extends TreeEntry>(access: TreeAccess<E>, path: string): Promise<string> {
  const target = await resolve(access.tree, '', path);
  if (!target || target instanceof SourceError) return 'absent';
  if (!target.entry || target.entry.kind !== 'file') return `${target.path} ${target.entry?.kind ?? 'directory'}`;
  return `${target.path} ${await access.stamp(target.path, target.entry)}`;
}

/** A path of the tree as it is seen from the source: `../base/web.yaml` where it lies outside. */
export function fromSource(prefix: string, path: string): string {
  const [from, to] = [prefix, path].map((names) => names.split('/').filter(Boolean));
  let common = 0;
  while (common < from!.length && common < to!.length && from![common] === to![common]) common++;
  return [...from!.slice(common).map(() => '..'), ...to!.slice(common)].join('/');
}
