// Executes a parsed Go template. Follows text/template/exec.go: a field that is missing is no value, and what is missing has only missing
// fields; a field of nil or of anything that is no map is an error.
import type { Command, Node, Operand, Pipe } from './ast.ts';
import { isTrue, type TemplateFunctions } from './functions.ts';
import type { ParsedTemplate } from './parser.ts';
import { goValue, typeName } from './print.ts';
import { FunctionError, TemplateError } from './template-error.ts';
import type { TemplateBounds } from './template.ts';

export interface Execution {
  readonly source: string;
  readonly parsed: ParsedTemplate;
  readonly functions: TemplateFunctions;
  readonly bounds: TemplateBounds;
}

export function execute(execution: Execution, data: unknown): string {
  return new Executor(execution).run(data);
}

interface Variable {
  readonly name: string;
  value: unknown;
}

/** How a list of nodes was left. */
type Left = 'through' | 'break' | 'continue';

/** Stands where a command is given nothing by the one before it. */
const NOTHING = Symbol('nothing');

class Executor {
  private readonly execution: Execution;
  private readonly out: string[] = [];
  private length = 0;
  private steps = 0;
  private depth = 0;
  private variables: Variable[] = [];

  constructor(execution: Execution) {
    this.execution = execution;
  }

  run(data: unknown): string {
    this.variables = [{ name: '$', value: data }];
    this.list(this.execution.parsed.root, data);
    return this.out.join('');
  }

  private list(nodes: readonly Node[], dot: unknown): Left {
    for (const node of nodes) {
      const left = this.node(node, dot);
      if (left !== 'through') return left;
    }
    return 'through';
  }

  private node(node: Node, dot: unknown): Left {
    switch (node.is) {
      case 'text':
        this.write(node.text, 0);
        return 'through';
      case 'action': {
        const value = this.pipe(node.pipe, dot);
        if (node.pipe.declares.length === 0) this.write(goValue(value), node.pipe.offset);
        return 'through';
      }
      case 'if':
      case 'with':
        return this.scoped(() => {
          const value = this.pipe(node.pipe, dot);
          if (isTrue(value)) return this.list(node.body, node.is === 'with' ? value : dot);
          return this.list(node.otherwise, dot);
        });
      case 'range':
        return this.scoped(() => this.range(node, dot));
      case 'template':
        this.template(node, dot);
        return 'through';
      default:
        return node.is;
    }
  }

  /** Variables that are declared within are forgotten. */
  private scoped(run: () => Left): Left {
    const known = this.variables.length;
    const left = run();
    this.variables.length = known;
    return left;
  }

  private range(node: Extract<Node, { readonly is: 'if' | 'with' | 'range' }>, dot: unknown): Left {
    const { declares, assigns, commands, offset } = node.pipe;
    const value = this.pipe({ declares: [], assigns: false, commands, offset }, dot);
    let turns = 0;
    for (const [key, element] of this.elements(value, declares.length, offset)) {
      turns++;
      this.step(offset);
      const left = this.scoped(() => {
        const [first, second] = declares;
        if (first !== undefined) this.declare(first, second === undefined ? element : key, assigns, offset);
        if (second !== undefined) this.declare(second, element, assigns, offset);
        return this.list(node.body, element);
      });
      if (left === 'break') break;
    }
    return turns === 0 ? this.list(node.otherwise, dot) : 'through';
  }

  private *elements(value: unknown, variables: number, offset: number): Iterable<readonly [key: unknown, element: unknown]> {
    if (Array.isArray(value)) yield* value.entries();
    else if (isInteger(value)) {
      if (variables > 1) throw this.error(`can't use ${goValue(value)} to iterate over more than one variable`, offset);
      for (let i = 0; i < Number(value); i++) yield [undefined, i];
    } else if (isMap(value)) for (const key of Object.keys(value).sort()) yield [key, value[key]];
    else if (value !== undefined && value !== null) throw this.error(`range can't iterate over ${goValue(value)}`, offset);
  }

  private template(node: Extract<Node, { readonly is: 'template' }>, dot: unknown): void {
    const { defined } = this.execution.parsed;
    const body = defined.get(node.name);
    if (!body) throw this.error(`template "${node.name}" not defined`, node.offset);
    const { depth: most } = this.execution.bounds;
    if (++this.depth > most) throw this.error(`more than ${most} templates call one another`, node.offset);
    const value = node.pipe ? this.pipe(node.pipe, dot) : undefined;
    const outer = this.variables;
    this.variables = [{ name: '$', value }];
    this.list(body, value);
    this.variables = outer;
    this.depth--;
  }

  private pipe({ declares, assigns, commands, offset }: Pipe, dot: unknown): unknown {
    let value: unknown = NOTHING;
    for (const command of commands) value = this.command(command, dot, value);
    for (const name of declares) this.declare(name, value, assigns, offset);
    return value;
  }

  private declare(name: string, value: unknown, assigns: boolean, offset: number): void {
    if (!assigns) this.variables.push({ name, value });
    else this.variable(name, offset).value = value;
  }

  private variable(name: string, offset: number): Variable {
    const found = this.variables.findLast((known) => known.name === name);
    // declared in a branch that was not taken
    if (!found) throw this.error(`undefined variable: ${name}`, offset);
    return found;
  }

  /** @param last what the command before it gave: its last argument */
  private command({ words, offset }: Command, dot: unknown, last: unknown): unknown {
    this.step(offset);
    const [first, ...rest] = words as [Operand, ...Operand[]];
    if (first.is === 'function') return this.call(first, rest, dot, last);
    if (rest.length > 0 || last !== NOTHING)
      throw this.error(`can't give an argument to what is no function: ${this.textOf(first)}`, offset);
    if (first.is === 'nil') throw this.error('nil is not a command', offset);
    return this.operand(first, dot);
  }

  private call(
    { name, offset }: Extract<Operand, { readonly is: 'function' }>,
    operands: readonly Operand[],
    dot: unknown,
    last: unknown,
  ): unknown {
    if (name === 'and' || name === 'or') return this.shortCircuit(name, operands, dot, last, offset);
    const args = operands.map((operand) => this.operand(operand, dot));
    if (last !== NOTHING) args.push(last);
    try {
      return this.execution.functions[name]!(...args);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      throw this.error(`${name}: ${error.message}`, offset, error);
    }
  }

  private shortCircuit(name: 'and' | 'or', operands: readonly Operand[], dot: unknown, last: unknown, offset: number): unknown {
    if (operands.length === 0 && last === NOTHING) throw this.error(`${name}: wrong number of arguments: want at least 1`, offset);
    let value: unknown;
    for (const operand of operands) {
      value = this.operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return last === NOTHING ? value : last;
  }

  private operand(operand: Operand, dot: unknown): unknown {
    switch (operand.is) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'constant':
        return operand.value;
      case 'field':
        return this.fields(dot, operand.path, operand.offset);
      case 'variable':
        return this.fields(this.variable(operand.name, operand.offset).value, operand.path, operand.offset);
      case 'chain': {
        const known = this.variables.length;
        const value = this.pipe(operand.pipe, dot);
        this.variables.length = known;
        return this.fields(value, operand.path, operand.offset);
      }
      case 'function':
        return this.call(operand, [], dot, NOTHING);
    }
  }

  private fields(value: unknown, path: readonly string[], offset: number): unknown {
    let at = value;
    for (const name of path) {
      if (at === undefined) return undefined;
      if (at === null) throw this.error(`nil pointer evaluating interface {}.${name}`, offset);
      if (!isMap(at)) throw this.error(`can't evaluate field ${name} in type ${typeName(at)}`, offset);
      at = Object.hasOwn(at, name) ? at[name] : undefined;
    }
    return at;
  }

  private write(text: string, offset: number): void {
    this.step(offset);
    this.length += text.length;
    const { output } = this.execution.bounds;
    if (this.length > output) throw this.error(`more than ${output} characters of output`, offset);
    this.out.push(text);
  }

  private step(offset: number): void {
    const { steps } = this.execution.bounds;
    if (++this.steps > steps) throw this.error(`more than ${steps} steps`, offset);
  }

  private textOf({ offset }: Operand): string {
    return /^[^\s|})]+/.exec(this.execution.source.slice(offset))?.[0] ?? '';
  }

  private error(reason: string, offset: number, cause?: unknown): TemplateError {
    return new TemplateError(reason, this.execution.source, offset, cause);
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isInteger = (value: unknown): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value);
