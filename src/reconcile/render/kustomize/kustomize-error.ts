// Why a kustomization cannot be built: in which file, at which field, and what to do about it. The first one ends the build, as it does
// in kustomize; build.ts turns it into a manifest error with its place.

/** A field of a document: names and indices. */
export type FieldPath = readonly (string | number)[];

export class KustomizeError extends Error {
  override readonly name = 'KustomizeError';
  /** As it is shown: relative to the source. */
  readonly file: string | undefined;
  readonly at: FieldPath;
  readonly hint: string | undefined;
  /** In the file, where no field says it. */
  readonly position: { readonly line: number; readonly column: number } | undefined;

  constructor(
    message: string,
    where: {
      readonly file?: string;
      readonly at?: FieldPath;
      readonly hint?: string;
      readonly position?: { readonly line: number; readonly column: number };
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, where.cause === undefined ? undefined : { cause: where.cause });
    this.file = where.file;
    this.at = where.at ?? [];
    this.hint = where.hint;
    this.position = where.position;
  }
}

/** Runs a step; an error of it that names no file gets this one, and the field. */
export function within<T>(where: { readonly file: string; readonly at: FieldPath }, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw placed(error, where);
  }
}

export function placed(error: unknown, { file, at }: { readonly file: string; readonly at: FieldPath }): unknown {
  if (!(error instanceof KustomizeError) || error.file !== undefined) return error;
  return new KustomizeError(error.message, {
    file,
    at: [...at, ...error.at],
    ...(error.hint ? { hint: error.hint } : {}),
    cause: error.cause,
  });
}
