import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldSet } from '../../../src/apimachinery/apply/field-set.ts';
import { decodeFieldsV1, encodeFieldsV1 } from '../../../src/apimachinery/apply/fields-v1.ts';
import { fieldElement, fieldPath, indexElement, keyElement, valueElement } from '../../../src/apimachinery/apply/path-element.ts';
import { deepFreeze } from '../../../src/apimachinery/object.ts';

const [spec, ports] = [fieldElement('spec'), fieldElement('ports')];
const port = keyElement([
  { name: 'port', value: 80 },
  { name: 'protocol', value: 'TCP' },
]);

it('writes elements in order, and a dot for what is a member with members below', () => {
  const set = FieldSet.of(
    [spec, ports, port, fieldElement('port')],
    [spec, ports, port],
    [spec, fieldElement('a')],
    fieldPath('metadata', 'labels', 'x'),
  );
  expect(JSON.stringify(encodeFieldsV1(set))).toBe(
    JSON.stringify({
      'f:metadata': { 'f:labels': { 'f:x': {} } },
      'f:spec': { 'f:a': {}, 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } },
    }),
  );
});

describe('reads', () => {
  it.each([
    ['nothing', undefined, ''],
    ['an empty object', {}, ''],
    ['leaves, with or without a dot', { 'f:a': {}, 'f:b': { '.': {} }, 'f:c': null }, '.a\n.b\n.c'],
    ['keys out of order', { 'f:b': {}, 'f:a': { 'f:z': {}, 'f:y': {} } }, '.b\n.a.y\n.a.z'],
    ['one element written in two ways', { 'k:{"a":1}': { '.': {} }, 'k:{"a": 1}': { 'f:x': {} } }, '[a=1]\n[a=1].x'],
    ['unknown kinds of elements, which are dropped', { 'x:new': { 'f:a': {} }, 'f:a': {} }, '.a'],
  ])('%s', (_, fields, text) => {
    expect(decodeFieldsV1(fields).toString()).toBe(text);
  });

  it.each([
    ['a list', []],
    ['a text below', { 'f:a': 'x' }],
    ['a key that is no element', { spec: {} }],
    ['a key of a list that is no JSON', { 'k:{': {} }],
  ])('refuses %s', (_, fields) => {
    expect(() => decodeFieldsV1(fields)).toThrow(expect.objectContaining({ name: 'FieldsV1Error' }));
  });
});

const element = fc.oneof(
  fc.string().map(fieldElement),
  fc
    .uniqueArray(fc.record({ name: fc.string(), value: fc.oneof(fc.string(), fc.integer(), fc.boolean()) }), {
      minLength: 1,
      maxLength: 3,
      selector: (f) => f.name,
    })
    .map(keyElement),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()).map(valueElement),
  fc.nat().map(indexElement),
);

it('reads what it writes, also from the text', () => {
  fc.assert(
    fc.property(fc.array(fc.array(element, { minLength: 1, maxLength: 4 })), (paths) => {
      const set = FieldSet.of(...paths);
      const parsed: unknown = JSON.parse(JSON.stringify(encodeFieldsV1(set)));
      expect(decodeFieldsV1(parsed).equals(set)).toBe(true);
      expect(JSON.stringify(encodeFieldsV1(decodeFieldsV1(parsed)))).toBe(JSON.stringify(parsed));
    }),
  );
});

it('makes each form of a set once', () => {
  const fields = deepFreeze({ 'f:a': { 'f:b': {} } });
  const set = decodeFieldsV1(fields);
  expect(decodeFieldsV1(fields)).toBe(set);
  expect(encodeFieldsV1(set)).toBe(fields);
  // but not a form that is not canonical
  const odd = deepFreeze({ 'f:b': {}, 'f:a': {} });
  expect(Object.keys(encodeFieldsV1(decodeFieldsV1(odd)))).toEqual(['f:a', 'f:b']);
});
