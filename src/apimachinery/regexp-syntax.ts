// The syntax of Go's regular expressions (package regexp/syntax), and its words for what is wrong with a pattern.

/** The message is Go's: "error parsing regexp: missing closing ): `(`". */
export class RegexpError extends Error {
  override readonly name = 'RegexpError';
  constructor(what: string, where: string) {
    super(`error parsing regexp: ${what}: \`${where}\``);
  }
}

export type CharTest = (code: number) => boolean;

export type RegexpNode =
  | { readonly is: 'empty' }
  | { readonly is: 'char'; readonly test: CharTest }
  | { readonly is: 'assert'; readonly what: 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'not-boundary' }
  | { readonly is: 'concat' | 'alternate'; readonly parts: readonly RegexpNode[] }
  /** One that is captured; they are numbered from 1. */
  | { readonly is: 'group'; readonly part: RegexpNode; readonly number: number; readonly name: string | undefined }
  | { readonly is: 'repeat'; readonly part: RegexpNode; readonly min: number; readonly max: number; readonly lazy: boolean };

/** Go's limits. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;

interface Flags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly multiline: boolean;
  readonly ungreedy: boolean;
}

/** Throws a {@link RegexpError}. */
export function parseRegexp(pattern: string): RegexpNode {
  const parser = new Parser(pattern);
  return parser.whole();
}

const CLASSES: Readonly<Record<string, CharTest>> = {
  d: (c) => c >= 48 && c <= 57,
  w: (c) => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122),
  s: (c) => c === 9 || c === 10 || c === 12 || c === 13 || c === 32,
};

const POSIX: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  ascii: /[\x00-\x7f]/,
  blank: /[\t ]/,
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /\d/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /\w/,
  xdigit: /[0-9A-Fa-f]/,
};

const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const not =
  (test: CharTest): CharTest =>
  (c) =>
    !test(c);

function folded(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const text = String.fromCodePoint(c);
    const other = [text.toLowerCase(), text.toUpperCase()];
    return other.some((o) => [...o].length === 1 && test(o.codePointAt(0)!));
  };
}

class Parser {
  private readonly text: string;
  private at = 0;
  private depth = 0;
  private groups = 0;
  private flags: Flags = { ignoreCase: false, dotAll: false, multiline: false, ungreedy: false };

  constructor(text: string) {
    this.text = text;
  }

  whole(): RegexpNode {
    const node = this.alternatives();
    if (this.at < this.text.length) throw new RegexpError('unexpected )', this.text);
    return node;
  }

  private get rest(): string {
    return this.text.slice(this.at);
  }

  private take(prefix: string): boolean {
    if (!this.text.startsWith(prefix, this.at)) return false;
    this.at += prefix.length;
    return true;
  }

  private char(): string {
    const c = String.fromCodePoint(this.text.codePointAt(this.at)!);
    this.at += c.length;
    return c;
  }

  private alternatives(): RegexpNode {
    if (++this.depth > MAX_DEPTH) throw new RegexpError('expression nests too deeply', this.text);
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { is: 'alternate', parts };
  }

  private sequence(): RegexpNode {
    const parts: RegexpNode[] = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      const start = this.at;
      if (/[*+?]/.test(this.text[start]!)) {
        const operator = this.operatorText();
        throw new RegexpError('missing argument to repetition operator', operator);
      }
      parts.push(this.repeated(this.atom(), start));
    }
    return parts.length === 1 ? parts[0]! : { is: 'concat', parts };
  }

  private operatorText(): string {
    return /^[*+?]\??/.exec(this.rest)![0];
  }

  private repeated(atom: RegexpNode, start: number): RegexpNode {
    let node = atom;
    let before = '';
    for (;;) {
      const match = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.rest);
      if (!match) return node;
      const [text, from, comma, to] = match;
      if (before) throw new RegexpError('invalid nested repetition operator', before + text);
      let [min, max] = text.startsWith('*') ? [0, Infinity] : text.startsWith('+') ? [1, Infinity] : [0, 1];
      if (from !== undefined) {
        min = Number(from);
        max = to ? Number(to) : comma ? Infinity : min;
        if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT) || max < min)
          throw new RegexpError('invalid repeat count', text.replace(/\?$/, ''));
      }
      this.at += text.length;
      before = text;
      void start;
      node = { is: 'repeat', part: node, min, max, lazy: (text.length > 1 && text.endsWith('?')) !== this.flags.ungreedy };
    }
  }

  private literal(code: number): RegexpNode {
    const test: CharTest = (c) => c === code;
    return { is: 'char', test: this.flags.ignoreCase ? folded(test) : test };
  }

  private atom(): RegexpNode {
    switch (this.text[this.at]) {
      case '(':
        return this.group();
      case '[':
        return { is: 'char', test: this.set() };
      case '.': {
        this.at++;
        const { dotAll } = this.flags;
        return { is: 'char', test: (c) => dotAll || c !== 10 };
      }
      case '^':
        this.at++;
        return { is: 'assert', what: this.flags.multiline ? 'line-start' : 'start' };
      case '$':
        this.at++;
        return { is: 'assert', what: this.flags.multiline ? 'line-end' : 'end' };
      case '\\':
        return this.escape();
      default:
        return this.literal(this.char().codePointAt(0)!);
    }
  }

  private group(): RegexpNode {
    const start = this.at;
    const outer = this.flags;
    this.at++;
    let number = 0;
    let name: string | undefined;
    if (!this.take('?')) number = ++this.groups;
    else {
      const named = /^P?<([^>]*)(>?)/.exec(this.rest);
      if (named && (this.rest.startsWith('P<') || this.rest.startsWith('<')) && !/^<[=!]/.test(this.rest)) {
        if (!named[2] || !/^\w+$/.test(named[1]!))
          throw new RegexpError('invalid named capture', this.text.slice(start, this.at + named[0].length));
        this.at += named[0].length;
        name = named[1]!;
        number = ++this.groups;
      } else {
        const flags = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.rest);
        if (!flags || flags[0] === ')') {
          const bad = /^[imsU-]*/.exec(this.rest)![0];
          const wrong = this.text.slice(start, this.at + bad.length + 1);
          throw new RegexpError('invalid or unsupported Perl syntax', wrong);
        }
        this.at += flags[0].length;
        this.flags = withFlags(withFlags(outer, flags[1]!, true), flags[2] ?? '', false);
        if (flags[3] === ')') return { is: 'empty' };
      }
    }
    const node = this.alternatives();
    if (!this.take(')')) throw new RegexpError('missing closing )', this.text);
    this.flags = outer;
    return number > 0 ? { is: 'group', part: node, number, name } : node;
  }

  private escape(): RegexpNode {
    const start = this.at;
    const c = this.text[start + 1];
    switch (c) {
      case 'A':
        this.at += 2;
        return { is: 'assert', what: 'start' };
      case 'z':
        this.at += 2;
        return { is: 'assert', what: 'end' };
      case 'b':
      case 'B':
        this.at += 2;
        return { is: 'assert', what: c === 'b' ? 'boundary' : 'not-boundary' };
      case 'Q': {
        const end = this.text.indexOf('\\E', start + 2);
        const text = this.text.slice(start + 2, end < 0 ? undefined : end);
        this.at = end < 0 ? this.text.length : end + 2;
        return { is: 'concat', parts: [...text].map((l) => this.literal(l.codePointAt(0)!)) };
      }
      default: {
        const cls = this.classEscape();
        if (cls) return { is: 'char', test: this.flags.ignoreCase ? folded(cls) : cls };
        return this.literal(this.charEscape());
      }
    }
  }

  /** `\d`, `\PL`, `\p{Greek}`: stands for many characters. */
  private classEscape(): CharTest | undefined {
    const perl = /^\\([dDwWsS])/.exec(this.rest);
    if (perl) {
      this.at += 2;
      const test = CLASSES[perl[1]!.toLowerCase()]!;
      return /[DWS]/.test(perl[1]!) ? not(test) : test;
    }
    const unicode = /^\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))/.exec(this.rest);
    if (!unicode) return undefined;
    const [text, kind, inverted, long, short] = unicode;
    this.at += text.length;
    const regexp = unicodeClass((long ?? short)!);
    if (!regexp) throw new RegexpError('invalid character class range', text);
    const test: CharTest = (c) => regexp.test(String.fromCodePoint(c));
    return (kind === 'P') !== (inverted === '^') ? not(test) : test;
  }

  private charEscape(): number {
    const start = this.at;
    this.at++;
    if (this.at >= this.text.length) throw new RegexpError('trailing backslash at end of expression', '');
    const hex = /^x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(this.rest);
    if (hex) {
      this.at += hex[0].length;
      return parseInt((hex[1] ?? hex[2])!, 16);
    }
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(this.rest);
    if (octal) {
      this.at += octal[0].length;
      return parseInt(octal[0], 8);
    }
    const c = this.char();
    const named = ESCAPES[c];
    if (named !== undefined) return named;
    if (c.codePointAt(0)! < 128 && !/\w/.test(c)) return c.codePointAt(0)!;
    throw new RegexpError('invalid escape sequence', this.text.slice(start, this.at));
  }

  private set(): CharTest {
    const start = this.at;
    this.at++;
    const inverted = this.take('^');
    const tests: CharTest[] = [];
    for (let first = true; first || this.text[this.at] !== ']'; first = false) {
      if (this.at >= this.text.length) throw new RegexpError('missing closing ]', this.text.slice(start));
      const posix = /^\[:(\^?)(\w+):\]/.exec(this.rest);
      if (posix) {
        const regexp = POSIX[posix[2]!];
        if (!regexp) throw new RegexpError('invalid character class range', posix[0]);
        this.at += posix[0].length;
        const test: CharTest = (c) => regexp.test(String.fromCodePoint(c));
        tests.push(posix[1] ? not(test) : test);
        continue;
      }
      const cls = this.text[this.at] === '\\' ? this.classEscape() : undefined;
      if (cls) {
        tests.push(cls);
        continue;
      }
      tests.push(this.range());
    }
    this.at++;
    const oneOf: CharTest = (c) => tests.some((test) => test(c));
    const matched = this.flags.ignoreCase ? folded(oneOf) : oneOf;
    return inverted ? not(matched) : matched;
  }

  private range(): CharTest {
    const start = this.at;
    const one = (): number => (this.text[this.at] === '\\' ? this.charEscape() : this.char().codePointAt(0)!);
    const low = one();
    if (this.text[this.at] !== '-' || this.text[this.at + 1] === ']' || this.at + 1 >= this.text.length) return (c) => c === low;
    this.at++;
    const high = one();
    if (high < low) throw new RegexpError('invalid character class range', this.text.slice(start, this.at));
    return (c) => c >= low && c <= high;
  }
}

function withFlags(flags: Flags, names: string, on: boolean): Flags {
  return {
    ignoreCase: names.includes('i') ? on : flags.ignoreCase,
    dotAll: names.includes('s') ? on : flags.dotAll,
    multiline: names.includes('m') ? on : flags.multiline,
    ungreedy: names.includes('U') ? on : flags.ungreedy,
  };
}

/** General categories and scripts; undefined for what Unicode does not have. */
function unicodeClass(name: string): RegExp | undefined {
  for (const property of [name, `Script=${name}`]) {
    try {
      return new RegExp(`\\p{${property}}`, 'u');
    } catch {
      // no such property: it may be a script
    }
  }
  return undefined;
}
