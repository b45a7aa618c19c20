// Go's regular expressions: what they match, and Go's words for what is none.
import { describe, expect, it } from 'vitest';
import { compileRegexp } from '../../src/apimachinery/regexp.ts';

describe('regexp.MatchString', () => {
  it.each([
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'aBc', false],
    ['[a-z]', '1a1', true],
    ['^(?:a|bc)*d$', 'abcad', true],
    ['^\\d{2,3}$', '12', true],
    ['^\\d{2,3}$', '1234', false],
    ['^a{2}$', 'aaa', false],
    ['^a{2,}$', 'aaa', true],
    ['(?i)^ABC$', 'aBc', true],
    ['^(?i:a)b$', 'AB', false],
    ['^.$', '\n', false],
    ['(?s)^.$', '\n', true],
    ['(?m)^b$', 'a\nb', true],
    ['^$', '', true],
    ['^(|x)$', '', true],
    ['^(a*)*$', 'aaa', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\bfoo\\b', 'afoob', false],
    ['^[]a]$', ']', true],
    ['^[^-a]$', '-', false],
    ['^[[:alpha:]_]+$', 'a_b', true],
    ['^\\p{Lu}\\P{Lu}$', 'Éé', true],
    ['^\\x41\\x{42}$', 'AB', true],
    ['^\\Qa.b\\E$', 'a.b', true],
    ['^\\Qa.b\\E$', 'axb', false],
    ['^a{,2}$', 'a{,2}', true],
    ['^😀$', '😀', true],
  ])('%s in %j: %s', (pattern, text, matches) => {
    expect(compileRegexp(pattern).test(text)).toBe(matches);
  });

  it('takes no more steps than the text is long', () => {
    expect(compileRegexp('^(a+)+$').test(`${'a'.repeat(2000)}!`)).toBe(false);
    expect(compileRegexp('(x+x+)+y').test('x'.repeat(2000))).toBe(false);
  });
});

describe('regexp.Compile', () => {
  it.each([
    ['(', 'missing closing ): `(`'],
    ['a)', 'unexpected ): `a)`'],
    ['[a', 'missing closing ]: `[a`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['\\', 'trailing backslash at end of expression: ``'],
  ])('%s', (pattern, message) => {
    expect(() => compileRegexp(pattern)).toThrow(`error parsing regexp: ${message}`);
  });
});
