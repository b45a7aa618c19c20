// Tokens of a Go template to what they mean. Follows text/template/parse/parse.go: variables must be declared and functions known before
// anything is executed.
import type { Command, Node, Operand, Pipe } from './ast.ts';
import { tokens, type Token } from './lexer.ts';
import { TemplateError } from './template-error.ts';

/** How deeply blocks and parentheses may be nested. */
const MAX_NESTING = 200;

export interface ParsedTemplate {
  readonly root: readonly Node[];
  /** By name: those of `define` and `block`. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** @param isFunction whether there is a function of that name. Throws a TemplateError. */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): ParsedTemplate {
  return new Parser(source, isFunction).parse();
}

/** What ends a list of nodes: `{{end}}`, or an `{{else}}` whose words are still to be read. */
type Ending = 'end' | 'else' | 'eof';

class Parser {
  private readonly source: string;
  private readonly isFunction: (name: string) => boolean;
  private readonly all: readonly Token[];
  private readonly defined = new Map<string, readonly Node[]>();
  private at = 0;
  private nesting = 0;
  private loops = 0;
  private variables: string[] = ['$'];

  constructor(source: string, isFunction: (name: string) => boolean) {
    this.source = source;
    this.isFunction = isFunction;
    this.all = tokens(source);
  }

  parse(): ParsedTemplate {
    const { nodes, ending } = this.list();
    if (ending !== 'eof') throw this.error(`unexpected {{${ending}}}`, this.all[this.at - 1]);
    return { root: nodes, defined: this.defined };
  }

  private list(): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
    const nodes: Node[] = [];
    for (;;) {
      const token = this.next();
      if (token.kind === 'text') nodes.push({ is: 'text', text: token.text });
      else if (token.kind === 'end') return this.ended(nodes, 'eof');
      else {
        const word = this.peekWord();
        if (word === 'end' || word === 'else') {
          this.at++;
          if (word === 'end') this.close();
          return this.ended(nodes, word);
        }
        const node = this.action(word);
        if (node) nodes.push(node);
      }
    }
  }

  private ended(nodes: readonly Node[], ending: Ending): { readonly nodes: readonly Node[]; readonly ending: Ending } {
    this.nesting--;
    return { nodes, ending };
  }

  /** Behind `{{`. */
  private action(word: string | undefined): Node | undefined {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.at++;
        return this.control(word);
      case 'define':
        this.at++;
        this.define();
        return undefined;
      case 'template':
      case 'block':
        return this.template(word);
      case 'break':
      case 'continue':
        if (this.loops === 0) throw this.error(`{{${word}}} outside {{range}}`);
        this.at++;
        this.close();
        return { is: word };
      default: {
        const pipe = this.pipe('an action');
        this.close();
        return { is: 'action', pipe };
      }
    }
  }

  private control(is: 'if' | 'with' | 'range'): Node {
    const known = this.variables.length;
    const pipe = this.pipe(is);
    this.close();
    if (is === 'range') this.loops++;
    const { nodes: body, ending } = this.list();
    if (is === 'range') this.loops--;
    let otherwise: readonly Node[] = [];
    if (ending === 'eof') throw this.error(`{{${is}}} without {{end}}`);
    if (ending === 'else') otherwise = this.otherwise(is);
    this.variables.length = known;
    return { is, pipe, body, otherwise };
  }

  /** Behind the word `else`. */
  private otherwise(is: 'if' | 'with' | 'range'): readonly Node[] {
    const word = this.peekWord();
    if (word !== undefined) {
      if (word !== is || is === 'range') throw this.error(`unexpected ${word} after else`);
      this.at++;
      if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
      // its {{end}} is that of the whole
      const chained = this.control(is);
      this.nesting--;
      return [chained];
    }
    this.close();
    const { nodes, ending } = this.list();
    if (ending !== 'end') throw this.error(ending === 'else' ? `{{${is}}} has two {{else}}` : `{{${is}}} without {{end}}`);
    return nodes;
  }

  private define(): void {
    if (this.nesting > 1) throw this.error('unexpected {{define}}');
    const name = this.templateName();
    this.close();
    this.defineAs(name, this.separate());
  }

  /** One that holds nothing but space takes no other's place. */
  private defineAs(name: string, nodes: readonly Node[]): void {
    const isEmpty = (list: readonly Node[]): boolean => list.every((node) => node.is === 'text' && node.text.trim() === '');
    const known = this.defined.get(name);
    if (known && !isEmpty(known) && !isEmpty(nodes)) throw this.error(`multiple definition of template "${name}"`);
    if (!known || isEmpty(known)) this.defined.set(name, nodes);
  }

  private template(word: 'template' | 'block'): Node {
    this.at++;
    const { offset } = this.all[this.at] ?? { offset: 0 };
    const name = this.templateName();
    this.skipSpace();
    const pipe = word === 'block' || this.peek().kind !== 'close' ? this.pipe(word) : undefined;
    this.close();
    if (word === 'block') this.defineAs(name, this.separate());
    return { is: 'template', name, pipe, offset };
  }

  /** Up to its own end: no variables of what is around it. */
  private separate(): readonly Node[] {
    const outer = { variables: this.variables, loops: this.loops };
    this.variables = ['$'];
    this.loops = 0;
    const { nodes, ending } = this.list();
    if (ending !== 'end') throw this.error('a definition without {{end}}');
    this.variables = outer.variables;
    this.loops = outer.loops;
    return nodes;
  }

  private templateName(): string {
    this.skipSpace();
    const token = this.next();
    if (token.kind !== 'string') throw this.error('the name of a template must be a quoted text', token);
    return token.text;
  }

  private pipe(context: string): Pipe {
    this.skipSpace();
    const { offset } = this.peek();
    const { declares, assigns } = this.declarations(context);
    const commands: Command[] = [];
    do commands.push(this.command(context, commands.length > 0));
    while (this.sign('|'));
    // known from here on, and not in the pipe itself
    if (!assigns) this.variables.push(...declares);
    return { declares, assigns, commands, offset };
  }

  private declarations(context: string): Pick<Pipe, 'declares' | 'assigns'> {
    const start = this.at;
    const declares: string[] = [];
    while (this.peek().kind === 'variable') {
      declares.push(this.next().text);
      this.skipSpace();
      const { kind, text } = this.peek();
      if (kind === 'sign' && text === ',' && context === 'range' && declares.length < 2) {
        this.at++;
        this.skipSpace();
        continue;
      }
      if (kind !== 'sign' || (text !== ':=' && text !== '=')) break;
      this.at++;
      const unknown = text === '=' ? declares.find((name) => !this.variables.includes(name)) : undefined;
      if (unknown !== undefined) throw this.error(`undefined variable "${unknown}"`);
      return { declares, assigns: text === '=' };
    }
    // a variable that is used, not declared
    this.at = start;
    return { declares: [], assigns: false };
  }

  private command(context: string, piped: boolean): Command {
    this.skipSpace();
    const words: Operand[] = [];
    const { offset } = this.peek();
    for (let word = this.operand(); word; word = this.operand()) {
      words.push(word);
      if (this.peek().kind !== 'space') break;
      this.skipSpace();
    }
    const [first] = words;
    if (!first) throw this.error(piped ? 'nothing behind |' : `missing value for ${context}`);
    if (piped && (first.is === 'constant' || first.is === 'dot' || first.is === 'nil'))
      throw this.error('what is behind | must be a function', this.peek());
    return { words, offset };
  }

  private operand(): Operand | undefined {
    const token = this.peek();
    const { kind, text, offset } = token;
    if (kind === 'sign' && text === '(') {
      this.at++;
      if (++this.nesting > MAX_NESTING) throw this.error(`nested more than ${MAX_NESTING} levels deep`);
      const pipe = this.pipe('parentheses');
      this.nesting--;
      if (!this.sign(')')) throw this.error('unclosed left parenthesis', this.peek());
      return { is: 'chain', pipe, path: this.path(), offset };
    }
    if (kind === 'close' || kind === 'sign' || kind === 'end' || kind === 'open' || kind === 'space') return undefined;
    this.at++;
    if (kind === 'string') return { is: 'constant', value: text, offset };
    if (kind === 'number') return { is: 'constant', value: number(text), offset };
    if (kind === 'field') return text === '' ? { is: 'dot', offset } : { is: 'field', path: [text, ...this.path()], offset };
    if (kind === 'variable') {
      if (!this.variables.includes(text)) throw this.error(`undefined variable "${text}"`, token);
      return { is: 'variable', name: text, path: this.path(), offset };
    }
    if (text === 'true' || text === 'false') return { is: 'constant', value: text === 'true', offset };
    if (text === 'nil') return { is: 'nil', offset };
    if (!this.isFunction(text)) throw this.error(`function "${text}" not defined`, token);
    return { is: 'function', name: text, offset };
  }

  /** `.a.b` right behind an operand. */
  private path(): readonly string[] {
    const path: string[] = [];
    for (let token = this.peek(); token.kind === 'field' && token.text !== ''; token = this.peek()) {
      path.push(token.text);
      this.at++;
    }
    return path;
  }

  private sign(text: string): boolean {
    this.skipSpace();
    const token = this.peek();
    if (token.kind !== 'sign' || token.text !== text) return false;
    this.at++;
    return true;
  }

  private close(): void {
    this.skipSpace();
    const token = this.next();
    if (token.kind !== 'close') throw this.error(`unexpected ${JSON.stringify(token.text)}`, token);
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

  private error(reason: string, token: Token = this.peek()): TemplateError {
    return new TemplateError(reason, this.source, token.offset);
  }
}

function number(text: string): number | bigint {
  const plain = text.replaceAll('_', '');
  const value = plain.startsWith('-') || plain.startsWith('+') ? signed(plain) : Number(/^0[0-7]+$/.test(plain) ? `0o${plain}` : plain);
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(plain) ? BigInt(plain) : value;
}

const signed = (text: string): number => (text.startsWith('-') ? -1 : 1) * Number(text.slice(1));
