// What a YAML scalar means to Kubernetes. Its YAML is that of go-yaml v2: YAML 1.1 with its own mind about numbers (`017` and `0o17`
// are 15, `1_000` is 1000, `1:30` and dates are strings), and what cannot be said in JSON is refused.
import { numberOf, NumberLiteral } from '../json/parse.ts';

export type Scalar = string | number | bigint | boolean | null;

/** A scalar that has no meaning in JSON, or not the one that its tag asks for. The message is go-yaml's. */
export class ScalarError extends Error {
  override readonly name = 'ScalarError';
}

const words = new Map<string, Scalar>();
for (const word of ['y', 'yes', 'true', 'on']) for (const text of cases(word)) words.set(text, true);
for (const word of ['n', 'no', 'false', 'off']) for (const text of cases(word)) words.set(text, false);
for (const text of ['', '~', ...cases('null')]) words.set(text, null);

/** `yes`, `Yes`, `YES`: no other mixture. */
function cases(word: string): readonly string[] {
  const upper = word.toUpperCase();
  return [word, upper[0] + word.slice(1), upper];
}

/** What plain text means. */
export type Resolve = (text: string) => Scalar;

/** What plain text without a tag is. `NaN` and the infinities are returned as such: JSON has no word for them. */
export function resolvePlain(text: string): Scalar {
  const c = text.charCodeAt(0);
  // a letter, as most values begin: only the words above are no strings
  if (c > 57) {
    if (text.length > 5) return text;
    const word = words.get(text);
    return word === undefined ? text : word;
  }
  if (c === DOT || c === PLUS || c === MINUS || (c >= ZERO && c <= NINE)) return number(text);
  return text === '' ? null : text;
}

/** The words that only YAML 1.1 takes for booleans. */
const ONLY_IN_1_1: ReadonlySet<string> = new Set(['y', 'yes', 'on', 'n', 'no', 'off'].flatMap(cases));

/**
 * What plain text is to go-yaml v3, with which kustomize reads: `yes`, `on` and `y` are strings, and dates become those of RFC 3339 when
 * they are written as JSON.
 */
export function resolvePlainV3(text: string): Scalar {
  const c = text.charCodeAt(0);
  if (c > NINE) return ONLY_IN_1_1.has(text) ? text : resolvePlain(text);
  if (c >= ZERO && TIMESTAMP.test(text)) return dateOf(text);
  return resolvePlain(text);
}

function dateOf(text: string): string {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(Z|[-+]\d{2}:\d{2})?)?$/.exec(text);
  if (!match) return text;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const two = (digits: string): string => digits.padStart(2, '0');
  const date = `${year}-${two(month)}-${two(day)}`;
  if (Number.isNaN(Date.parse(`${date}T00:00:00Z`)) || new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date) return text;
  const parts = fraction.replace(/0+$/, '');
  return `${date}T${two(hour)}:${two(minute)}:${two(second)}${parts ? `.${parts}` : ''}${zone === '+00:00' ? 'Z' : zone}`;
}

const DOT = 46;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

const DECIMAL = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const SPECIAL = /^([-+]?)\.(?:inf|Inf|INF)$/;

function number(text: string): Scalar {
  if (text.length < 16 && /^[1-9][0-9]*$/.test(text)) return Number(text);
  const infinity = SPECIAL.exec(text);
  if (infinity) return infinity[1] === '-' ? -Infinity : Infinity;
  if (text === '.nan' || text === '.NaN' || text === '.NAN') return NaN;
  // underscores are ignored, but after a leading dot they must stand between digits
  const plain = text.charCodeAt(0) === DOT && /(?<!\d)_|_(?!\d)/.test(text) ? text : text.replaceAll('_', '');
  const integer = parseInteger(plain);
  if (integer !== undefined) return integer;
  if (!DECIMAL.test(plain)) return text;
  const float = Number(plain);
  // out of range is no number in Go
  return Number.isFinite(float) ? float + 0 : text;
}

/** Go's ParseInt and ParseUint with base 0: `0x`, `0o`, `0b`, and a leading zero for octal. Undefined for what fits no 64 bits. */
function parseInteger(text: string): number | bigint | undefined {
  const match = /^([-+]?)(0[xX](?=[0-9a-fA-F])|0[oO](?=[0-7])|0[bB](?=[01])|0(?=[0-7]))?([0-9a-fA-F]+)$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', prefix = '', digits = ''] = match;
  const radix = prefix === '' ? '' : prefix === '0' ? '0o' : prefix.toLowerCase();
  if (!DIGITS[radix]!.test(digits)) return undefined;
  const size = BigInt(radix + digits);
  const value = sign === '-' ? -size : size;
  if (BigInt.asIntN(64, value) !== value && (sign !== '' || BigInt.asUintN(64, value) !== value)) return undefined;
  // beyond an int64 it becomes a float, as numbers in JSON do
  return numberOf(new NumberLiteral(String(value)));
}

const DIGITS: Readonly<Record<string, RegExp>> = { '': /^(?:0|[1-9][0-9]*)$/, '0x': /^[0-9a-fA-F]+$/, '0o': /^[0-7]+$/, '0b': /^[01]+$/ };

const TAG_PREFIX = 'tag:yaml.org,2002:';

/**
 * What a scalar with a tag is: `!!int "7"`, `!!binary aGk=`. Unknown tags leave a string. Throws {@link ScalarError}.
 *
 * @param tag in full: `tag:yaml.org,2002:int`
 */
export function resolveTagged(tag: string, text: string): Scalar {
  if (!tag.startsWith(TAG_PREFIX)) return text;
  const wanted = tag.slice(TAG_PREFIX.length);
  switch (wanted) {
    case 'binary':
      return binary(text);
    case 'bool':
    case 'int':
    case 'float':
    case 'null':
    case 'timestamp': {
      const value = resolvePlain(text);
      const found = kindOf(value, text);
      if (found === wanted || (wanted === 'float' && found === 'int')) return found === 'timestamp' ? text : value;
      throw new ScalarError(`cannot decode !!${found} \`${text}\` as a !!${wanted}`);
    }
    default:
      return text;
  }
}

function kindOf(value: Scalar, text: string): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return parseInteger(text.replaceAll('_', '')) === undefined ? 'float' : 'int';
  return TIMESTAMP.test(text) ? 'timestamp' : 'str';
}

/** The four forms of a date that go-yaml knows. */
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})|[ ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?$/;

function binary(text: string): string {
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact))
    throw new ScalarError('!!binary value contains invalid base64 data');
  return Buffer.from(compact, 'base64').toString('utf8');
}

/** The key in JSON that plain text is as a key in YAML: `on:` is "true", `1.10:` is "1.1". Throws {@link ScalarError}: `~:` is none. */
export function keyOfPlain(text: string): string {
  const value = resolvePlain(text);
  return typeof value === 'number' && parseInteger(text.replaceAll('_', '')) === undefined ? floatKey(value) : keyOf(value);
}

/** As {@link keyOfPlain}, for what is not plain text. */
export function keyOf(value: Scalar): string {
  if (value === null) throw new ScalarError('null cannot be a key');
  return String(value);
}

/** Go's FormatFloat(f, 'g', -1, 32): the fewest digits that tell one 32-bit float from another. */
function floatKey(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  let digits = 1;
  while (Math.fround(Number(single.toPrecision(digits))) !== single) digits++;
  const shortest = Number(single.toPrecision(digits));
  const exponent = Number(shortest.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return String(shortest);
  const [mantissa, power = ''] = shortest.toExponential().split('e');
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}
