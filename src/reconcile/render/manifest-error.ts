// What is wrong with a manifest, as a value: found while reading, by validation, or by an API server; all go into one list.

/** A place in a source file; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ManifestError extends Place {
  /** The field, as Kubernetes writes it: `spec.containers[0].image`; empty where the document or the file as a whole is meant. */
  readonly path: string;
  readonly message: string;
  /** The value that is wrong, as JSON, shortened. Never that of a Secret. */
  readonly value?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** In the order in which a reader goes through the files. */
export function inReadingOrder(errors: readonly ManifestError[]): ManifestError[] {
  return [...errors].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}

const IDENTIFIER = /^[A-Za-z_$][\w$-]*$/;

/** `['spec', 'containers', 0]` → `spec.containers[0]`; keys that are no identifiers stand in brackets: `metadata.labels[a/b]`. */
export function fieldPath(parts: readonly (string | number)[]): string {
  let path = '';
  for (const part of parts) path += typeof part === 'string' && IDENTIFIER.test(part) ? (path ? `.${part}` : part) : `[${part}]`;
  return path;
}
