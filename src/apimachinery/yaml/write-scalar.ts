// One text as go-yaml v2 writes it: plain where it may be, in quotes, or line by line. Follows its emitter's analysis of a scalar.

export interface ScalarPlace {
  /** Of the lines of a literal, and of those that follow a fold. */
  readonly indent: number;
  /** Characters on the line before it. */
  readonly column: number;
  readonly foldAt: number;
  /** Whether what has tabs may be a literal. */
  readonly keepTabs: boolean;
}

/** What YAML 1.1 reads as something other than text. */
const OTHER =
  /^(?:|~|null|Null|NULL|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(?:0b[01]+|0x[\da-fA-F]+|0o?[0-7]+)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const DATE =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d))| (\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?$/;

/** Nearly all texts: no need to look any closer. */
const SIMPLE = /^[A-Za-z/][\w./-]*$/;

export function scalarText(value: string, place: ScalarPlace | 'key'): string {
  if (SIMPLE.test(value)) return OTHER.test(value) ? `"${value}"` : value;
  const isKey = place === 'key';
  const analysis = analyze(value, !isKey && place.keepTabs);
  const at = isKey ? undefined : place;
  if (value.includes('\n')) return analysis.literal && at ? literal(value, at.indent) : double(value, at);
  if (isOther(value)) return double(value, at);
  if (analysis.plain && !(isKey && value === '')) return folded(value, at, 0);
  return analysis.single ? `'${folded(value.replaceAll("'", "''"), at, 1)}'` : double(value, at);
}

function isOther(value: string): boolean {
  if (OTHER.test(value)) return true;
  if (!/^[-+.\d]/.test(value)) return false;
  if (BASE_60.test(value)) return true;
  const plain = value.startsWith('.') ? value : value.replaceAll('_', '');
  if (INTEGER.test(plain)) return BigInt(plain.replace(/^[-+]/, '').replace(/^0(?=[0-7])/, '0o')) < 2n ** 64n;
  if (FLOAT.test(plain)) return Number.isFinite(Number(plain));
  return isDate(value);
}

function isDate(value: string): boolean {
  const match = DATE.exec(value);
  if (!match) return false;
  const [, year, month, day, ...times] = match.map((part) => (part === undefined ? undefined : Number(part)));
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  const [hour = 0, minute = 0, second = 0] = times.filter((part) => part !== undefined);
  return date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
}

interface Analysis {
  readonly plain: boolean;
  readonly single: boolean;
  readonly literal: boolean;
}

/** Characters that only an escape can show: tabs too. */
const SPECIAL = /[^\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const BREAK = '[\\n\\r\\u0085\\u2028\\u2029]';
const SPACE_BREAK = new RegExp(` ${BREAK}`);
const BREAK_SPACE = new RegExp(`${BREAK} `);
const ANY_BREAK = new RegExp(BREAK);
const INDICATORS = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t]|$))|:(?:[ \t]|$)|[ \t]#/;

function analyze(value: string, keepTabs: boolean): Analysis {
  const special = SPECIAL.test(value) || SPACE_BREAK.test(value);
  const noLiteral = special && !(keepTabs && !SPECIAL.test(value.replaceAll('\t', '')) && !SPACE_BREAK.test(value));
  const edges = value.startsWith(' ') || value.endsWith(' ');
  const broken = ANY_BREAK.test(value);
  const single = !special && !BREAK_SPACE.test(value);
  return { plain: single && !edges && !broken && !INDICATORS.test(value), single, literal: !noLiteral && !value.endsWith(' ') };
}

function literal(value: string, indent: number): string {
  const chomp = value.endsWith('\n\n') || value === '\n' ? '+' : value.endsWith('\n') ? '' : '-';
  const hint = /^[ \n\u0085\u2028\u2029]/.test(value) ? '2' : '';
  const pad = ' '.repeat(indent);
  const lines = value.split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : pad + line)).join('\n')}`;
}

/** Breaks lines that are too long at single spaces. @param quotes how many characters stand before the text, on the same line */
function folded(text: string, place: ScalarPlace | undefined, quotes: number): string {
  if (!place || place.column + quotes + text.length <= place.foldAt) return text;
  let out = '';
  let column = place.column + quotes;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 32 && column > place.foldAt && at > 0 && at < text.length - 1 && text[at - 1] !== ' ' && text[at + 1] !== ' ') {
      out += `${text.slice(start, at)}\n${' '.repeat(place.indent)}`;
      start = at + 1;
      column = place.indent;
    } else if ((code & 0xfc00) !== 0xdc00) column++;
  }
  return out + text.slice(start);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u00a0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

const ESCAPED = /[^\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

function double(value: string, place: ScalarPlace | undefined): string {
  // go-yaml looks for the mark at the beginning, whichever character it is at
  const all = value.startsWith('\ufeff');
  let out = '"';
  let column = (place?.column ?? 0) + 1;
  let spaces = false;
  const characters = [...value];
  for (const [i, c] of characters.entries()) {
    const isSpace = c === ' ' && !all;
    if (isSpace && place && !spaces && column > place.foldAt && i > 0 && i < characters.length - 1) {
      out += `\n${' '.repeat(place.indent)}`;
      column = place.indent;
      if (characters[i + 1] === ' ') {
        out += '\\';
        column++;
      }
    } else {
      const text = all || ESCAPED.test(c) ? escape(c) : c;
      out += text;
      column += text === c ? 1 : text.length;
    }
    spaces = isSpace;
  }
  return `${out}"`;
}

function escape(c: string): string {
  const short = ESCAPES[c];
  if (short !== undefined) return `\\${short}`;
  const code = c.codePointAt(0)!;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
