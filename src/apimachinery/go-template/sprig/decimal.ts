// Decimal numbers as shopspring/decimal reckons with them: exact, but for a division's sixteen digits behind the point.
import { FunctionError } from '../template-error.ts';

export interface Decimal {
  readonly digits: bigint;
  /** Power of ten. */
  readonly exponent: number;
}

const DIVISION_PRECISION = 16;

/** The shortest one that reads as this float. */
export function decimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new FunctionError(`Cannot create a Decimal from ${value}`);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

export const toFloat = ({ digits, exponent }: Decimal): number => Number(`${digits}e${exponent}`);

const at = ({ digits, exponent }: Decimal, wanted: number): bigint => digits * 10n ** BigInt(exponent - wanted);

export function add(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return { digits: at(a, exponent) + at(b, exponent), exponent };
}

export const subtract = (a: Decimal, b: Decimal): Decimal => add(a, { ...b, digits: -b.digits });

export const multiply = (a: Decimal, b: Decimal): Decimal => ({ digits: a.digits * b.digits, exponent: a.exponent + b.exponent });

export function divide(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw new FunctionError('decimal division by 0');
  const shift = a.exponent - b.exponent + DIVISION_PRECISION;
  const above = shift >= 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const below = shift >= 0 ? b.digits : b.digits * 10n ** BigInt(-shift);
  const quotient = above / below;
  const twice = magnitude(above % below) * 2n;
  const away = above < 0n === below < 0n ? 1n : -1n;
  return { digits: twice >= magnitude(below) ? quotient + away : quotient, exponent: -DIVISION_PRECISION };
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
