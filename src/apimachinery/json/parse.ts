// JSON text to values, with what JSON.parse throws away and an API server must know: keys given twice, numbers as they were
// written (`1.0` is no integer), and Go's words for what is wrong with the text.

/** A number that is not a plain integer of at most 15 digits, as it was written. */
export class NumberLiteral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Thrown for text that is not JSON; the message is that of Go's scanner. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

export interface Parsed {
  readonly value: unknown;
  /** For each object that has keys given twice: these keys. */
  readonly duplicates: ReadonlyMap<object, readonly string[]>;
}

/**
 * DEVIATION: Go's limit is 10,000. What walks values here recurses, and must not run out of stack; nothing real is nested like that.
 */
const MAX_DEPTH = 1_000;

/**
 * @param text one JSON value. Throws {@link JsonSyntaxError}.
 * @param twice what counts of a key that is given twice: the last value, or both, the second read on top of the first, as Go reads
 *   JSON into a value that has a type
 */
export function parseJson(text: string, twice: 'last' | 'merged' = 'last'): Parsed {
  const duplicates = new Map<object, string[]>();
  let at = 0;
  let depth = 0;

  skipSpace();
  const value = parseValue('looking for beginning of value');
  skipSpace();
  if (at < text.length) throw unexpected('after top-level value');
  return { value, duplicates };

  function unexpected(context: string): JsonSyntaxError {
    if (at >= text.length) return new JsonSyntaxError('unexpected end of JSON input');
    return new JsonSyntaxError(`invalid character ${quoteChar(String.fromCodePoint(text.codePointAt(at)!))} ${context}`);
  }

  function skipSpace(): void {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 32 || c === 10 || c === 13 || c === 9) at++;
      else return;
    }
  }

  function parseValue(context: string): unknown {
    switch (text.charCodeAt(at)) {
      case 123:
        return parseObject();
      case 91:
        return parseArray();
      case 34:
        return parseString();
      case 116:
        return word('true', true);
      case 102:
        return word('false', false);
      case 110:
        return word('null', null);
      default:
        return parseNumber(context);
    }
  }

  function word(expected: string, value: unknown): unknown {
    for (let i = 0; i < expected.length; i++, at++) {
      if (text[at] !== expected[i]) throw unexpected(`in literal ${expected} (expecting '${expected[i]}')`);
    }
    return value;
  }

  function enter(): void {
    if (++depth > MAX_DEPTH) throw unexpected('exceeded max depth');
  }

  function parseObject(): Record<string, unknown> {
    enter();
    const object: Record<string, unknown> = {};
    at++;
    skipSpace();
    if (text.charCodeAt(at) === 125) {
      at++;
      depth--;
      return object;
    }
    for (;;) {
      if (text.charCodeAt(at) !== 34) throw unexpected('looking for beginning of object key string');
      const key = parseString();
      skipSpace();
      if (text.charCodeAt(at) !== 58) throw unexpected('after object key');
      at++;
      skipSpace();
      let value = parseValue('looking for beginning of value');
      if (Object.hasOwn(object, key)) {
        const seen = duplicates.get(object);
        if (seen) seen.push(key);
        else duplicates.set(object, [key]);
        if (twice === 'merged') value = onTopOf(object[key], value);
      }
      setKey(object, key, value);
      skipSpace();
      const c = text.charCodeAt(at);
      if (c === 44) {
        at++;
        skipSpace();
      } else if (c === 125) {
        at++;
        depth--;
        return object;
      } else throw unexpected('after object key:value pair');
    }
  }

  /** Objects take what the second says of their fields, lists of their elements; anything else is replaced. */
  function onTopOf(first: unknown, second: unknown): unknown {
    if (Array.isArray(first) && Array.isArray(second)) return second.map((v, i) => (i < first.length ? onTopOf(first[i], v) : v));
    if (!isPlain(first) || !isPlain(second)) return second;
    for (const key of Object.keys(second)) setKey(first, key, Object.hasOwn(first, key) ? onTopOf(first[key], second[key]) : second[key]);
    const seen = [...(duplicates.get(first) ?? []), ...(duplicates.get(second) ?? [])];
    if (seen.length) duplicates.set(first, seen);
    return first;
  }

  function parseArray(): unknown[] {
    enter();
    const array: unknown[] = [];
    at++;
    skipSpace();
    if (text.charCodeAt(at) === 93) {
      at++;
      depth--;
      return array;
    }
    for (;;) {
      array.push(parseValue('looking for beginning of value'));
      skipSpace();
      const c = text.charCodeAt(at);
      if (c === 44) {
        at++;
        skipSpace();
      } else if (c === 93) {
        at++;
        depth--;
        return array;
      } else throw unexpected('after array element');
    }
  }

  function parseString(): string {
    const start = ++at;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) return text.slice(start, at++);
      if (c === 92 || c < 32 || Number.isNaN(c)) break;
      at++;
    }
    let out = text.slice(start, at);
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) {
        at++;
        return out;
      }
      if (c === 92) out += parseEscape();
      else if (Number.isNaN(c) || c < 32) throw unexpected('in string literal');
      else {
        const from = at;
        for (let d = c; d !== 34 && d !== 92 && d >= 32; d = text.charCodeAt(at)) at++;
        out += text.slice(from, at);
      }
    }
  }

  function parseEscape(): string {
    at++;
    const c = text[at];
    if (c !== undefined && c in ESCAPES) {
      at++;
      return ESCAPES[c]!;
    }
    if (c !== 'u') throw unexpected('in string escape code');
    at++;
    const from = at;
    for (; at < from + 4; at++) if (!/[0-9a-fA-F]/.test(text[at] ?? '')) throw unexpected('in \\u hexadecimal character escape');
    const code = parseInt(text.slice(from, at), 16);
    if (code < 0xd800 || code > 0xdfff) return String.fromCharCode(code);
    // half a surrogate pair is the replacement character, as in Go
    const low = /^\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(text.slice(at, at + 6));
    if (code > 0xdbff || !low) return '\ufffd';
    at += 6;
    return String.fromCharCode(code, parseInt(low[1]!, 16));
  }

  function parseNumber(context: string): number | NumberLiteral {
    const start = at;
    let plain = true;
    if (text.charCodeAt(at) === 45) at++;
    if (!isDigit(text.charCodeAt(at))) throw unexpected(at > start ? 'in numeric literal' : context);
    if (text.charCodeAt(at) === 48) at++;
    else while (isDigit(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) === 46) {
      plain = false;
      at++;
      if (!isDigit(text.charCodeAt(at))) throw unexpected('after decimal point in numeric literal');
      while (isDigit(text.charCodeAt(at))) at++;
    }
    if (text.charCodeAt(at) === 101 || text.charCodeAt(at) === 69) {
      plain = false;
      at++;
      if (text.charCodeAt(at) === 43 || text.charCodeAt(at) === 45) at++;
      if (!isDigit(text.charCodeAt(at))) throw unexpected('in exponent of numeric literal');
      while (isDigit(text.charCodeAt(at))) at++;
    }
    return plain && at - start <= 15 ? Number(text.slice(start, at)) + 0 : new NumberLiteral(text.slice(start, at));
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral);

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** As Go's scanner names a character in an error. */
function quoteChar(c: string): string {
  if (c === "'") return `'\\''`;
  if (c === '"') return `'"'`;
  const code = c.codePointAt(0)!;
  const named = ({ 9: '\\t', 10: '\\n', 13: '\\r', 7: '\\a', 8: '\\b', 11: '\\v', 12: '\\f', 92: '\\\\' } as Record<number, string>)[code];
  if (named) return `'${named}'`;
  if (code < 32 || code === 127) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  // Go looks at single bytes: the first of the character's UTF-8, as a Latin-1 rune
  if (code > 127) return `'${String.fromCharCode(new TextEncoder().encode(c)[0]!)}'`;
  return `'${c}'`;
}

/** Sets an own property even where the key is `__proto__`. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/**
 * What a parsed value is where nothing says which type it has, as Go reads numbers into `interface{}`: an integer of 64 bits where it
 * is written as one (a bigint beyond 2^53), else a float. Returns the same value where it holds no {@link NumberLiteral}.
 */
export function plainValue(value: unknown): unknown {
  if (value instanceof NumberLiteral) return numberOf(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    let list: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const plain = plainValue(value[i]);
      if (plain === value[i]) continue;
      list ??= [...(value as readonly unknown[])];
      list[i] = plain;
    }
    return list ?? value;
  }
  const object = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const key in object) {
    const plain = plainValue(object[key]);
    if (plain === object[key]) continue;
    copy ??= { ...object };
    setKey(copy, key, plain);
  }
  return copy ?? value;
}

export function numberOf({ text }: NumberLiteral): number | bigint {
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text);
    if (BigInt.asIntN(64, integer) === integer) return Number.isSafeInteger(Number(text)) ? Number(text) : integer;
  }
  return Number(text);
}
