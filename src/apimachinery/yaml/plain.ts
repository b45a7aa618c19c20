// Reads the YAML that people mostly write, twenty times faster than a full parser: block mappings and lists, scalars on one line,
// literal blocks, plain text over several lines, simple flow collections. It never errs on the side of reading: whatever it is not sure of
// (anchors, tags, tabs, anything wrong) it leaves to nodes.ts, which gives the same value for all that this file reads.
import { setKey } from '../json/parse.ts';
import { TAB, LF, SPACE, HASH, DASH, COLON, PIPE, SINGLE_QUOTE } from './characters.ts';
import { MAX_DEPTH } from './limits.ts';
import { isFlow, isPlainStart, isQuote, LineScanner, UNSURE } from './line-scanner.ts';
import { resolvePlain, type Resolve } from './scalar.ts';

/**
 * @param resolve what plain text means
 * @returns the document's value, in a box to tell it from undefined: not read
 */
export function readPlain(text: string, resolve: Resolve = resolvePlain): { readonly value: unknown } | undefined {
  // control characters, and line breaks that only some parsers see
  if (/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/.test(text)) return undefined;
  // the end of a document
  if (text.startsWith('...') || text.includes('\n...')) return undefined;
  const reader = new Reader(text, resolve);
  const value = reader.document();
  return value === UNSURE ? undefined : { value };
}

class Reader {
  private readonly text: string;
  private readonly resolve: Resolve;
  /** First character of the line at hand that is no space; lines of nothing but space or comment are passed over. */
  private at = 0;
  /** Columns before {@link at}; -1 at the end of the text. */
  private indent = -1;
  private lineEnd = 0;

  constructor(text: string, resolve: Resolve) {
    this.text = text;
    this.resolve = resolve;
    this.enterLine(0);
  }

  document(): unknown {
    if (this.indent < 0) return null;
    const value = this.block(0);
    return this.indent < 0 ? value : UNSURE;
  }

  /** Moves to the first line from `start` on that says something. */
  private enterLine(start: number): void {
    const { text } = this;
    let line = start;
    while (line < text.length) {
      let at = line;
      while (text.charCodeAt(at) === SPACE) at++;
      const c = text.charCodeAt(at);
      if (c === LF) line = at + 1;
      else if (at >= text.length) break;
      else {
        const lf = text.indexOf('\n', at);
        const end = lf < 0 ? text.length : lf;
        if (c === HASH) line = end + 1;
        else {
          this.at = at;
          this.indent = at - line;
          this.lineEnd = end;
          return;
        }
      }
    }
    this.indent = -1;
    this.at = this.lineEnd = text.length;
  }

  private nextLine(): void {
    this.enterLine(this.lineEnd + 1);
  }

  /** The collection that begins at hand, all of whose entries stand at the column at hand. */
  private block(depth: number): unknown {
    if (depth > MAX_DEPTH) return UNSURE;
    return this.isDash(this.at) ? this.list(this.indent, depth) : this.mapping(this.indent, depth);
  }

  private isDash(at: number): boolean {
    return this.text.charCodeAt(at) === DASH && (at + 1 >= this.lineEnd || this.text.charCodeAt(at + 1) === SPACE);
  }

  private list(indent: number, depth: number): unknown {
    const out: unknown[] = [];
    while (this.indent === indent && this.isDash(this.at)) {
      let item = this.at + 1;
      while (this.text.charCodeAt(item) === SPACE) item++;
      let value: unknown;
      if (item >= this.lineEnd || this.text.charCodeAt(item) === HASH) {
        this.nextLine();
        value = this.indent > indent ? this.block(depth + 1) : null;
      } else if (this.isDash(item)) return UNSURE;
      else if (!isFlow(this.text.charCodeAt(item)) && this.keyEnd(item) >= 0) {
        // a mapping that begins behind the dash: its other keys stand below its first
        this.indent += item - this.at;
        this.at = item;
        value = this.mapping(this.indent, depth + 1);
      } else value = this.inline(item, indent, depth + 1);
      if (value === UNSURE || this.indent > indent) return UNSURE;
      out.push(value);
    }
    return out;
  }

  private mapping(indent: number, depth: number): unknown {
    if (depth > MAX_DEPTH) return UNSURE;
    const out: Record<string, unknown> = {};
    while (this.indent === indent) {
      const end = this.keyEnd(this.at);
      const key = end < 0 ? undefined : this.key(this.at, end);
      if (key === undefined || Object.hasOwn(out, key)) return UNSURE;
      let start = end + 1;
      while (this.text.charCodeAt(start) === SPACE) start++;
      let value: unknown;
      if (start >= this.lineEnd || this.text.charCodeAt(start) === HASH) {
        this.nextLine();
        if (this.indent > indent) value = this.block(depth + 1);
        // lists may stand at the column of their key
        else if (this.indent === indent && this.isDash(this.at)) value = this.list(indent, depth + 1);
        else value = null;
      } else value = this.inline(start, indent, depth + 1);
      if (value === UNSURE || this.indent > indent) return UNSURE;
      setKey(out, key, value);
    }
    return out;
  }

  /** Where the colon of a key at `from` is; -1 where the line has none. */
  private keyEnd(from: number): number {
    const { text } = this;
    const c = text.charCodeAt(from);
    if (isQuote(c)) {
      const end = text.indexOf(text[from]!, from + 1);
      return end > 0 && end < this.lineEnd && text.charCodeAt(end + 1) === COLON && this.isGap(end + 2) ? end + 1 : -1;
    }
    for (let at = from; at < this.lineEnd; at++) {
      const c = text.charCodeAt(at);
      if (c === COLON && this.isGap(at + 1)) return at;
      if (c === HASH && text.charCodeAt(at - 1) === SPACE) return -1;
    }
    return -1;
  }

  private isGap(at: number): boolean {
    return at >= this.lineEnd || this.text.charCodeAt(at) === SPACE;
  }

  private key(from: number, end: number): string | undefined {
    // the limit of implicit keys
    if (end - from > 1000) return undefined;
    const c = this.text.charCodeAt(from);
    if (isQuote(c)) {
      const key = this.text.slice(from + 1, end - 1);
      return key.includes('\\') || key.includes('\t') ? undefined : key;
    }
    if (!isPlainStart(this.text, from)) return undefined;
    const source = this.text.slice(from, end);
    if (/[\t ]$|\t|^<<$/.test(source)) return undefined;
    const value = this.resolve(source);
    // keys that are no strings have rules of their own
    return typeof value === 'string' ? value : undefined;
  }

  /** A value that begins on the line of its key or dash, whose column is `indent`; the next line is then at hand. */
  private inline(start: number, indent: number, depth: number): unknown {
    const c = this.text.charCodeAt(start);
    if (c === PIPE) return this.literal(start, indent);
    const scalar = new LineScanner(this.text, start, this.lineEnd, this.resolve);
    if (
      c === SINGLE_QUOTE &&
      !this.text
        .slice(start + 1, this.lineEnd)
        .replaceAll("''", '')
        .includes("'")
    )
      return this.quoted(start, indent);
    const value = isFlow(c) ? scalar.flow(depth) : isQuote(c) ? scalar.quoted() : scalar.plain();
    if (value === UNSURE || !scalar.atEnd()) return UNSURE;
    const { lineEnd } = this;
    this.nextLine();
    if (this.indent <= indent) return value;
    // deeper text is more of the same scalar
    return isFlow(c) || isQuote(c) ? UNSURE : this.folded(this.text.slice(start, lineEnd), lineEnd, indent);
  }

  /** Plain text over several lines, of which the first was read already; the second is at hand. */
  private folded(first: string, firstEnd: number, indent: number): unknown {
    if (first.includes(' #')) return UNSURE;
    const lines = [first.trimEnd()];
    let end = firstEnd;
    while (this.indent > indent) {
      const line = this.text.slice(this.at, this.lineEnd).trimEnd();
      // blank lines and comments between them have rules of their own
      if (this.at - this.indent !== end + 1 || /\t|: | #|:$|^#/.test(line)) return UNSURE;
      lines.push(line);
      end = this.lineEnd;
      this.nextLine();
    }
    return this.resolve(lines.join(' '));
  }

  /** Text in single quotes that end on a later line. */
  private quoted(start: number, indent: number): unknown {
    const lines = [this.text.slice(start + 1, this.lineEnd).trimEnd()];
    let end = this.lineEnd;
    for (;;) {
      this.nextLine();
      if (this.indent <= indent || this.at - this.indent !== end + 1) return UNSURE;
      const line = this.text.slice(this.at, this.lineEnd).trimEnd();
      const [, words, close] = /^((?:[^'\t]|'')*)('?)$/.exec(line) ?? [];
      if (words === undefined) return UNSURE;
      lines.push(words);
      end = this.lineEnd;
      if (close === '') continue;
      this.nextLine();
      return this.indent > indent ? UNSURE : lines.join(' ').replaceAll("''", "'");
    }
  }

  /** `|`, `|-` and `|+`. */
  private literal(start: number, parent: number): unknown {
    const { text } = this;
    const header = /^\|([-+]?) *(?: #.*)?$/.exec(text.slice(start, this.lineEnd));
    if (!header) return UNSURE;
    let content = '';
    let indent = -1;
    let line = this.lineEnd + 1;
    for (;;) {
      if (line >= text.length) break;
      const limit = indent < 0 ? text.length : line + indent;
      let at = line;
      while (at < limit && text.charCodeAt(at) === SPACE) at++;
      const lf = text.indexOf('\n', at);
      const end = lf < 0 ? text.length : lf;
      const blank = at >= end;
      // leading lines of spaces, and text that ends without a line break, have subtle rules
      if (indent < 0 && blank && at > line) return UNSURE;
      if (lf < 0) return UNSURE;
      if (!blank && indent < 0) {
        if (at - line <= parent || text.charCodeAt(at) === TAB) break;
        indent = at - line;
      }
      if (!blank && at - line < indent) break;
      content += blank && at - line < indent ? '\n' : text.slice(at, end + 1);
      line = end + 1;
    }
    this.enterLine(line);
    // less deep than the block, but deeper than its key, is an error; and a first line that is no deeper is no text
    if (this.indent > parent || (indent < 0 && content !== '')) return UNSURE;
    if (header[1] === '+') return content;
    const kept = content.replace(/\n+$/, '');
    return header[1] === '-' || kept === '' ? kept : `${kept}\n`;
  }
}
