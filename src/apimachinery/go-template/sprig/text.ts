// sprig's functions on texts. The text comes last, so that it can come through the pipe. Where Go counts bytes, so is done here.
import { quote } from '../../go-text.ts';
import { plain } from '../print.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { byBytes, byteLength, bytesOf, byteSlice, isAscii, isSlice, STRING_MAP, textOfBytes, typed } from '../values.ts';
import { camelCase, kebabCase, lower, snakeCase, swapCase, title, untitle, upper } from './letter-case.ts';
import { isSpace, trimSpace } from './spaces.ts';
import { present, strings, strval } from './strval.ts';
import { wrapped } from './wrap.ts';

/** What a function makes of a text may be no longer than this. */
const MAX_LENGTH = 16 * 1024 * 1024;

const ofText = (make: (text: string) => string) => go('(string) string', make);

export const SPRIG_TEXT: TemplateFunctions = {
  hello: go('() string', () => 'Hello!'),
  abbrev: go('(int, string) string', (width: number, s: string) => (width < 4 ? s : abbreviated(s, 0, width))),
  abbrevboth: go('(int, int, string) string', (left: number, right: number, s: string) =>
    right < 4 || (left > 0 && right < 7) ? s : abbreviated(s, left, right),
  ),
  trunc: go('(int, string) string', (count: number, s: string) => {
    const size = byteLength(s);
    if (count < 0 && size + count > 0) return byteSlice(s, size + count);
    return count >= 0 && size > count ? byteSlice(s, 0, count) : s;
  }),
  trim: ofText(trimSpace),
  upper: ofText(upper),
  lower: ofText(lower),
  title: ofText(title),
  untitle: ofText(untitle),
  swapcase: ofText(swapCase),
  snakecase: ofText(snakeCase),
  kebabcase: ofText(kebabCase),
  camelcase: ofText(camelCase),
  substr: go('(int, int, string) string', substring),
  repeat: go('(int, string) string', repeated),
  trimall: go('(string, string) string', trimmed),
  trimAll: go('(string, string) string', trimmed),
  trimSuffix: go('(string, string) string', (suffix: string, s: string) =>
    suffix !== '' && s.endsWith(suffix) ? s.slice(0, -suffix.length) : s,
  ),
  trimPrefix: go('(string, string) string', (prefix: string, s: string) => (s.startsWith(prefix) ? s.slice(prefix.length) : s)),
  nospace: ofText((s) => {
    // byte by byte, as goutils does it: a text with spaces loses what is not ASCII
    const bytes = Array.from(bytesOf(s), (byte) => String.fromCharCode(byte));
    const kept = bytes.filter((c) => !isSpace(c));
    return kept.length === bytes.length ? s : kept.join('');
  }),
  initials: ofText((s) => {
    const bytes = Array.from(bytesOf(s), (byte) => String.fromCharCode(byte));
    return bytes.filter((c, i) => !isSpace(c) && (i === 0 || isSpace(bytes[i - 1]!))).join('');
  }),
  wrap: go('(int, string) string', (width: number, s: string) => onBytes(s, (bytes) => wrapped(bytes, width, '\n', false))),
  wrapWith: go('(int, string, string) string', (width: number, separator: string, s: string) =>
    onBytes(s, (bytes) => wrapped(bytes, width, toBytes(separator) || '\n', true)),
  ),
  contains: go('(string, string) bool', (part: string, s: string) => s.includes(part)),
  hasPrefix: go('(string, string) bool', (prefix: string, s: string) => s.startsWith(prefix)),
  hasSuffix: go('(string, string) bool', (suffix: string, s: string) => s.endsWith(suffix)),
  quote: go('(...any) string', (...args) =>
    present(args)
      .map((arg) => quote(strval(arg)))
      .join(' '),
  ),
  squote: go('(...any) string', (...args) =>
    present(args)
      .map((arg) => `'${plain(arg)}'`)
      .join(' '),
  ),
  cat: go('(...any) string', (...args) => present(args).map(plain).join(' ')),
  indent: go('(int, string) string', indented),
  nindent: go('(int, string) string', (spaces: number, s: string) => `\n${indented(spaces, s)}`),
  replace: go('(string, string, string) string', (from: string, to: string, s: string) =>
    from === '' ? to + [...s].map((c) => c + to).join('') : s.replaceAll(from, () => to),
  ),
  plural: go('(string, string, int) string', (one: string, many: string, count: number) => (count === 1 ? one : many)),
  join: go('(string, any) string', (separator: string, items: unknown) => strings(items).join(separator)),
  split: go('(string, string) map[string]string', (separator: string, s: string) => numbered(parts(s, separator))),
  splitn: go('(string, int, string) map[string]string', (separator: string, most: number, s: string) =>
    numbered(most === 0 ? [] : limited(parts(s, separator), separator, most)),
  ),
  splitList: go('(string, string) []string', (separator: string, s: string) => parts(s, separator)),
  toString: go('(any) string', strval),
  toStrings: go('(any) []string', (value: unknown) => [...strings(value)]),
  sortAlpha: go('(any) []string', (value: unknown) => (isSlice(value) ? [...strings(value)].sort(byBytes) : [strval(value)])),
};

/** `strings.Split`: without a separator, into characters. */
export const parts = (s: string, separator: string): string[] => (separator === '' ? [...s] : s.split(separator));

/** At most so many, the last one with all the rest; all where `most` is negative. */
function limited(all: readonly string[], separator: string, most: number): readonly string[] {
  if (most < 0 || all.length <= most) return all;
  return [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

const numbered = (list: readonly string[]): Record<string, string> =>
  typed(Object.fromEntries(list.map((part, i) => [`_${i}`, part])), STRING_MAP);

function substring(start: number, end: number, s: string): string {
  const size = byteLength(s);
  if (start < 0) return bounded(s, 0, end, size);
  return end < 0 || end > size ? bounded(s, start, size, size) : bounded(s, start, end, size);
}

function bounded(s: string, from: number, to: number, size: number): string {
  const wrong = (what: string): FunctionError => new FunctionError(`runtime error: slice bounds out of range ${what}`);
  if (to < 0) throw wrong(`[:${to}]`);
  if (to > size) throw wrong(`[:${to}] with length ${size}`);
  if (from > to) throw wrong(`[${from}:${to}]`);
  return byteSlice(s, from, to);
}

function repeated(count: number, s: string): string {
  if (count < 0) throw new FunctionError('strings: negative Repeat count');
  if (count * s.length > MAX_LENGTH) throw new FunctionError(`more than ${MAX_LENGTH} characters`);
  return s.repeat(count);
}

function indented(spaces: number, s: string): string {
  if (spaces < 0) throw new FunctionError('strings: negative Repeat count');
  if (spaces * (s.split('\n').length + 1) > MAX_LENGTH) throw new FunctionError(`more than ${MAX_LENGTH} characters`);
  const pad = ' '.repeat(spaces);
  return pad + s.replaceAll('\n', `\n${pad}`);
}

function trimmed(cut: string, s: string): string {
  const signs = new Set(cut);
  const letters = [...s];
  let [from, to] = [0, letters.length];
  while (from < to && signs.has(letters[from]!)) from++;
  while (from < to && signs.has(letters[to - 1]!)) to--;
  return letters.slice(from, to).join('');
}

/** goutils' Abbreviate and AbbreviateFull. */
function abbreviated(s: string, offset: number, width: number): string {
  const size = byteLength(s);
  if (size <= width) return s;
  let from = Math.min(offset, size);
  if (size - from < width - 3) from = size - (width - 3);
  if (from <= 4) return `${byteSlice(s, 0, width - 3)}...`;
  if (from + width - 3 < size) return `...${abbreviated(byteSlice(s, from), 0, width - 3)}`;
  return `...${byteSlice(s, size - (width - 3))}`;
}

const toBytes = (s: string): string => (isAscii(s) ? s : bytesOf(s).toString('latin1'));

/** Works on a text that has a character for each byte. */
function onBytes(s: string, work: (bytes: string) => string): string {
  return isAscii(s) ? work(s) : textOfBytes(Buffer.from(work(toBytes(s)), 'latin1'));
}
