// Streams cut into documents: as Kubernetes cuts them, and so that nothing is lost.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { splitJson, splitYaml } from '../../../src/apimachinery/yaml/documents.ts';
import { readNodes } from '../../../src/apimachinery/yaml/nodes.ts';
import { readPlain } from '../../../src/apimachinery/yaml/plain.ts';
import { anyYaml } from './any-yaml.ts';

describe('YAML', () => {
  const table: readonly (readonly [name: string, stream: string, documents: readonly (readonly [text: string, line: number])[]])[] = [
    ['one document', 'a: 1\n', [['a: 1\n', 1]]],
    [
      'two',
      'a: 1\n---\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    ['dashes before the first', '---\na: 1\n', [['a: 1\n', 2]]],
    ['dashes behind the last', 'a: 1\n---\n', [['a: 1\n', 1]]],
    [
      'several dashes in a row',
      'a: 1\n---\n---\n\n---\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 6],
      ],
    ],
    [
      'a comment behind the dashes',
      'a: 1\n--- # next\nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    [
      'spaces behind the dashes',
      'a: 1\n---  \nb: 2\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    ['indented dashes are text', 'a: |\n  ---\nb: 2\n', [['a: |\n  ---\nb: 2\n', 1]]],
    [
      'Windows line breaks',
      'a: 1\r\n---\r\nb: 2\r\n',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    [
      'no line break at the end',
      'a: 1\n---\nb: 2',
      [
        ['a: 1\n', 1],
        ['b: 2\n', 3],
      ],
    ],
    ['nothing', '', []],
    ['nothing but space and dashes', '\n---\n \n---', []],
    [
      'comments are kept',
      '# c\n---\na: 1\n',
      [
        ['# c\n', 1],
        ['a: 1\n', 3],
      ],
    ],
  ];
  test.each(table)('%s', (_, stream, documents) => {
    expect(splitYaml(stream)).toEqual(documents.map(([text, line]) => ({ text, line })));
  });

  test.each([
    ['text', 'a: 1\n--- b\nc: 2\n', 'b'],
    ['a fourth dash', 'a: 1\n----\nc: 2\n', '-'],
    ['a certificate that is not indented', 'a: 1\n-----BEGIN CERTIFICATE-----\nc: 2\n', '--BEGIN CERTIFICATE-----'],
  ])('dashes followed by %s are no separator', (_, stream, rest) => {
    expect(splitYaml(stream)).toMatchObject([
      { text: 'a: 1\n', badSeparator: rest },
      { text: 'c: 2\n', line: 3 },
    ]);
  });
});

describe('JSON', () => {
  test.each([
    ['one value', '{"a": 1}', [['{"a": 1}', 1]]],
    [
      'several',
      '{"a": 1}\n{"b": [2]} {"c": {}}',
      [
        ['{"a": 1}', 1],
        ['{"b": [2]}', 2],
        ['{"c": {}}', 2],
      ],
    ],
    ['braces and escapes in strings', '{"a": "}\\"{"}', [['{"a": "}\\"{"}', 1]]],
  ] as const)('%s', (_, stream, documents) => {
    expect(splitJson(stream)).toEqual(documents.map(([text, line]) => ({ text, line })));
  });

  test.each(['{"a": 1', '{a: 1}}', '{"a": 1} x', '{"a": "x\n"}'])('%j is not taken for it', (stream) => {
    expect(splitJson(stream)).toBeUndefined();
  });
});

describe('properties', () => {
  test('cutting documents and reading each is reading the whole', () => {
    fc.assert(
      fc.property(
        fc.array(anyYaml, { maxLength: 5 }),
        fc.constantFrom('---\n', '--- # c\n', '---\n---\n', '\n---\n'),
        (texts, separator) => {
          const stream = texts.join(separator);
          const whole = parseAllDocuments(stream, { schema: 'failsafe', uniqueKeys: false });
          const values = (Array.isArray(whole) ? whole : [])
            .map((document) => document.toJS() as unknown)
            .filter((value) => value !== null && value !== '');
          const parts = splitYaml(stream).map(
            ({ text }) => parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false })[0]?.toJS() as unknown,
          );
          expect(parts.filter((value) => value !== null && value !== undefined && value !== '')).toEqual(values);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('lines of documents are lines of the stream', () => {
    fc.assert(
      fc.property(fc.array(anyYaml, { maxLength: 5 }), (texts) => {
        const stream = texts.join('---\n');
        const lines = stream.split('\n');
        for (const { text, line } of splitYaml(stream)) expect(lines[line - 1]).toBe(text.split('\n')[0]);
      }),
      { numRuns: 100 },
    );
  });

  test('what the fast reader reads, the full one reads alike', () => {
    let read = 0;
    const damage = fc.record({
      at: fc.nat(),
      drop: fc.nat({ max: 2 }),
      insert: fc.constantFrom(
        '',
        ' ',
        '  ',
        '\n',
        ': ',
        ':',
        '- ',
        '#',
        ' #',
        '"',
        "'",
        '|',
        '{',
        '}',
        '[',
        ',',
        '&a ',
        '*a',
        '!!str ',
        '\t',
        '...',
        '%',
        '~',
        '\\',
        '@',
        'é',
      ),
    });
    fc.assert(
      fc.property(anyYaml, fc.array(damage, { maxLength: 2 }), (text, damages) => {
        let damaged = text;
        for (const { at, drop, insert } of damages) {
          const i = at % (damaged.length + 1);
          damaged = damaged.slice(0, i) + insert + damaged.slice(i + drop);
        }
        const plain = readPlain(damaged);
        if (!plain) return;
        read++;
        expect(readNodes(damaged)).toEqual(plain);
      }),
      { numRuns: 3000 },
    );
    // otherwise the property says nothing
    expect(read).toBeGreaterThan(1000);
  });
});
