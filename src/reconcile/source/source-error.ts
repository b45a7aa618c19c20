// A source that cannot be read, or a file of it: what is wrong, where, why, and what to do about it.

export type SourceErrorCode =
  /** No such file, directory, or path inside the source. */
  | 'NotFound'
  /** The path or the globs are not ones that may be asked for. */
  | 'InvalidPath'
  /** A file stands where a directory is needed, or something that is neither. */
  | 'WrongType'
  /** The operating system refused, or the storage is broken. */
  | 'Unreadable'
  /** A file was written to between listing and reading. */
  | 'Changed'
  | 'LinkOutside'
  | 'LinkLoop'
  | 'LinkBroken'
  | 'Submodule'
  | 'TooLarge'
  | 'TooMany'
  | 'TooDeep'
  | 'NotARepository'
  | 'NoCommits'
  | 'UnknownRef'
  | 'AmbiguousRef'
  /** What was to be merged cannot be. */
  | 'Conflict'
  /** An object of the repository is missing or broken. */
  | 'Corrupt'
  /** Only the git program can read this source, and it is not there. */
  | 'GitMissing'
  | 'GitFailed'
  /** It is not signed by anybody who is trusted. */
  | 'Unverified'
  /** The remote wants other credentials. */
  | 'Unauthorized'
  /** The remote does not answer, or not as a git server does. */
  | 'Unreachable';

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;
  /** The file, directory, repository or URL, without credentials. */
  readonly where: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  /** @param message what is wrong and why, without `where` */
  constructor(code: SourceErrorCode, where: string, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.where = where;
    this.hint = hint;
  }
}

/** An error of the file system in words. */
export function fromSystemError(error: unknown, where: string): SourceError {
  if (error instanceof SourceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'ENOENT':
      return new SourceError('NotFound', where, 'no such file or directory', undefined, error);
    case 'ENOTDIR':
      return new SourceError('WrongType', where, 'not a directory', undefined, error);
    case 'ELOOP':
      return new SourceError('LinkLoop', where, 'a symbolic link, or a loop of them', undefined, error);
    case 'EACCES':
    case 'EPERM':
      return new SourceError('Unreadable', where, 'permission denied', 'make it readable for the user that runs jibe', error);
    default:
      return new SourceError('Unreadable', where, `cannot be read${code ? ` (${code})` : ''}`, undefined, error);
  }
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024))} MiB`;

export const tooLarge = (where: string, limit: number, bytes?: number): SourceError =>
  new SourceError(
    'TooLarge',
    where,
    `the file is too large${bytes === undefined ? '' : `: ${megabytes(bytes)}`}, at most ${megabytes(limit)} can be read`,
    'split it, or exclude it',
  );
