// The rules of the house that a program can check: who may import whom, how large files may be, and what nobody may use.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve('src');
const files = fs
  .readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: fs.readFileSync(path.join(SRC, file), 'utf8') }));

/** Folder → folders and files that it may import, besides itself. The first that matches counts. */
const MAY_IMPORT: readonly (readonly [folder: string, from: readonly string[]])[] = [
  ['apimachinery/', []],
  ['client/', ['apimachinery/']],
  ['cluster/storage/', ['apimachinery/']],
  ['cluster/apiserver/', ['cluster/storage/', 'apimachinery/']],
  ...['controllers', 'scheduler', 'kubelet', 'proxy', 'dns', 'ingress', 'cloud-provider', 'metrics-server'].map(
    (part) => [`cluster/${part}/`, ['client/', 'apimachinery/']] as const,
  ),
  ['cluster/', ['client/', 'apimachinery/']],
  ['reconcile/preview/', ['reconcile/', 'client/', 'apimachinery/', 'cluster/cluster.ts']],
  // what a report is made of includes a preview's types
  ['reconcile/report/', ['reconcile/', 'client/', 'apimachinery/']],
  ['reconcile/', ['client/', 'apimachinery/']],
  [
    'commands/',
    [
      'reconcile/',
      'client/',
      'apimachinery/',
      'cluster/cluster.ts',
      // clusters that are kept by name, and those that are served
      'cluster/cluster-directory.ts',
      'cluster/named-cluster.ts',
      'cluster/served-cluster.ts',
      'cluster/serving.ts',
      'cluster/simulation/',
      'cluster/scheduler/explain.ts',
    ],
  ],
];

function imports({ file, text }: { readonly file: string; readonly text: string }): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier = '']) =>
    path.relative(SRC, path.resolve(SRC, path.dirname(file), specifier)),
  );
}

test('every folder imports only what it may', () => {
  const wrong = files.flatMap((source) => {
    const rule = MAY_IMPORT.find(([folder]) => source.file.startsWith(folder));
    if (!rule) return [`${source.file} lies in no known folder`];
    const [folder, allowed] = rule;
    return imports(source)
      .filter((target) => !target.startsWith(folder) && !allowed.some((prefix) => target.startsWith(prefix)))
      .map((target) => `${source.file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

/** Of files that are as long as they are for a reason that they give themselves. */
const MAX_LINES = 350;
const MAX_LINES_WITH_REASON = 600;

test('files are short: 90% under 350 lines, none above 600', () => {
  const lengths = files.map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }));
  expect(lengths.filter(({ lines }) => lines > MAX_LINES_WITH_REASON)).toEqual([]);
  expect(lengths.filter(({ lines }) => lines > MAX_LINES).length / lengths.length).toBeLessThan(0.1);
});

test('files say first what they own', () => {
  // oclif shows a command's summary; it says what the file owns
  const silent = files
    .filter(({ file, text }) => !file.startsWith('commands/') && !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(text))
    .map(({ file }) => file);
  expect(silent).toEqual([]);
});

/** What it holds runs elsewhere, and tells people the time. */
const IN_A_BROWSER = 'reconcile/keep/page/script.ts';

const BANS: readonly { readonly what: string; readonly pattern: RegExp; readonly except: readonly string[] }[] = [
  {
    what: 'the wall clock',
    pattern: /\bDate\.now\(|new Date\(\)|performance\.now\(/,
    except: ['apimachinery/clock.ts', 'commands/', IN_A_BROWSER],
  },
  { what: 'Math.random', pattern: /\bMath\.random\b/, except: [] },
  {
    what: 'timers of the machine',
    pattern: /(?<!\bsession\.)\bset(?:Timeout|Interval)\(/,
    except: ['apimachinery/clock.ts', IN_A_BROWSER],
  },
  { what: 'any', pattern: /[:<]\s*any\b(?!\w)|\bas any\b/, except: [] },
];

test.each(BANS)('nobody uses $what', ({ pattern, except }) => {
  const found = files
    .filter(({ file }) => !except.some((prefix) => file.startsWith(prefix)))
    .filter(({ text }) => pattern.test(text.replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '')))
    .map(({ file }) => file);
  expect(found).toEqual([]);
});

test('no test is skipped or run alone', () => {
  const tests = fs
    .readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('tidy'))
    .filter((file) => /\b(?:test|describe|it)\.(?:skip|only|todo)\(/.test(fs.readFileSync(path.join('test', file), 'utf8')));
  expect(tests).toEqual([]);
});

test('each conformance behaviour is shown by a test that is there', () => {
  const [, table = ''] = /## Conformance behaviours\n([\s\S]*?)\n## /.exec(fs.readFileSync('docs/conformance.md', 'utf8')) ?? [];
  const shown = [...table.matchAll(/`([^`]+)`: `([^`]+)`/g)].map(([, file = '', words = '']) => ({ file, words }));
  expect(shown.length).toBeGreaterThan(90);
  const missing = shown.filter(({ file, words }) => {
    const source = path.join('test', file);
    return !fs.existsSync(source) || !fs.readFileSync(source, 'utf8').includes(words);
  });
  expect(missing).toEqual([]);
});
