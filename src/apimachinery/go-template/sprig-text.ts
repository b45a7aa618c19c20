// sprig's functions on texts. The text comes last, so that it can come through the pipe.
import { createHash } from 'node:crypto';
import { quote } from '../go-text.ts';
import { counted, integer, text, wrongType, type TemplateFunctions } from './functions.ts';
import { goValue } from './print.ts';
import { FunctionError } from './template-error.ts';

/** What a function makes of a list of texts may be no longer than this. */
const MAX_LENGTH = 4 * 1024 * 1024;

export const SPRIG_TEXT: TemplateFunctions = {
  trim: ofText((s) => s.trim()),
  trimAll: ofTwo((cut, s) => trimmed(s, cut)),
  trimSuffix: ofTwo((suffix, s) => (suffix !== '' && s.endsWith(suffix) ? s.slice(0, -suffix.length) : s)),
  trimPrefix: ofTwo((prefix, s) => (s.startsWith(prefix) ? s.slice(prefix.length) : s)),
  upper: ofText((s) => s.toUpperCase()),
  lower: ofText((s) => s.toLowerCase()),
  title: ofText((s) => s.replace(/(^|[^\p{L}\p{Nd}_'])(\p{L})/gu, (_, before: string, first: string) => before + first.toUpperCase())),
  untitle: ofText((s) => s.replace(/(^|\s)(\S)/g, (_, before: string, first: string) => before + first.toLowerCase())),
  nospace: ofText((s) => s.replace(/\s/g, '')),
  snakecase: ofText((s) => words(s).join('_').toLowerCase()),
  kebabcase: ofText((s) => words(s).join('-').toLowerCase()),
  camelcase: ofText((s) =>
    words(s)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
      .join(''),
  ),
  repeat: (...args) => {
    const [count, s] = counted(args, 2);
    const times = Math.max(0, integer(count));
    if (times * text(s).length > MAX_LENGTH) throw new FunctionError(`more than ${MAX_LENGTH} characters`);
    return text(s).repeat(times);
  },
  substr: (...args) => {
    const [start, end, s] = counted(args, 3);
    const from = Math.max(0, integer(start));
    return integer(end) < 0 || integer(end) > text(s).length ? text(s).slice(from) : text(s).slice(from, integer(end));
  },
  trunc: (...args) => {
    const [count, s] = counted(args, 2);
    return integer(count) < 0 ? text(s).slice(integer(count)) : text(s).slice(0, integer(count));
  },
  contains: ofTwo((part, s) => s.includes(part)),
  hasPrefix: ofTwo((prefix, s) => s.startsWith(prefix)),
  hasSuffix: ofTwo((suffix, s) => s.endsWith(suffix)),
  quote: (...args) =>
    present(args)
      .map((arg) => quote(asText(arg)))
      .join(' '),
  squote: (...args) =>
    present(args)
      .map((arg) => `'${asText(arg)}'`)
      .join(' '),
  cat: (...args) => present(args).map(asText).join(' '),
  indent: (...args) => indented(counted(args, 2)),
  nindent: (...args) => `\n${indented(counted(args, 2))}`,
  replace: (...args) => {
    const [from, to, s] = counted(args, 3).map(text) as [string, string, string];
    return s.replaceAll(from, () => to);
  },
  plural: (...args) => {
    const [one, many, count] = counted(args, 3);
    return integer(count) === 1 ? text(one) : text(many);
  },
  join: (...args) => {
    const [separator, items] = counted(args, 2);
    return (Array.isArray(items) ? present(items) : [items]).map(asText).join(text(separator));
  },
  splitList: ofTwo((separator, s) => s.split(separator)),
  split: ofTwo((separator, s) => Object.fromEntries(s.split(separator).map((part, i) => [`_${i}`, part]))),
  toString: (...args) => asText(counted(args, 1)[0]),
  toStrings: (...args) => listOf(counted(args, 1)[0]).map(asText),
  sortAlpha: (...args) => listOf(counted(args, 1)[0]).map(asText).sort(),
  b64enc: ofText((s) => Buffer.from(s).toString('base64')),
  b64dec: ofText((s) => Buffer.from(s, 'base64').toString()),
  sha1sum: ofText((s) => createHash('sha1').update(s).digest('hex')),
  sha256sum: ofText((s) => createHash('sha256').update(s).digest('hex')),
};

function ofText(make: (s: string) => unknown): (...args: readonly unknown[]) => unknown {
  return (...args) => make(text(counted(args, 1)[0]));
}

function ofTwo(make: (first: string, s: string) => unknown): (...args: readonly unknown[]) => unknown {
  return (...args) => {
    const [first, s] = counted(args, 2);
    return make(text(first), text(s));
  };
}

/** Nil is left out. */
const present = (args: readonly unknown[]): readonly unknown[] => args.filter((arg) => arg !== undefined && arg !== null);

const asText = (value: unknown): string => (value === undefined || value === null ? '<nil>' : goValue(value));

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrongType(value, '[]interface {}');
}

function indented([spaces, s]: readonly unknown[]): string {
  const pad = ' '.repeat(Math.min(Math.max(0, integer(spaces)), 1000));
  return pad + text(s).replaceAll('\n', `\n${pad}`);
}

function trimmed(s: string, cut: string): string {
  const signs = new Set(cut);
  const letters = [...s];
  let [from, to] = [0, letters.length];
  while (from < to && signs.has(letters[from]!)) from++;
  while (to > from && signs.has(letters[to - 1]!)) to--;
  return letters.slice(from, to).join('');
}

const words = (s: string): readonly string[] =>
  s
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{Nd}]+/u)
    .filter(Boolean);
