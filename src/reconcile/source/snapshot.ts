// A source as it was at one moment: which files it has, from where, and how to read them.
import type { RefusedEntry } from './file-tree.ts';
import type { SourceTree } from './source-tree.ts';

export interface SourceFile {
  /** Relative to the root of the source, `/` between names. */
  readonly path: string;
  /** In bytes. Unknown for files in git until they are read: a tree does not say. */
  readonly size: number | undefined;
  /** The id of its blob in git: what it identifies never changes. */
  readonly oid: string | undefined;
  /** The file's bytes; nothing is kept. Throws {@link SourceError}, also where the file is no longer the one that was listed. */
  read(): Promise<Uint8Array>;
}

/** What is told of a source in reports. */
export interface SourceInfo {
  readonly type: 'directory' | 'file' | 'stdin' | 'git';
  /** As it was given; URLs without credentials. */
  readonly location: string;
  /** The path inside it; empty for all. */
  readonly path: string;
  /** The commit that was read; for a directory in a work tree, the one that is checked out. */
  readonly revision: string | null;
  /** What was read is not what that commit holds. */
  readonly dirty: boolean;
}

export interface Snapshot extends SourceInfo {
  /** In the order of their paths. */
  readonly files: readonly SourceFile[];
  /** What was chosen but cannot be read: links that lead out or nowhere, submodules. */
  readonly refused: readonly RefusedEntry[];
  /** The repository around the source, for what its files refer to. Absent for single files and standard input. */
  readonly tree?: SourceTree;
  /**
   * Whether the source now would give another snapshot. Looks at stamps and ids only, so on disk it misses what is written twice within
   * one tick of the file system's clock without changing its size.
   */
  changed(): Promise<boolean>;
  /** Of a commit: the id of the one that its name leads to now. */
  revisionNow?(): Promise<string>;
  /** Ends what reading needed besides memory. Files can no longer be read. */
  close(): Promise<void>;
}
