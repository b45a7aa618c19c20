// Reports of previews: each format of kept results as a golden, what all formats have in common, and what hostile manifests cannot do.
import path from 'node:path';
import { expect, test } from 'vitest';
import { previewText } from '../../../src/reconcile/report/preview/text.ts';
import { PLAIN } from '../../../src/reconcile/report/styled-line.ts';
import { CASES, FORMATS, hostile, reportOf, resultOf } from './reports.ts';

/** How a page looks is looked at. */
const withoutStyle = (text: string): string => text.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '<$1></$1>');

const BASELINE = [
  { fingerprint: '9f0e8d7c6b5a4321', hazard: 'DataLoss/ClaimDeleted PersistentVolumeClaim shop/old', reason: 'it was empty' },
];

const rows = ['rich', 'empty'].flatMap((name) => ['txt', 'md', 'html', 'junit.xml', 'sarif.json'].map((format) => ({ name, format })));

test.each(rows)('$name as $format', async ({ name, format }) => {
  const text = FORMATS[format]!(reportOf(resultOf(name), name === 'rich' ? { baseline: BASELINE } : {}));
  await expect(withoutStyle(text)).toMatchFileSnapshot(path.join(CASES, `${name}.output.${format}`));
});

test.each(Object.keys(FORMATS))('the same result gives the same bytes: %s', (format) => {
  const once = FORMATS[format]!(reportOf(resultOf('rich')));
  expect(FORMATS[format]!(reportOf(resultOf('rich')))).toBe(once);
});

const ATTACK = `</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"'\`\`\`]]>--><!-- | @octocat #12 https://evil.example ![x](y)\u001b[2J\u202e\u0000\ud800`;

test.each(Object.keys(FORMATS))('what a manifest says stays text: %s', (format) => {
  const text = FORMATS[format]!(reportOf(hostile(resultOf('rich'), ATTACK), { app: `shop${ATTACK}` }));
  // steers terminals, turns the direction of reading, is no character at all: JSON escapes what YAML and it hold word for word
  if (!['json', 'yaml'].includes(format)) {
    expect(text).not.toMatch(/[\u0000\u001b\u202e]|[\ud800-\udbff](?![\udc00-\udfff])/);
  }
  if (format === 'html') {
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.match(/<img|onerror=alert\(2\)>/g)).toBeNull();
  }
  if (format === 'junit.xml') expect(unclosed(text)).toEqual([]);
  if (format === 'sarif.json') expect(() => JSON.parse(text) as unknown).not.toThrow();
});

test('JUnit is well formed', () => {
  for (const name of ['rich', 'empty']) expect(unclosed(FORMATS['junit.xml']!(reportOf(resultOf(name))))).toEqual([]);
});

test('a terminal gets lines that fit, others get each thing on one line', () => {
  const hazards = (columns?: number): string[] => {
    const lines = previewText(reportOf(resultOf('rich')), PLAIN, columns).split('\n');
    return lines.slice(
      lines.findIndex((line) => line.startsWith('Hazards')),
      lines.findIndex((line) => line.startsWith('Changes')),
    );
  };
  expect(hazards(80).filter((line) => line.length > 80)).toEqual([]);
  expect(hazards(80).join(' ').replace(/\s+/g, ' ')).toBe(hazards().join(' ').replace(/\s+/g, ' '));
  expect(hazards().filter((line) => line.startsWith('  error')).length).toBe(7);
});

test('of several apps, a terminal is told which has which hazard, and what was not run', () => {
  const [first, ...others] = resultOf('rich').consequences.slice(0, 3);
  const none = { error: 0, warning: 0, info: 0 };
  const app = { app: 'web', id: 'App/web', change: 'modified', changes: 1, consequences: { ...none, error: 1 }, message: '' } as const;
  const apps = [
    app,
    { ...app, app: 'db', change: 'added', changes: 12, consequences: { error: 1, warning: 2, info: 9 } } as const,
    { ...app, app: 'jobs', changes: 0, consequences: none, message: 'it is suspended, and left as it is' },
  ];
  const consequences = [{ ...first!, app: 'web' }, ...others.map((one) => ({ ...one, app: 'db' }))];
  const lines = previewText(reportOf({ ...resultOf('rich'), consequences, apps }), PLAIN).split('\n');
  expect(lines.slice(2, 6)).toEqual([
    'Apps (3)',
    '  web   modified  1 object    1 error',
    '  db    added     12 objects  1 error, 2 warnings',
    '  jobs  modified  0 objects   no hazards           it is suspended, and left as it is',
  ]);
  expect(lines.filter((line) => /^ {2}(error|warning) \w+: \[(web|db)\] /.test(line))).toHaveLength(3);
  // one alone needs no name
  const alone = previewText(reportOf({ ...resultOf('rich'), consequences, apps: [app] }), PLAIN);
  expect(alone).not.toMatch(/\[web\]|Apps/);
});

/** Elements that do not end, and text that would begin one. */
function unclosed(xml: string): string[] {
  const open: string[] = [];
  const text = xml
    .replace(/^<\?xml [^>]*\?>/, '')
    .replace(/<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>/g, (_, end: string, name: string, _attributes, alone: string) => {
      if (end) return open.pop() === name ? '' : `<wrong end of ${name}>`;
      if (!alone) open.push(name);
      return '';
    });
  return [...open, ...(text.match(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/g) ?? [])];
}
