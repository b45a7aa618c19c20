// What Kubernetes reads in YAML, case by case: each line of kubernetes.jsonl holds a document and the JSON, or the error, that
// sigs.k8s.io/yaml 1.6.0 makes of it.
import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseJson, plainValue } from '../../../src/apimachinery/json/parse.ts';
import { readNodes } from '../../../src/apimachinery/yaml/nodes.ts';
import { readPlain } from '../../../src/apimachinery/yaml/plain.ts';
import { readJson, readYaml } from '../../../src/apimachinery/yaml/read.ts';

interface Case {
  readonly name: string;
  readonly yaml: string;
  readonly json?: unknown;
  readonly error?: string;
}

const cases = fs
  .readFileSync(new URL('kubernetes.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => plainValue(parseJson(line).value) as Case);

/** Go's -0.0 is written as -0; nothing here tells it from 0. */
const withoutMinusZero = (value: unknown): unknown => (Object.is(value, -0) ? 0 : value);

describe('as sigs.k8s.io/yaml', () => {
  test.each(cases.filter(({ error }) => error === undefined))('$name', async ({ yaml, json }) => {
    const result = await readYaml(yaml);
    expect(result).toEqual({ value: json });
  });

  test.each(cases.filter(({ error }) => error !== undefined))('$name is refused', async ({ yaml }) => {
    const result = await readYaml(yaml);
    expect(result.faults).toHaveLength(1);
  });

  test.each(cases)('both readers agree on $name', ({ yaml }) => {
    const plain = readPlain(yaml);
    if (plain) expect(readNodes(yaml)).toEqual({ value: withoutMinusZero(plain.value) });
  });
});

test.each([
  ['plain text over several lines', 'a: one\n  two\n  three\nb: 1\n', { a: 'one two three', b: 1 }],
  ['in a list', '- one\n  two\n- 3\n', ['one two', 3]],
  ['digits over several lines are text', 'a: 1\n  2\n', { a: '1 2' }],
  ['a dash within it', 'a: one\n  - two\n', { a: 'one - two' }],
  ['quoted text over several lines', "a: 'one\n  two: ''x''\n  three'\nb: 1\n", { a: "one two: 'x' three", b: 1 }],
  ['quotes that close on a line of their own', "a: 'one\n  '\n", { a: 'one ' }],
])('%s needs no full parser', (_, text, value) => {
  expect(readPlain(text)).toEqual({ value });
  expect(readNodes(text)).toEqual({ value });
});

test.each([
  ['a blank line within it', 'a: one\n\n  two\n'],
  ['a comment within it', 'a: one\n  # no\n  two\n'],
  ['a comment behind its first line', 'a: one # no\n  two\n'],
  ['a key within it', 'a: one\n  two: three\n'],
  ['quotes that close within a line', "a: 'one\n  two' three\n"],
])('text over several lines is left to the full parser: %s', (_, text) => {
  expect(readPlain(text)).toBeUndefined();
});

test('what people mostly write needs no full parser', () => {
  const text = [
    'apiVersion: apps/v1 # the version',
    'kind: Deployment',
    'metadata:',
    '  name: web',
    '  labels: {app.kubernetes.io/name: web, tier: "front"}',
    'spec:',
    '  replicas: 3',
    '  template:',
    '    spec:',
    '      containers:',
    '      - name: web',
    "        image: 'nginx:1.27'",
    '        args: ["-c", sleep 1]'.replace('sleep 1', 'sleep'),
    '        command:',
    '          - sh',
    '          - |',
    '            echo hello',
    '            exit 0',
    '        env: []',
    '',
  ].join('\n');
  expect(readPlain(text)).toEqual({ value: (readNodes(text) as { readonly value: unknown }).value });
});

describe('JSON', () => {
  const table: readonly (readonly [name: string, text: string, value: unknown])[] = [
    ['an object', '{"a": 1}', { a: 1 }],
    ['integers of 64 bits', '{"a": 9007199254740993}', { a: 9007199254740993n }],
    ['a float that is whole', '{"a": 1.0}', { a: 1 }],
    ['YAML that looks like it', '{a: yes}', { a: true }],
  ];
  test.each(table)('%s', async (_, text, value) => {
    expect(await readJson(text)).toEqual({ value });
  });

  test('keys given twice are told with their place', async () => {
    const { faults } = await readJson('{\n  "a": 1,\n  "a": 2\n}');
    expect(faults).toMatchObject([{ offset: 14, message: 'duplicate key "a"', path: ['a'] }]);
  });

  test('nesting is bounded', async () => {
    const { faults } = await readJson(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`);
    expect(faults).toMatchObject([{ message: 'nested more than 128 levels deep' }]);
  });
});
