// Values as Go's fmt prints them: `%v`, and the verbs of `printf`.
import { quote } from '../go-text.ts';
import { formatFloat, hexFloat } from './floats.ts';
import { bytesOf, elements, GoInteger, isNil, isSlice, keysOf, objectType, textOfBytes, typeName } from './values.ts';

/** `%v`; what is missing reads `<no value>`, as templates print it. */
export const goValue = (value: unknown): string => (isNil(value) ? '<no value>' : plain(value));

/** `fmt.Sprint` of one value. */
export function plain(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatFloat(value, 'g');
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return isNil(value) ? '<nil>' : formatted(value, 'v', NO_FLAGS);
  }
}

/** `fmt.Sprint`: a space between two that are no texts. */
export function sprint(values: readonly unknown[]): string {
  let out = '';
  for (const [i, value] of values.entries()) {
    if (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string') out += ' ';
    out += plain(value);
  }
  return out;
}

interface Flags {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const NO_FLAGS: Flags = { minus: false, plus: false, sharp: false, space: false, zero: false, width: undefined, precision: undefined };

/** Wider than anyone prints. */
const MAX_WIDTH = 10_000;
/** Go's own. */
const TOO_LARGE = 1_000_000;

const DIRECTIVE = /%([-+# 0]*)(\[[^\]]*\])?(\*|\d+)?(?:(\.)(\[[^\]]*\])?(\*|\d+)?)?(\[[^\]]*\])?([\s\S])?/gu;

/** `fmt.Sprintf`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  let reordered = false;
  let good = true;
  const at = (index: string | undefined): void => {
    if (index === undefined) return;
    reordered = true;
    const number = Number(index.slice(1, -1));
    if (Number.isInteger(number) && number >= 1 && number <= args.length) next = number - 1;
    else good = false;
  };
  /** A width or precision that is an argument. */
  const star = (): number | undefined => {
    const value = args[next++];
    return typeof value === 'bigint' && value >= -TOO_LARGE && value <= TOO_LARGE ? Number(value) : undefined;
  };
  const text = format.replace(DIRECTIVE, (...parts: readonly (string | undefined)[]) => {
    const [, flagText = '', index1, widthText, dot, index2, precisionText, index3, verb] = parts;
    good = true;
    at(index1);
    let problem = '';
    let width = widthText === undefined || widthText === '*' ? undefined : Number(widthText);
    let minus = flagText.includes('-');
    if (widthText === '*') {
      width = star();
      if (width === undefined) problem += '%!(BADWIDTH)';
      else if (width < 0) [minus, width] = [true, -width];
    }
    at(index2);
    let precision = dot === undefined ? undefined : Number(precisionText ?? 0);
    if (precisionText === '*') {
      precision = star();
      if (precision === undefined || precision < 0) problem += precision === undefined ? '%!(BADPREC)' : '';
      if (precision !== undefined && precision < 0) precision = undefined;
    }
    at(index3);
    if (verb === undefined) return `${problem}%!(NOVERB)`;
    if (verb === '%') return `${problem}%`;
    if (!good) return `${problem}%!${verb}(BADINDEX)`;
    if (next >= args.length) return `${problem}%!${verb}(MISSING)`;
    const has = (flag: string): boolean => flagText.includes(flag);
    const flags = { minus, plus: has('+'), sharp: has('#'), space: has(' '), zero: has('0') && !minus, width: bounded(width), precision };
    return problem + formatted(args[next++], verb, flags);
  });
  if (reordered || next >= args.length) return text;
  const extra = args.slice(next).map((arg) => (isNil(arg) ? '<nil>' : `${typeName(arg)}=${plain(arg)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

const bounded = (width: number | undefined): number | undefined => (width === undefined ? undefined : Math.min(width, MAX_WIDTH));

function padded(text: string, { minus, zero, width }: Flags): string {
  const missing = width === undefined ? 0 : width - [...text].length;
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
}

/** The value is told with what was asked for it: its width, say. */
function badVerb(value: unknown, verb: string, flags: Flags): string {
  return `%!${verb}(${isNil(value) ? '<nil>' : `${typeName(value)}=${formatted(value, 'v', { ...flags, sharp: false, plus: false })}`})`;
}

function formatted(value: unknown, verb: string, flags: Flags): string {
  if (verb === 'T') return padded(typeName(value), flags);
  if (isNil(value)) return verb === 'v' ? padded('<nil>', flags) : badVerb(value, verb, flags);
  switch (typeof value) {
    case 'string':
      return string(value, verb, flags) ?? badVerb(value, verb, flags);
    case 'boolean':
      return verb === 'v' || verb === 't' ? padded(String(value), flags) : badVerb(value, verb, flags);
    case 'bigint':
      return integer(value, verb, flags) ?? badVerb(value, verb, flags);
    case 'number':
      return float(value, verb, flags) ?? badVerb(value, verb, flags);
    default:
      if (value instanceof GoInteger) return integer(value.value, verb, flags) ?? badVerb(value, verb, flags);
      return object(value, verb, flags);
  }
}

function object(value: object, verb: string, flags: Flags): string {
  const { kind, text } = objectType(value);
  if (text && 'vsqxX'.includes(verb) && !(verb === 'v' && flags.sharp)) return string(text(value), verb, flags) ?? '';
  if (value instanceof Uint8Array && 'sqxX'.includes(verb)) return string(textOfBytes(value), verb, flags) ?? '';
  if (value instanceof Uint8Array && flags === NO_FLAGS) return `[${value.join(' ')}]`;
  const sharp = verb === 'v' && flags.sharp;
  const each = (item: unknown): string => (isNil(item) ? (sharp ? `interface {}(nil)` : '<nil>') : formatted(item, verb, flags));
  const start = sharp ? typeName(value) : '';
  if (isSlice(value)) {
    const items = elements(value).map(each);
    return sharp ? `${start}{${items.join(', ')}}` : `[${items.join(' ')}]`;
  }
  const map = value as Readonly<Record<string, unknown>>;
  if (kind === 'map') {
    const entries = keysOf(map).map((key) => `${each(key)}:${each(map[key])}`);
    return sharp ? `${start}{${entries.join(', ')}}` : `map[${entries.join(' ')}]`;
  }
  const named = sharp || (verb === 'v' && flags.plus);
  const fields = Object.entries(map).map(([name, field]) => (named ? `${name}:${each(field)}` : each(field)));
  return `${start}{${fields.join(sharp ? ', ' : ' ')}}`;
}

function string(value: string, verb: string, flags: Flags): string | undefined {
  const { precision } = flags;
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
  switch (verb) {
    case 'v':
      return padded(flags.sharp ? quote(cut) : cut, flags);
    case 's':
      return padded(cut, flags);
    case 'q':
      return padded(quoted(cut, flags), flags);
    case 'x':
    case 'X': {
      const bytes = bytesOf(value).subarray(0, precision);
      const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
      const prefix = flags.sharp && pairs.length > 0 ? '0x' : '';
      const text = flags.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join('');
      return padded(verb === 'X' ? text.toUpperCase() : text, flags);
    }
    default:
      return undefined;
  }
}

function quoted(text: string, { sharp, plus }: Flags): string {
  if (sharp && !/[`\ufeff]|[\0-\x08\x0a-\x1f\x7f]/.test(text)) return `\`${text}\``;
  if (!plus) return quote(text);
  return quote(text).replace(/[^\0-\x7f]/gu, (c) => escapedRune(c.codePointAt(0)!));
}

const escapedRune = (code: number): string =>
  code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;

function integer(value: bigint, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'v':
    case 'd':
      return digits(value, 10, verb, verb === 'v' ? { ...flags, plus: false } : flags);
    case 'b':
      return digits(value, 2, verb, flags);
    case 'o':
    case 'O':
      return digits(value, 8, verb, flags);
    case 'x':
    case 'X':
      return digits(value, 16, verb, flags);
    case 'c':
      return padded(rune(value), flags);
    case 'q':
      return padded(quotedRune(rune(value)), flags);
    case 'U': {
      const c = rune(value);
      const code = `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
      return padded(flags.sharp ? `${code} '${c}'` : code, { ...flags, zero: false });
    }
    default:
      return undefined;
  }
}

const rune = (value: bigint): string =>
  value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn) ? String.fromCodePoint(Number(value)) : '\ufffd';

const quotedRune = (c: string): string => (c === "'" ? "'\\''" : c === '"' ? `'"'` : `'${quote(c).slice(1, -1)}'`);

function digits(value: bigint, base: number, verb: string, flags: Flags): string {
  const { precision, width, plus, space, zero, minus, sharp } = flags;
  const sign = value < 0n ? '-' : plus ? '+' : space ? ' ' : '';
  if (precision === 0 && value === 0n) return ' '.repeat(width ?? 0);
  let text = (value < 0n ? -value : value).toString(base);
  if (precision !== undefined) text = text.padStart(Math.min(precision, MAX_WIDTH), '0');
  else if (zero && !minus && width !== undefined) text = text.padStart(width - sign.length, '0');
  if (verb === 'O') text = `0o${text}`;
  else if (sharp && base !== 10) text = (base === 2 ? '0b' : base === 16 ? '0x' : text.startsWith('0') ? '' : '0') + text;
  if (verb === 'X') text = text.toUpperCase();
  return padded(sign + text, { ...flags, zero: false });
}

function float(value: number, verb: string, flags: Flags): string | undefined {
  const { precision } = flags;
  const format = verb === 'v' ? 'g' : verb.toLowerCase();
  if ((verb === 'x' || verb === 'X') && Number.isFinite(value)) {
    const hex = hexFloat(value);
    return padded(verb === 'X' ? hex.toUpperCase() : hex, flags);
  }
  if (!'vgGeEfF'.includes(verb)) return undefined;
  const byDefault = format === 'g' ? -1 : 6;
  let text = formatFloat(value, format as 'e' | 'f' | 'g', Math.min(precision ?? byDefault, MAX_WIDTH));
  if (verb === 'E' || verb === 'G') text = text.replace('e', 'E');
  const plus = flags.plus && verb !== 'v';
  const isFinite = Number.isFinite(value);
  const unsigned = text.replace(/^[+-]/, '');
  const sign = text.startsWith('-') ? '-' : plus ? '+' : flags.space ? ' ' : !isFinite && text.startsWith('+') ? '+' : '';
  if (flags.zero && isFinite && flags.width !== undefined) return sign + unsigned.padStart(flags.width - sign.length, '0');
  return padded(sign + unsigned, { ...flags, zero: false });
}
