// Git's objects as values: what a store must answer, and how trees, commits and tags are read. Which store answers is another file's
// affair: isomorphic-objects.ts or program-objects.ts.
import { SourceError } from '../source-error.ts';
import type { TreeEntry } from '../file-tree.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly data: Uint8Array;
}

/** A repository's objects. Ids are lower-case hexadecimal, 40 digits or, with SHA-256, 64. */
export interface GitObjects {
  /**
   * Undefined where there is no such object. Throws {@link SourceError} `TooLarge` before it takes up more memory than that.
   *
   * @param maxBytes of the object's content
   */
  read(oid: string, maxBytes: number): Promise<GitObject | undefined>;
  /** The objects whose id begins with these digits, at least four of them. */
  expand(prefix: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface GitTreeEntry extends TreeEntry {
  readonly oid: string;
}

/** @param oidBytes 20, or 32 with SHA-256 */
export function parseTree(data: Uint8Array, oidBytes: number): readonly GitTreeEntry[] {
  const entries: GitTreeEntry[] = [];
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + oidBytes > bytes.length)
      throw new SourceError('Corrupt', 'git tree', 'a tree object is broken', 'run git fsck');
    const mode = bytes.toString('latin1', at, space);
    const name = bytes.toString('utf8', space + 1, end);
    const oid = bytes.toString('hex', end + 1, end + 1 + oidBytes);
    // git itself refuses such names; they would lead out of the tree
    if (name !== '' && name !== '.' && name !== '..' && !name.includes('/')) entries.push({ name, kind: kindOf(mode), oid });
    at = end + 1 + oidBytes;
  }
  return entries;
}

function kindOf(mode: string): GitTreeEntry['kind'] {
  switch (mode.replace(/^0+/, '').slice(0, -4)) {
    case '4':
      return 'directory';
    case '10':
      return 'file';
    case '12':
      return 'link';
    case '16':
      return 'submodule';
    default:
      return 'other';
  }
}

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
}

export function parseCommit(data: Uint8Array): Commit {
  const header = headerOf(data);
  const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
  if (!tree) throw new SourceError('Corrupt', 'git commit', 'a commit object is broken', 'run git fsck');
  return { tree, parents: [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1]!) };
}

/** What an annotated tag names. */
export function parseTag(data: Uint8Array): string {
  const object = /^object ([0-9a-f]+)$/m.exec(headerOf(data))?.[1];
  if (!object) throw new SourceError('Corrupt', 'git tag', 'a tag object is broken', 'run git fsck');
  return object;
}

/** What stands above the message. */
function headerOf(data: Uint8Array): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = bytes.indexOf('\n\n');
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
