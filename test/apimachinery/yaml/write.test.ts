// YAML as Kubernetes writes it, and that it reads back.
import { expect, test } from 'vitest';
import { readYaml } from '../../../src/apimachinery/yaml/read.ts';
import { writeYaml } from '../../../src/apimachinery/yaml/write.ts';

const TEXTS: readonly (readonly [text: string, written: string])[] = [
  ['plain words', 'plain words'],
  ['', '""'],
  ['true', '"true"'],
  ['y', '"y"'],
  ['null', '"null"'],
  ['1', '"1"'],
  ['1.5', '"1.5"'],
  ['0x1f', '"0x1f"'],
  ['1:30', '"1:30"'],
  ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
  ['1.2.3', '1.2.3'],
  ['10m', '10m'],
  ['- a', "'- a'"],
  ['a: b', "'a: b'"],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  ["it's", "it's"],
  ["'quoted'", "'''quoted'''"],
  ['*', "'*'"],
  ['{}', "'{}'"],
  ['a ', "'a '"],
  ['tab\there', '"tab\\there"'],
  ['one\ntwo\n', '|\n  one\n  two'],
  ['one\ntwo', '|-\n  one\n  two'],
  ['one\n\n', '|+\n  one\n'],
  [' one\ntwo', '|2-\n   one\n  two'],
  ['one \ntwo', '"one \\ntwo"'],
];

test.each(TEXTS)('%j', async (text, written) => {
  const yaml = writeYaml({ a: text });
  expect(yaml).toBe(`a: ${written}\n`);
  expect(await readYaml(yaml)).toMatchObject({ value: { a: text } });
});

test('keys stand in order, lists are not indented', () => {
  const value = {
    b: [{ y: 1, x: [] }, 'text', [1, 2]],
    a10: {},
    a9: null,
    'x: y': { z: true },
  };
  expect(writeYaml(value)).toBe('a9: null\na10: {}\nb:\n- x: []\n  "y": 1\n- text\n- - 1\n  - 2\n\'x: y\':\n  z: true\n');
});

test('what is written is read back', async () => {
  const value = { deep: [[{ a: [{ b: 'c\nd\n' }] }], []], 'key with\nbreak': 1, ü: '😀', big: 9007199254740993n };
  expect(await readYaml(writeYaml(value))).toMatchObject({ value });
});
