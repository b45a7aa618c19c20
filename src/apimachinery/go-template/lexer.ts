// The text of a Go template to tokens: what is between `{{` and `}}`, and what is around it, with trim markers and comments taken out.
// Follows text/template/parse/lex.go.

export type TokenKind =
  'text' | 'open' | 'close' | 'word' | 'dot' | 'field' | 'variable' | 'number' | 'char' | 'string' | 'sign' | 'space' | 'error' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written, without the dot of a field; of an error what is wrong. */
  readonly text: string;
  readonly offset: number;
}

/** The last token is the end, or the error that ends the text. */
export function tokens(source: string): readonly Token[] {
  return new Lexer(source).run();
}

/** What counts as a letter in names. */
const NAME = /[\p{L}\p{Nd}_]+/uy;
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y;
const SPACES = /[ \t\r\n]+/y;
const CLOSE = /(?:[ \t\r\n]-)?\}\}/y;
const TRIM_BEFORE = /-[ \t\r\n]/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/y;
const CHAR = /'(?:[^'\\\n]|\\[^\n])*'/y;

class Lexer {
  private readonly source: string;
  private readonly out: Token[] = [];
  private at = 0;
  private parentheses = 0;

  constructor(source: string) {
    this.source = source;
  }

  run(): readonly Token[] {
    let trim = false;
    for (;;) {
      const open = this.source.indexOf('{{', this.at);
      const trimsBefore = open >= 0 && this.matches(TRIM_BEFORE, open + 2) !== undefined;
      this.text(open < 0 ? this.source.length : open, trim, trimsBefore);
      if (open < 0) break;
      this.at = open;
      const comment = this.source.startsWith('/*', open + (trimsBefore ? 4 : 2));
      const closed = comment ? this.comment(open + (trimsBefore ? 4 : 2)) : this.action(trimsBefore);
      if (closed === undefined) return this.out;
      trim = closed === 'trim';
    }
    this.add('end', 'EOF', this.source.length);
    return this.out;
  }

  private text(to: number, trimStart: boolean, trimEnd: boolean): void {
    let from = this.at;
    let end = to;
    if (trimStart) from += this.matches(SPACES, from)?.length ?? 0;
    if (trimEnd) while (end > from && ' \t\r\n'.includes(this.source[end - 1]!)) end--;
    if (end > from) this.add('text', this.source.slice(from, end), from);
  }

  private comment(start: number): 'trim' | 'keep' | undefined {
    const end = this.source.indexOf('*/', start + 2);
    if (end < 0) return this.fail('unclosed comment', start);
    const close = this.matches(CLOSE, end + 2);
    if (close === undefined) return this.fail('comment ends before closing delimiter', start);
    this.at = end + 2 + close.length;
    return close.length === 4 ? 'trim' : 'keep';
  }

  private action(trimmed: boolean): 'trim' | 'keep' | undefined {
    this.add('open', '{{', this.at);
    this.at += trimmed ? 4 : 2;
    this.parentheses = 0;
    for (;;) {
      const close = this.matches(CLOSE, this.at);
      if (close !== undefined) {
        if (this.parentheses > 0) return this.fail('unclosed left paren', this.at);
        this.add('close', '}}', this.at + close.length - 2);
        this.at += close.length;
        return close.length === 4 ? 'trim' : 'keep';
      }
      if (this.at >= this.source.length) return this.fail('unclosed action', this.at);
      const wrong = this.inside();
      if (wrong !== undefined) return this.fail(wrong, this.at);
    }
  }

  /** @returns what is wrong */
  private inside(): string | undefined {
    const start = this.at;
    const c = this.source[start]!;
    if (c === ' ' || c === '\t' || c === '\n' || c === '\r') return this.space();
    if (c === '"') return this.take('string', this.matches(QUOTED, start)) ? undefined : 'unterminated quoted string';
    if (c === "'") return this.take('char', this.matches(CHAR, start)) ? undefined : 'unterminated character constant';
    if (c === '`') {
      const end = this.source.indexOf('`', start + 1);
      return this.take('string', end < 0 ? undefined : this.source.slice(start, end + 1)) ? undefined : 'unterminated raw quoted string';
    }
    if (c === '$' || (c === '.' && !/\d/.test(this.source[start + 1] ?? ''))) return this.name(c);
    if (/[\d+\-.]/.test(c)) return this.number();
    if (this.matches(NAME, start) !== undefined) return this.word();
    return this.sign(c);
  }

  /** The last space before a trim marker is the marker's. */
  private space(): undefined {
    const run = this.matches(SPACES, this.at)!;
    const rest = this.source.startsWith('-}}', this.at + run.length) ? run.length - 1 : run.length;
    if (rest > 0) this.take('space', run.slice(0, rest));
    return undefined;
  }

  private name(c: string): string | undefined {
    const name = this.matches(NAME, this.at + 1) ?? '';
    const start = this.at;
    this.at += 1 + name.length;
    if (!this.atTerminator()) return this.badCharacter();
    if (c === '$') this.add('variable', `$${name}`, start);
    else if (name === '') this.add('dot', '.', start);
    else this.add('field', name, start);
    return undefined;
  }

  private word(): string | undefined {
    const word = this.matches(NAME, this.at)!;
    const start = this.at;
    this.at += word.length;
    if (!this.atTerminator()) return this.badCharacter();
    this.add('word', word, start);
    return undefined;
  }

  private number(): string | undefined {
    const text = this.matches(NUMBER, this.at) ?? '';
    const after = this.matches(NAME, this.at + text.length);
    if (after !== undefined) return `bad number syntax: ${JSON.stringify(text + [...after][0]!)}`;
    this.take('number', text);
    return undefined;
  }

  private sign(c: string): string | undefined {
    if (c === ':') {
      if (this.source[this.at + 1] !== '=') return 'expected :=';
      this.take('sign', ':=');
      return undefined;
    }
    if (c === '(') this.parentheses++;
    if (c === ')' && --this.parentheses < 0) return 'unexpected right paren';
    if (c < ' ' || c > '~') return `unrecognized character in action: ${unicodeName(this.source, this.at)}`;
    this.take('sign', c);
    return undefined;
  }

  private atTerminator(): boolean {
    const c = this.source[this.at];
    return c === undefined || ' \t\r\n.,|:)('.includes(c) || this.source.startsWith('}}', this.at);
  }

  private badCharacter(): string {
    return `bad character ${unicodeName(this.source, this.at)}`;
  }

  private matches(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.source)?.[0];
  }

  private take(kind: TokenKind, text: string | undefined): boolean {
    if (text === undefined) return false;
    this.add(kind, text, this.at);
    this.at += text.length;
    return true;
  }

  private fail(what: string, offset: number): undefined {
    this.add('error', what, Math.min(offset, Math.max(0, this.source.length - 1)));
    return undefined;
  }

  private add(kind: TokenKind, text: string, offset: number): void {
    this.out.push({ kind, text, offset });
  }
}

/** `U+0040 '@'` */
function unicodeName(source: string, at: number): string {
  const code = source.codePointAt(at) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return `U+${hex} '${String.fromCodePoint(code)}'`;
}
