// Values to numbers as spf13/cast makes them: what reads like none is 0.
import { parseFloatText, parseInteger } from '../number-word.ts';
import { integerOf } from '../values.ts';

/** `cast.ToInt64`, and ToInt. */
export function toInt64(value: unknown): bigint {
  const int = integerOf(value);
  if (int !== undefined) return BigInt.asIntN(64, int);
  switch (typeof value) {
    case 'number':
      return truncated(value);
    case 'boolean':
      return value ? 1n : 0n;
    case 'string':
      // a leading zero makes it octal
      return parseInteger(value.replace(/\.0+$/, ''), 64) ?? 0n;
    default:
      return 0n;
  }
}

export const toInt = (value: unknown): number => Number(toInt64(value));

/** As amd64 converts it: what does not fit is the smallest. */
const truncated = (value: number): bigint =>
  Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);

/** `cast.ToFloat64` */
export function toFloat64(value: unknown): number {
  const int = integerOf(value);
  if (int !== undefined) return Number(int);
  switch (typeof value) {
    case 'number':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'string':
      return parseFloatText(value) ?? 0;
    default:
      return 0;
  }
}
