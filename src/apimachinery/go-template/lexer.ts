// The text of a Go template to tokens: what is between `{{` and `}}`, and what is around it, with trim markers and comments taken out.
// Follows text/template/parse/lex.go.
import { TemplateError } from './template-error.ts';

export type TokenKind = 'text' | 'open' | 'close' | 'word' | 'field' | 'variable' | 'number' | 'string' | 'sign' | 'space' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it means: of a string what is quoted, of a field its name without the dot. */
  readonly text: string;
  readonly offset: number;
}

/** Throws a TemplateError where a text ends within an action or has characters that mean nothing. */
export function tokens(source: string): readonly Token[] {
  return new Lexer(source).run();
}

/** What counts as a letter in names. */
const NAME = /[\p{L}\p{Nd}_]+/uy;
const NUMBER = /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y;
const SPACES = /[ \t\r\n]+/y;

class Lexer {
  private readonly source: string;
  private readonly out: Token[] = [];
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  run(): readonly Token[] {
    let trimNext = false;
    while (this.at < this.source.length) {
      const open = this.source.indexOf('{{', this.at);
      const end = open < 0 ? this.source.length : open;
      const trimsBefore = open >= 0 && /^-[ \t\r\n]/.test(this.source.slice(open + 2, open + 4));
      this.text(this.at, end, trimNext, trimsBefore);
      trimNext = false;
      this.at = end;
      if (open < 0) break;
      trimNext = this.action(trimsBefore);
    }
    this.add('end', '', this.source.length);
    return this.out;
  }

  private text(from: number, to: number, trimStart: boolean, trimEnd: boolean): void {
    let text = this.source.slice(from, to);
    if (trimStart) text = text.replace(/^[ \t\r\n]+/, '');
    if (trimEnd) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') this.add('text', text, from);
  }

  /** @returns whether what follows is trimmed */
  private action(trimmed: boolean): boolean {
    const open = this.at;
    this.at += trimmed ? 3 : 2;
    const comment = /^[ \t\r\n]*\/\*/.exec(this.source.slice(this.at, this.at + 200));
    if (comment && (comment[0].length === 2 || trimmed)) return this.comment(open, comment[0].length);
    this.add('open', '{{', open);
    for (;;) {
      const close = /^(?:[ \t\r\n]-)?\}\}/.exec(this.source.slice(this.at, this.at + 4));
      if (close) {
        this.add('close', close[0], this.at);
        this.at += close[0].length;
        return close[0].length === 4;
      }
      if (this.at >= this.source.length) throw new TemplateError('unclosed action', this.source, open);
      this.inside();
    }
  }

  private comment(open: number, lead: number): boolean {
    const end = this.source.indexOf('*/', this.at + lead);
    if (end < 0) throw new TemplateError('unclosed comment', this.source, open);
    const close = /^(?:[ \t\r\n]-)?\}\}/.exec(this.source.slice(end + 2, end + 6));
    if (!close) throw new TemplateError('comment ends before closing delimiter', this.source, open);
    this.at = end + 2 + close[0].length;
    return close[0].length === 4;
  }

  private inside(): void {
    const start = this.at;
    const c = this.source[start]!;
    if (this.matched(SPACES, 'space')) return;
    if (c === '"' || c === '`' || c === "'") {
      this.quoted(c);
      return;
    }
    // a sign or a dot before a digit begins a number
    if (/[\d+-]/.test(c) || (c === '.' && /\d/.test(this.source[start + 1] ?? ''))) {
      if (this.matched(NUMBER, 'number')) return;
      throw new TemplateError(`bad number syntax: "${c}"`, this.source, start);
    }
    if (c === '.' || c === '$') {
      this.at++;
      const name = this.name();
      this.add(c === '.' ? 'field' : 'variable', c === '.' ? name : `$${name}`, start);
      return;
    }
    const name = this.name();
    if (name !== '') this.add('word', name, start);
    else if (this.source.startsWith(':=', start)) {
      this.at += 2;
      this.add('sign', ':=', start);
    } else if ('=|(),'.includes(c)) {
      this.at++;
      this.add('sign', c, start);
    } else throw new TemplateError(`unexpected ${JSON.stringify(c)} in an action`, this.source, start);
  }

  private matched(pattern: RegExp, kind: TokenKind): boolean {
    pattern.lastIndex = this.at;
    const [text] = pattern.exec(this.source) ?? [];
    if (text === undefined) return false;
    this.add(kind, text, this.at);
    this.at += text.length;
    return true;
  }

  private name(): string {
    NAME.lastIndex = this.at;
    const [name = ''] = NAME.exec(this.source) ?? [];
    this.at += name.length;
    return name;
  }

  private quoted(quote: string): void {
    const start = this.at;
    for (let i = start + 1; i < this.source.length; i++) {
      const c = this.source[i]!;
      if (c === '\n' && quote !== '`') break;
      if (c === '\\' && quote !== '`') i++;
      else if (c === quote) {
        this.at = i + 1;
        const body = this.source.slice(start + 1, i);
        if (quote === "'") this.add('number', String(this.unescape(body, start).codePointAt(0) ?? 0), start);
        else this.add('string', quote === '`' ? body : this.unescape(body, start), start);
        return;
      }
    }
    throw new TemplateError('unterminated quoted string', this.source, start);
  }

  private unescape(body: string, start: number): string {
    return body.replace(ESCAPE, (all, letter?: string, octal?: string, x?: string, u?: string, long?: string) => {
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex !== undefined && parseInt(hex, 16) <= 0x10ffff) return String.fromCodePoint(parseInt(hex, 16));
      const plain = letter === undefined ? undefined : LETTERS[letter];
      if (plain === undefined) throw new TemplateError(`invalid escape ${all}`, this.source, start);
      return plain;
    });
  }

  private add(kind: TokenKind, text: string, offset: number): void {
    this.out.push({ kind, text, offset });
  }
}

const ESCAPE = /\\(?:([abfnrtv\\'"])|([0-7]{3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|[\s\S])/g;

const LETTERS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\u000b',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
