// The functions that Helm adds to sprig's for templates themselves: `include`, `tpl`, `required` and so on. Follows Helm's pkg/engine.
import { execute, type Execution } from '../../../../apimachinery/go-template/execute.ts';
import { isEmptyTemplate, parseTemplate, type ParsedTemplate } from '../../../../apimachinery/go-template/parser.ts';
import { go, type TemplateFunctions } from '../../../../apimachinery/go-template/signature.ts';
import { TemplateSource } from '../../../../apimachinery/go-template/source.ts';
import { FunctionError, TemplateError } from '../../../../apimachinery/go-template/template-error.ts';
import { quote } from '../../../../apimachinery/go-text.ts';

/** Helm's own. */
const MAX_NESTED_REFERENCES = 1000;

/** What Go writes where there is no value: Helm takes it out again. */
const NO_VALUE = '<no value>';

export const withoutNoValue = (text: string): string => text.replaceAll(NO_VALUE, '');

/** Where what is at that offset was before it was taken out. */
export function offsetWithNoValue(text: string, offset: number): number {
  let before = offset;
  for (let at = text.indexOf(NO_VALUE); at >= 0 && at <= before; at = text.indexOf(NO_VALUE, at + NO_VALUE.length))
    before += NO_VALUE.length;
  return before;
}

/** What a template refuses by `fail` or `required`: the message is all that is told of it. */
export class TemplateRefusal extends FunctionError {}

export const CHECKING_FUNCTIONS: TemplateFunctions = {
  required: go('(string, any) any', (message: string, value: unknown) => {
    if (value === null || value === '') throw new TemplateRefusal(message);
    return value;
  }),
  fail: go('(string) string', (message: string) => {
    throw new TemplateRefusal(message);
  }),
  // there is no cluster to ask
  lookup: go('(string, string, string, string) map[string]any', () => ({})),
  getHostByName: go('(string) string', () => ''),
};

/** Templates by name; those of a text that `tpl` executes stand before those around it. */
export class TemplateScope {
  private readonly own = new Map<string, ParsedTemplate>();
  private readonly outer: TemplateScope | undefined;

  constructor(outer?: TemplateScope) {
    this.outer = outer;
  }

  find(name: string): ParsedTemplate | undefined {
    return this.own.get(name) ?? this.outer?.find(name);
  }

  /** One that holds nothing but space takes no other's place. */
  add(parsed: ReadonlyMap<string, ParsedTemplate>): void {
    for (const [name, template] of parsed) if (!isEmptyTemplate(template.root) || !this.find(name)) this.own.set(name, template);
  }
}

/** All that is executed for one chart. */
export interface Rendering {
  /** Without `include` and `tpl`. */
  readonly functions: TemplateFunctions;
  readonly bounds: Execution['bounds'];
  readonly spent: Execution['spent'];
  readonly made: Execution['made'];
  /** How often a template includes itself, by name. */
  readonly included: Map<string, number>;
  /** Of the texts that `tpl` has been given. */
  readonly parsed: Map<string, ReadonlyMap<string, ParsedTemplate>>;
}

export const isFunction =
  (functions: TemplateFunctions) =>
  (name: string): boolean =>
    name === 'include' || name === 'tpl' || Object.hasOwn(functions, name);

/** @param scope what `include` and `tpl` know */
export function executionIn(scope: TemplateScope, rendering: Rendering): Execution {
  const { bounds, spent, made } = rendering;
  const functions: TemplateFunctions = Object.assign(Object.create(rendering.functions) as TemplateFunctions, {
    include: go('(string, any) string', (name: string, data: unknown) => include(name, data)),
    tpl: go('(string, any) string', (text: string, data: unknown) => tpl(text, data, scope, rendering)),
  });
  const execution: Execution = { find: (name) => scope.find(name), functions, bounds, spent, made, missing: null };
  const include = (name: string, data: unknown): string => {
    const { included } = rendering;
    const depth = included.get(name) ?? 0;
    if (depth > MAX_NESTED_REFERENCES)
      throw new FunctionError(`rendering template has a nested reference name: ${name}: unable to execute template`);
    const template = scope.find(name);
    if (!template) throw new FunctionError(`template: no template ${quote(name)} associated with template "gotpl"`);
    included.set(name, depth + 1);
    const text = written(execution, template, data);
    included.set(name, depth);
    return text;
  };
  return execution;
}

/** What it is made of stays known until a template writes it, or what a function makes of it. */
function written(execution: Execution, template: ParsedTemplate, data: unknown): string {
  // what was made before is not what this template writes
  const before = execution.made.splice(0);
  const made = execute(execution, template, data);
  execution.made.splice(0, Infinity, ...before.slice(-MAX_MADE), made);
  return made.text;
}

/** More are not written at once. */
const MAX_MADE = 20;

/** The name that Helm gives to texts that are no files. */
const TPL = 'gotpl';

function tpl(text: string, data: unknown, outer: TemplateScope, rendering: Rendering): string {
  // nothing to execute
  if (!text.includes('{{')) return withoutNoValue(text);
  const parsed = parsedText(text, rendering);
  const scope = new TemplateScope(outer);
  scope.add(parsed);
  try {
    return withoutNoValue(written(executionIn(scope, rendering), parsed.get(TPL)!, data));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new FunctionError(`error during tpl function execution for ${quote(text)}: ${error.goMessage()}`, { cause: error });
  }
}

function parsedText(text: string, { parsed, functions }: Rendering): ReadonlyMap<string, ParsedTemplate> {
  let known = parsed.get(text);
  if (!known) {
    try {
      known = parseTemplate(new TemplateSource(TPL, text, false), isFunction(functions));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new FunctionError(`cannot parse template ${quote(text)}: ${error.goMessage()}`, { cause: error });
    }
    parsed.set(text, known);
  }
  return known;
}
