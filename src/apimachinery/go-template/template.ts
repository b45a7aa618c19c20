// Go's text/template: a template is parsed once, with the functions that it may call, and executed with data (JSON values) as often as
// one likes. It can neither call methods nor reach anything but its data and these functions, and it ends: depth, steps and the length
// of what it writes are bounded.
import { execute } from './execute.ts';
import { BUILTINS, type TemplateFunctions } from './functions.ts';
import { parseTemplate, type ParsedTemplate } from './parser.ts';

export interface TemplateBounds {
  /** Characters of output. */
  readonly output: number;
  /** Nodes executed, each turn of a loop anew, and functions called. */
  readonly steps: number;
  /** Templates that call templates. */
  readonly depth: number;
}

export const TEMPLATE_BOUNDS: TemplateBounds = { output: 4 * 1024 * 1024, steps: 1_000_000, depth: 100 };

export class GoTemplate {
  private readonly source: string;
  private readonly parsed: ParsedTemplate;
  private readonly functions: TemplateFunctions;

  /** @param functions beside Go's own. Throws a TemplateError. */
  constructor(source: string, functions: TemplateFunctions = {}) {
    this.source = source;
    this.functions = { ...BUILTINS, ...functions };
    this.parsed = parseTemplate(source, (name) => isSpecial(name) || Object.hasOwn(this.functions, name));
  }

  /** Throws a TemplateError where a function refuses its arguments, a value is not what is asked of it, or a bound is passed. */
  execute(data: unknown, bounds: TemplateBounds = TEMPLATE_BOUNDS): string {
    return execute({ source: this.source, parsed: this.parsed, functions: this.functions, bounds }, data);
  }
}

/** Those that do not evaluate all of their arguments. */
const isSpecial = (name: string): boolean => name === 'and' || name === 'or';
