// Keys that are given twice, as Go's decoder takes them: with a type the second is read on top of the first, without one it replaces it.
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/apimachinery/json/parse.ts';

test.each([
  ['scalars', '{"a":1,"a":2}', { a: 2 }, { a: 2 }],
  ['objects', '{"a":{"x":1,"y":1},"a":{"y":2}}', { a: { y: 2 } }, { a: { x: 1, y: 2 } }],
  ['lists, by their elements', '{"a":[{"x":1},{"x":2}],"a":[{"y":3}]}', { a: [{ y: 3 }] }, { a: [{ x: 1, y: 3 }] }],
  ['null after an object', '{"a":{"x":1},"a":null}', { a: null }, { a: null }],
  ['an object after a scalar', '{"a":1,"a":{"x":1}}', { a: { x: 1 } }, { a: { x: 1 } }],
])('%s given twice', (_, text, last, merged) => {
  expect(parseJson(text).value).toEqual(last);
  expect(parseJson(text, 'merged').value).toEqual(merged);
});

test('what is given twice in either value is told', () => {
  const { value, duplicates } = parseJson('{"a":{"x":1,"x":2},"a":{"y":1,"y":2}}', 'merged');
  expect(duplicates.get((value as { a: object }).a)).toEqual(['x', 'y']);
  expect(duplicates.get(value as object)).toEqual(['a']);
});
