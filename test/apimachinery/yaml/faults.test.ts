// What is wrong with YAML, in which words, and where.
import { describe, expect, test } from 'vitest';
import { readJson, readYaml } from '../../../src/apimachinery/yaml/read.ts';

interface Row {
  readonly name: string;
  readonly text: string;
  /** Line and column, from 1. */
  readonly at: readonly [line: number, column: number];
  readonly message: string | RegExp;
  readonly hint?: string | RegExp;
}

const rows: readonly Row[] = [
  {
    name: 'tabs as indentation',
    text: 'a:\n\tb: 1\n',
    at: [2, 1],
    message: 'tabs are not allowed as indentation',
    hint: 'indent with spaces',
  },
  { name: 'a tab behind a dash', text: 'a:\n  -\tb\n', at: [2, 4], message: 'tabs are not allowed as indentation' },
  { name: 'a line of nothing but a tab', text: 'a: 1\n\t\nb: 2\n', at: [2, 1], message: 'tabs are not allowed as indentation' },
  { name: 'a duplicate key', text: 'a:\n  b: 1\n  c: 2\n  b: 3\n', at: [4, 3], message: 'duplicate key "b"', hint: /last one/ },
  { name: 'a duplicate key in flow style', text: 'a: {b: 1, b: 2}\n', at: [1, 11], message: 'duplicate key "b"' },
  { name: 'keys that are the same only in JSON', text: '1: a\n"1": b\n', at: [2, 1], message: 'duplicate key "1"' },
  { name: 'a missing colon', text: 'a: 1\nbc\nd: 2\n', at: [2, 1], message: 'could not find the ":" of a key', hint: /missing colon/ },
  { name: 'a colon in plain text', text: 'a: b: c\n', at: [1, 4], message: 'mapping values are not allowed here', hint: /quotes/ },
  { name: 'a wrong indentation', text: 'a:\n  b: 1\n c: 2\n', at: [3, 1], message: /same column/ },
  { name: 'a reserved character', text: 'a: @b\n', at: [1, 4], message: /reserved character @/, hint: /quotes/ },
  { name: 'a quote that is not closed', text: 'a: "b\nc: 1\n', at: [3, 1], message: /missing closing/, hint: /indented deeper/ },
  { name: 'an unknown anchor', text: 'a: *b\n', at: [1, 4], message: "unknown anchor 'b' referenced", hint: /same document/ },
  { name: 'an anchor that contains itself', text: 'a: &b [*b]\n', at: [1, 8], message: "anchor 'b' value contains itself" },
  { name: 'a null key', text: 'a:\n  ~: 1\n', at: [2, 3], message: 'null cannot be a key' },
  { name: 'a template without quotes', text: 'a: {{ x }}\n', at: [1, 5], message: /a key must be a scalar/, hint: /template/ },
  { name: 'infinity', text: 'a: .inf\n', at: [1, 4], message: '.inf is not a number that JSON can hold', hint: /quotes/ },
  { name: 'a NUL byte', text: 'a: "b\0"\n', at: [1, 6], message: 'control characters are not allowed (U+0000)', hint: /UTF-16/ },
  {
    name: 'a control character',
    text: 'a: "b\u0007"\n',
    at: [1, 6],
    message: 'control characters are not allowed (U+0007)',
    hint: /escape/,
  },
  { name: 'a directive', text: '# c\n%YAML 1.1\n', at: [2, 1], message: /directives/, hint: /remove/ },
  { name: 'a document behind the end of a document', text: 'a: 1\n...\nb: 2\n', at: [3, 1], message: /nothing may follow/, hint: /---/ },
  {
    name: 'a merge of what is no mapping',
    text: 'a:\n  <<: b\n',
    at: [2, 7],
    message: 'map merge requires map or sequence of maps as the value',
  },
];

describe('faults', () => {
  test.each(rows)('$name', async ({ text, at, message, hint }) => {
    const [fault] = (await readYaml(text)).faults ?? [];
    expect(fault?.message).toMatch(message);
    if (hint) expect(fault?.hint).toMatch(hint);
    const before = text.slice(0, fault?.offset).split('\n');
    expect([before.length, before.at(-1)!.length + 1]).toEqual(at);
  });

  test('all duplicate keys of a document are told, with their fields', async () => {
    const { faults } = await readYaml('a: {x: 1, x: 2}\nb:\n- z: 1\n  z: 2\n');
    expect(faults?.map(({ path }) => path)).toEqual([
      ['a', 'x'],
      ['b', 0, 'z'],
    ]);
  });
});

describe('what would exhaust the machine is refused', () => {
  test.each([
    ['brackets', '['.repeat(200_000)],
    ['brackets that are closed', `a: ${'['.repeat(200)}${']'.repeat(200)}\n`],
    ['mappings', Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['dashes', `${'- '.repeat(50_000)}\n`],
  ])('nesting: %s', async (_, text) => {
    expect((await readYaml(text)).faults).toMatchObject([{ message: 'nested more than 128 levels deep' }]);
  });

  test('100 levels are read', async () => {
    expect((await readYaml(`a: ${'['.repeat(100)}${']'.repeat(100)}\n`)).faults).toBeUndefined();
  });

  test('a billion laughs', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
    const { faults } = await readYaml(`l0: &l0 lol\n${levels.join('\n')}\n`);
    expect(faults).toMatchObject([{ message: 'document contains excessive aliasing' }]);
  });

  test('aliases in proportion are read', async () => {
    const text = `base: &b {x: 1, z: 2}\nuses:\n${'- *b\n'.repeat(150)}`;
    const result = await readYaml(text);
    expect(result).toMatchObject({ value: { uses: Array.from({ length: 150 }, () => ({ x: 1, z: 2 })) } });
  });

  test('more values than any object has, in JSON as well', async () => {
    const text = `{"a": [${'1,'.repeat(2_000_000)}1]}`;
    for (const read of [readYaml, readJson]) {
      expect((await read(text)).faults).toMatchObject([{ message: 'the document has more than 2000000 lines, fields and items' }]);
    }
  });

  test('more words than any object has', async () => {
    const { faults } = await readYaml(`a: &x 1\nb: [${'"", '.repeat(1_000_000)}]\n`);
    expect(faults).toMatchObject([{ message: 'the document has more than 2000000 words and signs' }]);
  });
});
