// A tree of files, on disk or in a commit, and the walk through it that both share: what is chosen by path and globs, links followed
// only as far as they stay inside, everything bounded.
import { MAX_DEPTH, MAX_ENTRIES, MAX_LINKS } from './limits.ts';
import { SourceError } from './source-error.ts';
import { anyOf, type Matcher } from './glob.ts';

export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'submodule' | 'other';
}

/** Paths are relative to the tree's root, `/` between names, empty for the root; none of their names is a link. */
export interface FileTree<E extends TreeEntry> {
  /** Undefined where there is nothing. */
  lookup(path: string): Promise<E | undefined>;
  list(path: string): Promise<readonly E[]>;
  /** What the link says. */
  readLink(path: string): Promise<string>;
}

/** A file as it was found: under the path that leads to it, and the one where it lies, which differ behind a link. */
export interface FoundFile<E> {
  readonly path: string;
  readonly realPath: string;
  readonly entry: E;
}

/** What stands in the tree, was chosen, and cannot be read. */
export interface RefusedEntry {
  readonly path: string;
  readonly error: SourceError;
}

export interface Selection {
  /** A directory or file inside the tree; empty for all. */
  readonly path: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Found<E> {
  /** In the order of their paths. */
  readonly files: readonly FoundFile<E>[];
  readonly refused: readonly RefusedEntry[];
}

/**
 * Finds the files that a selection names. Globs are relative to the selection's path. Throws {@link SourceError} where the path leads
 * nowhere or the tree exceeds the bounds; what is wrong with single entries is told in `refused`.
 *
 * @param where the tree's name for errors
 */
export async function selectFiles<E extends TreeEntry>(tree: FileTree<E>, selection: Selection, where: string): Promise<Found<E>> {
  const path = checkedPath(selection.path);
  const start = await resolve(tree, '', path);
  if (start instanceof SourceError) throw start;
  if (!start)
    throw new SourceError('NotFound', where, `there is no ${path} in it`, 'check the path; it is relative to the root of the source');
  const walk = new Walk(tree, selection, where);
  if (start.entry === undefined || start.entry.kind === 'directory') await walk.directory(path, start.path, [start.path]);
  else if (start.entry.kind === 'file') walk.files.push({ path, realPath: start.path, entry: start.entry });
  else throw new SourceError('WrongType', path, 'neither a file nor a directory');
  return { files: walk.files.sort((a, b) => (a.path < b.path ? -1 : 1)), refused: walk.refused };
}

/** Throws {@link SourceError} for paths that are absolute or lead upwards. Returns the path without needless dots and slashes. */
export function checkedPath(path: string): string {
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) throw new SourceError('InvalidPath', path, 'the path is absolute', RELATIVE);
  if (path.includes('\0')) throw new SourceError('InvalidPath', path.replaceAll('\0', ''), 'the path holds a NUL character', RELATIVE);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new SourceError('InvalidPath', path, 'the path leads out of the source ("..")', RELATIVE);
  if (names.some(isGitDirectory)) throw new SourceError('InvalidPath', path, 'the path leads into .git', RELATIVE);
  return names.join('/');
}

const RELATIVE = 'give a path inside the source, such as apps/web';

/** Also where the file system takes no notice of case. */
const isGitDirectory = (name: string): boolean => name.toLowerCase() === '.git';

const join = (directory: string, name: string): string => (directory ? `${directory}/${name}` : name);

class Walk<E extends TreeEntry> {
  readonly files: FoundFile<E>[] = [];
  readonly refused: RefusedEntry[] = [];
  private entries = 0;
  private readonly tree: FileTree<E>;
  private readonly where: string;
  private readonly base: string;
  private readonly included: Matcher;
  private readonly excluded: Matcher;

  constructor(tree: FileTree<E>, selection: Selection, where: string) {
    this.tree = tree;
    this.where = where;
    this.base = checkedPath(selection.path);
    this.included = selection.include.length ? anyOf(selection.include) : () => true;
    this.excluded = anyOf(selection.exclude);
  }

  /** @param above the real paths of this directory and those that lead to it: a link to one of them is a loop */
  async directory(path: string, realPath: string, above: readonly string[]): Promise<void> {
    if (above.length > MAX_DEPTH)
      throw new SourceError(
        'TooDeep',
        path,
        `directories are nested more than ${MAX_DEPTH} levels deep`,
        'read a part of the source (--path), or exclude this',
      );
    for (const entry of await this.tree.list(realPath)) {
      if (isGitDirectory(entry.name)) continue;
      if (++this.entries > MAX_ENTRIES) {
        const message = `the source has more than ${MAX_ENTRIES} files and directories`;
        throw new SourceError('TooMany', this.where, message, 'read a part of it (--path), or exclude what is not needed');
      }
      const at = join(path, entry.name);
      if (this.excluded(this.relative(at))) continue;
      await this.entry(at, join(realPath, entry.name), entry, above);
    }
  }

  private relative(path: string): string {
    return this.base ? path.slice(this.base.length + 1) : path;
  }

  private async entry(path: string, realPath: string, entry: E, above: readonly string[]): Promise<void> {
    switch (entry.kind) {
      case 'directory':
        if (above.includes(realPath))
          return this.refuse(path, new SourceError('LinkLoop', path, 'a link leads back to a directory that holds it', EXCLUDE));
        return this.directory(path, realPath, [...above, realPath]);
      case 'file':
        if (this.included(this.relative(path))) this.files.push({ path, realPath, entry });
        return undefined;
      case 'link': {
        const target = await resolve(this.tree, directoryOf(realPath), await this.tree.readLink(realPath), path);
        if (target instanceof SourceError) return this.refuse(path, target);
        if (!target) return this.refuse(path, new SourceError('LinkBroken', path, 'the symbolic link leads nowhere', EXCLUDE));
        // the root has no entry of its own
        if (!target.entry)
          return this.refuse(path, new SourceError('LinkLoop', path, 'a link leads back to a directory that holds it', EXCLUDE));
        return this.entry(path, target.path, target.entry, above);
      }
      case 'submodule':
        return this.refuse(path, new SourceError('Submodule', path, 'a submodule: its files are not in this repository', EXCLUDE));
      case 'other':
        return this.refuse(path, new SourceError('WrongType', path, 'neither a file nor a directory nor a link', EXCLUDE));
    }
  }

  private refuse(path: string, error: SourceError): void {
    this.refused.push({ path, error });
  }
}

const EXCLUDE = 'remove it, or exclude it';

const directoryOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

/**
 * Follows a path name by name, and the links on its way. Where it steps out of the tree, even to come back, it is refused.
 *
 * @param link the link whose target this is, for errors
 * @returns undefined where there is nothing; an entry that is undefined is the root
 */
export async function resolve<E extends TreeEntry>(
  tree: FileTree<E>,
  from: string,
  path: string,
  link = path,
): Promise<{ readonly path: string; readonly entry: E | undefined } | SourceError | undefined> {
  const outside = (why: string): SourceError => new SourceError('LinkOutside', link, `the symbolic link leads ${why}`, EXCLUDE);
  if (path.startsWith('/')) return outside('to an absolute path');
  const todo = path.split('/');
  let at = from;
  let entry: E | undefined;
  for (let links = 0; todo.length;) {
    const name = todo.shift()!;
    if (name === '' || name === '.') continue;
    if (entry && entry.kind !== 'directory') return undefined;
    if (name === '..') {
      if (at === '') return outside('out of the source');
      at = directoryOf(at);
      entry = at === '' ? undefined : await tree.lookup(at);
      continue;
    }
    if (isGitDirectory(name)) return outside('into .git');
    const next = join(at, name);
    entry = await tree.lookup(next);
    if (!entry) return undefined;
    if (entry.kind !== 'link') {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) return new SourceError('LinkLoop', link, 'the symbolic links lead in a circle', EXCLUDE);
    const target = await tree.readLink(next);
    if (target.startsWith('/')) return outside('to an absolute path');
    todo.unshift(...target.split('/'));
    entry = at === '' ? undefined : await tree.lookup(at);
  }
  return { path: at, entry };
}
