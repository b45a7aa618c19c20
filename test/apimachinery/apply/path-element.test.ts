import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareElements,
  compareText,
  elementText,
  fieldElement,
  indexElement,
  keyElement,
  parsePathElement,
  pathText,
  valueElement,
  type PathElement,
} from '../../../src/apimachinery/apply/path-element.ts';

const key = (fields: Readonly<Record<string, unknown>>): PathElement =>
  keyElement(Object.entries(fields).map(([name, value]) => ({ name, value })));

describe('texts', () => {
  it.each([
    [fieldElement('spec'), 'f:spec', '.spec'],
    [fieldElement('app.kubernetes.io/name'), 'f:app.kubernetes.io/name', '.app.kubernetes.io/name'],
    [fieldElement(''), 'f:', '.'],
    [key({ name: 'web' }), 'k:{"name":"web"}', '[name="web"]'],
    [key({ protocol: 'TCP', port: 80 }), 'k:{"port":80,"protocol":"TCP"}', '[port=80,protocol="TCP"]'],
    [key({ a: true, b: 1.5, c: null }), 'k:{"a":true,"b":1.5,"c":null}', '[a=true,b=1.5,c=null]'],
    [valueElement('x.io/a'), 'v:"x.io/a"', '[="x.io/a"]'],
    [valueElement(9007199254740993n), 'v:9007199254740993', '[=9007199254740993]'],
    [valueElement({ a: [1] }), 'v:{"a":[1]}', '[=a=[1]]'],
    [indexElement(3), 'i:3', '[3]'],
    // as json-iterator escapes within keys
    [valueElement('<&>\u2028'), String.raw`v:"\u003c\u0026\u003e\u2028"`, '[="<&>\\u2028"]'],
    [valueElement('\b\f\n\t"\\b'), String.raw`v:"\u0008\u000c\n\t\"\\b"`, String.raw`[="\b\f\n\t\"\\b"]`],
  ])('%#: %s', (element, text, shown) => {
    expect(element.text).toBe(text);
    expect(elementText(element)).toBe(shown);
    expect(parsePathElement(text)).toEqual(element);
  });

  it('of a path are those of its elements', () => {
    expect(pathText([fieldElement('spec'), fieldElement('ports'), key({ port: 80 }), fieldElement('name')])).toBe(
      '.spec.ports[port=80].name',
    );
  });

  it('may be written in other ways', () => {
    expect(parsePathElement('k:{ "b": 1, "a": "\\u0041" }')).toEqual(key({ a: 'A', b: 1 }));
  });

  it('of unknown kinds are passed over', () => {
    expect(parsePathElement('x:foo')).toBeUndefined();
  });

  it.each([
    ['', 'key must be 2 characters long:'],
    ['f', 'key must be 2 characters long:'],
    ['foo', 'missing colon: foo'],
    ['i:x', 'strconv.Atoi: parsing "x": invalid syntax'],
    ['v:nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['k:5', 'expect { or n: 5'],
  ])('%j is no path element', (text, message) => {
    expect(() => parsePathElement(text)).toThrow(expect.objectContaining({ name: 'PathElementError', message }));
  });
});

describe('order', () => {
  // each comes before the next
  const ascending: readonly PathElement[] = [
    fieldElement('A'),
    fieldElement('a'),
    fieldElement('ab'),
    fieldElement('\uffee'),
    fieldElement('\u{1F600}'),
    key({ a: 'x' }),
    key({ a: 'x', b: 1 }),
    key({ a: 'y' }),
    key({ b: 2 }),
    key({ b: 10 }),
    key({ b: 'a' }),
    valueElement(1),
    valueElement(1.5),
    valueElement(9007199254740993n),
    valueElement('1'),
    valueElement(false),
    valueElement(true),
    valueElement([1]),
    valueElement([1, 2]),
    valueElement({ a: 1 }),
    valueElement({ a: 1, b: 2 }),
    valueElement(null),
    indexElement(1),
    indexElement(10),
  ];

  it('is by kind, then by name, keys, value or index', () => {
    ascending.forEach((a, i) => {
      ascending.forEach((b, j) => expect(Math.sign(compareElements(a, b)), `${a.text} and ${b.text}`).toBe(Math.sign(i - j)));
    });
  });

  it('of texts is that of their UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
