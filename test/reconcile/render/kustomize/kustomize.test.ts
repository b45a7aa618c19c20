// Kustomizations against what kubectl kustomize (v5.5) makes of them: cases/NAME.txtar holds the files and kubectl's answer (written by
// `npm run bench:kustomize -- --update`), NAME.told.txt the origins and errors of ours (vitest -u writes them).
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { render } from '../../../../src/reconcile/render/render.ts';
import { commit, opened, repository, scratch, write } from '../../source/scratch.ts';
import { told } from '../told.ts';
import { objectsIn, parseCase, writeCase } from './case-file.ts';

const CASES = new URL('cases/', import.meta.url);

test.each(fs.readdirSync(CASES).filter((name) => name.endsWith('.txtar')))('%s', async (name) => {
  const given = parseCase(fs.readFileSync(new URL(name, CASES), 'utf8'));
  const location = scratch();
  const directory = writeCase(given, location);
  const rendered = await opened({ location, path: directory }, (snapshot) => render(snapshot));
  if (given.expected === undefined) expect(rendered.errors).not.toEqual([]);
  else {
    expect(rendered.errors).toEqual([]);
    expect(rendered.manifests.map(({ object }) => object)).toEqual(await objectsIn(given.expected));
  }
  await expect(told(rendered).replaceAll(location, 'SOURCE')).toMatchFileSnapshot(
    new URL(name.replace('.txtar', '.told.txt'), CASES).pathname,
  );
});

const configMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('sources', () => {
  const files = {
    'base/kustomization.yaml': 'resources: [a.yaml]\n',
    'base/a.yaml': configMap('a'),
    'overlays/dev/kustomization.yaml': 'resources: [../../base]\nnamePrefix: dev-\n',
    'overlays/prod/kustomization.yaml': 'resources: [../../base]\nnamePrefix: prod-\n',
  };
  const lines = async (location: string, spec: { readonly path?: string; readonly ref?: string } = {}): Promise<readonly string[]> =>
    told(await opened({ location, ...spec }, (snapshot) => render(snapshot)))
      .split('\n')
      .filter(Boolean);

  test('a path inside of a directory: bases outside of it are read', async () => {
    expect(await lines(write(scratch(), files), { path: 'overlays/prod' })).toEqual(['base/a.yaml:1 ConfigMap prod-a']);
  });

  test('a component that is named itself is built, with components below it left to whoever uses them', async () => {
    const component = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [a.yaml]\n';
    const parts = {
      'c/kustomization.yaml': component,
      'c/a.yaml': configMap('a'),
      'c/d/kustomization.yaml': component,
      'c/d/a.yaml': configMap('b'),
    };
    expect(await lines(write(scratch(), parts), { path: 'c' })).toEqual(['c/a.yaml:1 ConfigMap a']);
    expect(await lines(write(scratch(), parts))).toEqual([]);
  });

  test('a directory inside of a work tree: bases are read as far as the work tree goes', async () => {
    const location = repository(files);
    expect(await lines(path.join(location, 'overlays/prod'))).toEqual(['../../base/a.yaml:1 ConfigMap prod-a']);
  });

  test('a commit', async () => {
    const location = repository(files);
    expect(await lines(location, { ref: 'HEAD', path: 'overlays/dev' })).toEqual(['base/a.yaml:1 ConfigMap dev-a']);
    expect(await lines(path.join(location, 'overlays/dev'), { ref: 'HEAD' })).toEqual(['../../base/a.yaml:1 ConfigMap dev-a']);
  });

  test('a directory in no repository is all that is read', async () => {
    const location = write(scratch(), files);
    expect(await lines(path.join(location, 'overlays/prod'))).toEqual([
      'error kustomization.yaml:1:13: resources[0]: ../../base leads out of the source | nothing outside of the repository is read; without a repository name the directory that holds both, and this one with --path',
    ]);
  });

  test('no kustomization at the root: those that no other uses are built, and plain manifests are read beside them', async () => {
    const location = write(scratch(), {
      ...files,
      'plain.yaml': configMap('plain'),
      'c/kustomization.yaml': 'kind: Component\nnamePrefix: x\n',
    });
    expect(await lines(location)).toEqual([
      'plain.yaml:1 ConfigMap plain',
      'base/a.yaml:1 ConfigMap dev-a',
      'base/a.yaml:1 ConfigMap prod-a',
    ]);
  });

  test('an object without apiVersion, which kubectl prints', async () => {
    const nameless = { 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': '# a\nkind: Thing\nmetadata: {name: a}\n' };
    expect(await lines(write(scratch(), nameless))).toEqual([
      'error a.yaml:2:1: apiVersion: is missing | every object names its apiVersion, kind and name',
    ]);
  });

  test('two that give the same object', async () => {
    const same = { ...files, 'overlays/dev/kustomization.yaml': files['overlays/prod/kustomization.yaml'] };
    expect(await lines(write(scratch(), same))).toEqual([
      'base/a.yaml:1 ConfigMap prod-a',
      'error base/a.yaml:1:1: ConfigMap "prod-a" is also at base/a.yaml:1 | build one of the overlays alone: name its directory with --path',
    ]);
  });

  test.each([
    ['in the work tree', undefined],
    ['in commits', 'HEAD'],
  ])('a change to a base outside of the path is a change of the source, %s', async (_, ref) => {
    const location = repository(files);
    await opened({ location, path: 'overlays/prod', ...(ref ? { ref } : {}) }, async (snapshot) => {
      await render(snapshot);
      expect(await snapshot.changed()).toBe(false);
      commit(write(location, { 'base/a.yaml': configMap('bb') }));
      expect(await snapshot.changed()).toBe(true);
    });
  });
});

describe('bounds', () => {
  const errorsOf = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> =>
    (await opened({ location: write(scratch(), files) }, (snapshot) => render(snapshot))).errors.map(({ message }) => message);

  test('levels of bases', async () => {
    const deep = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`l${i}/kustomization.yaml`, `resources: [../l${i + 1}]\n`]));
    expect(await errorsOf({ ...deep, 'kustomization.yaml': 'resources: [l0]\n' })).toEqual([
      'kustomizations are nested more than 64 levels deep',
    ]);
  });

  test('bases that are used over and over', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const many = names.flatMap((_, level) =>
      names.map((name): [string, string] => [
        `${level}${name}/kustomization.yaml`,
        level === 9 ? 'namePrefix: x\n' : `resources: [${names.map((next) => `../${level + 1}${next}`).join(', ')}]\n`,
      ]),
    );
    expect(await errorsOf({ ...Object.fromEntries(many), 'kustomization.yaml': 'resources: [0a]\n' })).toEqual([
      'the build is made of more than 10000 kustomizations',
    ]);
  });

  test.each([
    'https://github.com/acme/base',
    'github.com/acme/base?ref=v1',
    'git@github.com:acme/base.git',
    'ssh://example.com/x',
    'file:///etc',
  ])('nothing is fetched: %s', async (resource) => {
    expect(await errorsOf({ 'kustomization.yaml': `resources: ["${resource}"]\n` })).toEqual([
      `${resource} is remote, and nothing is fetched`,
    ]);
  });

  test.each([
    ['/etc/passwd', '/etc/passwd: the path is absolute'],
    ['../../../etc/passwd', '../../../etc/passwd leads out of the source'],
    ['.git/config', '.git/config: the symbolic link leads into .git'],
  ])('nothing outside of the tree is read: %s', async (file, message) => {
    const files = { 'kustomization.yaml': `configMapGenerator: [{name: a, files: ["k=${file}"]}]\n` };
    expect(await errorsOf(files)).toEqual([message]);
  });
});
