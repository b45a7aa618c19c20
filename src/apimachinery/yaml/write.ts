// JSON values to YAML as Kubernetes writes it (sigs.k8s.io/yaml): keys in order, lists not indented, and quotes where text would be read
// as something else by YAML 1.1. Long lines are not folded.
import type { JsonObject } from '../object.ts';

/** Ends with a line break. */
export function writeYaml(value: unknown): string {
  const out: string[] = [];
  block(value, 0, out);
  const text = out.join('');
  return text.endsWith('\n') ? text : `${text}\n`;
}

const isEmpty = (value: object): boolean => (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0);

function block(value: unknown, indent: number, out: string[]): void {
  if (Array.isArray(value) && !isEmpty(value)) list(value, indent, out);
  else if (typeof value === 'object' && value !== null && !isEmpty(value)) map(value as JsonObject, indent, out, true);
  else out.push(`${scalar(value, indent)}\n`);
}

/** @param first whether the first key needs its indentation: behind a dash it does not */
function map(value: JsonObject, indent: number, out: string[], first: boolean): void {
  let lead = first;
  for (const key of Object.keys(value).sort(byNature)) {
    const inner = value[key];
    if (inner === undefined) continue;
    out.push(`${lead ? ' '.repeat(indent) : ''}${text(key, -1)}:`);
    lead = true;
    if (typeof inner === 'object' && inner !== null && !isEmpty(inner)) {
      out.push('\n');
      if (Array.isArray(inner)) list(inner, indent, out);
      else map(inner as JsonObject, indent + 2, out, true);
    } else out.push(` ${scalar(inner, indent + 2)}\n`);
  }
}

function list(value: readonly unknown[], indent: number, out: string[]): void {
  for (const item of value) {
    out.push(`${' '.repeat(indent)}- `);
    if (Array.isArray(item) && !isEmpty(item)) {
      // a list within a list begins on the dash's own line
      const inner: string[] = [];
      list(item, indent + 2, inner);
      out.push(inner.join('').slice(indent + 2));
    } else if (typeof item === 'object' && item !== null && !isEmpty(item)) map(item as JsonObject, indent + 2, out, false);
    else out.push(`${scalar(item, indent + 2)}\n`);
  }
}

/** goyaml's order of keys: numbers within them by their value, and letters after what is none. */
function byNature(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  let digits = false;
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] === y[i]) {
      digits = isDigit(x[i]!);
      continue;
    }
    const letters = [isLetter(x[i]!), isLetter(y[i]!)];
    if (letters[0] && letters[1]) return x[i]! < y[i]! ? -1 : 1;
    if (letters[0] || letters[1]) {
      if (digits) return letters[0] ? 1 : -1;
      return letters[0] ? 1 : -1;
    }
    const [m, n] = [digitsAt(x, i), digitsAt(y, i)];
    if (m && n && m !== n) return BigInt(m) === BigInt(n) ? m.length - n.length : BigInt(m) < BigInt(n) ? -1 : 1;
    return x[i]! < y[i]! ? -1 : 1;
  }
  return x.length - y.length;
}

const isDigit = (c: string): boolean => /^\d$/.test(c);
const isLetter = (c: string): boolean => /^\p{L}$/u.test(c);

function digitsAt(chars: readonly string[], at: number): string {
  let end = at;
  while (end < chars.length && isDigit(chars[end]!)) end++;
  return chars.slice(at, end).join('');
}

function scalar(value: unknown, indent: number): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return text(value, indent);
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object') return '{}';
  return String(value as number | boolean | bigint);
}

/** What YAML 1.1 reads as something other than text. */
const OTHER =
  /^(?:|~|null|Null|NULL|<<|=|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[-+]?(?:0b[01_]+|0x[\da-fA-F_]+|0o?[0-7_]+|\d[\d_]*)|[-+]?(?:\.\d+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?|\d{4}-\d\d?-\d\d?(?:[Tt\s].*)?)$/;

/** @param indent of the lines of a literal; negative: it must stay on one line */
function text(value: string, indent: number): string {
  if (value.includes('\n') && indent >= 0 && isLiteral(value)) {
    const chomp = value.endsWith('\n\n') || value === '\n' ? '+' : value.endsWith('\n') ? '' : '-';
    const hint = /^[ \n]/.test(value) ? '2' : '';
    const lines = value.replace(/\n$/, '').split('\n');
    return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : `${' '.repeat(indent)}${line}`)).join('\n')}`;
  }
  if (OTHER.test(value)) return double(value);
  if (isPlain(value)) return value;
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]/.test(value)) return double(value);
  return `'${value.replaceAll("'", "''")}'`;
}

/** Blanks at the ends of lines would not survive. */
// eslint-disable-next-line no-control-regex
const isLiteral = (value: string): boolean => !/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[ \t]\n|[ \t]$|^\t/.test(value);

const isPlain = (value: string): boolean =>
  // eslint-disable-next-line no-control-regex
  !/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|: |:$| #|^[\s#&*!|>'"%@`,[\]{}]|^[-?:](?:\s|$)|\s$|^---|^\.\.\./.test(value);

function double(value: string): string {
  // eslint-disable-next-line no-control-regex
  const inner = value.replace(
    /[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ufeff]/g,
    (c) => ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${inner}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\0': '\\0',
};
