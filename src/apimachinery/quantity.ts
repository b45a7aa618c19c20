// Quantities (`500m`, `1.5Gi`, `1e3`) in exact decimal arithmetic, with Kubernetes' canonical form.
// Follows the rules of k8s.io/apimachinery's resource.Quantity, quirks included: a text that is nearly canonical is kept as it is.

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** The number `unscaled * 10^exponent`. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  /** How it is written when it is stored or answered. */
  readonly text: string;
  /** Whether the text is the very one that was read. */
  readonly kept: boolean;
}

/** Thrown by {@link parseQuantity}; the message is Kubernetes'. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const DECIMAL = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const decimalSuffix = new Map([...DECIMAL].map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffix = new Map([...BINARY].map(([suffix, exponent]) => [exponent, suffix]));

const MAX_INT64 = 2n ** 63n - 1n;
/** Digits that Kubernetes dares to put into an int64 factor. */
const MAX_INT64_FACTORS = 18;
const NANO = -9;

/** The same few quantities are parsed again and again. */
const cache = new Map<string, Quantity>();
const CACHE_LIMIT = 4096;

export function parseQuantity(text: string): Quantity {
  const known = cache.get(text);
  if (known) return known;
  const quantity = parse(text);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(text, quantity);
  return quantity;
}

function parse(text: string): Quantity {
  if (text === '') throw new QuantityError(WRONG_FORMAT);
  const match = /^([+-]?)(0*)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (!match) throw new QuantityError(WRONG_FORMAT);
  const [, sign = '', zeros = '', digits = '', fraction = '', suffix = ''] = match;
  const whole = digits || '0';
  // what ends with the leading zeros is 0, and a bare sign too
  if (!digits && fraction === '' && suffix === '' && !text.includes('.')) return make(0n, 0, 'DecimalSI', text === '0' ? text : undefined);
  if (!digits && !zeros && !fraction) throw new QuantityError('unable to parse numeric part of quantity');
  const read = readSuffix(suffix);
  if (!read) throw new QuantityError("unable to parse quantity's suffix");
  const { base, exponent, format } = read;
  const negative = sign === '-';

  const fast = fastPath(text, negative, whole, fraction, base, exponent, format);
  if (fast) return fast;

  let unscaled = BigInt(`${whole}${fraction}`);
  let scale = -fraction.length;
  if (base === 10) scale += exponent;
  else unscaled *= 2n ** BigInt(exponent);
  [unscaled, scale] = roundUp(unscaled, scale, NANO);
  if (format === 'BinarySI' && compareDecimal(unscaled, scale, MAX_INT64, 0) > 0) [unscaled, scale] = [MAX_INT64, 0];
  const tiny = unscaled > 0n && compareDecimal(unscaled, scale, 1n, 0) < 0;
  return make(negative ? -unscaled : unscaled, scale, format === 'BinarySI' && tiny ? 'DecimalSI' : format);
}

/** What fits an int64; here a text in (nearly) canonical form is kept. */
function fastPath(
  text: string,
  negative: boolean,
  whole: string,
  fraction: string,
  base: number,
  exponent: number,
  format: QuantityFormat,
): Quantity | undefined {
  let scale = 0;
  let mantissa = 1n;
  let precision = -1;
  if (base === 10) {
    scale = exponent;
    precision = MAX_INT64_FACTORS - whole.length - fraction.length;
  } else if (fraction === '' && !text.includes('.')) {
    mantissa = 2n ** BigInt(exponent);
    precision = 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1;
  }
  scale -= fraction.length;
  if (precision < 0 || scale < NANO) return undefined;
  const shifted = `${whole}${fraction}`;
  const value = BigInt(shifted);
  const result = value * mantissa;
  if (result > MAX_INT64) return undefined;
  const kept =
    format === 'BinarySI' ? exponent % 10 === 0 && (value & 7n) !== 0n : scale % 3 === 0 && !shifted.endsWith('000') && shifted[0] !== '0';
  return make(negative ? -result : result, scale, format, kept ? text : undefined);
}

function readSuffix(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } | undefined {
  const decimal = DECIMAL.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY.get(suffix);
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  const match = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (!match) return undefined;
  const parsed = BigInt(match[1]!);
  if (BigInt.asIntN(64, parsed) !== parsed) return undefined;
  return { base: 10, exponent: Number(BigInt.asIntN(32, parsed)), format: 'DecimalExponent' };
}

function make(unscaled: bigint, exponent: number, format: QuantityFormat, text?: string): Quantity {
  return { unscaled, exponent, format, text: text ?? canonical(unscaled, exponent, format), kept: text !== undefined };
}

/** A quantity from a whole number of units. */
export function quantityOf(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return make(BigInt(value), 0, format);
}

/** A quantity from a whole number of thousandths. */
export function milliQuantity(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return make(BigInt(value), -3, format);
}

/** The text of `unscaled * 10^exponent`, which may be finer than thousandths. */
export const canonicalQuantity = (unscaled: bigint, exponent: number, format: QuantityFormat): string =>
  canonical(unscaled, exponent, format);

function canonical(unscaled: bigint, exponent: number, format: QuantityFormat): string {
  if (unscaled === 0n) return '0';
  if (format === 'BinarySI' && compareDecimal(unscaled, exponent, -1024n, 0) > 0 && compareDecimal(unscaled, exponent, 1024n, 0) < 0)
    format = 'DecimalSI';
  if (format === 'BinarySI') {
    const [whole, scale] = roundUp(unscaled, exponent, 0);
    if (compareDecimal(whole, scale, unscaled, exponent) !== 0) format = 'DecimalSI';
    else {
      let value = whole * 10n ** BigInt(scale);
      let power = 0;
      while (value % 1024n === 0n) {
        value /= 1024n;
        power += 10;
      }
      const suffix = binarySuffix.get(power);
      return `${value}${power === 0 ? '' : (suffix ?? '')}`;
    }
  }
  let value = unscaled;
  let power = exponent;
  while (value % 10n === 0n) {
    value /= 10n;
    power++;
  }
  while (power % 3 !== 0) {
    value *= 10n;
    power--;
  }
  if (format === 'DecimalExponent') return `${value}${power === 0 ? '' : `e${power}`}`;
  return `${value}${decimalSuffix.get(power) ?? ''}`;
}

/** Away from zero, to at most `-scale` places; what has fewer is left as it is. */
function roundUp(unscaled: bigint, exponent: number, scale: number): [bigint, number] {
  if (exponent >= scale) return [unscaled, exponent];
  const divisor = 10n ** BigInt(Math.min(scale - exponent, 100_000));
  const quotient = unscaled / divisor;
  const rest = unscaled % divisor;
  return [rest === 0n ? quotient : quotient + (unscaled < 0n ? -1n : 1n), scale];
}

function compareDecimal(a: bigint, aExponent: number, b: bigint, bExponent: number): number {
  if (a === 0n || b === 0n || a < 0n !== b < 0n) return a === b ? 0 : a < b ? -1 : 1;
  // far apart: no need for numbers with millions of digits
  const digits = (n: bigint, exponent: number): number => (n < 0n ? -n : n).toString().length + exponent;
  const da = digits(a, aExponent);
  const db = digits(b, bExponent);
  if (da !== db) return da < db === a > 0n ? -1 : 1;
  const low = Math.min(aExponent, bExponent);
  const x = a * 10n ** BigInt(aExponent - low);
  const y = b * 10n ** BigInt(bExponent - low);
  return x === y ? 0 : x < y ? -1 : 1;
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return compareDecimal(a.unscaled, a.exponent, b.unscaled, b.exponent);
}

/** The sum, in the format of `a` (of `b` where `a` is zero), as Kubernetes adds. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const low = Math.min(a.exponent, b.exponent);
  const sum = a.unscaled * 10n ** BigInt(a.exponent - low) + b.unscaled * 10n ** BigInt(b.exponent - low);
  return make(sum, low, a.unscaled === 0n ? b.format : a.format);
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, { ...b, unscaled: -b.unscaled });
}

export const isZeroQuantity = (q: Quantity): boolean => q.unscaled === 0n;

/** Whole units, rounded up, capped to an int64: `Quantity.Value()`. */
export function quantityValue(q: Quantity): bigint {
  return scaledValue(q, 0);
}

/** Thousandths, rounded up: `Quantity.MilliValue()`. */
export function quantityMilliValue(q: Quantity): bigint {
  return scaledValue(q, -3);
}

function scaledValue({ unscaled, exponent }: Quantity, scale: number): bigint {
  const [value, at] = roundUp(unscaled, exponent, scale);
  if (at - scale > 40) return value < 0n ? -MAX_INT64 - 1n : value === 0n ? 0n : MAX_INT64;
  const scaled = value * 10n ** BigInt(at - scale);
  return scaled > MAX_INT64 ? MAX_INT64 : scaled < -MAX_INT64 - 1n ? -MAX_INT64 - 1n : scaled;
}

/** Nearest float, for ratios and scores. */
export function quantityNumber({ unscaled, exponent }: Quantity): number {
  return exponent >= 0 && exponent < 23 ? Number(unscaled) * 10 ** exponent : Number(`${unscaled}e${exponent}`);
}
