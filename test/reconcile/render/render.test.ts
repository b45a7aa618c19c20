// Sources to objects: what is read, what is passed over, and what is wrong, each with its place. The cases are files: each
// cases/NAME.input.yaml and what is told of it, NAME.output.txt (vitest -u writes them).
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ManifestCache } from '../../../src/reconcile/render/manifest-cache.ts';
import { locate } from '../../../src/reconcile/render/origin.ts';
import { render } from '../../../src/reconcile/render/render.ts';
import type { SourceSpec } from '../../../src/reconcile/source/source.ts';
import { commit, git, opened, repository, scratch, write } from '../source/scratch.ts';
import { told } from './told.ts';

const CASES = new URL('cases/', import.meta.url);

test.each(fs.readdirSync(CASES).filter((name) => name.endsWith('.input.yaml')))('%s', async (name) => {
  const location = path.join(write(scratch(), { 'x.yaml': fs.readFileSync(new URL(name, CASES), 'utf8') }), 'x.yaml');
  const rendered = await opened({ location }, (snapshot) => render(snapshot));
  await expect(told(rendered).replaceAll(location, 'x.yaml')).toMatchFileSnapshot(
    new URL(name.replace('.input.yaml', '.output.txt'), CASES).pathname,
  );
});

/** What is told of a directory with these files. */
async function toldOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  spec: Omit<SourceSpec, 'location'> = {},
): Promise<readonly string[]> {
  const location = scratch();
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === 'string') write(location, { [name]: content });
    else fs.writeFileSync(path.join(write(location, {}), name), content);
  }
  const lines = told(await opened({ location, ...spec }, (snapshot) => render(snapshot)));
  return lines.split('\n').filter(Boolean);
}

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('bytes', () => {
  const text = configMap('a');
  const swapped = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
  test.each<readonly [name: string, bytes: Uint8Array, expected: string]>([
    ['UTF-8', Buffer.from(text), 'x.yaml:1 ConfigMap a'],
    ['a byte order mark', Buffer.from(`\ufeff${text}`), 'x.yaml:1 ConfigMap a'],
    ['UTF-16, little endian', Buffer.from(`\ufeff${text}`, 'utf16le'), 'x.yaml:1 ConfigMap a'],
    ['UTF-16, big endian', swapped, 'x.yaml:1 ConfigMap a'],
    ['Windows line breaks', Buffer.from(text.replaceAll('\n', '\r\n')), 'x.yaml:1 ConfigMap a'],
    [
      'Latin-1',
      Buffer.from(`${text}data:\n  é: à\n`, 'latin1'),
      'error x.yaml:5:3: the text is not valid UTF-8 | save the file as UTF-8 (it may be Latin-1 or Windows-1252)',
    ],
    [
      'UTF-16 without a byte order mark',
      Buffer.from(text, 'utf16le'),
      'error x.yaml:1:2: control characters are not allowed (U+0000) | the file may be binary, or UTF-16 without a byte order mark',
    ],
    [
      'a binary file',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]),
      'error x.yaml:1:1: control characters are not allowed (U+007F) | write it as an escape (\\xNN) in double quotes, or remove it',
    ],
  ])('%s', async (_, bytes, expected) => {
    expect(await toldOf({ 'x.yaml': bytes })).toEqual([expected]);
  });

  test('50 MB', async () => {
    const location = write(scratch(), { 'a.yaml': configMap('a'), 'big.yaml': '' });
    fs.truncateSync(path.join(location, 'big.yaml'), 50 * 1024 * 1024);
    const lines = told(await opened({ location }, (snapshot) => render(snapshot)));
    expect(lines).toBe(
      'a.yaml:1 ConfigMap a\nerror big.yaml:1:1: the file is too large: 50 MiB, at most 32 MiB can be read | split it, or exclude it\n',
    );
  });
});

test('more documents than a file may have', async () => {
  expect(await toldOf({ 'x.yaml': 'a: 1\n---\n'.repeat(100_001) })).toEqual([
    'error x.yaml:200001:1: the file has more than 100000 documents | split it',
  ]);
});

describe('directories', () => {
  test('YAML and JSON at any depth, but no hidden files and no others', async () => {
    expect(
      await toldOf({
        'b.yaml': configMap('b'),
        'a/c.YML': configMap('c'),
        'a/d.json': '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}',
        'a/e.txt': configMap('e'),
        '.github/f.yaml': 'on: push',
        'a/.hidden.yaml': 'x',
      }),
    ).toEqual(['a/c.YML:1 ConfigMap c', 'a/d.json:1 ConfigMap d', 'b.yaml:1 ConfigMap b']);
  });

  test('a hidden directory that was named itself', async () => {
    const files = { '.k8s/a.yaml': configMap('a'), '.k8s/.x/b.yaml': configMap('b') };
    expect(await toldOf(files, { path: '.k8s' })).toEqual(['.k8s/a.yaml:1 ConfigMap a']);
  });

  test('one broken file does not stop the others', async () => {
    expect(await toldOf({ 'a.yaml': configMap('a'), 'b.yaml': 'a: [', 'c.yaml': configMap('c') })).toEqual([
      'a.yaml:1 ConfigMap a',
      'c.yaml:1 ConfigMap c',
      expect.stringMatching(/^error b\.yaml:/),
    ]);
  });

  test('what does not claim to be an object is a warning, and an error if it was named itself', async () => {
    const files = { 'values.yaml': '# the values\nimage: nginx\n', 'list.yaml': '- 1\n', 'package.json': '{"name": "x"}' };
    expect(await toldOf(files)).toEqual([
      'warning list.yaml:1:1: not a Kubernetes object but a list | objects go into documents of their own, or into the items of a List',
      'warning package.json:1:1: not a Kubernetes object: it has neither apiVersion nor kind',
      'warning values.yaml:2:1: not a Kubernetes object: it has neither apiVersion nor kind',
    ]);
    expect(await toldOf(files, { path: 'values.yaml' })).toEqual([
      'error values.yaml:2:1: not a Kubernetes object: it has neither apiVersion nor kind',
    ]);
  });

  test('an object in two places: both are named', async () => {
    const web = (apiVersion: string, namespace: string): string =>
      `apiVersion: ${apiVersion}\nkind: Deployment\nmetadata: {name: web${namespace}}\n`;
    expect(
      await toldOf({
        'a.yaml': `# c\n${web('apps/v1', '')}`,
        'b.yaml': `${configMap('web')}---\n${web('apps/v1', ', namespace: default')}`,
        'c.yaml': web('apps/v1', ', namespace: other'),
        'd.yaml': web('apps/v1beta1', ''),
        'e.yaml': web('example.com/v1', ''),
      }),
    ).toEqual([
      'a.yaml:2 Deployment web',
      'b.yaml:1 ConfigMap web',
      'c.yaml:1 Deployment other/web',
      'e.yaml:1 Deployment web',
      'error b.yaml:5:1: Deployment "web" in namespace "default" is also at a.yaml:2 | remove or rename one of them',
      'error d.yaml:1:1: Deployment "web" is also at a.yaml:2 | remove or rename one of them',
    ]);
  });

  test('objects that leave their name to the server are never the same', async () => {
    const hook = 'apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: hook-}\n';
    expect(await toldOf({ 'a.yaml': `${hook}---\n${hook}` })).toHaveLength(2);
  });

  test('links that lead out are errors, whatever they are called', async () => {
    expect(await toldOf({ 'a.yaml': configMap('a'), secrets: '-> /etc' })).toEqual([
      'a.yaml:1 ConfigMap a',
      'error secrets:1:1: the symbolic link leads to an absolute path | remove it, or exclude it',
    ]);
  });

  test('nothing at all', async () => {
    expect(await toldOf({})).toEqual([]);
  });
});

describe('what a tool builds is not read as plain manifests', () => {
  test('Kustomize', async () => {
    expect(
      await toldOf({
        'a.yaml': configMap('a'),
        'web/kustomization.yaml': 'resources: [base]\nnamePrefix: x-\n',
        'web/patch.yaml': '$patch: delete\n',
        'web/base/kustomization.yml': 'resources: [b.yaml]\n',
        'web/base/b.yaml': configMap('b'),
      }),
    ).toEqual(['a.yaml:1 ConfigMap a', 'web/base/b.yaml:1 ConfigMap x-b']);
  });

  test('Helm', async () => {
    const chart = (name: string, more = ''): string => `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n${more}`;
    const template = configMap('"{{ .Release.Name }}-{{ .Chart.Name }}"');
    expect(
      await toldOf({
        'a.yaml': configMap('a'),
        'charts/web/Chart.yaml': chart('web', 'dependencies: [{name: common, version: 0.1.0, repository: "file://../common"}]\n'),
        'charts/web/values.yaml': 'common: {x: 1}\n',
        'charts/web/templates/x.yaml': template,
        'charts/web/charts/sub/Chart.yaml': chart('sub'),
        'charts/common/Chart.yaml': chart('common'),
        'charts/common/templates/y.yaml': template,
        'charts/lib/Chart.yaml': chart('lib', 'type: library\n'),
        'charts/lib/templates/z.yaml': '{{ fail "never" }}',
      }),
    ).toEqual([
      'a.yaml:1 ConfigMap a',
      'charts/common/templates/y.yaml:1 ConfigMap web-common',
      'charts/web/templates/x.yaml:1 ConfigMap web-web',
    ]);
  });

  test('a chart that a kustomization lies beside is what that makes of it', async () => {
    expect(
      await toldOf({
        'Chart.yaml': 'apiVersion: v2\nname: x\nversion: 0.1.0\n',
        'templates/x.yaml': '{{ fail "never" }}',
        'kustomization.yaml': 'resources: [a.yaml]\n',
        'a.yaml': configMap('a'),
      }),
    ).toEqual(['a.yaml:1 ConfigMap a']);
  });

  test('unless it is excluded', async () => {
    expect(
      await toldOf({ 'a.yaml': configMap('a'), 'chart/Chart.yaml': 'name: x\n', 'chart/x.yaml': '{{ x }}' }, { exclude: ['chart'] }),
    ).toEqual(['a.yaml:1 ConfigMap a']);
  });
});

describe('places', () => {
  const list = `# all
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: b
      labels:
        app.kubernetes.io/name: b
`;
  test('of fields of objects in Lists', async () => {
    const location = write(scratch(), { 'list.yaml': `${configMap('x')}---\n${list}` });
    await opened({ location }, async (snapshot) => {
      const { manifests } = await render(snapshot);
      const b = manifests.find(({ object }) => object.metadata.name === 'b')!.origin;
      expect(JSON.parse(JSON.stringify(b))).toEqual({ file: 'list.yaml', document: 2, line: 15 });
      expect(await locate(b, 'metadata.labels[app.kubernetes.io/name]')).toEqual({ file: 'list.yaml', line: 20, column: 9 });
      expect(await locate(b, 'data.key')).toEqual({ file: 'list.yaml', line: 15, column: 5 });
    });
  });

  test('in JSON', async () => {
    const location = write(scratch(), { 'a.json': '\n{\n\t"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": {"name": "a"}\n}\n' });
    await opened({ location }, async (snapshot) => {
      const { manifests } = await render(snapshot);
      expect(manifests[0]!.origin).toMatchObject({ file: 'a.json', line: 2 });
      expect(await locate(manifests[0]!.origin, 'metadata.name')).toEqual({ file: 'a.json', line: 5, column: 15 });
    });
  });
});

describe('the cache', () => {
  test('what has not changed is the very same object', async () => {
    const cache = new ManifestCache();
    const location = write(scratch(), { 'a.yaml': `${configMap('a')}---\n${configMap('b')}`, 'c.yaml': configMap('c') });
    const load = () => opened({ location }, async (snapshot) => (await render(snapshot, { cache })).manifests);
    const before = await load();
    write(location, { 'a.yaml': `${configMap('a2')}---\n${configMap('b')}` });
    const after = await load();
    expect(after.map(({ object }) => object.metadata.name)).toEqual(['a2', 'b', 'c']);
    expect(after.map(({ object }, i) => object === before[i]!.object)).toEqual([false, true, true]);
    // its line is that of now, though
    write(location, { 'a.yaml': `\n\n---\n${configMap('b')}` });
    expect((await load()).map(({ object, origin }) => [object === before[1]!.object, origin.line])[0]).toEqual([true, 4]);
  });

  test('a blob that is known is not read again', async () => {
    const cache = new ManifestCache();
    const location = repository({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
    const load = () =>
      opened({ location, ref: 'HEAD' }, async (snapshot) => {
        let reads = 0;
        const files = snapshot.files.map((file) => ({ ...file, read: () => (reads++, file.read()) }));
        const { manifests } = await render({ ...snapshot, files }, { cache });
        return { reads, names: manifests.map(({ object }) => object.metadata.name) };
      });
    expect(await load()).toEqual({ reads: 2, names: ['a', 'b'] });
    expect(await load()).toEqual({ reads: 0, names: ['a', 'b'] });
    commit(write(location, { 'b.yaml': configMap('b2') }));
    expect(await load()).toEqual({ reads: 1, names: ['a', 'b2'] });
  });

  test('what two loads did not use is forgotten', async () => {
    const cache = new ManifestCache();
    const location = write(scratch(), { 'a.yaml': configMap('a') });
    const load = () => opened({ location }, (snapshot) => render(snapshot, { cache }));
    await load();
    expect(cache.documents.yaml.get(configMap('a'))).toBeDefined();
    cache.turn();
    cache.turn();
    expect(cache.documents.yaml.get(configMap('a'))).toBeUndefined();
  });
});

test('a commit and a work tree with the same files give the same objects', async () => {
  const files = {
    'a.yaml': `${configMap('a')}---\n${configMap('b')}`,
    'd/c.yaml': configMap('c'),
    'd/l.yaml': '-> ../e.txt',
    'e.txt': configMap('e'),
  };
  const location = repository(files);
  git(location, 'gc', '--quiet');
  const [disk, head] = await Promise.all(
    [{}, { ref: 'HEAD' }].map((spec) => opened({ location, ...spec }, async (snapshot) => told(await render(snapshot)))),
  );
  expect(head).toBe(disk);
  expect(disk!.split('\n')).toContain('d/l.yaml:1 ConfigMap e');
});
