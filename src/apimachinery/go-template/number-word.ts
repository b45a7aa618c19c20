// Literal numbers of templates. Follows newNumber of text/template/parse/node.go.
// DEVIATION: complex numbers are refused.
import { quote } from '../go-text.ts';
import type { NumberWord } from './ast.ts';
import { unquotedChar } from './quoted.ts';

/** @param text a number, or a character in single quotes. @returns what is wrong with it, where it is none */
export function numberWord(text: string, offset: number): NumberWord | string {
  if (text.startsWith("'")) {
    const code = unquotedChar(text);
    if (code === undefined) return `malformed character constant: ${text}`;
    return { is: 'number', offset, text, int: BigInt(code), float: code, isFloat: false };
  }
  const int = parseInteger(text, 64);
  if (int !== undefined) return { is: 'number', offset, text, int, float: Number(int), isFloat: false };
  const float = parseFloatText(text);
  if (float === undefined) return `illegal number syntax: ${quote(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${quote(text)}`;
  const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
  return { is: 'number', offset, text, int: whole, float, isFloat: !/^0[xX]/.test(text) || /[pP]/.test(text) };
}

const INTEGER = /^([+-]?)(?:0[xX]((?:_?[\da-fA-F])+)|0[oO]?((?:_?[0-7])+)|0[bB]((?:_?[01])+)|((?:[1-9](?:_?\d)*)|0))$/;

/** `strconv.ParseInt(text, 0, bits)` */
export function parseInteger(text: string, bits: 32 | 64): bigint | undefined {
  const match = INTEGER.exec(text);
  if (!match) return undefined;
  const [, sign, hex, octal, binary, decimal] = match;
  const digits = hex ? `0x${hex}` : octal ? `0o${octal}` : binary ? `0b${binary}` : decimal!;
  const size = BigInt(digits.replaceAll('_', ''));
  const value = sign === '-' ? -size : size;
  return BigInt.asIntN(bits, value) === value ? value : undefined;
}

/** `strconv.ParseFloat(text, 64)`, numbers that are too large apart: they are no numbers. */
export function parseFloatText(text: string): number | undefined {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  const hex = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)[pP]([+-]?\d+)$/.exec(text);
  if (!hex && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = hex ? hexFloat(hex) : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function hexFloat([, sign, whole = '', fraction = '', exponent]: readonly string[]): number {
  const digits = Number(BigInt(`0x${whole}${fraction}`));
  return (sign === '-' ? -1 : 1) * digits * 2 ** (Number(exponent) - 4 * fraction.length);
}
