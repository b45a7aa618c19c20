import { expect, test } from 'vitest';
import { closest } from '../../src/reconcile/closest.ts';

test.each<readonly [word: string, known: readonly string[], expected: string | undefined]>([
  ['replica', ['replicas', 'selector'], 'replicas'],
  ['Deploymnet', ['DaemonSet', 'Deployment'], 'Deployment'],
  ['matchlabels', ['matchExpressions', 'matchLabels'], 'matchLabels'],
  ['xyz', ['abc', 'replicas'], undefined],
  ['ab', ['ba', 'xx'], 'ba'],
  ['spec', ['status', 'spec'], 'spec'],
  ['', ['a'], 'a'],
  ['anything', [], undefined],
])('%j of %j', (word, known, expected) => {
  expect(closest(word, known)).toBe(expected);
});

test('fewer mistakes may be borne', () => {
  expect(closest('stable.example.com/v1', ['other.example.com/v1'])).toBe('other.example.com/v1');
  expect(closest('stable.example.com/v1', ['other.example.com/v1'], 2)).toBeUndefined();
});
