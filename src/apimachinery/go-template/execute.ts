// Executes a parsed Go template. Follows text/template/exec.go, and keeps to its words and its places of errors.
import { quote } from '../go-text.ts';
import type { Command, Control, Node, Operand, Pipe } from './ast.ts';
import { nodeText } from './node-text.ts';
import type { ParsedTemplate } from './parser.ts';
import { goValue, plain } from './print.ts';
import {
  asParameter,
  asResult,
  literalWanted,
  NO_SIGNATURE,
  numberAs,
  parameterType,
  wrongCount,
  type TemplateFunction,
  type TemplateFunctions,
} from './signature.ts';
import { FunctionError, TemplateError } from './template-error.ts';
import type { TemplateBounds } from './template.ts';
import { elementAt, GoInteger, integerOf, isMap, isNil, isSlice, isTrue, keysOf, objectType, typeName } from './values.ts';
import { Written } from './written.ts';

/** What is left of the bounds; shared by templates that functions execute. */
export interface Spent {
  output: number;
  steps: number;
  depth: number;
}

export interface Execution {
  /** By name: for `template`. */
  find(name: string): ParsedTemplate | undefined;
  readonly functions: TemplateFunctions;
  readonly bounds: TemplateBounds;
  readonly spent: Spent;
  /** What functions have had templates write, and no template has written yet. */
  readonly made: Written[];
  /** What a field is that a map does not have: nil (Go's option missingkey=zero), or no value. */
  readonly missing: null | undefined;
}

/** Throws a TemplateError. */
export function execute(execution: Execution, template: ParsedTemplate, data: unknown): Written {
  return new Executor(execution, template).run(data);
}

interface Variable {
  readonly name: string;
  value: unknown;
  /** An element of a list or map, which Go holds as an interface. */
  isElement: boolean;
}

/** How a list of nodes was left. */
type Left = 'through' | 'break' | 'continue';

/** Stands where a command is given nothing by the one before it. */
const NOTHING = Symbol('nothing');

class Executor {
  private readonly execution: Execution;
  private readonly functions: TemplateFunctions;
  private readonly out = new Written();
  private template: ParsedTemplate;
  private variables: Variable[] = [];
  private dotIsElement = false;
  /** For errors: the part that is executed. */
  private at: Node | Command | Operand | undefined;

  constructor(execution: Execution, template: ParsedTemplate) {
    this.execution = execution;
    this.functions = execution.functions;
    this.template = template;
  }

  run(data: unknown): Written {
    this.enter(this.template, data ?? undefined);
    return this.out;
  }

  private enter(template: ParsedTemplate, dot: unknown): void {
    const { spent, bounds } = this.execution;
    if (++spent.depth > bounds.depth) throw this.error(`more than ${bounds.depth} templates call one another`);
    const outer = { template: this.template, variables: this.variables, dotIsElement: this.dotIsElement };
    this.template = template;
    this.dotIsElement = false;
    this.variables = [{ name: '$', value: dot, isElement: false }];
    this.list(template.root, dot);
    this.template = outer.template;
    this.variables = outer.variables;
    this.dotIsElement = outer.dotIsElement;
    spent.depth--;
  }

  private list(nodes: readonly Node[], dot: unknown): Left {
    for (const node of nodes) {
      const left = this.node(node, dot);
      if (left !== 'through') return left;
    }
    return 'through';
  }

  private node(node: Node, dot: unknown): Left {
    this.at = node;
    switch (node.is) {
      case 'text':
        this.write(node.text, node);
        return 'through';
      case 'action': {
        const value = this.pipe(node.pipe, dot);
        if (node.pipe.declares.length > 0) return 'through';
        this.at = node;
        const { made } = this.execution;
        this.write(typeof value === 'string' ? value : goValue(value), node, made.length > 0 ? made.splice(0) : undefined);
        return 'through';
      }
      case 'if':
      case 'with':
        return this.branch(node, dot);
      case 'range': {
        const known = this.variables.length;
        const left = this.range(node, dot);
        this.variables.length = known;
        return left;
      }
      case 'template':
        this.call(node, dot);
        return 'through';
      default:
        return node.is;
    }
  }

  private branch(node: Control, dot: unknown): Left {
    const known = this.variables.length;
    const value = this.pipe(node.pipe, dot);
    const outer = this.dotIsElement;
    let left: Left;
    if (!isTrue(value)) left = this.list(node.otherwise, dot);
    else if (node.is === 'if') left = this.list(node.body, dot);
    else {
      this.dotIsElement = false;
      left = this.list(node.body, value);
    }
    this.dotIsElement = outer;
    this.variables.length = known;
    return left;
  }

  private range(node: Control, dot: unknown): Left {
    const { declares, assigns, commands, offset } = node.pipe;
    const value = this.pipe({ is: 'pipe', declares: [], assigns: false, commands, offset }, dot);
    const [first, second] = declares;
    if (!assigns) for (const name of declares) this.variables.push({ name, value, isElement: false });
    const known = this.variables.length;
    const outer = this.dotIsElement;
    let turns = 0;
    for (const [key, element, isElement] of this.elements(value, declares.length)) {
      turns++;
      this.step();
      if (second !== undefined) {
        this.setVariable(first!, key, false);
        this.setVariable(second, element, isElement);
      } else if (first !== undefined) this.setVariable(first, element, isElement);
      this.dotIsElement = isElement;
      const left = this.list(node.body, element);
      this.variables.length = known;
      if (left === 'break') break;
    }
    this.dotIsElement = outer;
    return turns === 0 ? this.list(node.otherwise, dot) : 'through';
  }

  private *elements(value: unknown, variables: number): Iterable<readonly [key: unknown, element: unknown, isElement: boolean]> {
    const int = integerOf(value);
    if (isSlice(value)) {
      const isElement = objectType(value).name === '[]interface {}';
      for (let i = 0; i < value.length; i++) yield [BigInt(i), elementAt(value, i), isElement];
    } else if (int !== undefined) {
      if (variables > 1) throw this.error(`can't use ${plain(value)} to iterate over more than one variable`);
      for (let i = 0n; i < int; i++) yield [undefined, i, false];
    } else if (isMap(value)) {
      const isElement = objectType(value).zero === undefined;
      for (const key of keysOf(value)) yield [key, value[key], isElement];
    } else if (!isNil(value)) throw this.error(`range can't iterate over ${plain(value)}`);
  }

  private call(node: Extract<Node, { readonly is: 'template' }>, dot: unknown): void {
    const called = this.execution.find(node.name);
    if (!called) throw this.error(`template ${quote(node.name)} not defined`);
    const value = node.pipe ? this.pipe(node.pipe, dot) : undefined;
    this.enter(called, value);
  }

  private pipe(pipe: Pipe, dot: unknown): unknown {
    this.at = pipe;
    let value: unknown = NOTHING;
    // what is held as an interface is taken out of it, and nil is nothing then
    for (const command of pipe.commands) value = this.command(command, dot, value) ?? undefined;
    for (const name of pipe.declares) {
      if (pipe.assigns) this.setVariable(name, value, false);
      else this.variables.push({ name, value, isElement: false });
    }
    return value;
  }

  private setVariable(name: string, value: unknown, isElement: boolean): void {
    const variable = this.variable(name);
    variable.value = value;
    variable.isElement = isElement;
  }

  private variable(name: string): Variable {
    for (let i = this.variables.length - 1; i >= 0; i--) {
      const variable = this.variables[i]!;
      if (variable.name === name) return variable;
    }
    // declared in a branch that was not taken
    throw this.error(`undefined variable: ${name}`);
  }

  /** @param last what the command before it gave: its last argument */
  private command(command: Command, dot: unknown, last: unknown): unknown {
    this.step();
    const { words } = command;
    const first = words[0]!;
    switch (first.is) {
      case 'function':
        this.at = first;
        return this.invoke(first.name, this.functions[first.name]!, words, command, dot, last);
      case 'field':
      case 'chain':
        return this.path(first, dot, words, last);
      case 'variable':
        if (first.path.length > 0) return this.path(first, dot, words, last);
        this.at = first;
        break;
      case 'pipe':
        this.rejectArguments(words, last);
        return this.pipe(first, dot);
      default:
        this.at = first;
    }
    this.rejectArguments(words, last);
    if (first.is === 'nil') throw this.error('nil is not a command');
    return this.literal(first, dot);
  }

  private rejectArguments(words: readonly Operand[], last: unknown): void {
    if (words.length > 1 || last !== NOTHING) throw this.error(`can't give argument to non-function ${nodeText(words[0]!)}`);
  }

  private literal(word: Operand, dot: unknown): unknown {
    switch (word.is) {
      case 'dot':
        return dot;
      case 'bool':
      case 'string':
        return word.value;
      case 'number':
        return word.isFloat || word.int === undefined ? word.float : word.int;
      case 'variable':
        return this.variable(word.name).value;
      default:
        return undefined;
    }
  }

  /** A field, and what it is of; as a command, what is behind it and what comes through the pipe are given to it. */
  private path(
    word: Extract<Operand, { readonly is: 'field' | 'variable' | 'chain' }>,
    dot: unknown,
    words: readonly Operand[],
    last: unknown,
  ): unknown {
    this.at = word;
    let value = dot;
    let isElement = this.dotIsElement;
    if (word.is === 'variable') {
      const variable = this.variable(word.name);
      value = variable.value;
      isElement = variable.isElement;
    } else if (word.is === 'chain') {
      if (word.of.is === 'nil') throw this.error(`indirection through explicit nil in ${nodeText(word)}`);
      value = this.operand(word.of, undefined, dot);
      isElement = false;
    }
    const end = word.path.length - 1;
    for (let i = 0; i <= end; i++) {
      const name = word.path[i]!;
      if (value === undefined) {
        if (i < end) continue;
        return undefined;
      }
      if (value === null) throw this.error(`nil pointer evaluating interface {}.${name}`);
      const holder = value;
      value = this.field(holder, name, isElement, i === end ? words : [], i === end ? last : NOTHING, word, dot);
      isElement = isMap(holder) && objectType(holder).zero === undefined;
    }
    return value;
  }

  private field(
    value: {},
    name: string,
    isElement: boolean,
    words: readonly Operand[],
    last: unknown,
    node: Operand,
    dot: unknown,
  ): unknown {
    if (typeof value === 'object' && !(value instanceof GoInteger)) {
      const type = objectType(value);
      const method = type.methods?.[name];
      if (method && Object.hasOwn(type.methods!, name)) return this.invoke(name, method(value), words, node, dot, last);
      if (type.kind === 'map' || type.kind === 'struct' || type.kind === 'ptr') {
        const has = Object.hasOwn(value, name);
        if (has || type.kind === 'map') {
          if (words.length > 1 || last !== NOTHING)
            throw this.error(
              type.kind === 'map' ? `${name} is not a method but has arguments` : `${name} has arguments but cannot be invoked as function`,
            );
          if (has) return (value as Readonly<Record<string, unknown>>)[name];
          return type.zero === undefined ? this.execution.missing : type.zero;
        }
      }
    }
    throw this.error(`can't evaluate field ${name} in type ${isElement ? 'interface {}' : typeName(value)}`);
  }

  /** @param words the function, and what stands behind it */
  private invoke(
    name: string,
    run: TemplateFunction,
    words: readonly Operand[],
    node: Command | Operand,
    dot: unknown,
    last: unknown,
  ): unknown {
    const signature = run.signature ?? NO_SIGNATURE;
    const count = Math.max(0, words.length - 1);
    const given = last === NOTHING ? count : count + 1;
    const wrong = wrongCount(name, signature, count, given);
    if (wrong !== undefined) throw this.error(wrong);
    if (node.is === 'command' && (name === 'and' || name === 'or')) return this.shortCircuit(name, words, dot, last);
    const args: unknown[] = [];
    for (let i = 0; i < count; i++) args.push(this.operand(words[i + 1]!, parameterType(signature, i), dot));
    if (last !== NOTHING) args.push(this.checked(last, parameterType(signature, count)));
    let result: unknown;
    try {
      result = run(...args);
    } catch (error) {
      if (!(error instanceof FunctionError || error instanceof TemplateError)) throw error;
      this.at = node;
      throw this.error(`error calling ${name}: ${error instanceof TemplateError ? error.goMessage() : error.message}`, error);
    }
    return asResult(result, signature.result);
  }

  private shortCircuit(name: 'and' | 'or', words: readonly Operand[], dot: unknown, last: unknown): unknown {
    let value: unknown;
    for (let i = 1; i < words.length; i++) {
      value = this.operand(words[i]!, 'reflect.Value', dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return last === NOTHING ? value : last;
  }

  /** @param type of the parameter that it is given to; undefined: whatever it is */
  private operand(operand: Operand, type: string | undefined, dot: unknown): unknown {
    this.at = operand;
    switch (operand.is) {
      case 'dot':
        return this.checked(dot, type);
      case 'nil':
        if (type !== undefined && !/^(?:interface|map|\[\]|\*|reflect)/.test(type)) throw this.error(`cannot assign nil to ${type}`);
        return type === undefined || type === 'interface {}' ? null : asParameter(undefined, type);
      case 'bool':
      case 'string':
      case 'number':
        return this.constant(operand, type);
      case 'field':
      case 'chain':
        return this.checked(this.path(operand, dot, [], NOTHING), type);
      case 'variable':
        if (operand.path.length > 0) return this.checked(this.path(operand, dot, [], NOTHING), type);
        return this.checked(this.variable(operand.name).value, type);
      case 'pipe':
        return this.checked(this.pipe(operand, dot), type);
      case 'function':
        return this.checked(this.invoke(operand.name, this.functions[operand.name]!, [operand], operand, dot, NOTHING), type);
    }
  }

  private constant(word: Extract<Operand, { readonly is: 'bool' | 'string' | 'number' }>, type: string | undefined): unknown {
    if (type === undefined || type === 'interface {}' || type === 'reflect.Value') return this.literal(word, undefined);
    if ((word.is === 'string' || word.is === 'bool') && word.is === type) return word.value;
    const wanted = literalWanted(type);
    if (wanted === undefined) throw this.error(`can't handle ${nodeText(word)} for arg of type ${type}`);
    const value = word.is === 'number' && type !== 'string' && type !== 'bool' ? numberAs(type, word.int, word.float) : undefined;
    if (value === undefined) throw this.error(`expected ${wanted}; found ${nodeText(word)}`);
    return value;
  }

  private checked(value: unknown, type: string | undefined): unknown {
    if (type === undefined) return value;
    try {
      return asParameter(value, type);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      throw this.error(error.message, error);
    }
  }

  private write(text: string, node: Node, from?: readonly Written[]): void {
    this.step();
    const { spent, bounds } = this.execution;
    spent.output += text.length;
    if (spent.output > bounds.output) throw this.error(`more than ${bounds.output} characters of output`);
    this.out.add(text, this.template, node, from);
  }

  private step(): void {
    const { spent, bounds } = this.execution;
    if (++spent.steps > bounds.steps) throw this.error(`more than ${bounds.steps} steps`);
  }

  private error(reason: string, cause?: unknown): TemplateError {
    const { source, name } = this.template;
    const { at } = this;
    if (!at) return new TemplateError(reason, { source, offset: 0 }, cause);
    return new TemplateError(reason, { source, offset: at.offset, executing: { name, at: nodeText(at) } }, cause);
  }
}
