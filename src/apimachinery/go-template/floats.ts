// Floats as Go's strconv.FormatFloat writes them: shortest, or rounded to so many digits, half to even.

/** What a finite number, not negative, reads like without an exponent: its digits, and how many of them stand before the point. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** @param precision negative: as many digits as tell the number from its neighbours */
export function formatFloat(n: number, format: 'e' | 'f' | 'g', precision = -1): string {
  if (Number.isNaN(n)) return 'NaN';
  if (!Number.isFinite(n)) return n > 0 ? '+Inf' : '-Inf';
  const sign = n < 0 || Object.is(n, -0) ? '-' : '';
  const abs = Math.abs(n);
  if (format === 'f') return sign + fixed(precision < 0 ? shortest(abs) : rounded(exact(abs), (d) => d.point + precision), precision);
  if (format === 'e') return sign + exponential(precision < 0 ? shortest(abs) : rounded(exact(abs), () => precision + 1), precision);
  const digits = precision < 0 ? shortest(abs) : rounded(exact(abs), () => precision || 1);
  const exponent = digits.digits === '' ? 0 : digits.point - 1;
  const size = digits.digits.length;
  let most = precision < 0 ? 6 : precision || 1;
  if (precision >= 0 && most > size && size >= digits.point) most = size;
  if (exponent < -4 || exponent >= most) return sign + exponential(digits, -1);
  return sign + fixed(digits, -1);
}

function shortest(n: number): Decimal {
  if (n === 0) return { digits: '', point: 0 };
  const [mantissa = '', exponent = ''] = n.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** All digits: a double is a whole number over a power of two. */
function exact(n: number): Decimal {
  if (n === 0) return { digits: '', point: 0 };
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, n);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const shift = (biased === 0 ? 1 : biased) - 1075;
  const text = shift >= 0 ? (mantissa << BigInt(shift)).toString() : (mantissa * 5n ** BigInt(-shift)).toString();
  const point = shift >= 0 ? text.length : text.length + shift;
  return { digits: text.replace(/0+$/, ''), point };
}

function rounded(decimal: Decimal, keep: (decimal: Decimal) => number): Decimal {
  const { digits, point } = decimal;
  const count = keep(decimal);
  if (count >= digits.length) return decimal;
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const odd = count > 0 && Number(digits[count - 1]) % 2 === 1;
  const up = rest[0]! > '5' || (rest.startsWith('5') && (/[1-9]/.test(rest.slice(1)) || odd));
  if (!up) return { digits: kept.replace(/0+$/, ''), point: /[1-9]/.test(kept) ? point : 0 };
  const next = (BigInt(kept || '0') + 1n).toString().padStart(count, '0');
  return { digits: next.replace(/0+$/, ''), point: point + next.length - count };
}

function fixed({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point > 0 ? digits.slice(point) : digits === '' ? '' : '0'.repeat(-point) + digits;
  const written = precision < 0 ? fraction : fraction.padEnd(precision, '0');
  return written === '' ? whole : `${whole}.${written}`;
}

function exponential({ digits, point }: Decimal, precision: number): string {
  const first = digits[0] ?? '0';
  const rest = precision < 0 ? digits.slice(1) : digits.slice(1).padEnd(precision, '0');
  const exponent = digits === '' ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${first}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** `%x`: the mantissa in hexadecimal digits, and a power of two. */
export function hexFloat(n: number): string {
  const sign = n < 0 || Object.is(n, -0) ? '-' : '';
  if (n === 0) return `${sign}0x0p+00`;
  let exponent = 0;
  let mantissa = Math.abs(n);
  for (; mantissa >= 2; exponent++) mantissa /= 2;
  for (; mantissa < 1; exponent--) mantissa *= 2;
  const digits = BigInt((mantissa - 1) * 2 ** 52)
    .toString(16)
    .padStart(13, '0')
    .replace(/0+$/, '');
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}0x1${digits === '' ? '' : `.${digits}`}p${exponent < 0 ? '-' : '+'}${power}`;
}
