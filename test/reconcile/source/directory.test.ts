// Directories and files as they lie on disk, and what of them is refused.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../../src/reconcile/source/source.ts';
import { deps, errorOf, git, listed, opened, scratch, texts, write } from './scratch.ts';

const TREE = { 'b.yaml': 'b', 'a.yaml': 'a', 'apps/web.yaml': 'web', 'apps/db/x.yml': 'x', 'README.md': 'r', 'apps-2/z.yaml': 'z' };

describe('a directory', () => {
  test('its files in the order of their paths, with size and text', async () => {
    const location = write(scratch(), TREE);
    await opened({ location }, async (snapshot) => {
      expect(snapshot).toMatchObject({ type: 'directory', location, path: '', revision: null, dirty: false, refused: [] });
      expect(snapshot.files.map(({ path, size }) => [path, size])).toEqual([
        ['README.md', 1],
        ['a.yaml', 1],
        ['apps-2/z.yaml', 1],
        ['apps/db/x.yml', 1],
        ['apps/web.yaml', 3],
        ['b.yaml', 1],
      ]);
    });
    expect(await texts({ location, path: 'apps' })).toEqual({ 'apps/db/x.yml': 'x', 'apps/web.yaml': 'web' });
  });

  test.each([
    ['a sub-path', { path: './apps/' }, ['apps/db/x.yml', 'apps/web.yaml']],
    ['a path to a file', { path: 'apps/web.yaml' }, ['apps/web.yaml']],
    ['include', { include: ['*.yml', '/a.yaml'] }, ['a.yaml', 'apps/db/x.yml']],
    ['exclude', { exclude: ['apps', '*.md'] }, ['a.yaml', 'apps-2/z.yaml', 'b.yaml']],
    ['globs are relative to the path', { path: 'apps', include: ['db/*'] }, ['apps/db/x.yml']],
    ['exclude is stronger', { include: ['apps'], exclude: ['db'] }, ['apps/web.yaml']],
  ])('%s', async (_, spec, expected) => {
    const location = write(scratch(), TREE);
    expect(await listed({ location, ...spec })).toEqual(expected);
  });

  test('.git is not part of it, whatever it is', async () => {
    const location = write(scratch(), { 'a.yaml': 'a', 'sub/.git': 'gitdir: elsewhere', 'sub/b.yaml': 'b' });
    git(location, 'init', '--quiet');
    expect(await listed({ location })).toEqual(['a.yaml', 'sub/b.yaml']);
  });
});

describe('links', () => {
  test.each<readonly [name: string, files: Readonly<Record<string, string>>, expected: readonly string[]]>([
    ['to a file', { 'a.yaml': 'a', 'l.yaml': '-> a.yaml' }, ['a.yaml', 'l.yaml']],
    ['to a directory', { 'd/a.yaml': 'a', l: '-> d' }, ['d/a.yaml', 'l/a.yaml']],
    ['upwards, inside', { 'd/a.yaml': 'a', 'e/l': '-> ../d' }, ['d/a.yaml', 'e/l/a.yaml']],
    ['through another link', { 'd/a.yaml': 'a', l: '-> d', m: '-> l/a.yaml' }, ['d/a.yaml', 'l/a.yaml', 'm']],
    ['out of the tree', { 'a.yaml': 'a', 'l.yaml': '-> ../x' }, ['a.yaml', 'l.yaml: LinkOutside']],
    [
      'out of the tree by another link',
      { 'a.yaml': 'a', 'd/l': '-> ../m/x', m: '-> ..' },
      ['a.yaml', 'd/l: LinkOutside', 'm: LinkOutside'],
    ],
    ['out of the tree and back', { 'd/a.yaml': 'a', l: '-> ../tree/d' }, ['d/a.yaml', 'l: LinkOutside']],
    ['to an absolute path', { 'a.yaml': 'a', l: '-> /etc/hostname' }, ['a.yaml', 'l: LinkOutside']],
    ['into .git', { 'a.yaml': 'a', l: '-> .git/config' }, ['a.yaml', 'l: LinkOutside']],
    ['nowhere', { 'a.yaml': 'a', l: '-> b.yaml' }, ['a.yaml', 'l: LinkBroken']],
    ['below a file', { 'a.yaml': 'a', l: '-> a.yaml/b' }, ['a.yaml', 'l: LinkBroken']],
    ['in a circle', { 'a.yaml': 'a', l: '-> m', m: '-> l' }, ['a.yaml', 'l: LinkLoop', 'm: LinkLoop']],
    ['to itself', { 'a.yaml': 'a', l: '-> l' }, ['a.yaml', 'l: LinkLoop']],
    ['to a directory that holds it', { 'd/a.yaml': 'a', 'd/l': '-> ../d' }, ['d/a.yaml', 'd/l: LinkLoop']],
    ['to the root', { 'd/a.yaml': 'a', 'd/l': '-> ..' }, ['d/a.yaml', 'd/l: LinkLoop']],
    [
      'to each other’s directories',
      { 'd/a.yaml': 'a', 'd/l': '-> ../e', 'e/b.yaml': 'b', 'e/m': '-> ../d' },
      ['d/a.yaml', 'd/l/b.yaml', 'e/b.yaml', 'e/m/a.yaml', 'd/l/m: LinkLoop', 'e/m/l: LinkLoop'],
    ],
  ])('%s', async (_, files, expected) => {
    const location = write(path.join(scratch(), 'tree'), files);
    expect(await listed({ location })).toEqual(expected);
    // a commit of the same files is the same source
    git(location, 'init', '--quiet');
    git(location, 'add', '--all');
    git(location, 'commit', '--quiet', '--message', 'all');
    expect(await listed({ location, ref: 'HEAD' })).toEqual(expected);
  });

  test('what is excluded is not followed', async () => {
    const location = write(scratch(), { 'a.yaml': 'a', l: '-> /etc' });
    expect(await listed({ location, exclude: ['l'] })).toEqual(['a.yaml']);
  });

  test('the location and the path may be links', async () => {
    const root = write(scratch(), { 'tree/v2/a.yaml': 'a', 'tree/current': '-> v2', there: '-> tree' });
    expect(await texts({ location: path.join(root, 'there'), path: 'current' })).toEqual({ 'current/a.yaml': 'a' });
  });

  test('the path must not lead out by a link', async () => {
    const location = write(scratch(), { out: '-> ..' });
    expect(await errorOf(openSource({ location, path: 'out' }, deps()))).toMatchObject({ code: 'LinkOutside', where: 'out' });
  });
});

describe('what is refused', () => {
  test.each([
    ['an absolute path', '/etc', 'InvalidPath'],
    ['a path upwards', 'apps/../..', 'InvalidPath'],
    ['a path into .git', '.git/refs', 'InvalidPath'],
    ['a path that does not exist', 'apps/nowhere', 'NotFound'],
  ])('%s', async (_, inside, code) => {
    const location = write(scratch(), TREE);
    const error = await errorOf(openSource({ location, path: inside }, deps()));
    expect(error).toMatchObject({ code });
    expect(error.hint).toBeTruthy();
  });

  test('a location that does not exist', async () => {
    const location = path.join(scratch(), 'nowhere');
    expect(await errorOf(openSource({ location }, deps()))).toMatchObject({
      code: 'NotFound',
      where: location,
      message: 'no such file or directory',
    });
  });

  test('a scheme that nobody speaks', async () => {
    expect(await errorOf(openSource({ location: 'oci://example.com/x' }, deps()))).toMatchObject({
      code: 'InvalidPath',
      message: 'oci:// is not supported',
    });
  });

  test('what is neither file nor directory', async () => {
    const location = write(scratch(), { 'a.yaml': 'a' });
    execFileSync('mkfifo', [path.join(location, 'pipe.yaml')]);
    expect(await listed({ location })).toEqual(['a.yaml', 'pipe.yaml: WrongType']);
    expect(await errorOf(openSource({ location: path.join(location, 'pipe.yaml') }, deps()))).toMatchObject({ code: 'WrongType' });
  });

  test('a file that is too large, when it is read', async () => {
    const location = write(scratch(), { 'big.yaml': '' });
    fs.truncateSync(path.join(location, 'big.yaml'), 50 * 1024 * 1024);
    const error = await opened({ location }, ({ files }) => errorOf(files[0]!.read()));
    expect(error).toMatchObject({
      code: 'TooLarge',
      where: 'big.yaml',
      message: 'the file is too large: 50 MiB, at most 32 MiB can be read',
    });
  });

  test('directories that are nested too deeply', async () => {
    const location = write(scratch(), { [`${'d/'.repeat(70)}a.yaml`]: 'a' });
    expect(await errorOf(openSource({ location }, deps()))).toMatchObject({ code: 'TooDeep' });
  });

  test('a revision of what is no repository', async () => {
    const location = write(scratch(), TREE);
    expect(await errorOf(openSource({ location, ref: 'main' }, deps()))).toMatchObject({ code: 'NotARepository', where: location });
  });

  test.each(['', '-x', 'a\nb'])('the revision %j', async (ref) => {
    expect(await errorOf(openSource({ location: scratch(), ref }, deps()))).toMatchObject({ code: 'UnknownRef' });
  });
});

describe('a snapshot', () => {
  test('does not read what was changed after it was taken', async () => {
    const location = write(scratch(), { 'a.yaml': 'a' });
    const error = await opened({ location }, ({ files }) => {
      fs.writeFileSync(path.join(location, 'a.yaml'), 'longer');
      return errorOf(files[0]!.read());
    });
    expect(error).toMatchObject({ code: 'Changed', where: 'a.yaml' });
  });

  test('does not read through what became a link', async () => {
    const location = write(scratch(), { 'a.yaml': 'a', 'b.yaml': 'b' });
    const error = await opened({ location }, ({ files }) => {
      fs.rmSync(path.join(location, 'a.yaml'));
      fs.symlinkSync('b.yaml', path.join(location, 'a.yaml'));
      return errorOf(files[0]!.read());
    });
    expect(error).toMatchObject({ code: 'LinkLoop' });
  });

  test.each<readonly [name: string, change: (location: string) => void, changed: boolean]>([
    ['nothing', () => {}, false],
    ['a file written', (at) => fs.writeFileSync(path.join(at, 'a.yaml'), 'aa'), true],
    ['a file added', (at) => fs.writeFileSync(path.join(at, 'n.yaml'), 'n'), true],
    ['a file removed', (at) => fs.rmSync(path.join(at, 'a.yaml')), true],
    ['a file put in the place of another', (at) => fs.renameSync(path.join(at, 'b.yaml'), path.join(at, 'a.yaml')), true],
    ['a link led elsewhere', (at) => (fs.rmSync(path.join(at, 'l.yaml')), fs.symlinkSync('b.yaml', path.join(at, 'l.yaml'))), true],
    ['a file that was not chosen', (at) => fs.writeFileSync(path.join(at, 'README.md'), 'more'), false],
  ])('knows of changes: %s', async (_, change, changed) => {
    const location = write(scratch(), { ...TREE, 'l.yaml': '-> a.yaml' });
    await opened({ location, include: ['*.yaml'] }, async (snapshot) => {
      change(location);
      expect(await snapshot.changed()).toBe(changed);
    });
  });
});

describe('a file', () => {
  test('is read whatever it is called, by its location', async () => {
    const location = path.join(write(scratch(), { manifests: 'a' }), 'manifests');
    expect(await texts({ location })).toEqual({ [location]: 'a' });
    await opened({ location }, async (snapshot) => {
      expect(snapshot).toMatchObject({ type: 'file', location, path: '', revision: null });
      expect(await snapshot.changed()).toBe(false);
      fs.writeFileSync(location, 'b2');
      expect(await snapshot.changed()).toBe(true);
    });
  });

  test.each([{ ref: 'main' }, { path: 'x' }])('has no %j', async (spec) => {
    const location = path.join(write(scratch(), { a: 'a' }), 'a');
    expect((await errorOf(openSource({ location, ...spec }, deps()))).hint).toMatch(/--path/);
  });
});

describe('standard input', () => {
  async function* stream(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }

  test('is read to its end', async () => {
    expect(await texts({ location: '-' }, { stdin: stream('a: ', '1\n') })).toEqual({ stdin: 'a: 1\n' });
  });

  test('has an end', async () => {
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024);
    })();
    expect(await errorOf(openSource({ location: '-' }, deps({ stdin: endless })))).toMatchObject({ code: 'TooLarge', where: 'stdin' });
  });
});
