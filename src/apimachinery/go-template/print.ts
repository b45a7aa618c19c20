// Values as Go's fmt prints them: %v and the verbs that templates use in `printf`. Numbers are integers where they are whole.
import { goFloat, quote } from '../go-text.ts';
import { encodeJson } from '../json/encode.ts';

/** `%v`; what is missing reads `<no value>`, as templates print it. */
export const goValue = (value: unknown): string => (value === undefined || value === null ? '<no value>' : plain(value));

/** `%v` within a list or a map. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goFloat(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(' ')}]`;
  const map = value as Readonly<Record<string, unknown>>;
  const entries = Object.keys(map).sort();
  return `map[${entries.map((key) => `${key}:${plain(map[key])}`).join(' ')}]`;
}

/** Go's name of the type that JSON values of this kind have. */
export function typeName(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g;
/** Wider than anyone prints. */
const MAX_WIDTH = 10_000;

/** `fmt.Sprintf`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let used = 0;
  const text = format.replace(VERB, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const wide = width === '*' ? Number(args[used++]) : Number(width ?? 0);
    if (used >= args.length) return `%!${verb}(MISSING)`;
    const formatted = one(verb, args[used++], flags, precision === undefined ? undefined : Number(precision));
    return padded(formatted, flags, Math.min(wide, MAX_WIDTH));
  });
  const extra = args.slice(used).map((arg) => `${typeName(arg)}=${plain(arg)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function padded(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

function one(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  const plus = flags.includes('+') && isNumber && Number(value) >= 0 ? '+' : '';
  switch (verb) {
    case 'v':
      return flags.includes('#') ? goSyntax(value) : plus + plain(value);
    case 'T':
      return typeName(value);
    case 's':
      if (typeof value === 'string') return value.slice(0, precision);
      if (typeof value === 'object' && value !== null) return plain(value);
      break;
    case 'q':
      if (typeof value === 'string') return quote(value);
      if (isWhole) return `'${String.fromCodePoint(Number(value))}'`;
      if (Array.isArray(value)) return `[${value.map((item) => one('q', item, flags, precision)).join(' ')}]`;
      break;
    case 't':
      if (typeof value === 'boolean') return String(value);
      break;
    case 'd':
      if (isWhole) return plus + String(value as number | bigint);
      break;
    case 'c':
      if (isWhole) return String.fromCodePoint(Number(value));
      break;
    case 'b':
    case 'o':
      if (isWhole) return (value as number | bigint).toString(verb === 'b' ? 2 : 8);
      break;
    case 'x':
    case 'X':
      return hex(value, verb, flags, precision);
    case 'f':
    case 'F':
      if (isNumber) return plus + Number(value).toFixed(Math.min(precision ?? 6, 100));
      break;
    case 'e':
      if (isNumber)
        return Number(value)
          .toExponential(precision ?? 6)
          .replace(/e([+-])(\d)$/, 'e$10$2');
      break;
    case 'g':
      if (isNumber) return plus + goFloat(precision === undefined ? Number(value) : Number(Number(value).toPrecision(precision || 1)));
      break;
  }
  return `%!${verb}(${value === undefined || value === null ? '<nil>' : `${typeName(value)}=${plain(value)}`})`;
}

function hex(value: unknown, verb: string, flags: string, precision: number | undefined): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return one('g', value, flags, precision);
  const text =
    typeof value === 'string'
      ? Buffer.from(value).toString('hex')
      : typeof value === 'number' || typeof value === 'bigint'
        ? value.toString(16)
        : undefined;
  if (text === undefined) return `%!${verb}(${typeName(value)}=${plain(value)})`;
  const prefixed = flags.includes('#') ? `0x${text}` : text;
  return verb === 'X' ? prefixed.toUpperCase() : prefixed;
}

function goSyntax(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value === undefined || value === null) return '<nil>';
  if (typeof value !== 'object') return plain(value);
  return `${typeName(value)}${encodeJson(value).replace(/^\[/, '{').replace(/\]$/, '}')}`;
}
