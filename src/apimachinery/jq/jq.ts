// The part of jq's language with which fields of an object are picked and compared: paths, `[]`, `..`, `select`, comparisons, `and`, `or`,
// `//` and a few functions. No variables, no definitions, no recursion of its own: a query ends. What is not understood is an error with
// its place. What the parts of a query do is in query.ts.
import {
  COMPARISONS,
  constant,
  elements,
  FUNCTIONS,
  FUNCTIONS_OF_ONE,
  identity,
  isTrue,
  item,
  JqError,
  key,
  logical,
  piped,
  plain,
  quietly,
  recursively,
  type Query,
} from './query.ts';

export { JqError };

/** Thrown by {@link compileJq}. */
export class JqSyntaxError extends Error {
  override readonly name = 'JqSyntaxError';

  /** @param column counted from 1 */
  constructor(reason: string, column: number) {
    super(`${reason} at column ${column}`);
  }
}

/** Gives what the query yields for a JSON value, in order. Throws a JqError. */
export type JqQuery = (value: unknown) => readonly unknown[];

export function compileJq(source: string): JqQuery {
  const query = new Parser(source).parse();
  return (value) => query({ value, path: [] }).map((found) => found.value);
}

/** Where the values stand that a query yields: keys and indices. Throws a JqError where one of them is made up and stands nowhere. */
export type JqPaths = (value: unknown) => readonly (readonly (string | number)[])[];

export function compileJqPaths(source: string): JqPaths {
  const query = new Parser(source).parse();
  return (value) =>
    query({ value, path: [] }).map(({ path }) => {
      if (!path) throw new JqError('yields a value that is not part of the object');
      return path;
    });
}

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_]\w*)|(?<sign>\/\/|\.\.|==|!=|<=|>=|[.[\]|()<>?,:*+-]))/y;

interface Token {
  readonly kind: 'string' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new JqSyntaxError(`unexpected ${JSON.stringify(text.slice(from).trimStart()[0] ?? '')}`, from + 1);
    const [kind, value] = Object.entries(groups).find(([, group]) => group !== undefined) as [Token['kind'], string];
    found.push({ kind, text: value, at: TOKEN.lastIndex - value.length });
  }
  return [...found, { kind: 'end', text: '', at: text.length }];
}

/** How deeply parentheses may be nested. */
const MAX_NESTING = 50;

class Parser {
  private readonly all: readonly Token[];
  private at = 0;
  private nesting = 0;

  constructor(source: string) {
    this.all = tokens(source);
  }

  parse(): Query {
    const query = this.pipe();
    if (this.peek.kind !== 'end') throw this.unexpected();
    return query;
  }

  private pipe(): Query {
    if (++this.nesting > MAX_NESTING) throw new JqSyntaxError(`nested more than ${MAX_NESTING} levels deep`, this.peek.at + 1);
    let query = this.comma();
    while (this.sign('|')) query = piped(query, this.comma());
    this.nesting--;
    return query;
  }

  private comma(): Query {
    let query = this.alternative();
    while (this.sign(',')) {
      const [left, right] = [query, this.alternative()];
      query = (at) => [...left(at), ...right(at)];
    }
    return query;
  }

  /** `a // b`: b where a yields nothing but false and null. */
  private alternative(): Query {
    const left = this.or();
    if (!this.sign('//')) return left;
    const right = this.alternative();
    return (at) => {
      const found = quietly(left, at).filter(({ value }) => isTrue(value));
      return found.length > 0 ? found : right(at);
    };
  }

  private or(): Query {
    let query = this.and();
    while (this.word('or')) query = logical(query, this.and(), true);
    return query;
  }

  private and(): Query {
    let query = this.comparison();
    while (this.word('and')) query = logical(query, this.comparison(), false);
    return query;
  }

  private comparison(): Query {
    const left = this.postfix();
    const { kind, text } = this.peek;
    const compare = kind === 'sign' ? COMPARISONS[text] : undefined;
    if (!compare) return left;
    this.at++;
    const right = this.postfix();
    return (at) => right(at).flatMap((b) => left(at).map((a) => plain(compare(a.value, b.value))));
  }

  private postfix(): Query {
    let query = this.primary();
    for (;;) {
      const { kind, text } = this.peek;
      if (kind !== 'sign') return query;
      if (text === '?') {
        this.at++;
        const inner = query;
        query = (at) => quietly(inner, at);
      } else if (text === '[') query = piped(query, this.bracket());
      else if (text === '.') {
        this.at++;
        query = piped(query, this.peek.text === '[' ? this.bracket() : this.field());
      } else return query;
    }
  }

  private primary(): Query {
    const token = this.peek;
    this.at++;
    if (token.kind === 'string') return constant(this.textOf(token));
    if (token.kind === 'number') return constant(Number(token.text));
    if (token.kind === 'sign' && token.text === '-' && this.peek.kind === 'number') return constant(-Number(this.all[this.at++]!.text));
    if (token.kind === 'word') return this.call(token);
    if (token.text === '(') {
      const inner = this.pipe();
      this.expect(')');
      return inner;
    }
    if (token.text === '..') return recursively;
    if (token.text !== '.') throw this.unexpected(token);
    // `.` alone, `.a`, `."a"`, `.[…]`
    const { kind, text } = this.peek;
    if (kind === 'word' || kind === 'string') return this.field();
    if (kind === 'sign' && text === '[') return this.bracket();
    return identity;
  }

  /** Behind a dot. */
  private field(): Query {
    const token = this.peek;
    if (token.kind !== 'word' && token.kind !== 'string') throw this.unexpected();
    this.at++;
    return key(token.kind === 'word' ? token.text : this.textOf(token));
  }

  private bracket(): Query {
    this.expect('[');
    if (this.sign(']')) return elements;
    const token = this.peek;
    this.at++;
    const negative = token.text === '-';
    const inner = negative ? this.all[this.at++]! : token;
    if (inner.kind === 'string' && !negative) {
      this.expect(']');
      return key(this.textOf(inner));
    }
    if (inner.kind !== 'number') throw this.unexpected(inner);
    this.expect(']');
    return item((negative ? -1 : 1) * Number(inner.text));
  }

  private call(token: Token): Query {
    const { text } = token;
    if (text === 'true' || text === 'false') return constant(text === 'true');
    if (text === 'null') return constant(null);
    const args: Query[] = [];
    if (this.sign('(')) {
      args.push(this.pipe());
      this.expect(')');
    }
    const [arg] = args;
    if (arg && Object.hasOwn(FUNCTIONS_OF_ONE, text)) return FUNCTIONS_OF_ONE[text]!(arg);
    if (!arg && Object.hasOwn(FUNCTIONS, text)) return FUNCTIONS[text]!;
    throw new JqSyntaxError(`${text}${arg ? '(…)' : ''} is not understood`, token.at + 1);
  }

  private textOf(token: Token): string {
    try {
      return JSON.parse(token.text) as string;
    } catch {
      throw new JqSyntaxError('bad escape in a text', token.at + 1);
    }
  }

  private get peek(): Token {
    return this.all[this.at] ?? this.all.at(-1)!;
  }

  private sign(text: string): boolean {
    const { kind } = this.peek;
    if (kind !== 'sign' || this.peek.text !== text) return false;
    this.at++;
    return true;
  }

  private word(text: string): boolean {
    if (this.peek.kind !== 'word' || this.peek.text !== text) return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.sign(text)) throw this.unexpected(this.peek, `, expected ${text}`);
  }

  private unexpected({ text, at }: Token = this.peek, more = ''): JqSyntaxError {
    return new JqSyntaxError(`unexpected ${text === '' ? 'end' : JSON.stringify(text)}${more}`, at + 1);
  }
}
