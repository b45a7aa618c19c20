// Markdown for a comment: what must not become markup, how it shrinks, and that the first screen says it all.
import path from 'node:path';
import { expect, test } from 'vitest';
import type { PreviewResult } from '../../../src/reconcile/preview/result.ts';
import { code, escaped, fenced } from '../../../src/reconcile/report/preview/markdown-text.ts';
import { markerOf, previewMarkdown } from '../../../src/reconcile/report/preview/markdown.ts';
import { previewFiles } from '../preview/cases.ts';
import { hostile, reportOf, resultOf } from './reports.ts';

test.each([
  ['emphasis', '*a* _b_ ~~', '\\*a\\* \\_b\\_ \\~\\~'],
  ['a link', '[a](https://x.example)', '\\[a\\](https:&#8203;//x.example)'],
  ['HTML', '<b>a & b</b>', '&lt;b&gt;a &amp; b&lt;/b&gt;'],
  ['a mention', 'ask @octocat', 'ask @&#8203;octocat'],
  ['an address', 'a@b.example', 'a@&#8203;b.example'],
  ['references', '#12 !34 GH-56 ~bug', '#&#8203;12 !&#8203;34 GH&#8203;-56 \\~&#8203;bug'],
  ['a bare host', 'see www.x.example', 'see www&#8203;.x.example'],
  ['a cell of a table', 'a | b', 'a \\| b'],
  ['code', 'a `b` c', 'a \\`b\\` c'],
  ['lines', 'a\n# b', 'a # b'],
  ['an escape of its own', '\\*', '\\\\\\*'],
  ['plain words', "it's 25% of 3 (a-b), done.", "it's 25% of 3 (a-b), done."],
])('escaped: %s', (_, text, expected) => {
  expect(escaped(text)).toBe(expected);
});

test.each([
  ['plain', 'a', '`a`'],
  ['a backtick', 'a`b', '``a`b``'],
  ['backticks at the ends', '`a``', '``` `a`` ```'],
  ['a pipe, for tables', 'a|b', '`a\\|b`'],
  ['nothing', '', ''],
])('code: %s', (_, text, expected) => {
  expect(code(text)).toBe(expected);
});

test('no line of a block ends it', () => {
  expect(fenced('diff', ['+ ```', '+ `````']).close).toBe('``````\n');
});

test('the marker names the app and cannot be broken out of', () => {
  expect(markerOf('shop-deploy')).toBe('<!-- jibe preview: shop-deploy -->');
  expect(markerOf('a--> b\n<x>')).toBe('<!-- jibe preview: a__ b__x_ -->');
});

/** As many of each as a very large change has. */
function large(times: number): PreviewResult {
  const result = resultOf('rich');
  const many = <T>(items: readonly T[]): T[] => Array.from({ length: times }, () => items).flat();
  const { consequences, changes, rollouts, services, moved, events } = result;
  return {
    ...result,
    consequences: many(consequences),
    changes: many(changes),
    rollouts: many(rollouts),
    services: many(services),
    moved: many(moved),
    events: many(events),
  };
}

const sectionsOf = (text: string): string[] => [...text.matchAll(/<summary>([^<]*?)(?: \(\d+\))?<\/summary>/g)].map(([, title]) => title!);

test.each([1, 3, 10, 100, 1000])('fits a comment: %s times as much', (times) => {
  const text = previewMarkdown(reportOf(large(times)));
  expect(text.length).toBeLessThan(65_536);
  expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  expect((text.match(/^```/gm) ?? []).length % 2).toBe(0);
  // no section goes without a word
  expect(sectionsOf(text)).toEqual(sectionsOf(previewMarkdown(reportOf(large(1)))));
});

test('what matters least goes first', () => {
  const left = (text: string): string[] =>
    text
      .split('<details>')
      .filter((part) => part.includes('for want of room'))
      .flatMap(sectionsOf);
  expect(left(previewMarkdown(reportOf(large(1))))).toEqual([]);
  const some = left(previewMarkdown(reportOf(large(12))));
  expect(some).toContain('Warning events');
  expect(some).not.toContain('Hazards: cause and remedy');
  expect(some).not.toContain('Rollouts');
  expect(left(previewMarkdown(reportOf(large(100))))).toContain('Hazards: cause and remedy');
});

test('one value as large as a file does not push the rest out', () => {
  const text = 'x'.repeat(500_000);
  const markdown = previewMarkdown(reportOf(hostile(resultOf('rich'), text), { app: text }));
  expect(markdown.length).toBeLessThan(65_536);
});

test('online-boutique v0.10.4 → v0.10.5 fits one screen before the details', async () => {
  const file = (version: string): string => path.resolve('fixtures/online-boutique', version);
  const result = await previewFiles({ before: file('v0.10.4'), after: file('v0.10.5') }, {});
  const text = previewMarkdown(reportOf(result));
  const screen = text.slice(0, text.indexOf('<details>'));
  expect(screen.split('\n').length).toBeLessThan(15);
  expect(screen).toContain('no hazards');
  expect(screen).toContain('11 objects change (11 modified) · 11 pods come, 11 go');
});
