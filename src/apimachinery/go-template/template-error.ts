// What is wrong with a template, and where: in its text, or with what it is given.

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;

  /** @param offset in the source, in UTF-16 units */
  constructor(reason: string, source: string, offset: number, cause?: unknown) {
    const before = source.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    super(`line ${line}, column ${column}: ${reason}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.line = line;
    this.column = column;
  }
}

/** Thrown by functions that templates call: what is wrong with an argument. The template adds the place. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
}
