import { expect, it } from 'vitest';
import { printed, printedAsSyntax, typeOf } from '../../../src/apimachinery/patch/go-print.ts';

it.each([
  [null, '<nil>', 'interface {}(nil)', '<nil>'],
  ['a "b"', 'a "b"', String.raw`"a \"b\""`, 'string'],
  [true, 'true', 'true', 'bool'],
  [1, '1', '1', 'int64'],
  [12345678901234, '12345678901234', '12345678901234', 'int64'],
  [9007199254740993n, '9007199254740993', '9007199254740993', 'int64'],
  [1.5, '1.5', '1.5', 'float64'],
  [[1, 'a', null], '[1 a <nil>]', '[]interface {}{1, "a", interface {}(nil)}', '[]interface {}'],
  [
    { b: 1, a: { c: [] } },
    'map[a:map[c:[]] b:1]',
    'map[string]interface {}{"a":map[string]interface {}{"c":[]interface {}{}}, "b":1}',
    'map[string]interface {}',
  ],
])('%s', (value, plain, syntax, type) => {
  expect(printed(value)).toBe(plain);
  expect(printedAsSyntax(value)).toBe(syntax);
  expect(typeOf(value)).toBe(type);
});
