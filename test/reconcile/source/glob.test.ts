import { describe, expect, test } from 'vitest';
import { anyOf } from '../../../src/reconcile/source/glob.ts';
import { SourceError } from '../../../src/reconcile/source/source-error.ts';

describe('globs', () => {
  test.each<readonly [pattern: string, matching: readonly string[], others: readonly string[]]>([
    ['*.yaml', ['a.yaml', 'x/y/a.yaml'], ['a.yml', 'a.yaml.bak']],
    ['*.{yaml,yml}', ['a.yaml', 'x/a.yml'], ['a.json']],
    ['apps', ['apps', 'apps/a.yaml', 'x/apps/y/a.yaml'], ['apps2/a.yaml', 'apps.yaml']],
    ['/apps', ['apps/a.yaml'], ['x/apps/a.yaml']],
    ['apps/', ['apps/a.yaml', 'x/apps/a.yaml'], ['apps2/a.yaml']],
    ['apps/*', ['apps/a.yaml', 'apps/x/a.yaml'], ['apps', 'y/apps/a.yaml']],
    ['apps/**', ['apps/a.yaml', 'apps/x/y/a.yaml'], ['apps', 'a.yaml']],
    ['apps/**/a.yaml', ['apps/a.yaml', 'apps/x/y/a.yaml'], ['apps/b.yaml']],
    ['**/test/**', ['test/a', 'x/test/y/a'], ['x/test', 'tests/a']],
    ['./apps/a.yaml', ['apps/a.yaml'], ['a.yaml']],
    ['a?.yaml', ['a1.yaml'], ['a.yaml', 'a12.yaml']],
    ['a[0-9].yaml', ['a1.yaml'], ['ab.yaml']],
    ['a[!0-9].yaml', ['ab.yaml'], ['a1.yaml']],
    ['{apps,infra/{dev,prod}}/*.yaml', ['apps/a.yaml', 'infra/prod/a.yaml'], ['infra/a.yaml', 'infra/test/a.yaml']],
    ['a+b (1).yaml', ['a+b (1).yaml'], ['aab 1.yaml']],
  ])('%s', (pattern, matching, others) => {
    const matches = anyOf([pattern]);
    expect(matching.filter((path) => !matches(path))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  test.each(['../x', 'a/../../b', '', '/', '{a,b', 'a[b', '{a,b}'.repeat(9), '[z-a]'])('%j is none', (pattern) => {
    expect(() => anyOf([pattern])).toThrow(SourceError);
  });

  test('many stars do not take forever', () => {
    expect(anyOf([`${'*a'.repeat(20)}b`])('a'.repeat(200))).toBe(false);
  });
});
