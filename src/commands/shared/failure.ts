// What kept a command from doing its work, in words for people: what, where, why, and what to do. Exit code 2.
import { StatusError } from '../../apimachinery/status-error.ts';
import type { ManifestError } from '../../reconcile/render/manifest-error.ts';
import { SourceError } from '../../reconcile/source/source-error.ts';

/** `0` agreed, `1` the answer is no, `2` could not do it, `3` timed out, `130` interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export class CannotDo extends Error {
  override readonly name = 'CannotDo';
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, hint?: string, cause?: unknown, exitCode: ExitCode = 2) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** A file of the user's own that is not sound: all that is wrong with it, each with its place. */
export const unsound = (errors: readonly ManifestError[], hint: string): CannotDo =>
  new CannotDo(
    errors
      .map(
        ({ file, line, column, path, message, hint: remedy }) =>
          `${file}:${line}:${column}: ${path ? `${path}: ` : ''}${message}${remedy ? ` (${remedy})` : ''}`,
      )
      .join('\n'),
    hint,
  );

interface Told {
  readonly message: string;
  readonly hint: string | undefined;
}

/** An API server's answer that its store could not keep a write. */
export const isStorageFailure = (error: unknown): error is StatusError => error instanceof StatusError && isStorageError(error.cause);

/** The words for an error; undefined for one that nobody foresaw. */
export function explainFailure(error: unknown): Told | undefined {
  if (error instanceof CannotDo) return { message: error.message, hint: error.hint };
  if (error instanceof SourceError) return { message: `${error.where}: ${error.message}`, hint: error.hint };
  if (isStorageFailure(error)) return explainFailure(error.cause);
  if (isKubeconfigError(error)) return { message: error.message, hint: error.hint };
  if (error instanceof Error && error.name === 'UnreachableError')
    return { message: error.message, hint: 'check that the cluster runs, and the kubeconfig and its context' };
  if (error instanceof Error && (error.name === 'AuditFileError' || error.name === 'StaticPodError'))
    return { message: error.message, hint: undefined };
  if (error instanceof StatusError) return { message: `the API server refuses: ${error.message}`, hint: undefined };
  if (isStorageError(error)) return { message: error.message, hint: STORAGE_HINTS[error.reason] };
  return undefined;
}

// the store's errors are told by their shape: commands do not import it
interface StorageErrorLike extends Error {
  readonly reason: string;
  readonly path: string;
}

const isStorageError = (error: unknown): error is StorageErrorLike =>
  error instanceof Error && error.name === 'StorageError' && 'reason' in error && 'path' in error;

// told by its shape too: most commands need no kubeconfig
const isKubeconfigError = (error: unknown): error is Error & { readonly hint: string } =>
  error instanceof Error && error.name === 'KubeconfigError' && 'hint' in error;

const STORAGE_HINTS: Readonly<Record<string, string>> = {
  locked: 'wait for the other command to end, or use another cluster (--cluster NAME, or --ephemeral)',
  full: 'make room on the disk and run the command again: nothing that was stored is lost',
  corrupt: 'delete the cluster (jibe cluster delete NAME) and sync again',
  foreign: 'choose another name (--cluster NAME) or another place (JIBE_HOME)',
  unknownLayout: 'use the version of jibe that wrote it, or delete the cluster (jibe cluster delete NAME)',
  key: 'put the file back as it was when the cluster was last used, or delete the cluster (jibe cluster delete NAME) and sync again',
  failed: 'check the disk and its permissions',
};
