// Files that name the sources of a service.
import { expect, test } from 'vitest';
import { readServeFile } from '../../../src/reconcile/keep/serve-file.ts';

test('a source says as much as it wants to', async () => {
  const { sources } = await readServeFile(
    'sources:\n- {location: ./a}\n- {name: b, location: "https://x/b", ref: main, interval: 30s, selfHeal: false, context: prod, prune: none}\n',
    's.yaml',
  );
  expect(sources).toMatchObject([
    { location: './a', name: undefined, intervalMs: undefined, selfHeal: undefined },
    { name: 'b', ref: 'main', intervalMs: 30_000, selfHeal: false, context: 'prod', prune: 'none' },
  ]);
});

test.each<[what: string, text: string, errors: readonly string[]]>([
  ['no YAML', 'sources: [', ['1:11 : ']],
  ['nothing', '', ['1:1 : must be object']],
  ['no sources', 'sources: []', ['1:1 sources: must NOT have fewer than 1 items']],
  ['no location', 'sources:\n- {name: a}', ['2:3 sources[0].location: is required']],
  [
    'a misspelt field',
    'sources:\n- {location: a, intervall: 1m}',
    ['2:17 sources[0].intervall: unknown field "intervall" (did you mean interval?)'],
  ],
  ['no duration', 'sources:\n- location: a\n  interval: 5', ['3:3 sources[0].interval: must be string']],
  ['a bad duration', 'sources:\n- location: a\n  interval: 5 min', ['3:3 sources[0].interval: is not a duration (write 90s, 5m or 1h30m)']],
  ['a bad choice', 'sources:\n- location: a\n  prune: some', ['3:3 sources[0].prune: must be one of safe, all, none']],
  [
    'a name twice',
    'sources:\n- {location: a, name: x}\n- {location: b, name: x}',
    ['3:17 sources[1].name: another source has this name (rename one of them)'],
  ],
  [
    'two clusters',
    'sources:\n- {location: a, cluster: x, context: prod}',
    ['2:17 sources[0].cluster: a source has one cluster: an embedded one (cluster), or a context of a kubeconfig (leave one of them out)'],
  ],
])('a file with %s is told with its place', async (_, text, expected) => {
  const { errors = [] } = await readServeFile(text, 's.yaml');
  const told = errors.map(({ line, column, path, message, hint }) => `${line}:${column} ${path}: ${message}${hint ? ` (${hint})` : ''}`);
  expect(told.map((line, i) => line.slice(0, expected[i]?.endsWith(': ') ? expected[i]!.length : undefined))).toEqual(expected);
});
