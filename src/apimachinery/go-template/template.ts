// Go's text/template: a template is parsed once, with the functions that it may call, and executed with data (JSON values) as often as
// one likes. It can neither call methods nor reach anything but its data and these functions, and it ends: depth, steps and the length
// of what it writes are bounded.
import { execute } from './execute.ts';
import { BUILTINS } from './functions.ts';
import { parseTemplate, type ParsedTemplate } from './parser.ts';
import type { TemplateFunctions } from './signature.ts';
import { TemplateSource } from './source.ts';
import { fromJsonValue } from './values.ts';

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
  private readonly whole: ParsedTemplate;
  private readonly parsed: ReadonlyMap<string, ParsedTemplate>;
  private readonly functions: TemplateFunctions;

  /** @param functions beside Go's own. Throws a TemplateError. */
  constructor(source: string, functions: TemplateFunctions = {}) {
    this.functions = { ...BUILTINS, ...functions };
    this.parsed = parseTemplate(new TemplateSource('', source), (name) => Object.hasOwn(this.functions, name));
    this.whole = this.parsed.get('')!;
  }

  /**
   * Throws a TemplateError where a function refuses its arguments, a value is not what is asked of it, or a bound is passed.
   *
   * @param data is not changed, whatever the template does. Numbers that are whole are ints
   */
  execute(data: unknown, bounds: TemplateBounds = TEMPLATE_BOUNDS): string {
    const { functions, parsed } = this;
    const spent = { output: 0, steps: 0, depth: 0 };
    const find = (name: string): ParsedTemplate | undefined => parsed.get(name);
    return execute({ find, functions, bounds, spent, made: [], missing: undefined }, this.whole, fromJsonValue(data, true)).text;
  }
}
