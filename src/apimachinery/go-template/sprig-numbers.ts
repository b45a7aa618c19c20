// sprig's functions on numbers. What is no number counts as one where it reads like one, else as 0.
import { counted, type TemplateFunctions } from './functions.ts';
import { FunctionError } from './template-error.ts';

const MAX_ITEMS = 100_000;

export const SPRIG_NUMBERS: TemplateFunctions = {
  int: whole,
  int64: whole,
  float64: (...args) => toNumber(counted(args, 1)[0]),
  atoi: whole,
  add: (...args) => args.reduce<number>((sum, arg) => sum + toInteger(arg), 0),
  add1: (...args) => toInteger(counted(args, 1)[0]) + 1,
  sub: ofIntegers((a, b) => a - b),
  mul: (...args) => args.reduce<number>((product, arg) => product * toInteger(arg), 1),
  div: ofIntegers((a, b) => Math.trunc(a / nonZero(b))),
  mod: ofIntegers((a, b) => a % nonZero(b)),
  max: (...args) => Math.max(...counted(args, 1, Infinity).map(toInteger)),
  min: (...args) => Math.min(...counted(args, 1, Infinity).map(toInteger)),
  floor: (...args) => Math.floor(toNumber(counted(args, 1)[0])),
  ceil: (...args) => Math.ceil(toNumber(counted(args, 1)[0])),
  round: (...args) => {
    const [value, places] = counted(args, 2).map(toNumber) as [number, number];
    const factor = 10 ** Math.min(places, 15);
    return Math.round(value * factor) / factor;
  },
  until: (...args) => steps(0, toInteger(counted(args, 1)[0]), undefined),
  untilStep: (...args) => {
    const [start, stop, by] = counted(args, 3).map(toInteger) as [number, number, number];
    return steps(start, stop, by);
  },
};

function whole(...args: readonly unknown[]): number {
  return toInteger(counted(args, 1)[0]);
}

function ofIntegers(make: (a: number, b: number) => number): (...args: readonly unknown[]) => number {
  return (...args) => {
    const [a, b] = counted(args, 2).map(toInteger) as [number, number];
    return make(a, b);
  };
}

function toNumber(value: unknown): number {
  const number = typeof value === 'string' && value.trim() === '' ? 0 : Number(value ?? 0);
  return Number.isNaN(number) ? 0 : number;
}

const toInteger = (value: unknown): number => Math.trunc(toNumber(value));

function nonZero(value: number): number {
  if (value === 0) throw new FunctionError('integer divide by zero');
  return value;
}

function steps(start: number, stop: number, by: number | undefined): readonly number[] {
  const step = by ?? (stop < start ? -1 : 1);
  if (step === 0 || (stop - start) / step <= 0) return [];
  const count = Math.ceil((stop - start) / step);
  if (count > MAX_ITEMS) throw new FunctionError(`more than ${MAX_ITEMS} items`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}
