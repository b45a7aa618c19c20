// Reads expressions of CEL, macros and the syntax of optionals included, within bounds of length and depth. The words for what is wrong
// are those of cel-go's parser, which ANTLR gives it; after the first error of the grammar it gives up.
import type { Constant, Expr } from './ast.ts';
import { AstBuilder } from './ast-builder.ts';
import type { Issue } from './issue.ts';
import { tokenize, type Token, type TokenKind } from './lexer.ts';
import { bytesLiteral, intLiteral, stringLiteral, uintLiteral } from './literal.ts';
import { expandMacro, MacroError } from './macros.ts';

const MAX_CODE_POINTS = 100_000;
const MAX_DEPTH = 250;

const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
);
const LITERAL_WORDS = new Set(['true', 'false', 'null', 'in']);
const OPERAND = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const RELATIONS = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);
const SUMS = new Set(['+', '-']);
const PRODUCTS = new Set(['*', '/', '%']);

export type Parsed = { readonly ok: true; readonly expr: Expr } | { readonly ok: false; readonly issues: readonly Issue[] };

export function parseExpression(text: string): Parsed {
  const size = [...text].length;
  if (size > MAX_CODE_POINTS)
    return { ok: false, issues: [{ at: 0, message: `expression code point size exceeds limit: size: ${size}, limit ${MAX_CODE_POINTS}` }] };
  const issues: Issue[] = [];
  const parser = new Parser(tokenize(text, issues), issues);
  try {
    const expr = parser.parse();
    return issues.length ? { ok: false, issues } : { ok: true, expr };
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    issues.push({ at: error.at, message: error.message });
    return { ok: false, issues };
  }
}

class SyntaxFailure extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const wrong = (at: number, what: string): SyntaxFailure => new SyntaxFailure(at, `Syntax error: ${what}`);

class Parser {
  private readonly tokens: readonly Token[];
  private readonly issues: Issue[];
  private readonly build = new AstBuilder();
  private place = 0;
  private depth = 0;

  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.tokens = tokens;
    this.issues = issues;
  }

  parse(): Expr {
    const expr = this.expression();
    const next = this.peek();
    if (next.kind !== 'end') {
      const alone = this.tokens[this.place + 1]!.kind === 'end';
      throw wrong(next.at, `${alone ? 'extraneous' : 'mismatched'} input '${next.text}' expecting <EOF>`);
    }
    return expr;
  }

  // ---- tokens ----

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.place + ahead, this.tokens.length - 1)]!;
  }

  private next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.place++;
    return token;
  }

  private isAt(symbol: string): boolean {
    const token = this.peek();
    return token.text === symbol && (token.kind === 'symbol' || token.kind === 'identifier');
  }

  private accept(symbol: string): Token | undefined {
    return this.isAt(symbol) ? this.next() : undefined;
  }

  private expect(symbol: string, also = ''): Token {
    const token = this.peek();
    if (this.isAt(symbol)) return this.next();
    if (token.kind === 'end' && !also) throw wrong(token.at, `missing '${symbol}' at '<EOF>'`);
    throw wrong(token.at, `mismatched input '${token.text}' expecting ${also ? `{${also}'${symbol}'}` : `'${symbol}'`}`);
  }

  private identifier(before: Token): Token {
    const token = this.peek();
    if (token.kind === 'identifier' && !LITERAL_WORDS.has(token.text)) return this.next();
    throw wrong(token.at, `no viable alternative at input '${before.text}${token.kind === 'end' ? '' : token.text}'`);
  }

  // ---- operators ----

  private expression(): Expr {
    if (++this.depth > MAX_DEPTH) throw new SyntaxFailure(0, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.logical('||', '_||_', () => this.logical('&&', '_&&_', () => this.relation()));
    const mark = this.accept('?');
    let expr = condition;
    if (mark) {
      const yes = this.logical('||', '_||_', () => this.logical('&&', '_&&_', () => this.relation()));
      this.expect(':');
      expr = this.build.call(mark.at, '_?_:_', [condition, yes, this.expression()]);
    }
    this.depth--;
    return expr;
  }

  /** A chain of many is a tree of even depth, as cel-go makes it. */
  private logical(symbol: string, name: string, term: () => Expr): Expr {
    const terms = [term()];
    const marks: Token[] = [];
    for (let mark = this.accept(symbol); mark; mark = this.accept(symbol)) {
      marks.push(mark);
      terms.push(term());
    }
    const balanced = (low: number, high: number): Expr => {
      const middle = Math.floor((low + high + 1) / 2);
      const left = middle === low ? terms[middle]! : balanced(low, middle - 1);
      const right = middle === high ? terms[middle + 1]! : balanced(middle + 1, high);
      return this.build.call(marks[middle]!.at, name, [left, right]);
    };
    return marks.length === 0 ? terms[0]! : balanced(0, marks.length - 1);
  }

  private binary(operators: ReadonlySet<string>, operand: () => Expr): Expr {
    let left = operand();
    for (let token = this.peek(); operators.has(token.text) && token.kind !== 'string'; token = this.peek()) {
      this.next();
      const name = token.text === 'in' ? '@in' : `_${token.text}_`;
      left = this.build.call(token.at, name, [left, operand()]);
    }
    return left;
  }

  private relation(): Expr {
    return this.binary(RELATIONS, () => this.binary(SUMS, () => this.binary(PRODUCTS, () => this.unary())));
  }

  private unary(): Expr {
    for (const [symbol, name] of [
      ['!', '!_'],
      ['-', '-_'],
    ] as const) {
      if (!this.isAt(symbol)) continue;
      const numbered = ['int', 'float'].includes(this.peek(1).kind);
      if (symbol === '-' && numbered) break;
      const first = this.next();
      let count = 1;
      while (this.accept(symbol)) count++;
      const operand = this.member();
      return count % 2 === 0 ? operand : this.build.call(first.at, name, [operand]);
    }
    return this.member();
  }

  private member(): Expr {
    let expr = this.primary();
    for (;;) {
      const dot = this.accept('.');
      if (dot) {
        expr = this.afterDot(expr, dot);
        continue;
      }
      const bracket = this.accept('[');
      if (!bracket) return expr;
      const optional = this.accept('?') !== undefined;
      const index = this.expression();
      this.expect(']');
      expr = this.build.call(bracket.at, optional ? '_[?_]' : '_[_]', [expr, index]);
    }
  }

  private afterDot(operand: Expr, dot: Token): Expr {
    const optional = this.accept('?');
    const escaped = this.peek().kind === 'escaped-identifier';
    const token = escaped ? this.next() : this.identifier(optional ?? dot);
    const name = escaped ? token.text.slice(1, -1) : token.text;
    if (optional) return this.build.call(dot.at, '_?._', [operand, this.build.literal(token.at, name)]);
    const open = escaped ? undefined : this.accept('(');
    if (!open) return this.build.select(dot.at, operand, name);
    return this.callOrMacro(open.at, name, operand, this.arguments());
  }

  // ---- operands ----

  private primary(): Expr {
    const token = this.peek();
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'float':
      case 'string':
      case 'bytes':
        return this.literal(this.next(), false);
      case 'identifier':
        return this.name();
      case 'symbol':
        return this.symbol(token);
      default:
        throw wrong(token.at, `mismatched input '${token.text}' expecting ${OPERAND}`);
    }
  }

  private symbol(token: Token): Expr {
    switch (token.text) {
      case '-':
        this.next();
        return this.literal(this.next(), true, token.at);
      case '(': {
        this.next();
        const expr = this.expression();
        this.expect(')');
        return expr;
      }
      case '[':
        return this.list(this.next());
      case '{':
        return this.map(this.next());
      case '.':
        return this.name();
      default:
        throw wrong(token.at, `mismatched input '${token.text}' expecting ${OPERAND}`);
    }
  }

  private literal({ kind, text, at }: Token, negative: boolean, sign = at): Expr {
    const value = literalValue(kind, text, negative);
    if (value instanceof InvalidLiteral) {
      this.issues.push({ at: sign, message: value.message });
      return this.build.literal(sign, null);
    }
    return this.build.literal(sign, value);
  }

  /** A name, a call, or an object of a named type. */
  private name(): Expr {
    const leading = this.accept('.');
    const token = this.peek();
    if (!leading && token.kind === 'identifier' && ['true', 'false', 'null'].includes(token.text)) {
      this.next();
      return this.build.literal(token.at, token.text === 'null' ? null : token.text === 'true');
    }
    if (token.kind !== 'identifier' || LITERAL_WORDS.has(token.text))
      throw wrong(token.at, `mismatched input '${token.text}' expecting ${leading ? 'IDENTIFIER' : OPERAND}`);
    const struct = this.structName(leading !== undefined);
    if (struct) return struct;
    this.next();
    const name = (leading ? '.' : '') + token.text;
    if (RESERVED.has(token.text)) {
      this.issues.push({ at: (leading ?? token).at, message: `reserved identifier: ${token.text}` });
      return this.build.literal(token.at, null);
    }
    const open = this.accept('(');
    return open ? this.callOrMacro(open.at, name, undefined, this.arguments()) : this.build.ident(token.at, name);
  }

  /** `a.b.C{...}`: looks ahead, since only the brace tells. */
  private structName(leading: boolean): Expr | undefined {
    let ahead = 0;
    const names: string[] = [];
    for (;;) {
      if (this.peek(ahead).kind !== 'identifier') return undefined;
      names.push(this.peek(ahead).text);
      const after = this.peek(ahead + 1);
      if (after.kind === 'symbol' && after.text === '{') break;
      if (after.kind !== 'symbol' || after.text !== '.') return undefined;
      ahead += 2;
    }
    this.place += ahead + 1;
    const open = this.next();
    const fields: { name: string; value: Expr; optional: boolean; at: number }[] = [];
    while (!this.isAt('}')) {
      const optional = this.accept('?') !== undefined;
      const token = this.peek().kind === 'escaped-identifier' ? this.next() : this.identifier(open);
      const colon = this.expect(':');
      const name = token.kind === 'escaped-identifier' ? token.text.slice(1, -1) : token.text;
      fields.push({ name, value: this.expression(), optional, at: colon.at });
      if (!this.accept(',')) break;
    }
    this.expect('}');
    return this.build.struct(open.at, (leading ? '.' : '') + names.join('.'), fields);
  }

  private list(open: Token): Expr {
    const elements: Expr[] = [];
    const optional = new Set<number>();
    while (!this.isAt(']')) {
      if (this.accept('?')) optional.add(elements.length);
      elements.push(this.expression());
      if (!this.accept(',')) break;
    }
    this.expect(']');
    return this.build.list(open.at, elements, optional);
  }

  private map(open: Token): Expr {
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (!this.isAt('}')) {
      const optional = this.accept('?') !== undefined;
      const key = this.expression();
      this.expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.accept(',')) break;
    }
    this.expect('}');
    return this.build.map(open.at, entries);
  }

  private arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.accept(')')) return args;
    do args.push(this.expression());
    while (this.accept(','));
    this.expect(')');
    return args;
  }

  private callOrMacro(at: number, name: string, target: Expr | undefined, args: Expr[]): Expr {
    try {
      return expandMacro(this.build, at, name, target, args) ?? this.build.call(at, name, args, target);
    } catch (error) {
      if (!(error instanceof MacroError)) throw error;
      this.issues.push({ at: error.at, message: error.message });
      return this.build.literal(at, null);
    }
  }
}

class InvalidLiteral {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function literalValue(kind: TokenKind, text: string, negative: boolean): Constant | InvalidLiteral {
  switch (kind) {
    case 'int':
      return intLiteral(text, negative) ?? new InvalidLiteral('invalid int literal');
    case 'uint':
      return uintLiteral(text) ?? new InvalidLiteral('invalid uint literal');
    case 'float': {
      const value = Number(text) * (negative ? -1 : 1);
      return Number.isFinite(value) ? value : new InvalidLiteral('invalid double literal');
    }
    case 'string':
      return stringLiteral(text) ?? new InvalidLiteral('unable to unescape string');
    default:
      return bytesLiteral(text);
  }
}
