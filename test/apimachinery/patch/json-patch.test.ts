import * as fc from 'fast-check';
import { createPatch } from 'rfc6902';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/apimachinery/json/parse.ts';
import { deepFreeze } from '../../../src/apimachinery/object.ts';
import { applyJsonPatch, decodeJsonPatch, type Operation } from '../../../src/apimachinery/patch/json-patch.ts';

const doc = deepFreeze({ a: 'x', m: { k: 1, 'x/y': 2, 'm~n': 3 }, l: ['p', 'q', 'r'], n: null });

describe('operations', () => {
  const applied: readonly [situation: string, operations: readonly Operation[], result: object][] = [
    ['add sets a key', [{ op: 'add', path: '/b', value: 1 }], { ...doc, b: 1 }],
    ['add replaces a key', [{ op: 'add', path: '/a', value: [1] }], { ...doc, a: [1] }],
    ['add without a value sets null', [{ op: 'add', path: '/b' }], { ...doc, b: null }],
    ['add inserts before an index', [{ op: 'add', path: '/l/1', value: 'n' }], { ...doc, l: ['p', 'n', 'q', 'r'] }],
    ['add appends at -', [{ op: 'add', path: '/l/-', value: 'n' }], { ...doc, l: ['p', 'q', 'r', 'n'] }],
    ['add at -1 appends', [{ op: 'add', path: '/l/-1', value: 'n' }], { ...doc, l: ['p', 'q', 'r', 'n'] }],
    ['remove takes an index', [{ op: 'remove', path: '/l/0' }], { ...doc, l: ['q', 'r'] }],
    ['remove takes a negative index', [{ op: 'remove', path: '/l/-1' }], { ...doc, l: ['p', 'q'] }],
    ['an index may be padded', [{ op: 'replace', path: '/l/01', value: 'n' }], { ...doc, l: ['p', 'n', 'r'] }],
    ['an index may have a plus', [{ op: 'remove', path: '/l/+2' }], { ...doc, l: ['p', 'q'] }],
    ['replace creates a missing key', [{ op: 'replace', path: '/m/new', value: 1 }], { ...doc, m: { ...doc.m, new: 1 } }],
    ['replace at the root', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    ['move', [{ op: 'move', from: '/m/k', path: '/b' }], { ...doc, m: { 'x/y': 2, 'm~n': 3 }, b: 1 }],
    ['move within a list', [{ op: 'move', from: '/l/0', path: '/l/2' }], { ...doc, l: ['q', 'r', 'p'] }],
    ['copy', [{ op: 'copy', from: '/l', path: '/b' }], { ...doc, b: doc.l }],
    ['copy of a missing key is null', [{ op: 'copy', from: '/nosuch', path: '/b' }], { ...doc, b: null }],
    [
      'escapes in paths',
      [
        { op: 'remove', path: '/m/x~1y' },
        { op: 'remove', path: '/m/m~0n' },
      ],
      { ...doc, m: { k: 1 } },
    ],
    ['what stands before the first slash does not count', [{ op: 'add', path: 'any/b', value: 1 }], { ...doc, b: 1 }],
    ['test of equal values', [{ op: 'test', path: '/m', value: { 'm~n': 3, 'x/y': 2, k: 1 } }], doc],
    ['test for null', [{ op: 'test', path: '/n', value: null }], doc],
    ['test of a missing key without a value', [{ op: 'test', path: '/nosuch' }], doc],
    ['null as the whole patch changes nothing', [], doc],
    [
      'a key named __proto__',
      [{ op: 'add', path: '/__proto__', value: 1 }],
      Object.defineProperty({ ...doc }, '__proto__', { value: 1, enumerable: true }),
    ],
  ];
  it.each(applied)('%s', (_, operations, result) => {
    expect(applyJsonPatch(doc, operations)).toEqual(result);
  });

  const MISSING = 'missing value';
  const refused: readonly [situation: string, operations: readonly Operation[], message: string][] = [
    ['unknown operation', [{ op: 'nope', path: '/a' }], 'Unexpected kind: nope'],
    ['no operation', [null], 'Unexpected kind: unknown'],
    [
      'add below what is missing',
      [{ op: 'add', path: '/b/c', value: 1 }],
      `add operation does not apply: doc is missing path: "/b/c": ${MISSING}`,
    ],
    ['add below null', [{ op: 'add', path: '/n/c', value: 1 }], `add operation does not apply: doc is missing path: "/n/c": ${MISSING}`],
    [
      'add below a text',
      [{ op: 'add', path: '/a/c/d', value: 1 }],
      `add operation does not apply: doc is missing path: "/a/c/d": ${MISSING}`,
    ],
    ['add at the root', [{ op: 'add', path: '', value: {} }], `add operation does not apply: doc is missing path: "": ${MISSING}`],
    ['path without a slash', [{ op: 'remove', path: 'a' }], `remove operation does not apply: doc is missing path: "a": ${MISSING}`],
    ['add without a path', [{ op: 'add', value: 1 }], `add operation failed to decode path: ${MISSING}`],
    [
      'replace without a path',
      [{ op: 'replace', value: 1 }],
      `replace operation failed to decode path: operation missing path field: ${MISSING}`,
    ],
    [
      'replace with a path that is a number',
      [{ op: 'replace', path: 5 }],
      'replace operation failed to decode path: json: cannot unmarshal number into Go value of type string',
    ],
    [
      'add beyond the end',
      [{ op: 'add', path: '/l/4', value: 1 }],
      "error in add for path: '/l/4': Unable to access invalid index: 4: invalid index referenced",
    ],
    [
      'add before the start',
      [{ op: 'add', path: '/l/-5', value: 1 }],
      "error in add for path: '/l/-5': Unable to access invalid index: -5: invalid index referenced",
    ],
    [
      'add at what is no index',
      [{ op: 'add', path: '/l/x', value: 1 }],
      "error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
    ],
    [
      'remove of a missing key',
      [{ op: 'remove', path: '/b' }],
      `error in remove for path: '/b': Unable to remove nonexistent key: b: ${MISSING}`,
    ],
    [
      'replace beyond the end',
      [{ op: 'replace', path: '/l/3', value: 1 }],
      `replace operation does not apply: doc is missing key: /l/3: ${MISSING}`,
    ],
    [
      'replace of the root by a text',
      [{ op: 'replace', path: '', value: 'x' }],
      'replace operation value must be object or array: %!w(<nil>)',
    ],
    ['move without from', [{ op: 'move', path: '/b' }], `move operation failed to decode from: operation, missing from field: ${MISSING}`],
    [
      'move of a missing key',
      [{ op: 'move', from: '/b', path: '/c' }],
      `error in move for path: 'b': Unable to remove nonexistent key: b: ${MISSING}`,
    ],
    [
      'copy to what is missing',
      [{ op: 'copy', from: '/a', path: '/b/c' }],
      `copy operation does not apply: doc is missing destination path: /b/c: ${MISSING}`,
    ],
    ['test of another value', [{ op: 'test', path: '/a', value: 'y' }], 'testing value /a failed: test failed'],
    ['test of a longer list', [{ op: 'test', path: '/l', value: ['p', 'q', 'r', 's'] }], 'testing value /l failed: test failed'],
    [
      'test below what is missing',
      [{ op: 'test', path: '/b/c', value: 1 }],
      `test operation does not apply: is missing path: /b/c: ${MISSING}`,
    ],
  ];
  it.each(refused)('refuses: %s', (_, operations, message) => {
    expect(() => applyJsonPatch(doc, operations)).toThrow(expect.objectContaining({ name: 'JsonPatchError', message }));
  });

  it('tells numbers apart by how they are written', () => {
    const { operations } = decodeJsonPatch(parseJson('[{"op":"test","path":"/m/k","value":1.0}]'), false);
    expect(() => applyJsonPatch(doc, operations)).toThrow('test failed');
  });

  it('bounds how much may be copied', () => {
    const big = { s: 'x'.repeat(1_600_000) };
    const once = [{ op: 'copy', from: '/s', path: '/a' }];
    expect(applyJsonPatch(big, once)).toMatchObject({ a: big.s });
    expect(() => applyJsonPatch(big, [...once, ...once])).toThrow(
      'Unable to complete the copy, the accumulated size increase of copy is 3200004, exceeding the limit 3145728',
    );
  });

  it('shares what it does not touch, and sorts the keys of what it changes', () => {
    const result = applyJsonPatch(doc, [{ op: 'add', path: '/m/b', value: 1 }]) as typeof doc;
    expect(result.l).toBe(doc.l);
    expect(Object.keys(result)).toEqual(['a', 'l', 'm', 'n']);
    expect(Object.keys(result.m)).toEqual(['b', 'k', 'm~n', 'x/y']);
    expect(applyJsonPatch(doc, [{ op: 'test', path: '/a', value: 'x' }])).toBe(doc);
  });

  it('makes of one document any other', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (from, to) => {
        const [a, b] = [from, to].map((value) => JSON.parse(JSON.stringify(value)) as object);
        expect(applyJsonPatch(deepFreeze(a), createPatch(a, b) as unknown as readonly Operation[])).toEqual(b);
      }),
    );
  });
});

describe('decoding', () => {
  const rows: readonly [situation: string, text: string, strict: boolean, error: string][] = [
    ['an object', '{}', true, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['an object, not strict', '{}', false, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    [
      'a text for an operation',
      '["x"]',
      true,
      'error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
    ],
    ['a number for an operation, not strict', '[5]', false, 'json: cannot unmarshal number into Go value of type jsonpatch.Operation'],
    [
      'a number for the path',
      '[{"op":"add","path":5}]',
      true,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string',
    ],
  ];
  it.each(rows)('refuses %s', (_, text, strict, message) => {
    expect(() => decodeJsonPatch(parseJson(text), strict)).toThrow(expect.objectContaining({ name: 'DecodeError', message }));
  });

  it('takes null for no operations', () => {
    expect(decodeJsonPatch(parseJson('null'), true)).toEqual({ operations: [], strictErrors: [] });
  });

  it('tells unknown and repeated fields', () => {
    const text = '[{"op":"add","path":"/a","value":1,"foo":2,"op":"test"}]';
    expect(decodeJsonPatch(parseJson(text), true).strictErrors).toEqual([
      'json patch duplicate field "[0].op"',
      'json patch unknown field "[0].foo"',
    ]);
    expect(decodeJsonPatch(parseJson(text), false).strictErrors).toEqual([]);
  });
});
