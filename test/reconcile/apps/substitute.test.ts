import { describe, expect, test } from 'vitest';
import { substitute } from '../../../src/reconcile/apps/substitute.ts';

const VARIABLES = new Map([
  ['name', 'web'],
  ['path', 'a/b/c.txt'],
  ['empty', ''],
  ['accent', 'é1'],
]);

describe('what is put in', () => {
  test.each([
    ['a variable', 'x${name}y', 'xweby'],
    ['one that nobody knows', '[${other}]', '[]'],
    ['a default', '${other:=dev}', 'dev'],
    ['a default for an empty one', '${empty:-dev}', 'dev'],
    ['a default in another spelling', '${other=dev}', 'dev'],
    ['no default where there is a value', '${name:=dev}', 'web'],
    ['an empty default', '${other:=}', ''],
    ['a default that is a variable', '${other:=${name}}', 'web'],
    ['a default made of several', '${other:=a-${name}-z}', 'a-web-z'],
    ['the other signs, which mean a default too', '${other:+x}${other:?y}', 'xy'],
    ['no variable without braces', '$name', '$name'],
    ['what is escaped', '$${name}', '${name}'],
    ['a lone dollar', 'a$ b$', 'a$ b$'],
    ['a length in bytes', '${#accent}', '3'],
    ['a part', '${path:2:3}', 'b/c'],
    ['a part from the end', '${path:-4}', 'a/b/c.txt'],
    ['the rest', '${path:4}', 'c.txt'],
    ['capitals', '${name^}${name^^}', 'WebWEB'],
    ['small letters', '${name,}${name,,}', 'webweb'],
    ['a replacement', '${path/\\//-}', 'a-b/c.txt'],
    ['all replacements', '${path//\\//-}', 'a-b-c.txt'],
    ['a replacement of nothing', '${name/b/}', 'we'],
    ['a prefix', '${name/#w/x}', 'xeb'],
    ['a suffix', '${name/%b/x}', 'wex'],
    ['the shortest prefix cut off', '${path#*/}', 'b/c.txt'],
    ['the longest prefix cut off', '${path##*/}', 'c.txt'],
    ['the shortest suffix cut off', '${path%/*}', 'a/b'],
    ['the longest suffix cut off', '${path%%/*}', 'a'],
  ])('%s', (_, text, expected) => {
    expect(substitute(text, VARIABLES)).toBe(expected);
  });
});

describe('what is refused', () => {
  test.each([
    ['no name', '${}', 'unable to parse variable name'],
    ['a brace that is not closed', 'a ${name', 'missing closing brace'],
    ['a default without a colon', '${other-dev}', 'missing closing brace'],
    ['a default that is not closed', '${other:=dev', 'unable to parse substitution within function'],
    ['a replacement without an end', '${name/x}', 'bad substitution'],
    ['variables in variables without end', '${a:='.repeat(200), 'nested more than 100 deep'],
  ])('%s', (_, text, message) => {
    expect(() => substitute(text, VARIABLES)).toThrow(message);
  });

  test('an unknown one, where that is strict', () => {
    expect(() => substitute('${other}', VARIABLES, true)).toThrow('variable not set (strict mode): "other"');
    expect(substitute('${other:=x}', VARIABLES, true)).toBe('x');
  });
});
