// JSON values as Go prints them with %v, %#v and %T: what error messages of patches and of apply show of a value.
import { goFloat, quote } from '../go-text.ts';
import { isObject } from '../object.ts';

/** `%v`: `map[a:1 b:[x y]]`, `<nil>`. Keys are sorted. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(printed).join(' ')}]`;
  if (isObject(value)) {
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${printed(value[key])}`)
      .join(' ')}]`;
  }
  return String(value as string | boolean | bigint);
}

/** `%#v`: `map[string]interface {}{"a":1}`, `"text"`. */
export function printedAsSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(printedAsSyntax).join(', ')}}`;
  if (isObject(value)) {
    return `map[string]interface {}{${Object.keys(value)
      .sort()
      .map((key) => `${quote(key)}:${printedAsSyntax(value[key])}`)
      .join(', ')}}`;
  }
  return printed(value);
}

/** `%T` of what a JSON decoder that keeps integers makes of a value. */
export function typeOf(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'bigint') return 'int64';
  if (Array.isArray(value)) return '[]interface {}';
  return value === null || value === undefined ? '<nil>' : 'map[string]interface {}';
}

/** Integers are int64 and print as such; floats as Go's %v, with an exponent from 1e+21 on. */
const goNumber = (n: number): string => (Number.isSafeInteger(n) ? String(n) : goFloat(n));
