// Packed charts: what is read of them, and what is refused.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { filesOfArchive } from '../../../../src/reconcile/render/helm/archive.ts';
import { ChartBudget } from '../../../../src/reconcile/render/helm/chart-files.ts';
import { packed, packedChart, type TarEntry } from './packed-chart.ts';

const namesIn = (bytes: Uint8Array): readonly string[] =>
  filesOfArchive(bytes, 'x.tgz', new ChartBudget()).map(({ name, path, bytes: data }) => `${name} ${path} ${Buffer.from(data).toString()}`);

test('files, without the directory that they lie in', () => {
  expect(namesIn(packedChart({ 'web/Chart.yaml': 'a', 'web/templates/x.yaml': '\ufeffb' }))).toEqual([
    'Chart.yaml x.tgz/Chart.yaml a',
    'templates/x.yaml x.tgz/templates/x.yaml b',
  ]);
});

const long = `web/${'d/'.repeat(80)}x.yaml`;
const record = (text: string): string => {
  const length = text.length + String(text.length + 4).length + 2;
  return `${length} ${text}\n`;
};

test.each<readonly [string, readonly TarEntry[], readonly string[]]>([
  [
    'a name in a pax header',
    [
      { name: 'h', type: 'x', text: record(`path=${long}`) },
      { name: 'short', text: 'a' },
    ],
    [long],
  ],
  [
    'a long name of GNU tar',
    [
      { name: '././@LongLink', type: 'L', text: `${long}\0` },
      { name: 'short', text: 'a' },
    ],
    [long],
  ],
  [
    'directories',
    [
      { name: 'web/', type: '5', text: '' },
      { name: 'web/a', text: 'a' },
    ],
    ['web/a'],
  ],
  [
    'global headers',
    [
      { name: 'g', type: 'g', text: record('comment=x') },
      { name: 'web/a', text: 'a' },
    ],
    ['web/a'],
  ],
  ['a link, which leads nowhere and is empty', [{ name: 'web/a', type: '2', text: '' }], ['web/a']],
  ['names as Windows writes them', [{ name: 'web\\templates\\a', text: 'a' }], ['web/templates/a']],
])('%s', (_, entries, names) => {
  const files = filesOfArchive(packed(entries), 'x.tgz', new ChartBudget());
  expect(files.map(({ name }) => `web/${name}`)).toEqual(names);
});

describe('refused', () => {
  test.each<readonly [string, Buffer, string]>([
    ['what is not packed', Buffer.from('apiVersion: v2\n'), 'x.tgz: this is no archive of a chart (gzip)'],
    ['an empty archive', packed([]), 'x.tgz: there are no files in the archive'],
    ['paths that lead out', packedChart({ 'web/../../x': 'a' }), 'x.tgz: a path leads out of the chart: "web/../../x"'],
    ['absolute paths', packedChart({ 'web//etc/passwd': 'a' }), 'x.tgz: the chart has an absolute path: "web//etc/passwd"'],
    ['files beside the directory', packedChart({ 'Chart.yaml': 'a' }), 'x.tgz: Chart.yaml is not in a directory of its own: "Chart.yaml"'],
    ['drives', packedChart({ 'web/c:/x': 'a' }), 'x.tgz: the chart has a file of a name that is not allowed: "web/c:/x"'],
    ['an end within a file', packed([{ name: 'web/a', text: 'a', size: 1 << 20 }]), 'x.tgz: the archive is broken: it ends within a file'],
    [
      'a header that is none',
      gzipSync(Buffer.alloc(1024, 1)),
      'x.tgz: the archive is broken: a header does not have the sum that it tells',
    ],
    ['a file that is too large', packedChart({ 'web/a': 'x'.repeat(6 << 20) }), 'x.tgz/a has more than 5 MiB'],
    ['what is small and unpacks to a lot', gzipSync(Buffer.alloc(150 << 20)), 'x.tgz: the chart is too large once it is unpacked'],
  ])('%s', (_, bytes, message) => {
    expect(() => namesIn(bytes)).toThrow(message);
  });
});
