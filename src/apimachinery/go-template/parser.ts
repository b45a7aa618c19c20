// Tokens of a Go template to what they mean. Follows text/template/parse/parse.go: variables must be declared and functions known before
// anything is executed.
import { quote } from '../go-text.ts';
import type { Command, Control, Node, Operand, Pipe } from './ast.ts';
import { tokens, type Token } from './lexer.ts';
import { nodeText } from './node-text.ts';
import { numberWord } from './number-word.ts';
import { unquoted } from './quoted.ts';
import type { TemplateSource } from './source.ts';
import { TemplateError } from './template-error.ts';

/** How deeply blocks and parentheses may be nested. */
const MAX_NESTING = 200;

/** A template that can be executed: a whole text, or what `define` or `block` names in it. */
export interface ParsedTemplate {
  readonly name: string;
  readonly source: TemplateSource;
  readonly root: readonly Node[];
}

/**
 * @param isFunction whether there is a function of that name
 * @returns by name: the whole has that of its source. Throws a TemplateError.
 */
export function parseTemplate(source: TemplateSource, isFunction: (name: string) => boolean): ReadonlyMap<string, ParsedTemplate> {
  return new Parser(source, isFunction).parse();
}

/** Whether it holds nothing but space: such a one takes no other's place. */
export const isEmptyTemplate = (nodes: readonly Node[]): boolean => nodes.every((node) => node.is === 'text' && node.text.trim() === '');

/** What ends a list of nodes: `{{end}}`, or an `{{else}}` whose words are still to be read. */
type Ending = 'end' | 'else' | 'eof';

const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

class Parser {
  private readonly source: TemplateSource;
  private readonly isFunction: (name: string) => boolean;
  private readonly all: readonly Token[];
  private readonly defined = new Map<string, ParsedTemplate>();
  private at = 0;
  private nesting = 0;
  private loops = 0;
  private variables: string[] = ['$'];

  constructor(source: TemplateSource, isFunction: (name: string) => boolean) {
    this.source = source;
    this.isFunction = isFunction;
    this.all = tokens(source.text);
  }

  parse(): ReadonlyMap<string, ParsedTemplate> {
    const { nodes, ending } = this.list(true);
    if (ending !== 'eof') throw this.error(`unexpected {{${ending}}}`, this.all[this.at - 1]);
    this.define(this.source.file, nodes);
    return this.defined;
  }

  private list(top = false): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
    const nodes: Node[] = [];
    for (;;) {
      const token = this.next();
      if (token.kind === 'text') nodes.push({ is: 'text', text: token.text, offset: token.offset });
      else if (token.kind === 'end' && top) return this.ended(nodes, 'eof');
      else if (token.kind !== 'open') throw token.kind === 'end' ? this.error('unexpected EOF', token) : this.unexpected(token, 'input');
      else {
        const word = this.peekWord();
        if (word === 'end' || word === 'else') {
          this.at++;
          if (word === 'end') this.close('end');
          return this.ended(nodes, word);
        }
        const node = this.action(word, top);
        if (node) nodes.push(node);
      }
    }
  }

  private ended(nodes: readonly Node[], ending: Ending): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    this.nesting--;
    return { nodes, ending };
  }

  /** Behind `{{`. */
  private action(word: string | undefined, top: boolean): Node | undefined {
    const { offset } = this.peek();
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.at++;
        return this.control(word);
      case 'define': {
        this.at++;
        if (!top) throw this.error('unexpected <define> in command', this.all[this.at - 1]);
        const { name } = this.templateName('define clause');
        this.close('define clause');
        this.define(name, this.separate('define clause'));
        return undefined;
      }
      case 'template':
      case 'block':
        return this.template(word);
      case 'break':
      case 'continue':
        this.at++;
        this.close(`{{${word}}}`);
        if (this.loops === 0) throw this.error(`{{${word}}} outside {{range}}`);
        return { is: word, offset };
      default:
        return { is: 'action', pipe: this.pipe('command', 'close'), offset };
    }
  }

  private control(is: Control['is']): Control {
    const known = this.variables.length;
    const pipe = this.pipe(is, 'close');
    if (is === 'range') this.loops++;
    const { nodes: body, ending } = this.list();
    if (is === 'range') this.loops--;
    const otherwise = ending === 'else' ? this.otherwise(is) : [];
    this.variables.length = known;
    return { is, pipe, body, otherwise, offset: pipe.offset };
  }

  /** Behind the word `else`. */
  private otherwise(is: Control['is']): readonly Node[] {
    const word = this.peekWord();
    if (word === 'if' || word === 'with') {
      if (word !== is) throw this.error(`unexpected ${nameOf(this.peek())} in else`);
      this.at++;
      if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
      // its {{end}} is that of the whole
      const chained = this.control(is);
      this.nesting--;
      return [chained];
    }
    this.close('else');
    const { nodes, ending } = this.list();
    if (ending !== 'end') throw this.error('expected end; found {{else}}');
    return nodes;
  }

  /** One that holds nothing but space takes no other's place. */
  private define(name: string, root: readonly Node[]): void {
    const known = this.defined.get(name);
    if (known && !isEmptyTemplate(known.root)) {
      if (!isEmptyTemplate(root)) throw this.error(`template: multiple definition of template ${quote(name)}`);
      return;
    }
    this.defined.set(name, { name, source: this.source, root });
  }

  private template(word: 'template' | 'block'): Node {
    this.at++;
    this.skipSpace();
    const { offset } = this.peek();
    const context = `${word} clause`;
    const { name, quoted } = this.templateName(context);
    this.skipSpace();
    let pipe: Pipe | undefined;
    if (word === 'block' || this.peek().kind !== 'close') pipe = this.pipe(context, 'close');
    else this.at++;
    if (word === 'block') this.define(name, this.separate(context));
    return { is: 'template', name, quoted, pipe, offset };
  }

  /** Up to its own end: no variables of what is around it. */
  private separate(context: string): readonly Node[] {
    const outer = { variables: this.variables, loops: this.loops };
    this.variables = ['$'];
    this.loops = 0;
    const { nodes, ending } = this.list();
    if (ending !== 'end') throw this.error(`unexpected {{else}} in ${context}`);
    this.variables = outer.variables;
    this.loops = outer.loops;
    return nodes;
  }

  private templateName(context: string): { readonly name: string; readonly quoted: string } {
    this.skipSpace();
    const token = this.next();
    if (token.kind !== 'string') throw this.unexpected(token, context);
    const name = unquoted(token.text);
    if (name === undefined) throw this.error('invalid syntax', token);
    return { name, quoted: token.text };
  }

  /** @param end what ends it, and is taken */
  private pipe(context: string, end: 'close' | ')'): Pipe {
    this.skipSpace();
    const { offset } = this.peek();
    const { declares, assigns } = this.declarations(context);
    const commands: Command[] = [];
    for (;;) {
      this.skipSpace();
      const token = this.peek();
      if (end === 'close' ? token.kind === 'close' : token.kind === 'sign' && token.text === ')') break;
      if (!startsOperand(token)) throw this.unexpected(token, context);
      commands.push(this.command());
    }
    this.at++;
    if (commands.length === 0) throw this.error(`missing value for ${context}`);
    const wrong = commands.findIndex(({ words: [first] }, i) => i > 0 && VALUES.has(first!.is));
    if (wrong > 0) throw this.error(`non executable command in pipeline stage ${wrong + 1}`);
    return { is: 'pipe', declares, assigns, commands, offset };
  }

  private declarations(context: string): Pick<Pipe, 'declares' | 'assigns'> {
    const start = this.at;
    const declares: string[] = [];
    while (this.peek().kind === 'variable') {
      const { text } = this.next();
      this.skipSpace();
      const { kind, text: sign } = this.peek();
      if (kind === 'sign' && sign === ',') {
        this.at++;
        declares.push(text);
        this.variables.push(text);
        this.skipSpace();
        if (context !== 'range' || declares.length > 1) throw this.error(`too many declarations in ${context}`);
        const { kind: following } = this.peek();
        if (following !== 'variable' && following !== 'close') throw this.error('range can only initialize variables');
      } else if (kind === 'sign' && (sign === ':=' || sign === '=')) {
        this.at++;
        declares.push(text);
        this.variables.push(text);
        return { declares, assigns: sign === '=' };
      } else break;
    }
    // a variable that is used, not declared
    this.at = declares.length > 0 ? this.at : start;
    return { declares, assigns: false };
  }

  private command(): Command {
    const words: Operand[] = [];
    const { offset } = this.peek();
    for (;;) {
      this.skipSpace();
      const word = this.operand();
      if (word) words.push(word);
      const token = this.peek();
      if (token.kind === 'space') continue;
      if (token.kind === 'sign' && token.text === '|') this.at++;
      else if (token.kind !== 'close' && !(token.kind === 'sign' && token.text === ')')) throw this.unexpected(this.next(), 'operand');
      break;
    }
    if (words.length === 0) throw this.error('empty command');
    return { is: 'command', words, offset };
  }

  private operand(): Operand | undefined {
    const term = this.term();
    const { kind, offset } = this.peek();
    if (!term || kind !== 'field') return term;
    const path: string[] = [];
    while (this.peek().kind === 'field') path.push(this.next().text);
    if (term.is === 'field' || term.is === 'variable') return { ...term, path: [...term.path, ...path], offset };
    if (VALUES.has(term.is)) throw this.error(`unexpected . after term ${quote(nodeText(term))}`);
    return { is: 'chain', of: term, path, offset };
  }

  private term(): Operand | undefined {
    const token = this.peek();
    const { kind, text, offset } = token;
    if (kind === 'sign' && text === '(') {
      this.at++;
      if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
      const pipe = this.pipe('parenthesized pipeline', ')');
      this.nesting--;
      return pipe;
    }
    if (!startsOperand(token)) return undefined;
    this.at++;
    switch (kind) {
      case 'string': {
        const value = unquoted(text);
        if (value === undefined) throw this.error('invalid syntax', token);
        return { is: 'string', value, quoted: text, offset };
      }
      case 'number':
      case 'char': {
        const word = numberWord(text, offset);
        if (typeof word === 'string') throw this.error(word, token);
        return word;
      }
      case 'dot':
        return { is: 'dot', offset };
      case 'field':
        return { is: 'field', path: [text], offset };
      case 'variable':
        if (!this.variables.includes(text)) throw this.error(`undefined variable ${quote(text)}`, token);
        return { is: 'variable', name: text, path: [], offset };
      default:
        if (text === 'true' || text === 'false') return { is: 'bool', value: text === 'true', offset };
        if (text === 'nil') return { is: 'nil', offset };
        if (!this.isFunction(text)) throw this.error(`function ${quote(text)} not defined`, token);
        return { is: 'function', name: text, offset };
    }
  }

  private close(context: string): void {
    this.skipSpace();
    const token = this.next();
    if (token.kind !== 'close') throw this.unexpected(token, context);
  }

  private peekWord(): string | undefined {
    this.skipSpace();
    const { kind, text } = this.peek();
    return kind === 'word' ? text : undefined;
  }

  private skipSpace(): void {
    while (this.peek().kind === 'space') this.at++;
  }

  private peek(): Token {
    return this.all[this.at] ?? this.all.at(-1)!;
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private unexpected(token: Token, context: string): TemplateError {
    return this.error(token.kind === 'error' ? token.text : `unexpected ${nameOf(token)} in ${context}`, token);
  }

  private error(reason: string, token: Token = this.peek()): TemplateError {
    return new TemplateError(reason, { source: this.source, offset: token.offset });
  }
}

/** What gives itself, and takes no argument. */
const VALUES: ReadonlySet<Operand['is']> = new Set(['bool', 'string', 'number', 'nil', 'dot']);

function startsOperand({ kind, text }: Token): boolean {
  if (kind === 'word') return text === 'nil' || !KEYWORDS.has(text);
  return kind === 'sign' ? text === '(' : ['dot', 'field', 'variable', 'number', 'char', 'string'].includes(kind);
}

/** As Go names a token in messages. */
function nameOf({ kind, text }: Token): string {
  if (kind === 'end') return 'EOF';
  if (kind === 'dot' || (kind === 'word' && KEYWORDS.has(text))) return `<${text}>`;
  const written = kind === 'field' ? `.${text}` : text;
  return written.length > 10 ? `${quote(written.slice(0, 10))}...` : quote(written);
}
