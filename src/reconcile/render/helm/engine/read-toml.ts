// TOML 1.0, read to values of templates: integers are int64s, dates and times points of time.
import { parseTime } from '../../../../apimachinery/go-template/go-time.ts';
import { timeObject } from '../../../../apimachinery/go-template/sprig/dates.ts';
import { FunctionError } from '../../../../apimachinery/go-template/template-error.ts';
import { int64, isMap, typed, type GoType } from '../../../../apimachinery/go-template/values.ts';
import { setKey } from '../../../../apimachinery/json/parse.ts';

const MAX_DEPTH = 100;

type Table = Record<string, unknown>;

const TABLES: GoType = { name: '[]map[string]interface {}', kind: 'slice' };

/** Throws a FunctionError with the line. */
export function readToml(text: string): Table {
  return new TomlReader(text.replaceAll('\r\n', '\n')).document();
}

class TomlReader {
  private readonly text: string;
  private readonly root: Table = {};
  /** Tables that were named in brackets, and those that hold what is written on one line: neither may be added to. */
  private readonly named = new Set<unknown>();
  private readonly closed = new Set<unknown>();
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Table {
    let table = this.root;
    for (;;) {
      this.skip(/[\s]*(?:#[^\n]*[\s]*)*/y);
      if (this.at >= this.text.length) return this.root;
      if (this.take('[[')) table = this.header(']]', true);
      else if (this.take('[')) table = this.header(']', false);
      else this.entry(table, 0);
      this.skip(/[ \t]*(?:#[^\n]*)?/y);
      if (this.at < this.text.length && !this.take('\n'))
        throw this.error(`expected a new line but got ${JSON.stringify(this.text[this.at])}`);
    }
  }

  private header(close: string, isList: boolean): Table {
    const path = this.path();
    if (!this.take(close)) throw this.error(`expected end of table name but got ${JSON.stringify(this.text[this.at] ?? 'EOF')}`);
    const last = path.at(-1)!;
    const holder = this.descend(this.root, path.slice(0, -1));
    const known = Object.hasOwn(holder, last) ? holder[last] : undefined;
    const defined = (): FunctionError => this.error(`Key '${path.join('.')}' has already been defined.`);
    if (isList) {
      if (known !== undefined && (!Array.isArray(known) || this.closed.has(known))) throw defined();
      const list = (known as Table[] | undefined) ?? typed<Table[]>([], TABLES);
      const table: Table = {};
      list.push(table);
      setKey(holder, last, list);
      return table;
    }
    if (known !== undefined && (!isMap(known) || this.named.has(known) || this.closed.has(known))) throw defined();
    const table = (known as Table | undefined) ?? {};
    this.named.add(table);
    setKey(holder, last, table);
    return table;
  }

  /** @returns the table at that path, made where it is missing; of a list its last one */
  private descend(from: Table, path: readonly string[]): Table {
    let table = from;
    for (const key of path) {
      if (!Object.hasOwn(table, key)) setKey(table, key, {});
      const inner = table[key];
      const next = Array.isArray(inner) && !this.closed.has(inner) ? (inner.at(-1) as unknown) : inner;
      if (!isMap(next) || this.closed.has(next)) throw this.error(`Key '${key}' has already been defined.`);
      table = next;
    }
    return table;
  }

  private entry(table: Table, depth: number): void {
    const path = this.path();
    if (!this.take('=')) throw this.error(`${this.here()}; expected key separator '='`);
    this.skip(/[ \t]*/y);
    const key = path.at(-1)!;
    const value = this.value(depth, path.join('.'));
    const holder = this.descend(table, path.slice(0, -1));
    if (Object.hasOwn(holder, key)) throw this.error(`Key '${path.join('.')}' has already been defined.`, key);
    setKey(holder, key, value);
  }

  private path(): string[] {
    const path: string[] = [];
    do {
      this.skip(/[ \t]*/y);
      const bare = this.skip(/[\w-]+/y);
      if (bare !== '') path.push(bare);
      else if (this.text[this.at] === '"' || this.text[this.at] === "'") path.push(this.string());
      else throw this.error(`${this.here()}; expected a key`);
      this.skip(/[ \t]*/y);
    } while (this.take('.'));
    return path;
  }

  private value(depth: number, key: string): unknown {
    if (depth > MAX_DEPTH) throw this.error('nested too deeply');
    const c = this.text[this.at];
    if (c === '"' || c === "'") return this.string();
    if (c === '[') return this.list(depth, key);
    if (c === '{') return this.inline(depth);
    const word = this.skip(/\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d[\d.:+\-Zz]*|[\w.:+-]+/y);
    if (word === '') throw this.error(`${this.here()}; expected value`, key);
    if (word === 'true' || word === 'false') return word === 'true';
    return this.number(word) ?? this.time(word) ?? this.invalid(word, key);
  }

  private invalid(word: string, key: string): never {
    throw this.error(`expected value but found ${JSON.stringify(word)} instead`, key);
  }

  private number(word: string): unknown {
    const plain = word.replace(/(?<=[\da-fA-F])_(?=[\da-fA-F])/g, '');
    if (/^[+-]?(?:0|[1-9]\d*)$/.test(plain)) return int64(BigInt(plain.replace('+', '')));
    if (/^0(?:x[\da-fA-F]+|o[0-7]+|b[01]+)$/.test(plain)) return int64(BigInt(plain));
    if (/^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(plain)) return Number(plain);
    const special = /^([+-]?)(inf|nan)$/.exec(plain);
    if (!special) return undefined;
    return special[2] === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity;
  }

  private time(word: string): unknown {
    const [, date, clock, offset] = /^(\d{4}-\d\d-\d\d)?[Tt ]?(\d\d:\d\d:\d\d(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$/.exec(word) ?? [];
    if (date === undefined && clock === undefined) return undefined;
    const zone = offset === undefined ? 'Z' : offset.toUpperCase();
    return timeObject(parseTime('2006-01-02T15:04:05Z07:00', `${date ?? '0000-01-01'}T${clock ?? '00:00:00'}${zone}`));
  }

  private list(depth: number, key: string): unknown[] {
    this.at++;
    const out: unknown[] = [];
    for (;;) {
      this.skip(/\s*(?:#[^\n]*\s*)*/y);
      if (this.take(']')) break;
      out.push(this.value(depth + 1, key));
      this.skip(/\s*(?:#[^\n]*\s*)*/y);
      if (!this.take(',') && this.text[this.at] !== ']')
        throw this.error(`expected a comma (',') or array terminator (']'), but got ${this.here()}`);
    }
    this.closed.add(out);
    return out;
  }

  private inline(depth: number): Table {
    this.at++;
    const out: Table = {};
    this.skip(/[ \t]*/y);
    while (!this.take('}')) {
      this.entry(out, depth + 1);
      this.skip(/[ \t]*/y);
      if (this.take(',')) this.skip(/[ \t]*/y);
      else if (this.text[this.at] !== '}')
        throw this.error(`expected a comma (',') or an inline table terminator ('}'), but got ${this.here()}`);
    }
    this.closed.add(out);
    return out;
  }

  private string(): string {
    const quote = this.text[this.at]!;
    const isLong = this.text.startsWith(quote.repeat(3), this.at);
    const start = this.at + (isLong ? 3 : 1);
    const pattern = isLong
      ? quote === '"'
        ? /(?:[^"\\]|\\[\s\S]|"(?!""(?!")))*/y
        : /(?:[^']|'(?!''(?!')))*/y
      : quote === '"'
        ? /(?:[^"\\\n]|\\[^\n])*/y
        : /[^'\n]*/y;
    this.at = start;
    const body = this.skip(pattern);
    if (!this.take(isLong ? quote.repeat(3) : quote)) throw this.error('strings cannot contain newlines, and must end with their quote');
    const text = isLong ? body.replace(/^\n/, '') : body;
    return quote === '"' ? this.unescaped(text) : text;
  }

  private unescaped(text: string): string {
    return text.replace(
      /\\(?:([btnfre"\\])|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([ \t]*\n\s*)|[\s\S]?)/g,
      (all, letter?: string, u?: string, long?: string, line?: string) => {
        if (letter !== undefined) return LETTERS[letter]!;
        if (line !== undefined) return '';
        const hex = u ?? long;
        if (hex === undefined || parseInt(hex, 16) > 0x10ffff) throw this.error(`invalid escape ${JSON.stringify(all)}`);
        return String.fromCodePoint(parseInt(hex, 16));
      },
    );
  }

  private take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const [text = ''] = pattern.exec(this.text) ?? [];
    this.at += text.length;
    return text;
  }

  private here(): string {
    const c = this.text[this.at];
    return c === undefined ? 'unexpected EOF' : `unexpected ${JSON.stringify(c)}`;
  }

  private error(what: string, key?: string): FunctionError {
    const line = this.text.slice(0, this.at).split('\n').length;
    return new FunctionError(`toml: line ${line}${key === undefined ? '' : ` (last key ${JSON.stringify(key)})`}: ${what}`);
  }
}

const LETTERS: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b', '"': '"', '\\': '\\' };
