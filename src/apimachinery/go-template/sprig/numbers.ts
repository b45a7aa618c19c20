// sprig's functions on numbers.
import { plain } from '../print.ts';
import { go, type TemplateFunctions } from '../signature.ts';
import { FunctionError } from '../template-error.ts';
import { toFloat64, toInt, toInt64 } from './cast.ts';
import { add, decimal, divide, multiply, subtract, toFloat, type Decimal } from './decimal.ts';

const MAX_ITEMS = 100_000;

const largest = go('(any, ...any) int64', (first: unknown, ...others: readonly unknown[]) =>
  others.map(toInt64).reduce((a, b) => (b > a ? b : a), toInt64(first)),
);

const floats = (make: (a: Decimal, b: Decimal) => Decimal) =>
  go('(any, ...any) float64', (first: unknown, ...others: readonly unknown[]) => reckoned(first, others, make));

export const SPRIG_NUMBERS: TemplateFunctions = {
  int: go('(any) int', (value: unknown) => toInt64(value)),
  int64: go('(any) int64', toInt64),
  float64: go('(any) float64', toFloat64),
  atoi: go('(string) int', (s: string) => atoi(s)),
  toDecimal: go('(any) int64', (value: unknown) => {
    const text = plain(value);
    return /^[+-]?[0-7]+$/.test(text) ? (text.startsWith('-') ? -1n : 1n) * BigInt(`0o${text.replace(/^[+-]/, '')}`) : 0n;
  }),
  add: go('(...any) int64', (...args) => args.reduce<bigint>((sum, arg) => sum + toInt64(arg), 0n)),
  add1: go('(any) int64', (value: unknown) => toInt64(value) + 1n),
  sub: go('(any, any) int64', (a: unknown, b: unknown) => toInt64(a) - toInt64(b)),
  mul: go('(any, ...any) int64', (first: unknown, ...others: readonly unknown[]) =>
    others.reduce<bigint>((product, other) => product * toInt64(other), toInt64(first)),
  ),
  div: go('(any, any) int64', (a: unknown, b: unknown) => toInt64(a) / nonZero(toInt64(b))),
  mod: go('(any, any) int64', (a: unknown, b: unknown) => toInt64(a) % nonZero(toInt64(b))),
  biggest: largest,
  max: largest,
  min: go('(any, ...any) int64', (first: unknown, ...others: readonly unknown[]) =>
    others.map(toInt64).reduce((a, b) => (b < a ? b : a), toInt64(first)),
  ),
  maxf: go('(any, ...any) float64', (...args) => Math.max(...args.map(toFloat64))),
  minf: go('(any, ...any) float64', (...args) => Math.min(...args.map(toFloat64))),
  add1f: go('(any) float64', (value: unknown) => reckoned(value, [1n], add)),
  addf: go('(...any) float64', (...args) => reckoned(0, args, add)),
  subf: floats(subtract),
  mulf: floats(multiply),
  divf: floats(divide),
  floor: go('(any) float64', (value: unknown) => Math.floor(toFloat64(value))),
  ceil: go('(any) float64', (value: unknown) => Math.ceil(toFloat64(value))),
  round: go('(any, int, ...float64) float64', (value: unknown, places: number, from = 0.5) => {
    const power = 10 ** places;
    const shifted = power * toFloat64(value);
    const up = shifted - Math.trunc(shifted) >= from;
    return (up ? Math.ceil(shifted) : Math.floor(shifted)) / power;
  }),
  until: go('(int) []int', (count: number) => steps(0, count, count < 0 ? -1 : 1)),
  untilStep: go('(int, int, int) []int', steps),
  seq: go('(...int) string', sequence),
};

function atoi(s: string): bigint {
  if (!/^[+-]?\d+$/.test(s)) return 0n;
  const value = BigInt(s.replace(/^\+/, ''));
  const most = 2n ** 63n;
  return value >= most ? most - 1n : value < -most ? -most : value;
}

function nonZero(value: bigint): bigint {
  if (value === 0n) throw new FunctionError('runtime error: integer divide by zero');
  return value;
}

function reckoned(first: unknown, others: readonly unknown[], make: (a: Decimal, b: Decimal) => Decimal): number {
  return toFloat(others.reduce<Decimal>((sum, other) => make(sum, decimal(toFloat64(other))), decimal(toFloat64(first))));
}

function steps(start: number, stop: number, step: number): bigint[] {
  if (step === 0 || stop < start !== step < 0) return [];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_ITEMS) throw new FunctionError(`more than ${MAX_ITEMS} items`);
  return Array.from({ length: count }, (_, i) => BigInt(start + i * step));
}

function sequence(...params: readonly unknown[]): string {
  const numbers = params.map(toInt);
  const [first = 0, second = 0, third = 0] = numbers;
  const through = (start: number, end: number, step: number, over: number): string => steps(start, end + over, step).join(' ');
  switch (numbers.length) {
    case 1:
      return through(1, first, first < 1 ? -1 : 1, first < 1 ? -1 : 1);
    case 2:
      return through(first, second, second < first ? -1 : 1, second < first ? -1 : 1);
    case 3:
      if (third < first && second > 0) return '';
      return through(first, third, second, third < first ? -1 : 1);
    default:
      return '';
  }
}
