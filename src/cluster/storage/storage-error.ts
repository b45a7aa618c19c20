// What can go wrong with a store that is a directory. Expected outcomes of a write (the key exists, the revision is another) are no
// errors but results; these errors concern the store itself.

export type StorageErrorReason =
  /** Another process, or this one, has the directory open. */
  | 'locked'
  /** The disk, the quota or the largest file size is used up. Writes may be tried again once there is room. */
  | 'full'
  /** The files are damaged. */
  | 'corrupt'
  /** The directory holds something else. */
  | 'foreign'
  /** The files were written by another version, in a layout that this one does not know. */
  | 'unknownLayout'
  /** What is encrypted cannot be read: the key is missing, or is another one. */
  | 'key'
  /** The disk failed. The store can still be read, and takes no writes until it is opened anew. */
  | 'failed'
  | 'closed';

/** The message begins with the path that it is about. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly reason: StorageErrorReason;
  readonly path: string;
  /** Of the process that holds the directory, where the reason is `locked`. */
  readonly pid: number | undefined;

  constructor(reason: StorageErrorReason, path: string, text: string, options: { readonly cause?: unknown; readonly pid?: number } = {}) {
    super(`${path}: ${text}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.path = path;
    this.pid = options.pid;
  }
}

export const isStorageError = (error: unknown, reason?: StorageErrorReason): error is StorageError =>
  error instanceof StorageError && (reason === undefined || error.reason === reason);

export const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';

/** Says that what an operation of the file system needs is used up. */
export const isOutOfSpace = (error: unknown): error is NodeJS.ErrnoException =>
  isErrno(error) && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(error.code!);
