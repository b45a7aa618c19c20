// Why a chart cannot be rendered: what is wrong with which of its templates, or what a template refuses by `fail` or `required`.
import { TemplateError } from '../../../../apimachinery/go-template/template-error.ts';
import { TemplateRefusal } from './helm-functions.ts';

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

/** Runs a step of a template; what is wrong is told as Helm words it, and where it is innermost. */
export function inTemplate<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TemplateError) throw placed(error, name);
    if (error instanceof RangeError && /call stack/.test(error.message))
      throw new ChartTemplateError(
        `${name}: templates or values are nested too deeply`,
        { template: name },
        { reason: 'templates or values are nested too deeply', hint: 'look for a template that includes itself', cause: error },
      );
    throw error;
  }
}

function placed(error: TemplateError, name: string): ChartTemplateError {
  const chain = causes(error);
  const refusal = chain.find((cause) => cause instanceof TemplateRefusal);
  // texts that `tpl` executes are in no file
  const innermost = chain.findLast((cause) => cause instanceof TemplateError && cause.file.includes('/')) as TemplateError | undefined;
  const at = innermost ?? error;
  const deepest = chain.findLast((cause) => cause instanceof TemplateError) as TemplateError;
  const where = { template: at.file, line: at.line, column: at.column };
  if (refusal) {
    const message = `execution error at (${error.file}:${error.line}:${error.column - 1}): ${refusal.message}`;
    return new ChartTemplateError(message, where, {
      reason: refusal.message,
      cause: error,
      hint: 'the chart itself asks for it: see its values',
    });
  }
  const message = error.executing ? error.goMessage() : parseMessage(error, name);
  const hint = HINTS.find(([pattern]) => pattern.test(deepest.reason))?.[1];
  return new ChartTemplateError(message, where, { reason: deepest.reason, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** What to do about what goes wrong most. */
const HINTS: readonly (readonly [reason: RegExp, hint: string])[] = [
  [/nil pointer evaluating/, 'the template reads a field of something that is not there: give it in the values'],
  [/can't evaluate field/, 'the value is of another type than the template takes it for'],
  [/^function .* not defined/, "neither Go's templates, nor sprig, nor Helm have it"],
  [/no template .* associated|template .* not defined/, 'it may be in a dependency that is missing'],
  [/wrong type for value|invalid value; expected/, 'the value has another type than the function takes, or is not there'],
  [
    /incompatible types for comparison/,
    'numbers of values are floats, and numbers in templates integers: convert one of them, with int or float64',
  ],
  [/nested reference|call one another/, 'look for a template that includes itself'],
];

/** Helm tells only what stands behind the last colon. */
function parseMessage(error: TemplateError, name: string): string {
  return `parse error at (${name}:${error.line}): ${error.reason.split(': ').at(-1)!}`;
}

function causes(error: Error): readonly Error[] {
  const chain: Error[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) chain.push(at);
  return chain;
}
