import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, isObject, type JsonObject } from '../../../src/apimachinery/object.ts';
import { applyMergePatch } from '../../../src/apimachinery/patch/merge-patch.ts';

describe('applyMergePatch', () => {
  const rows: readonly [situation: string, document: JsonObject, patch: unknown, result: unknown][] = [
    // the examples of RFC 7386
    ['replaces a value', { a: 'b' }, { a: 'c' }, { a: 'c' }],
    ['adds a value', { a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    ['null removes', { a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    ['a list becomes a text', { a: ['b'] }, { a: 'c' }, { a: 'c' }],
    ['a text becomes a list', { a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    ['merges below, and null removes there', { a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    ['lists are replaced', { a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    ['nulls in new values are dropped', {}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    ['a whole list as patch', { a: 'foo' }, ['c', { d: null }], ['c', {}]],
    // and what Kubernetes' library does beyond
    ['null in the document counts as missing', { a: null }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    ['nulls in new lists stay, those in their maps do not', {}, { a: [null, { b: null }] }, { a: [null, {}] }],
    ['a list that replaces a map is taken as it is', { a: { x: 1 } }, { a: [{ b: null }] }, { a: [{ b: null }] }],
  ];
  it.each(rows)('%s', (_, document, patch, result) => {
    expect(applyMergePatch(deepFreeze(document), patch)).toEqual(result);
  });

  it.each([
    ['null', null],
    ['a text', 'x'],
    ['a number', 5],
  ])('refuses %s', (_, patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ name: 'MergePatchError', message: 'Invalid JSON Patch' }));
  });

  it('shares what it does not change, and is the document where that is all', () => {
    const document = deepFreeze({ b: { x: 1 }, a: { y: [1] } });
    const result = applyMergePatch(document, { b: { z: 1 } }) as typeof document;
    expect(result.a).toBe(document.a);
    expect(Object.keys(result)).toEqual(['a', 'b']);
    expect(applyMergePatch(document, { b: { x: 1, gone: null }, a: {} })).toBe(document);
  });

  it('makes of one document any other, by the difference of the two', () => {
    const json = fc.letrec<{ value: unknown; map: JsonObject }>((tie) => ({
      map: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('value'), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
      value: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.string(), fc.array(fc.integer()), tie('map')),
    })).map;
    fc.assert(
      fc.property(json, json, (from, to) => {
        expect(applyMergePatch(deepFreeze(from), difference(from, to))).toEqual(to);
      }),
    );
  });
});

/** The merge patch that makes `to` of `from`. */
function difference(from: JsonObject, to: JsonObject): JsonObject {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) entries.push([key, null]);
  for (const [key, value] of Object.entries(to)) {
    const before = Object.hasOwn(from, key) ? from[key] : undefined;
    entries.push([key, isObject(before) && isObject(value) ? difference(before, value) : value]);
  }
  return Object.fromEntries(entries);
}
