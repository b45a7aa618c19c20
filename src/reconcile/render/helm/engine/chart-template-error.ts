// Why a chart cannot be rendered: what is wrong with which of its templates, or what a template refuses by `fail` or `required`.

export class ChartTemplateError extends Error {
  override readonly name = 'ChartTemplateError';
  /** As Helm names it: `mychart/charts/sub/templates/x.yaml`; empty where no template is to blame. */
  readonly template: string;
  /** Counted from 1; 0 where the place is not known. */
  readonly line: number;
  readonly column: number;
  /** What is wrong, without the place. */
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string | undefined;

  /** @param message as Helm says it, the place included */
  constructor(
    message: string,
    where: { readonly template: string; readonly line?: number; readonly column?: number },
    why: { readonly reason: string; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(message, why.cause === undefined ? undefined : { cause: why.cause });
    this.template = where.template;
    this.line = where.line ?? 0;
    this.column = where.column ?? 0;
    this.reason = why.reason;
    this.hint = why.hint;
  }
}
