// Scalars and flow collections that begin and end on one line, as far as they cannot be misread; see plain.ts.
import { setKey } from '../json/parse.ts';
import {
  SPACE,
  DOUBLE_QUOTE,
  HASH,
  SINGLE_QUOTE,
  COMMA,
  DASH,
  COLON,
  BRACKET,
  BACKSLASH,
  CLOSE_BRACKET,
  BRACE,
  CLOSE_BRACE,
} from './characters.ts';
import { MAX_DEPTH } from './limits.ts';
import type { Resolve } from './scalar.ts';

/** What a reader is not sure of. */
export const UNSURE = Symbol('unsure');

/** A scalar or a flow collection within one line. */
export class LineScanner {
  private readonly text: string;
  private readonly end: number;
  private readonly resolve: Resolve;
  private at: number;

  constructor(text: string, at: number, end: number, resolve: Resolve) {
    this.text = text;
    this.resolve = resolve;
    this.at = at;
    this.end = end;
  }

  /** Whether only space or a comment follows. */
  atEnd(): boolean {
    const from = this.at;
    while (this.text.charCodeAt(this.at) === SPACE) this.at++;
    return this.at >= this.end || (this.text.charCodeAt(this.at) === HASH && this.at > from);
  }

  quoted(): unknown {
    return this.text.charCodeAt(this.at) === SINGLE_QUOTE ? this.single() : this.double();
  }

  private single(): unknown {
    const line = this.text.slice(this.at + 1, this.end);
    let close = line.indexOf("'");
    while (close >= 0 && line.charCodeAt(close + 1) === SINGLE_QUOTE) close = line.indexOf("'", close + 2);
    if (close < 0) return UNSURE;
    const value = line.slice(0, close);
    this.at += close + 2;
    return value.includes("''") ? value.replaceAll("''", "'") : value;
  }

  private double(): unknown {
    const { text } = this;
    const start = this.at;
    let escapes = false;
    for (let i = start + 1; i < this.end; i++) {
      const c = text.charCodeAt(i);
      if (c === BACKSLASH) {
        // the escapes that mean the same in JSON
        if (!'"\\nrtbf'.includes(text[i + 1] ?? ' ')) return UNSURE;
        escapes = true;
        i++;
      } else if (c === DOUBLE_QUOTE) {
        this.at = i + 1;
        if (!escapes) return text.slice(start + 1, i);
        const source = text.slice(start, i + 1);
        return source.includes('\t') ? UNSURE : (JSON.parse(source) as string);
      }
    }
    return UNSURE;
  }

  plain(): unknown {
    if (!isPlainStart(this.text, this.at)) return UNSURE;
    // what is looked for in the whole text is looked for to its end
    const line = this.text.slice(this.at, this.end);
    const comment = line.indexOf(' #');
    const source = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
    if (source.includes('\t') || source.includes(': ') || source.endsWith(':')) return UNSURE;
    this.at = comment < 0 ? this.end : this.at + comment;
    return finite(this.resolve(source));
  }

  flow(depth: number): unknown {
    if (depth > MAX_DEPTH) return UNSURE;
    return this.text.charCodeAt(this.at++) === BRACKET ? this.flowList(depth) : this.flowMapping(depth);
  }

  private skipSpace(): number {
    while (this.text.charCodeAt(this.at) === SPACE) this.at++;
    return this.at < this.end ? this.text.charCodeAt(this.at) : 0;
  }

  private flowList(depth: number): unknown {
    const out: unknown[] = [];
    for (;;) {
      if (this.skipSpace() === CLOSE_BRACKET) break;
      const value = this.flowValue(depth);
      if (value === UNSURE) return UNSURE;
      out.push(value);
      const c = this.skipSpace();
      if (c === COMMA) this.at++;
      else if (c !== CLOSE_BRACKET) return UNSURE;
    }
    this.at++;
    return out;
  }

  private flowMapping(depth: number): unknown {
    const out: Record<string, unknown> = {};
    for (;;) {
      const c = this.skipSpace();
      if (c === CLOSE_BRACE) break;
      const key = isQuote(c) ? this.quoted() : this.flowWord();
      if (typeof key !== 'string' || Object.hasOwn(out, key) || key === '<<') return UNSURE;
      if (this.text.charCodeAt(this.at) !== COLON || this.text.charCodeAt(this.at + 1) !== SPACE) return UNSURE;
      this.at++;
      this.skipSpace();
      const value = this.flowValue(depth);
      if (value === UNSURE) return UNSURE;
      setKey(out, key, value);
      const next = this.skipSpace();
      if (next === COMMA) this.at++;
      else if (next !== CLOSE_BRACE) return UNSURE;
    }
    this.at++;
    return out;
  }

  private flowValue(depth: number): unknown {
    const c = this.text.charCodeAt(this.at);
    if (isFlow(c)) return this.flow(depth + 1);
    if (isQuote(c)) return this.quoted();
    return this.flowWord();
  }

  /** Plain text in a flow collection, as far as it cannot be misread. */
  private flowWord(): unknown {
    FLOW_WORD.lastIndex = this.at;
    const word = FLOW_WORD.exec(this.text)?.[0];
    if (word === undefined || this.at + word.length > this.end) return UNSURE;
    this.at += word.length;
    return finite(this.resolve(word));
  }
}

export const isQuote = (c: number): boolean => c === DOUBLE_QUOTE || c === SINGLE_QUOTE;
export const isFlow = (c: number): boolean => c === BRACE || c === BRACKET;

const finite = (value: unknown): unknown => (typeof value === 'number' && !Number.isFinite(value) ? UNSURE : value);

/** Words with one space between them; colons only inside of words. */
const FLOW_WORD = /-*[A-Za-z0-9_./](?:[A-Za-z0-9_./$*+@=-]|:(?=[A-Za-z0-9/])| (?=[A-Za-z0-9_./]))*/y;

/** Whether plain text may begin here: not with an indicator. */
export function isPlainStart(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  if (c === DASH) return text.charCodeAt(at + 1) > SPACE;
  return !INDICATORS.includes(text[at]!);
}

const INDICATORS = '?:,[]{}#&*!|>\'"%@`\t ';
