// Functions of texts: those of CEL's standard, of cel-go's strings extension in its second version, and Kubernetes' find and findAll.
// Places in a text are counted in code points.
import { compileRegexp, RegexpError } from '../../regexp.ts';
import { quote } from '../../go-text.ts';
import { declare, type FunctionDeclaration, type Implementation } from '../environment.ts';
import { ArrayList, CelError, codePoints, type ListValue, type Value } from '../values.ts';
import { formatString } from './format-string.ts';

const outOfRange = (at: bigint): CelError => new CelError(`index out of range: ${at}`);

function charAt(text: string, at: bigint): Value {
  const characters = [...text];
  if (at < 0n || at > BigInt(characters.length)) return outOfRange(at);
  return characters[Number(at)] ?? '';
}

function indexOf(text: string, part: string, from = 0n): Value {
  if (from < 0n) return outOfRange(from);
  const characters = [...text];
  const length = BigInt(characters.length);
  if (part === '') return from > length ? length : from;
  if (from >= length) return -1n;
  const before = characters.slice(0, Number(from)).join('').length;
  const found = text.indexOf(part, before);
  return found < 0 ? -1n : BigInt(codePoints(text.slice(0, found)));
}

function lastIndexOf(text: string, part: string, from?: bigint): Value {
  const characters = [...text];
  const length = BigInt(characters.length);
  const start = from ?? length;
  if (start < 0n) return outOfRange(start);
  if (part === '') return start > length ? length : start;
  if (from !== undefined && start >= length) return -1n;
  const found = text.lastIndexOf(part, characters.slice(0, Number(start)).join('').length);
  return found < 0 ? -1n : BigInt(codePoints(text.slice(0, found)));
}

/** @param count negative: all */
function replace(text: string, from: string, to: string, count: bigint): string {
  let left = count < 0n ? Number.POSITIVE_INFINITY : Number(count);
  if (from === '') {
    const characters = [...text];
    let out = '';
    for (const c of [...characters, '']) out += (left-- > 0 ? to : '') + c;
    return out;
  }
  let out = '';
  let place = 0;
  for (let found = text.indexOf(from); found >= 0 && left > 0; found = text.indexOf(from, place), left--) {
    out += text.slice(place, found) + to;
    place = found + from.length;
  }
  return out + text.slice(place);
}

/** @param count negative: all */
function split(text: string, separator: string, count: bigint): ListValue {
  if (count === 0n) return new ArrayList([]);
  const parts = separator === '' ? [...text] : text.split(separator);
  if (count < 0n || BigInt(parts.length) <= count) return new ArrayList(parts);
  const kept = Number(count) - 1;
  return new ArrayList([...parts.slice(0, kept), parts.slice(kept).join(separator)]);
}

function substring(text: string, start: bigint, end?: bigint): Value {
  const characters = [...text];
  const length = BigInt(characters.length);
  if (end !== undefined && start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return characters.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

function join(list: ListValue, separator: string): Value {
  const parts: string[] = [];
  for (const item of list) {
    if (typeof item !== 'string') return new CelError('no such overload');
    parts.push(item);
  }
  return parts.join(separator);
}

/** What a bad pattern says; a good one is applied. */
function withPattern(pattern: string, apply: (regexp: ReturnType<typeof compileRegexp>) => Value): Value {
  try {
    return apply(compileRegexp(pattern));
  } catch (error) {
    if (error instanceof RegexpError) return new CelError(error.message);
    throw error;
  }
}

function findAll(text: string, pattern: string, count: bigint): Value {
  return withPattern(pattern, (regexp) => new ArrayList(regexp.findAll(text, count < 0n ? Number.POSITIVE_INFINITY : Number(count))));
}

const ascii = (text: string, change: (c: string) => string): string => text.replace(/[A-Za-z]/g, change);

const WHITE_SPACE = /^[\p{White_Space}]+|[\p{White_Space}]+$/gu;

/** Arguments are of the types that the signatures say. */
const texts = (f: (...args: string[]) => Value): Implementation => f as unknown as Implementation;
const withNumbers = (f: (...args: never[]) => Value): Implementation => f as unknown as Implementation;

export const strings: readonly FunctionDeclaration[] = [
  declare('contains', { 'contains_string: string.(string) -> bool': texts((text, part) => text!.includes(part!)) }),
  declare('startsWith', { 'starts_with_string: string.(string) -> bool': texts((text, part) => text!.startsWith(part!)) }),
  declare('endsWith', { 'ends_with_string: string.(string) -> bool': texts((text, part) => text!.endsWith(part!)) }),
  declare('matches', {
    'matches: (string, string) -> bool': texts((text, pattern) => withPattern(pattern!, (regexp) => regexp.test(text!))),
    'matches_string: string.(string) -> bool': texts((text, pattern) => withPattern(pattern!, (regexp) => regexp.test(text!))),
  }),
  declare('charAt', { 'string_char_at_int: string.(int) -> string': withNumbers((text: string, at: bigint) => charAt(text, at)) }),
  declare('indexOf', {
    'string_index_of_string: string.(string) -> int': texts((text, part) => indexOf(text!, part!)),
    'string_index_of_string_int: string.(string, int) -> int': withNumbers((text: string, part: string, from: bigint) =>
      indexOf(text, part, from),
    ),
  }),
  declare('lastIndexOf', {
    'string_last_index_of_string: string.(string) -> int': texts((text, part) => lastIndexOf(text!, part!)),
    'string_last_index_of_string_int: string.(string, int) -> int': withNumbers((text: string, part: string, from: bigint) =>
      lastIndexOf(text, part, from),
    ),
  }),
  declare('lowerAscii', { 'string_lower_ascii: string.() -> string': texts((text) => ascii(text!, (c) => c.toLowerCase())) }),
  declare('upperAscii', { 'string_upper_ascii: string.() -> string': texts((text) => ascii(text!, (c) => c.toUpperCase())) }),
  declare('replace', {
    'string_replace_string_string: string.(string, string) -> string': texts((text, from, to) => replace(text!, from!, to!, -1n)),
    'string_replace_string_string_int: string.(string, string, int) -> string': withNumbers(
      (text: string, from: string, to: string, count: bigint) => replace(text, from, to, count),
    ),
  }),
  declare('split', {
    'string_split_string: string.(string) -> list(string)': texts((text, separator) => split(text!, separator!, -1n)),
    'string_split_string_int: string.(string, int) -> list(string)': withNumbers((text: string, separator: string, count: bigint) =>
      split(text, separator, count),
    ),
  }),
  declare('substring', {
    'string_substring_int: string.(int) -> string': withNumbers((text: string, start: bigint) => substring(text, start)),
    'string_substring_int_int: string.(int, int) -> string': withNumbers((text: string, start: bigint, end: bigint) =>
      substring(text, start, end),
    ),
  }),
  declare('trim', { 'string_trim: string.() -> string': texts((text) => text!.replace(WHITE_SPACE, '')) }),
  declare('format', {
    'string_format: string.(list(dyn)) -> string': withNumbers((text: string, args: ListValue) => formatString(text, args)),
  }),
  declare('strings.quote', { 'strings_quote: (string) -> string': texts((text) => quote(text!)) }),
  declare('join', {
    'list_join: list(string).() -> string': withNumbers((list: ListValue) => join(list, '')),
    'list_join_string: list(string).(string) -> string': withNumbers((list: ListValue, separator: string) => join(list, separator)),
  }),
  declare('find', {
    'string_find_string: string.(string) -> string': texts((text, pattern) =>
      withPattern(pattern!, (regexp) => regexp.findAll(text!, 1)[0] ?? ''),
    ),
  }),
  declare('findAll', {
    'string_find_all_string: string.(string) -> list(string)': texts((text, pattern) => findAll(text!, pattern!, -1n)),
    'string_find_all_string_int: string.(string, int) -> list(string)': withNumbers((text: string, pattern: string, count: bigint) =>
      findAll(text, pattern, count),
    ),
  }),
];
