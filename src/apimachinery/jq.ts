// The part of jq's language with which fields of an object are picked and compared: paths, `[]`, `select`, comparisons, `and`, `or`, `//`
// and a few functions. No variables, no definitions, no recursion: a query ends. What is not understood is an error with its place.
import { deepEqual } from './object.ts';

/** Thrown by {@link compileJq}. */
export class JqSyntaxError extends Error {
  override readonly name = 'JqSyntaxError';

  /** @param column counted from 1 */
  constructor(reason: string, column: number) {
    super(`${reason} at column ${column}`);
  }
}

/** Thrown by a query where a value is not what it asks for: `.a` of a list. */
export class JqError extends Error {
  override readonly name = 'JqError';
}

/** Gives what the query yields for a JSON value, in order. Throws a JqError. */
export type JqQuery = (value: unknown) => readonly unknown[];

export function compileJq(source: string): JqQuery {
  return new Parser(source).parse();
}

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*")|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_]\w*)|(?<sign>\/\/|==|!=|<=|>=|[.[\]|()<>?,:*+-]))/y;

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
/** How many values a query may yield at any step. */
const MAX_VALUES = 100_000;

class Parser {
  private readonly all: readonly Token[];
  private at = 0;
  private nesting = 0;

  constructor(source: string) {
    this.all = tokens(source);
  }

  parse(): JqQuery {
    const query = this.pipe();
    if (this.peek.kind !== 'end') throw this.unexpected();
    return query;
  }

  private pipe(): JqQuery {
    if (++this.nesting > MAX_NESTING) throw new JqSyntaxError(`nested more than ${MAX_NESTING} levels deep`, this.peek.at + 1);
    let query = this.comma();
    while (this.sign('|')) query = piped(query, this.comma());
    this.nesting--;
    return query;
  }

  private comma(): JqQuery {
    let query = this.alternative();
    while (this.sign(',')) {
      const [left, right] = [query, this.alternative()];
      query = (value) => [...left(value), ...right(value)];
    }
    return query;
  }

  /** `a // b`: b where a yields nothing but false and null. */
  private alternative(): JqQuery {
    const left = this.or();
    if (!this.sign('//')) return left;
    const right = this.alternative();
    return (value) => {
      const found = quietly(left, value).filter(isTrue);
      return found.length > 0 ? found : right(value);
    };
  }

  private or(): JqQuery {
    let query = this.and();
    while (this.word('or')) query = logical(query, this.and(), true);
    return query;
  }

  private and(): JqQuery {
    let query = this.comparison();
    while (this.word('and')) query = logical(query, this.comparison(), false);
    return query;
  }

  private comparison(): JqQuery {
    const left = this.postfix();
    const { kind, text } = this.peek;
    const compare = kind === 'sign' ? COMPARISONS[text] : undefined;
    if (!compare) return left;
    this.at++;
    const right = this.postfix();
    return (value) => right(value).flatMap((b) => left(value).map((a) => compare(a, b)));
  }

  private postfix(): JqQuery {
    let query = this.primary();
    for (;;) {
      const { kind, text } = this.peek;
      if (kind !== 'sign') return query;
      if (text === '?') {
        this.at++;
        const inner = query;
        query = (value) => quietly(inner, value);
      } else if (text === '[') query = piped(query, this.bracket());
      else if (text === '.') {
        this.at++;
        query = piped(query, this.peek.text === '[' ? this.bracket() : this.field());
      } else return query;
    }
  }

  private primary(): JqQuery {
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
    if (token.text !== '.') throw this.unexpected(token);
    // `.` alone, `.a`, `."a"`, `.[…]`
    const { kind, text } = this.peek;
    if (kind === 'word' || kind === 'string') return this.field();
    if (kind === 'sign' && text === '[') return this.bracket();
    return (value) => [value];
  }

  /** Behind a dot. */
  private field(): JqQuery {
    const token = this.peek;
    if (token.kind !== 'word' && token.kind !== 'string') throw this.unexpected();
    this.at++;
    return key(token.kind === 'word' ? token.text : this.textOf(token));
  }

  private bracket(): JqQuery {
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

  private call(token: Token): JqQuery {
    const { text } = token;
    if (text === 'true' || text === 'false') return constant(text === 'true');
    if (text === 'null') return constant(null);
    const args: JqQuery[] = [];
    if (this.sign('(')) {
      args.push(this.pipe());
      this.expect(')');
    }
    const [arg] = args;
    if (arg && Object.hasOwn(WITH_ARGUMENT, text)) return WITH_ARGUMENT[text]!(arg);
    if (!arg && Object.hasOwn(PLAIN, text)) return (value) => [PLAIN[text]!(value)];
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

const constant =
  (value: unknown): JqQuery =>
  () => [value];

function piped(first: JqQuery, second: JqQuery): JqQuery {
  return (value) => {
    const out: unknown[] = [];
    for (const inner of first(value)) {
      out.push(...second(inner));
      if (out.length > MAX_VALUES) throw new JqError(`more than ${MAX_VALUES} values`);
    }
    return out;
  };
}

function logical(left: JqQuery, right: JqQuery, ends: boolean): JqQuery {
  return (value) => left(value).flatMap((a) => (isTrue(a) === ends ? [ends] : right(value).map(isTrue)));
}

function quietly(query: JqQuery, value: unknown): readonly unknown[] {
  try {
    return query(value);
  } catch (error) {
    if (error instanceof JqError) return [];
    throw error;
  }
}

const isTrue = (value: unknown): boolean => value !== false && value !== null && value !== undefined;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const key =
  (name: string): JqQuery =>
  (value) => {
    if (value === null || value === undefined) return [null];
    if (!isMap(value)) throw new JqError(`expected an object but got: ${typeOf(value)}`);
    return [Object.hasOwn(value, name) ? value[name] : null];
  };

const item =
  (index: number): JqQuery =>
  (value) => {
    if (value === null || value === undefined) return [null];
    if (!Array.isArray(value)) throw new JqError(`expected an array but got: ${typeOf(value)}`);
    return [(value as readonly unknown[]).at(Math.trunc(index)) ?? null];
  };

const elements: JqQuery = (value) => {
  if (Array.isArray(value)) return value;
  if (isMap(value)) return sortedKeys(value).map((name) => value[name]);
  throw new JqError(`cannot iterate over: ${typeOf(value)}`);
};

const sortedKeys = (value: Readonly<Record<string, unknown>>): readonly string[] => Object.keys(value).sort();

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const ORDER: readonly string[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

function compared(a: unknown, b: unknown): number {
  const [left, right] = [typeOf(a), typeOf(b)];
  if (left !== right) return ORDER.indexOf(left) - ORDER.indexOf(right);
  if (left === 'boolean' || left === 'number') return Number(a) - Number(b);
  const [x, y] = left === 'string' ? [a as string, b as string] : [JSON.stringify(a), JSON.stringify(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => deepEqual(a ?? null, b ?? null),
  '!=': (a, b) => !deepEqual(a ?? null, b ?? null),
  '<': (a, b) => compared(a, b) < 0,
  '<=': (a, b) => compared(a, b) <= 0,
  '>': (a, b) => compared(a, b) > 0,
  '>=': (a, b) => compared(a, b) >= 0,
};

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new JqError(`expected a string but got: ${typeOf(value)}`);
}

const PLAIN: Readonly<Record<string, (value: unknown) => unknown>> = {
  not: (value) => !isTrue(value),
  length: (value) => {
    if (typeof value === 'boolean') throw new JqError('boolean has no length');
    if (typeof value === 'number') return Math.abs(value);
    if (typeof value === 'string') return [...value].length;
    return value === null || value === undefined ? 0 : Object.keys(value).length;
  },
  keys: (value) => {
    if (Array.isArray(value)) return [...value.keys()];
    if (isMap(value)) return sortedKeys(value);
    throw new JqError(`${typeOf(value)} has no keys`);
  },
  first: (value) => item(0)(value)[0],
  last: (value) => item(-1)(value)[0],
  any: (value) => elements(value).some(isTrue),
  all: (value) => elements(value).every(isTrue),
  type: typeOf,
  tostring: (value) => (typeof value === 'string' ? value : JSON.stringify(value ?? null)),
  tonumber: (value) => {
    const number = typeof value === 'number' ? value : Number(asText(value).trim() || 'NaN');
    if (Number.isNaN(number)) throw new JqError('cannot be read as a number');
    return number;
  },
};

/** A function of the value and of one text that the argument yields. */
const ofText =
  (test: (value: string, arg: string) => boolean) =>
  (arg: JqQuery): JqQuery =>
  (value) =>
    arg(value).map((text) => test(asText(value), asText(text)));

const WITH_ARGUMENT: Readonly<Record<string, (arg: JqQuery) => JqQuery>> = {
  select: (arg) => (value) =>
    arg(value)
      .filter(isTrue)
      .map(() => value),
  map: (arg) => (value) => [elements(value).flatMap(arg)],
  any: (arg) => (value) => [elements(value).flatMap(arg).some(isTrue)],
  all: (arg) => (value) => [elements(value).flatMap(arg).every(isTrue)],
  has: (arg) => (value) =>
    arg(value).map((name) => {
      if (isMap(value)) return Object.hasOwn(value, asText(name));
      if (Array.isArray(value)) return Number(name) >= 0 && Number(name) < value.length;
      throw new JqError(`cannot check whether ${typeOf(value)} has a key`);
    }),
  startswith: ofText((value, arg) => value.startsWith(arg)),
  endswith: ofText((value, arg) => value.endsWith(arg)),
};
